-- newterm.lint(): what parses but is probably a mistake; the same as a NOTICE of create_rule, alter_rule and import_rules.
-- needs ../shared
\set SHOW_CONTEXT never
set newterm.lint = on;
set timezone = 'UTC';
set intervalstyle = 'postgres';
create extension newterm;
create function lint(name text) returns table (finding text, hint text) language sql as $$ select finding, hint from newterm.lint(name) $$;

-- by itself: a value that is compared as it stands
select newterm.create_rule('values', '{eventName}', 'eventName:AssumeRole,eventSource:sts.amazonaws.com sourceIPAddress:10.0.0.0/8 sourceIPAddress:"2001:db8::/32" userAgent:*[a-z]*'
	' eventName:"^(Get|List).*" eventSource:/s3/ userAgent:".*aws.*" eventName:"Describe*" errorCode:Access.+') is not null as made;
-- as it should be
select newterm.create_rule('right values', '{eventName}', 'CIDR(sourceIPAddress, 10.0.0.0/8) requestParameters.cidrIp:("0.0.0.0/0" OR "::/0") eventSource:s3.* eventName:(Get* OR List*)'
	' requestParameters.policyDocument:"*" userAgent:aws-cli/2.*Python/3.* sourceIPAddress:192.168.* resources.ARN:"arn:aws:s3:::b/*" eventName:(A,B OR C) userIdentity.arn:arn:aws:iam::*') is not null as made;
-- names and keys
select newterm.create_rule('names', '{eventname,"user_identity.arn"}', 'EventSource:x', group_by => '{eventID}', title => '{{ recipientAccountID }} {{term.eventname}} {{rule.name}} {{$principal}}') is not null as made;
select newterm.create_rule('kql names', '{user.name}', 'event.action: x and source.ip: *', language => 'kql') is not null as made;
-- one that resembles nothing is told on demand, or where stored events have none either
select newterm.create_rule('own', '{department}') is not null as made;
select * from newterm.lint('own');
-- settings
select newterm.create_rule('short', '{eventName}', learning => '7') is not null as made;
select newterm.create_rule('excluding', '{eventName}', learning => '1 day', learning_values => 10, learning_scope => 'entity', learning_from => '2024-01-01', group_by => '{awsRegion}',
	group_signals_by => '{awsRegion}') is not null as made;
select newterm.create_rule('forgetful', '{eventName}', learning => '30 days', forget_after => '7 days', optional_group_by => true, keep_alive => '1 day', mode => 'observe') is not null as made;
select newterm.create_rule('nothing wrong', '{eventName}', learning => '0') is not null as made;

-- altered: what has to do with the finding looks again, what has not does not
select newterm.alter_rule('short', '{"severity": "low"}');
select newterm.alter_rule('short', '{"mode": "observe", "enabled": false}');
select newterm.alter_rule('short', '{"title": "{{eventname}}"}');
select newterm.alter_rule('short', '{"learning": "7 days", "title": null}');
-- imported
select * from newterm.import_rules('{"name": "imported", "fields": ["eventname"], "learning": "7 seconds"}');

-- by stored events
create table events (event jsonb);
select newterm.watch('events');
insert into events select jsonb_build_object('eventName', 'E' || i % 3, 'eventTime', '2024-03-01T00:00:00Z', 'requestID', i, 'department', 'd', 'requestParameters', jsonb_build_object('roleArn', i, 'tags', jsonb_build_array(jsonb_build_object('key', 'k')))
	|| case when i % 3 = 0 then '{"bucketName": "b"}' else '{}'::jsonb end, 'userIdentity', jsonb_build_object('arn', 'a', 'sessionContext', '{"sessionIssuer": {"arn": "x"}}'::jsonb)) from generate_series(1, 300) i;
insert into events values ('"no record"'), (null);
select * from lint('own');
select newterm.create_rule('misspelt', '{userIdentity.sessioncontext.sessionIssuer.arn}', 'userIdentity.ARN:a', group_by => '{requestParameters.tags.Key}', title => '{{requestParameters.rolearn}} {{requestParameters.bucketname}}') is not null as made;
select newterm.create_rule('misspelt in a call', '{requestParameters.tags.Key}', 'eventName:*', title => '{{requestParameters.rolearn}}') is not null as made;
select newterm.create_rule('lacking', '{requestParameters.bucketName}', 'eventName:E1', message => '{{requestParameters.other}} {{requestParameters.roleArn}}') is not null as made;
select newterm.create_rule('of another call', '{requestParameters.secretId}', 'eventName:GetSecretValue -errorCode:* requestParameters.versionId:x') is not null as made;
select newterm.create_rule('always new', '{requestParameters.roleArn}', 'eventName:(E1 OR E2)') is not null as made;
select newterm.create_rule('reference', '{"external(recipientAccountId)"}', '$vendor:* OR eventName:*') is not null as made;
-- who may not read the table, or would have to wait for it, does without
create role lint_admin;
select newterm.grant_access('admin', 'lint_admin');
set role lint_admin;
select newterm.create_rule('blind', '{requestParameters.nothing}') is not null as made;
reset role;
select newterm.drop_rule('blind');
drop owned by lint_admin;
drop role lint_admin;
select newterm.lint('none');

-- huge events, and deep ones, are no trouble
insert into events select jsonb_build_object('eventName', 'E1', 'x', (select jsonb_object_agg('key ' || i, i) from generate_series(1, 20000) i)) from generate_series(1, 3);
insert into events select (repeat('{"a":', 300) || '1' || repeat('}', 300))::jsonb;
select count(*) from lint('own');

-- the whole pack over the shared records, whichever are stored last: nothing to find
drop table events;
select newterm.drop_rule(name) from newterm.rules;
select count(*) from newterm.install_rules();
select newterm.lint();
create table events (event jsonb);
select newterm.watch('events', 'event');
\getenv shared NEWTERM_SHARED_DATA
\set file :shared '/invictus_ir_aws.ndjson'
copy events from :'file' with (format csv, quote e'\x01', delimiter e'\x02');
select * from newterm.lint();
truncate events;
\set file :shared '/otrf_security_datasets.ndjson'
copy events from :'file' with (format csv, quote e'\x01', delimiter e'\x02');
select * from newterm.lint();
truncate events;
\set file :shared '/panther_analysis.ndjson'
copy events from :'file' with (format csv, quote e'\x01', delimiter e'\x02');
\set file :shared '/streamalert.ndjson'
copy events from :'file' with (format csv, quote e'\x01', delimiter e'\x02');
\set file :shared '/cloud_custodian.ndjson'
copy events from :'file' with (format csv, quote e'\x01', delimiter e'\x02');
select * from newterm.lint();
