-- Rules: what is refused, versions, changing, disabling, dropping; templates.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');

-- refused when written
select newterm.create_rule('r', fields => '{}');
select newterm.create_rule('r', fields => '{a,b,c,d,e,f,g,h,i}');
select newterm.create_rule('r', fields => '{a,a}');
select newterm.create_rule('r', fields => '{a..b}');
select newterm.create_rule('r', fields => '{a}', group_by => '{network(a)}');
select newterm.create_rule('r', fields => '{a}', filter => 'eventName:');
select newterm.create_rule('r', fields => '{a}', filter => E'eventName:A\nAND (b:c');
select newterm.create_rule('r', fields => '{a}', learning => '-1 day');
select newterm.create_rule('r', fields => '{a}', learning => '3200 years');
select newterm.create_rule('r', fields => '{a}', forget_after => '178000000 years');
select newterm.create_rule('r', fields => '{a}', learning_values => -1);
select newterm.create_rule('r', fields => '{a}', learning_scope => 'galaxy');
select newterm.create_rule('r', fields => '{a}', learning_scope => 'entity');
select newterm.create_rule('r', fields => '{a}', granule => '0');
select newterm.create_rule('r', fields => '{a}', granule => '2 days', forget_after => '1 day');
select newterm.create_rule('r', fields => '{a}', severity => 'awful');
select newterm.create_rule('r', fields => '{a}', title => 'new {{a..b}}');
select newterm.create_rule('r', fields => '{a}', message => 'new by {{rule.nmae}}');
select newterm.create_rule('r', fields => '{a}', keep_alive => '-1 hour');
select newterm.create_rule('r', fields => '{a}', language => 'sql');
select newterm.create_rule('', fields => '{a}');
select newterm.create_rule('r', fields => '{a}');
select newterm.create_rule('r', fields => '{a}');
select newterm.alter_rule('r', '{"colour": "red"}');
select newterm.alter_rule('r', '[]');
select newterm.alter_rule('nobody', '{}');
select newterm.drop_rule('nobody');
select newterm.enable_rule('nobody');
select newterm.disable_rule('nobody');
select newterm.drop_rule('r');

-- a rule with everything
select newterm.create_rule('full', fields => '{userIdentity.accountId,lower(region)}', filter => 'eventName:(AssumeRole OR GetX) -errorCode:*',
	group_by => '{recipientAccountId}', learning => '0', severity => 'high',
	title => 'Account {{term.userIdentity.accountId}} came to {{entity.recipientAccountId}} ({{rule.name}})',
	message => 'By {{ $principal }} from {{sourceIPAddress}}, {{nothing.there}}{{list}}; open {{ brace',
	tags => '{tactic:TA0001,technique:T1078.004}');
insert into events values ('{"eventTime":"2024-01-01T00:00:00Z","eventID":"e1","eventName":"AssumeRole","region":"EU-West-1",
	"sourceIPAddress":"192.0.2.1","recipientAccountId":"222222222222","list":["a",1,{"b":null}],
	"userIdentity":{"accountId":"111111111111","arn":"arn:aws:sts::111111111111:assumed-role/R/s"}}');
insert into events values ('{"eventTime":"2024-01-01T00:00:00Z","eventName":"AssumeRole","errorCode":"AccessDenied","region":"x",
	"recipientAccountId":"222222222222","userIdentity":{"accountId":"3"}}');
\x on
select id, rule, rule_version, severity, status, archive_reason, assignee, title, message, tags, entity, term, terms, detections,
	first_seen, last_seen, event_id, event->>'eventName' as event_name, origin, retracted_at from newterm.signals;
select * from newterm.rules where name = 'full' and created_at = updated_at and (created_at, updated_at) is not null \gset
\echo :version :fields :filter
\x off
-- the default title
select newterm.create_rule('plain', fields => '{region}', learning => '0');
insert into events values ('{"eventTime":"2024-01-01T00:00:00Z","region":"moon"}');
select title from newterm.signals where rule = 'plain';

-- a missing group_by value: ignored, unless it is optional
select newterm.create_rule('optional', fields => '{o}', group_by => '{g,h.i}', optional_group_by => true, learning => '0');
select newterm.create_rule('strict', fields => '{o}', group_by => '{g,h.i}', learning => '0');
insert into events values ('{"eventTime":"2024-01-01T00:00:00Z","o":1}'), ('{"eventTime":"2024-01-01T00:00:00Z","o":1,"g":"x","h":[{"i":1},{"j":2}]}');
select rule, entity, term from newterm.detections where rule in ('optional', 'strict') order by id;

-- changing what is matched: a new version with an empty baseline
select rule, term, rule_version from newterm.baseline where rule = 'plain';
select newterm.alter_rule('plain', '{"filter": "region:m*"}');
select version, filter from newterm.rules where name = 'plain';
select rule, term, rule_version from newterm.baseline where rule = 'plain';
select * from newterm.clocks where rule = 'plain';
insert into events values ('{"eventTime":"2024-01-02T00:00:00Z","region":"moon"}');
select rule_version, title from newterm.signals where rule = 'plain' order by id;
-- changing anything else keeps it
select newterm.alter_rule('plain', '{"severity": "low", "title": "{{region}}!", "name": "renamed"}');
insert into events values ('{"eventTime":"2024-01-02T00:00:00Z","region":"moon"}'), ('{"eventTime":"2024-01-02T00:00:00Z","region":"mars"}');
select rule, severity, title from newterm.signals where title like '%!';
select newterm.alter_rule('renamed', '{"severity": "awful"}');
select severity from newterm.rules where name = 'renamed';
-- disabled and enabled
select newterm.disable_rule('renamed');
insert into events values ('{"eventTime":"2024-01-02T00:00:00Z","region":"mercury"}');
select newterm.enable_rule('renamed');
insert into events values ('{"eventTime":"2024-01-02T00:00:00Z","region":"moon"}'), ('{"eventTime":"2024-01-02T00:00:00Z","region":"middle earth"}');
select term from newterm.detections where rule = 'renamed' order by id;
-- dropped: the baseline goes, signals stay
select newterm.drop_rule('renamed');
insert into events values ('{"eventTime":"2024-01-02T00:00:00Z","region":"minas tirith"}');
select count(*) from newterm.baseline where rule = 'renamed';
select count(*) from newterm.runs r where not exists (select from newterm.rule_versions v where v.id = r.version_id);
select rule, term from newterm.signals where rule in ('plain', 'renamed') order by id;
-- a rule of the same name starts anew
select newterm.create_rule('renamed', fields => '{region}', learning => '0');
insert into events values ('{"eventTime":"2024-01-02T00:00:00Z","region":"moon"}');
select count(*) from newterm.baseline where rule = 'renamed';

-- rules made in a transaction that is rolled back are gone from the session too
begin;
select newterm.create_rule('fleeting', fields => '{region}', learning => '0');
insert into events values ('{"eventTime":"2024-01-02T00:00:00Z","region":"venus"}');
rollback;
insert into events values ('{"eventTime":"2024-01-02T00:00:00Z","region":"venus"}');
select rule from newterm.detections where term->>'region' = 'venus';

-- vendors by known_accounts, also when it changes
insert into newterm.known_accounts values ('111111111111', 'Example Scanner', 'vendor');
select newterm.test_filter('$vendor:"Example Scanner"', '{"userIdentity":{"accountId":"111111111111"}}');
delete from newterm.known_accounts;
select newterm.test_filter('$vendor:*', '{"userIdentity":{"accountId":"111111111111"}}');

-- mode: alert unless said otherwise
select newterm.create_rule('moody', fields => '{a}', mode => 'silent');
select newterm.create_rule('moody', fields => '{a}');
select mode from newterm.rules where name = 'moody';
select newterm.alter_rule('moody', '{"mode": "observe"}');
select mode, version from newterm.rules where name = 'moody';
select newterm.alter_rule('moody', '{"mode": "silent"}');

-- signals are grouped by what the entity is made of
select newterm.create_rule('grouped', fields => '{a}', group_by => '{b,c}', group_signals_by => '{d}');
select newterm.create_rule('grouped', fields => '{a}', group_by => '{b,c}', group_signals_by => '{c}', keep_alive => '1 hour', max_duration => '-1 day');
select newterm.create_rule('grouped', fields => '{a}', group_by => '{b,c}', group_signals_by => '{c}', keep_alive => '1 hour') > 0 as created;
