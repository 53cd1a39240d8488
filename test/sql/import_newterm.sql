-- import_rules and export_rules: newterm's own form.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';

-- what is exported makes the same rules
select newterm.create_rule('all', fields => '{eventName,lower(awsRegion)}', filter => 'eventSource:"iam.amazonaws.com"',
	group_by => '{recipientAccountId}', learning => '3 days 04:00', learning_scope => 'entity', learning_from => '2025-01-01 00:00+00',
	forget_after => null, granule => '30 minutes', severity => 'high', title => 'New {{eventName}}', message => E'It''s "new"\nfor {{$principal}}',
	tags => '{a,"b,c"}', optional_group_by => true, enabled => false, mode => 'observe') > 0 as created;
select newterm.create_rule('values', fields => '{user.name}', language => 'kql', learning_values => 3) > 0 as created;
select jsonb_pretty(newterm.export_rules('{all}'));
select newterm.export_rules() as document, (select array_agg(to_jsonb(r) - '{id,version,created_at,updated_at}'::text[] order by name) from newterm.rules r) as rules \gset
select newterm.drop_rule(name) from newterm.rules;
-- a dry run says the same and stores nothing
select * from newterm.import_rules(:'document', dry_run => true);
select count(*) from newterm.rules;
select * from newterm.import_rules(:'document');
select array_agg(to_jsonb(r) - '{id,version,created_at,updated_at}'::text[] order by name) = :'rules' as same from newterm.rules r;
-- again changes nothing, a change is told by its settings
select * from newterm.import_rules(:'document');
select * from newterm.import_rules(jsonb_set(:'document'::jsonb, '{rules,0,severity}', '"low"')::text);
select name, severity, version from newterm.rules order by name;
-- what a document leaves out is the default again
select * from newterm.import_rules('{"name": "all", "fields": ["eventName"], "comment": "for readers", "test": [{"event": 1}]}');
select fields, filter, group_by, learning, learning_scope, forget_after, severity, message, tags, enabled, mode, version from newterm.rules where name = 'all' \gx
select newterm.export_rules('{all,nobody}');
select newterm.export_rules('{all,NULL}');
select newterm.export_rules('{}');

-- each rule is stored whole or not at all
select * from newterm.import_rules('{"newterm": 1, "rules": [
	{"name": "good", "fields": ["awsRegion"]},
	{"name": "good", "fields": ["eventName"]},
	{"name": "no fields"},
	{"fields": ["no.name"]},
	{"name": "", "fields": ["a"]},
	{"name": "null fields", "fields": null},
	{"name": "null filter", "fields": ["a"], "filter": null},
	{"name": "seconds", "fields": ["a"], "learning": 7},
	{"name": "no interval", "fields": ["a"], "learning": "soon"},
	{"name": "fields no array", "fields": "a"},
	{"name": "fields of numbers", "fields": [1, [2]]},
	{"name": "no boolean", "fields": ["a"], "enabled": "perhaps"},
	{"name": "no filter", "fields": ["a"], "filter": "a:"},
	{"name": "colour", "fields": ["a"], "colour": "red", "id": 7},
	{"name": "severity", "fields": ["a"], "severity": "awful"},
	{"name": ["x"], "fields": ["a"]},
	"rule", 3, null, [], {},
	{"name": "also good", "fields": ["awsRegion"], "forget_after": null}]}');
select name, fields, forget_after from newterm.rules order by name;
-- a rule that cannot be changed as wished is as it was
select * from newterm.import_rules('{"name": "good", "fields": ["awsRegion", "b"], "severity": "low", "title": "{{a..b}}"}');
select fields, severity, title from newterm.rules where name = 'good';

-- several documents behind each other; one that is broken is told by its place
select * from newterm.import_rules(E'{"name": "line 1", "fields": ["a"]}\r\n\n{"name": "line 2", "fields": ["a"\n{"name": "line 3", "fields": ["a"]}\n');
select * from newterm.import_rules(U&'\FEFF' || '{
	"name": "file 1",
	"fields": ["a"]
}

{
	"name": "file 2",
	"fields": ["a"]
}');
select * from newterm.import_rules('[{"name": "array", "fields": ["a"]}]');

-- what is no document at all
select * from newterm.import_rules(:'document' || '}');
select * from newterm.import_rules(left(:'document', 100));
select * from newterm.import_rules('');
select * from newterm.import_rules('rule');
select * from newterm.import_rules('7');
select * from newterm.import_rules('{"newterm": 1}');
select * from newterm.import_rules('{"newterm": 2, "rules": []}');
select * from newterm.import_rules('{"newterm": 1, "rules": {}}');
select * from newterm.import_rules('{"name": "nul", "fields": ["a\u0000"]}');
select * from newterm.import_rules(null);
select * from newterm.import_rules('{}', null);
select * from newterm.import_rules('{}', 'yaml');
select * from newterm.import_rules('{}', dry_run => null);
select * from newterm.import_rules('{"name": "nobody''s"}');
select * from newterm.import_rules('{"name": "forced"}', 'newterm');
-- deep and large
\set VERBOSITY sqlstate
select count(*) from newterm.import_rules(repeat('[', 10000) || repeat(']', 10000));
select count(*) from newterm.import_rules(repeat('{"rules":', 100000) || '1' || repeat('}', 100000));
\set VERBOSITY default
select rule, outcome from newterm.import_rules('{"newterm": 1, "rules": ' || repeat('[', 1000) || repeat(']', 1000) || '}');
select outcome, detail from newterm.import_rules('{"name": "large", "fields": ["a"], "message": "' || repeat('0123456789', 1000000) || '"}', dry_run => true);

-- the session's and the server's troubles are not the rules': they end the import
set role pg_monitor;
select * from newterm.import_rules('{"name": "stranger", "fields": ["a"]}');
reset role;
