-- install_rules and uninstall_rules: a pack as installed, as it is now, and what the user made of it.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
create table events (event jsonb);
select newterm.watch('events');

insert into newterm.packs values ('test', '{"newterm": 1, "rules": [
	{"name": "regions", "fields": ["awsRegion"], "severity": "low", "filter": "eventName:A", "learning": "0", "comment": "for readers"},
	{"name": "names", "fields": ["eventName"], "enabled": false, "forget_after": "180 days", "message": "first"},
	{"name": "sources", "fields": ["eventSource"], "learning_values": 0},
	{"name": "dropped", "fields": ["a"]},
	{"name": "going", "fields": ["b"]},
	{"name": "going but changed", "fields": ["c"]},
	{"name": "there before", "fields": ["d"]}]}');
select newterm.create_rule('there before', '{mine}') > 0 as created;
create view rules as select name, fields, filter, severity, enabled, mode, learning, forget_after, message, version from newterm.rules order by id;

select * from newterm.install_rules('test');
select * from rules;
select pack, rule, (select name from newterm.rules r where r.id = rule_id), definition ->> 'severity' as severity from newterm.pack_rules order by rule_id;
-- again changes nothing
create temp table before as select * from newterm.rules;
select outcome, count(*) from newterm.install_rules('test') group by outcome order by 1;
select count(*) from (select * from newterm.rules except all select * from before) changed;

-- what the user makes of it
insert into events values ('{"eventTime": "2025-01-01T00:00:00Z", "eventName": "A", "awsRegion": "x"}');
select newterm.alter_rule('regions', '{"severity": "high", "mode": "observe", "name": "my regions"}');
select newterm.alter_rule('names', '{"filter": "eventSource:mine", "message": "mine"}');
select newterm.alter_rule('going but changed', '{"tags": ["mine"]}');
select newterm.drop_rule('dropped');
select outcome, detail, count(*) from newterm.install_rules('test') group by outcome, detail order by 1, 2;

-- the next version of the pack
update newterm.packs set document = '{"newterm": 1, "rules": [
	{"name": "regions", "fields": ["awsRegion"], "severity": "medium", "filter": "eventName:A", "learning": "0", "forget_after": "365 days", "title": "new"},
	{"name": "names", "fields": ["eventName", "eventSource"], "enabled": false, "forget_after": "180 days", "message": "mine", "tags": ["t"]},
	{"name": "sources", "fields": ["lower(eventSource)"], "learning": "14 days"},
	{"name": "dropped", "fields": ["a2"]},
	{"name": "there before", "fields": ["d2"]},
	{"name": "added", "fields": ["e"]}]}' where pack = 'test';
select * from newterm.install_rules('test');
select * from rules;
-- a setting that the user changed stays; the settings that make the filter go together; the baseline of a renamed rule is there
select rule, term from newterm.baseline;
-- the user's change that the pack took over is no longer one
update newterm.packs set document = jsonb_set(document, '{rules,1,message}', '"third"') where pack = 'test';
select * from newterm.install_rules('test') where detail is not null;
select message from newterm.rules where name = 'names';
-- undone by hand, the rule is the pack's again
select newterm.alter_rule('my regions', '{"severity": "medium", "mode": "alert"}');
update newterm.packs set document = jsonb_set(document, '{rules,0,severity}', '"critical"') where pack = 'test';
select * from newterm.install_rules('test') where detail is not null;
select name, severity from newterm.rules where name = 'my regions';

-- a pack that cannot be installed changes nothing
update newterm.packs set document = '{"newterm": 1, "rules": [{"name": "fine", "fields": ["a"]}, {"name": "wrong", "fields": ["a"], "filter": "a:"}]}' where pack = 'test';
select * from newterm.install_rules('test');
select count(*) from newterm.rules where name = 'fine';

-- gone, with what was changed told
select * from newterm.uninstall_rules('test');
select * from rules;
select count(*) from newterm.pack_rules;
select * from newterm.uninstall_rules('test');
select * from newterm.uninstall_rules('nothing');
select * from newterm.install_rules('nothing');
select * from newterm.install_rules(null);
select * from newterm.uninstall_rules(null);

-- around a signal
insert into events
select jsonb_build_object('eventTime', '2025-01-02T00:' || lpad(n::text, 2, '0') || ':00Z', 'eventID', 'e' || n, 'eventName', 'Call' || n, 'sourceIPAddress', '192.0.2.' || n % 2,
	'userIdentity', jsonb_build_object('type', 'IAMUser', 'arn', 'arn:aws:iam::111122223333:user/u' || n % 3)) from generate_series(0, 9) n;
select newterm.create_rule('all', '{eventName}', learning => '0') > 0 as created;
insert into events values ('{"eventTime": "2025-01-02T00:30:00Z", "eventID": "s", "eventName": "New", "sourceIPAddress": "192.0.2.1",
	"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/u1"}}');
select max(id) as signal from newterm.signals \gset
select event_time, event_name, principal, source_ip, event_id from newterm.neighbourhood(:signal);
select event_id from newterm.neighbourhood(:signal, 'sourceIPAddress', '25 minutes');
select newterm.neighbourhood(0);
select newterm.neighbourhood(null);
select newterm.neighbourhood(:signal, 'a..b');
select newterm.neighbourhood(:signal, events => 'pg_class');
