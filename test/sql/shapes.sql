-- Log shapes: the same records, stored as each tool stores them, by the tool's own kind of statement, show the same.
\set SHOW_CONTEXT never
set client_min_messages = warning;
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';

-- the records, and rules that look at different parts of them
create table truth (n int, event jsonb);
insert into truth
select n, jsonb_build_object('eventVersion', '1.11', 'eventTime', to_char(timestamp '2024-03-01' + n * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
	'eventID', 'event ' || n, 'eventName', (array['GetObject', 'PutObject', 'AssumeRole', 'ConsoleLogin', 'DeleteTrail'])[1 + n % 5],
	'eventSource', (array['s3', 's3', 'sts', 'signin', 'cloudtrail'])[1 + n % 5] || '.amazonaws.com', 'awsRegion', 'eu-central-1',
	'sourceIPAddress', '192.0.2.' || n, 'userAgent', 'aws-cli/2.15.0', 'eventType', 'AwsApiCall', 'recipientAccountId', '123456789012',
	'readOnly', n % 5 = 0, 'managementEvent', n % 5 > 1,
	'userIdentity', jsonb_build_object('type', 'AssumedRole', 'principalId', 'AROAEXAMPLE:' || n % 3, 'arn', 'arn:aws:sts::123456789012:assumed-role/R/' || n % 3,
		'accountId', '123456789012', 'accessKeyId', 'ASIAEXAMPLE', 'sessionContext', jsonb_build_object(
			'sessionIssuer', jsonb_build_object('type', 'Role', 'arn', 'arn:aws:iam::123456789012:role/R' || n % 2, 'accountId', '123456789012', 'userName', 'R' || n % 2),
			'attributes', jsonb_build_object('creationDate', '2024-03-01T00:00:00Z', 'mfaAuthenticated', 'false'))),
	'requestParameters', jsonb_build_object('bucketName', 'bucket ' || n % 4, 'tags', jsonb_build_array('a', 'b"' || n % 2)),
	'resources', jsonb_build_array(jsonb_build_object('ARN', 'arn:aws:s3:::b' || n % 4, 'type', 'AWS::S3::Bucket', 'accountId', '123456789012')),
	'errorCode', case when n % 5 = 4 then 'AccessDenied' end)
from generate_series(1, 20) n;
update truth set event = event - 'errorCode' where event->'errorCode' = 'null';

create procedure rules(shape text) language plpgsql as $$ begin
	perform newterm.disable_rule(name) from newterm.rules;
	perform newterm.create_rule(shape || ': calls', '{eventName}', group_by => '{$principal}', learning => '0', learning_from => '2024-01-01');
	perform newterm.create_rule(shape || ': buckets', '{requestParameters.bucketName,requestParameters.tags}', filter => 'eventSource:s3*', learning => '0', learning_from => '2024-01-01');
	perform newterm.create_rule(shape || ': failures', '{errorCode,sourceIPAddress}', group_by => '{userIdentity.accountId}', learning => '0', learning_from => '2024-01-01');
	perform newterm.create_rule(shape || ': writes', '{eventName,userIdentity.sessionContext.attributes.mfaAuthenticated}', filter => 'readOnly:false managementEvent:*', learning => '0', learning_from => '2024-01-01');
	perform newterm.create_rule(shape || ': resources', '{resources.ARN,resources.type}', group_by => '{recipientAccountId}', filter => '-errorCode:*', learning => '0', learning_from => '2024-01-01');
end $$;
create view detected as
	select split_part(rule, ': ', 1) as shape, split_part(rule, ': ', 2) as rule, entity, term, first_seen, event_id from newterm.detections;
create view with_events as
	select split_part(rule, ': ', 1) as shape, count(*) filter (where event->>'eventID' is distinct from event_id or event->'userIdentity' is null) as without from newterm.signals group by 1;

-- what a shape shows more or less than the records themselves
create function differs(shape text) returns table (what text, rule text, entity jsonb, term jsonb, first_seen timestamptz, event_id text) language sql as $$
	(select 'more', d.rule, d.entity, d.term, d.first_seen, d.event_id from detected d where d.shape = differs.shape
	 except select 'more', d.rule, d.entity, d.term, d.first_seen, d.event_id from detected d where d.shape = 'truth')
	union all
	(select 'less', d.rule, d.entity, d.term, d.first_seen, d.event_id from detected d where d.shape = 'truth'
	 except select 'less', d.rule, d.entity, d.term, d.first_seen, d.event_id from detected d where d.shape = differs.shape)
	union all
	select 'signals without their events', w.without::text, null, null, null, null from with_events w where w.shape = differs.shape and w.without > 0
	union all
	select 'error', e.cause, null, null, null, e.detail from newterm.event_errors e $$;

-- one record in a column: jsonb, json, text, varchar, bytea, and domains over these
create table plain_jsonb (event jsonb);
create table plain_json (event json);
create table plain_text (event text);
create table plain_varchar (event varchar(5000));
create table plain_bytea (event bytea);
create domain record_domain as jsonb check (value is not null);
create domain record_of_domain as record_domain;
create domain text_domain as text;
create table domain_jsonb (event record_of_domain);
create table domain_text (event text_domain);
select newterm.watch(t::regclass) from unnest('{plain_jsonb,plain_json,plain_text,plain_varchar,plain_bytea,domain_jsonb,domain_text}'::text[]) t;
select events, event_column, shape, updates from newterm.watched order by events::text;
call rules('truth');
insert into plain_jsonb select event from truth;
select count(*), count(distinct rule) from detected;
select * from differs('truth');
call rules('json');
insert into plain_json select event from truth;
select * from differs('json');
call rules('text');
insert into plain_text select event from truth;
select * from differs('text');
call rules('varchar');
insert into plain_varchar select event::text from truth;
select * from differs('varchar');
call rules('bytea');
insert into plain_bytea select convert_to(event::text, 'UTF8') from truth;
select * from differs('bytea');
call rules('domain');
insert into domain_jsonb select event from truth;
select * from differs('domain');
call rules('text domain');
insert into domain_text select event::text from truth;
select * from differs('text domain');
-- load_log fills them too
call rules('loaded');
select newterm.load_log((select jsonb_build_object('Records', jsonb_agg(event order by n)) from truth)::text, t::regclass)
from unnest('{plain_varchar,plain_bytea,domain_jsonb}'::text[]) t;
select * from differs('loaded');
select convert_from(event, 'UTF8')::jsonb ->> 'eventID' as bytea from plain_bytea offset 39;
-- bytes that are no text
insert into plain_bytea values ('\x7b22ff227d'), ('\x1f8b');
select cause, detail, events from newterm.event_errors;
truncate newterm.event_errors;

-- several records in a row: log files, arrays, lookup-events
create table log_files (id int generated always as identity, document jsonb);
insert into log_files (document) select jsonb_build_object('Records', jsonb_agg(event order by n)) from truth;
select newterm.watch('log_files');
create table lookups (body text);
insert into lookups values ((select jsonb_build_object('Events', jsonb_agg(jsonb_build_object('EventId', event->>'eventID', 'EventName', event->>'eventName',
	'CloudTrailEvent', event::text) order by n)) from truth));
select newterm.watch('lookups');
select events, event_column, shape from newterm.watched where events in ('log_files'::regclass, 'lookups');
call rules('log file');
insert into log_files (document) select jsonb_build_object('Records', jsonb_agg(event order by n)) from truth group by n / 7;
select * from differs('log file');
call rules('array');
insert into log_files (document) select jsonb_agg(event order by n) from truth group by n / 7;
select * from differs('array');
call rules('lookup');
insert into lookups select body from lookups;
select * from differs('lookup');
-- what is among them and no record
insert into log_files (document) values ('{"Records":[{"x":1},{"eventName":"x"},2]}'), ('{"Records":null}'), ('{"Records":[]}'), ('{"logFiles":[],"digestStartTime":"2024-01-01T00:00:00Z"}'), ('[1]'), ('{"x":1}'), ('[]');
select cause, detail, events from newterm.event_errors order by id;
truncate newterm.event_errors;

-- EventBridge, SNS and SQS, CloudWatch Logs
create function bridged(event jsonb) returns jsonb language sql as $$
	select jsonb_build_object('version', '0', 'id', event->>'eventID', 'detail-type', 'AWS API Call via CloudTrail', 'source', 'aws.s3', 'account', '123456789012',
		'time', '2024-03-02T00:00:00Z', 'region', 'eu-central-1', 'resources', '[]'::jsonb, 'detail', event) $$;
create table bus (id uuid default gen_random_uuid(), received timestamptz default now(), payload jsonb);
create table queue (message_id text, body text);
create table cloudwatch (log_stream text, message text);
create table subscription (data jsonb);
select newterm.watch('bus'), newterm.watch('queue'), newterm.watch('cloudwatch'), newterm.watch('subscription', shape => 'cloudwatch');
call rules('bus');
insert into bus (payload) select bridged(event) from truth;
select * from differs('bus');
call rules('queue');
insert into queue select n, bridged(event)::text from truth where n % 2 = 0;
insert into queue select n, jsonb_build_object('Type', 'Notification', 'TopicArn', 'arn', 'Message', bridged(event)::text)::text from truth where n % 2 = 1;
select * from differs('queue');
call rules('cloudwatch');
insert into cloudwatch select 'stream', event::text from truth;
select * from differs('cloudwatch');
call rules('subscription');
insert into subscription select jsonb_build_object('messageType', 'DATA_MESSAGE', 'owner', '123456789012', 'logGroup', 'trail', 'logStream', 's',
	'logEvents', jsonb_agg(jsonb_build_object('id', n, 'timestamp', 1, 'message', event::text) order by n)) from truth group by n / 6;
insert into subscription values ('{"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"CWL CONTROL MESSAGE: Checking health"}]}');
select * from differs('subscription');

-- Fluent Bit: its output plugin's table and statement; records that it parsed, and lines that it did not
create table fluentbit (tag varchar, time timestamp, data jsonb);
select newterm.watch('fluentbit', shape => 'fluent-bit');
prepare fluentbit(text, json) as insert into fluentbit select $1, to_timestamp(cast(value->>'date' as float)), * from json_array_elements($2);
call rules('fluent bit');
select jsonb_agg(jsonb_build_object('date', 1709251200.5) || event order by n)::text as parsed from truth \gset
execute fluentbit('cloudtrail', :'parsed');
select * from differs('fluent bit');
call rules('fluent bit lines');
select jsonb_agg(jsonb_build_object('date', 1709251200.5, 'log', event::text) order by n)::text as lines from truth \gset
execute fluentbit('cloudtrail', :'lines');
select * from differs('fluent bit lines');

-- Vector: columns are named as the record's members
create table vector ("eventVersion" text, "eventTime" timestamptz, "eventID" text, "eventName" text, "eventSource" text, "awsRegion" text, "sourceIPAddress" inet, "userAgent" text,
	"eventType" varchar(40), "recipientAccountId" text, "readOnly" boolean, "managementEvent" text, "userIdentity" jsonb, "requestParameters" json, resources jsonb, "errorCode" text,
	message text, source_type text);
select newterm.watch('vector');
select event_column, shape, document from newterm.watched where events = 'vector'::regclass;
prepare vector(jsonb) as insert into vector select * from jsonb_populate_recordset(null::vector, $1);
call rules('vector');
select jsonb_agg(event || '{"source_type": "aws_s3"}' order by n) as batch from truth \gset
execute vector(:'batch');
select * from differs('vector');
-- a column more, that check() tells of
alter table vector add column "additionalEventData" jsonb;
select * from newterm.check() where events = 'public.vector';
insert into vector ("eventName") values (null);
insert into vector ("eventName", "eventTime", "userIdentity") values ('infinite', 'infinity', null);
select cause, detail, events from newterm.event_errors order by id;
truncate newterm.event_errors;

-- Steampipe: names with underscores; Tailpipe's composites have them inside, too
create table steampipe (event_id text, event_name text, event_source text, event_time timestamptz, event_version text, aws_region text, source_ip_address text, user_agent text, event_type text,
	recipient_account_id text, read_only boolean, management_event boolean, error_code text, request_parameters jsonb, user_identity jsonb, resources jsonb, username text, _ctx jsonb);
select newterm.watch('steampipe');
select shape from newterm.watched where events = 'steampipe'::regclass;
call rules('steampipe');
insert into steampipe select event->>'eventID', event->>'eventName', event->>'eventSource', (event->>'eventTime')::timestamptz, event->>'eventVersion', event->>'awsRegion', event->>'sourceIPAddress',
	event->>'userAgent', event->>'eventType', event->>'recipientAccountId', (event->>'readOnly')::boolean, (event->>'managementEvent')::boolean, event->>'errorCode', event->'requestParameters',
	event->'userIdentity', event->'resources', 'R', '{"connection_name":"aws"}' from truth;
select * from differs('steampipe');
create type session_issuer as (type text, principal_id text, arn text, account_id text, user_name text);
create type session_attributes as (creation_date text, mfa_authenticated text);
create type session_context as (session_issuer session_issuer, attributes session_attributes);
create type user_identity as (type text, principal_id text, arn text, account_id text, access_key_id text, session_context session_context);
create type resource as (account_id text, type text, arn text);
create table tailpipe (tp_id text, tp_timestamp timestamp, event_id text, event_name text, event_source text, event_time timestamp, event_version text, aws_region text, source_ip_address text, user_agent text,
	event_type text, recipient_account_id text, read_only boolean, management_event boolean, error_code text, request_parameters json, user_identity user_identity, resources resource[]);
select newterm.watch('tailpipe', shape => 'tailpipe');
call rules('tailpipe');
insert into tailpipe select n, '2024-03-01', event->>'eventID', event->>'eventName', event->>'eventSource', (event->>'eventTime')::timestamp, event->>'eventVersion', event->>'awsRegion', event->>'sourceIPAddress',
	event->>'userAgent', event->>'eventType', event->>'recipientAccountId', (event->>'readOnly')::boolean, (event->>'managementEvent')::boolean, event->>'errorCode', event->'requestParameters',
	row(event#>>'{userIdentity,type}', event#>>'{userIdentity,principalId}', event#>>'{userIdentity,arn}', event#>>'{userIdentity,accountId}', event#>>'{userIdentity,accessKeyId}',
		row(row('Role', null, event#>>'{userIdentity,sessionContext,sessionIssuer,arn}', '123456789012', event#>>'{userIdentity,sessionContext,sessionIssuer,userName}')::session_issuer,
			row('2024-03-01T00:00:00Z', 'false')::session_attributes)::session_context)::user_identity,
	array[row('123456789012', 'AWS::S3::Bucket', event#>>'{resources,0,ARN}')::resource] from truth;
select * from differs('tailpipe');

-- CloudQuery: upserts
create table aws_cloudtrail_events (_cq_sync_time timestamp, _cq_id uuid, account_id text, region text, cloud_trail_event jsonb, event_id text primary key, event_name text, event_source text, event_time timestamp, resources jsonb);
select newterm.watch('aws_cloudtrail_events', shape => 'cloudquery');
select event_column, shape, updates from newterm.watched where events = 'aws_cloudtrail_events'::regclass;
prepare cloudquery as insert into aws_cloudtrail_events (_cq_sync_time, _cq_id, account_id, region, cloud_trail_event, event_id, event_name, event_source, event_time)
	select now(), gen_random_uuid(), '123456789012', 'eu-central-1', event, event->>'eventID', event->>'eventName', event->>'eventSource', (event->>'eventTime')::timestamp from truth where n between $1 and $2
	on conflict (event_id) do update set _cq_sync_time = excluded._cq_sync_time, _cq_id = excluded._cq_id, cloud_trail_event = excluded.cloud_trail_event;
call rules('cloudquery');
insert into aws_cloudtrail_events (event_id, cloud_trail_event) select event->>'eventID', null from truth where n < 10;
execute cloudquery(1, 12);
execute cloudquery(8, 20);
execute cloudquery(1, 20);
select * from differs('cloudquery');

-- Airbyte: typed and raw tables
create table management_events (_airbyte_raw_id text, _airbyte_extracted_at timestamptz, _airbyte_meta jsonb, "EventId" varchar, "EventName" varchar, "EventTime" bigint, "Resources" jsonb, "CloudTrailEvent" varchar);
create table raw_management_events (_airbyte_raw_id text, _airbyte_data jsonb, _airbyte_extracted_at timestamptz default now(), _airbyte_loaded_at timestamptz, _airbyte_meta jsonb);
select newterm.watch('management_events', shape => 'airbyte'), newterm.watch('raw_management_events', shape => 'airbyte');
select event_column, shape from newterm.watched where events in ('management_events'::regclass, 'raw_management_events') order by 1;
call rules('airbyte raw');
insert into raw_management_events (_airbyte_raw_id, _airbyte_data) select n, jsonb_build_object('EventId', event->>'eventID', 'EventTime', 1709251200, 'CloudTrailEvent', event::text) from truth;
select * from differs('airbyte raw');
call rules('airbyte');
insert into management_events select _airbyte_raw_id, _airbyte_extracted_at, '{"changes":[]}', _airbyte_data->>'EventId', null, (_airbyte_data->>'EventTime')::bigint, null, _airbyte_data->>'CloudTrailEvent'
from raw_management_events;
select * from differs('airbyte');

-- Security Lake: OCSF events as documents, and as the columns of its tables
create function ocsf(event jsonb) returns jsonb language sql as $$
	select jsonb_build_object('class_uid', 6003, 'class_name', 'API Activity', 'category_uid', 6, 'activity_id', 2, 'type_uid', 600302, 'severity_id', 1, 'status', 'Success',
		'metadata', jsonb_build_object('version', '1.1.0', 'uid', event->'eventID', 'event_code', event->'eventType', 'profiles', jsonb_build_array('cloud', 'datetime'),
			'product', jsonb_build_object('name', 'CloudTrail', 'vendor_name', 'AWS', 'version', event->'eventVersion', 'feature', jsonb_build_object('name', 'Management'))),
		'time', extract(epoch from (event->>'eventTime')::timestamptz)::bigint * 1000, 'time_dt', event->'eventTime',
		'api', jsonb_build_object('operation', event->'eventName', 'service', jsonb_build_object('name', event->'eventSource'), 'request', jsonb_build_object('data', (event->'requestParameters')::text, 'uid', ''),
			'response', jsonb_build_object('error', event->'errorCode', 'data', '')),
		'cloud', jsonb_build_object('provider', 'AWS', 'region', event->'awsRegion', 'account', jsonb_build_object('uid', event->'recipientAccountId')),
		'src_endpoint', jsonb_build_object('ip', event->'sourceIPAddress', 'uid', ''), 'http_request', jsonb_build_object('user_agent', event->'userAgent'),
		'actor', jsonb_build_object('session', jsonb_build_object('issuer', event#>'{userIdentity,sessionContext,sessionIssuer,arn}', 'is_mfa', false, 'created_time_dt', '2024-03-01T00:00:00.000Z'),
			'user', jsonb_build_object('type', event#>'{userIdentity,type}', 'uid', event#>'{userIdentity,arn}', 'uid_alt', event#>'{userIdentity,principalId}', 'credential_uid', event#>'{userIdentity,accessKeyId}',
				'account', jsonb_build_object('uid', event#>'{userIdentity,accountId}'))),
		'resources', jsonb_build_array(jsonb_build_object('uid', event#>'{resources,0,ARN}', 'type', event#>'{resources,0,type}', 'owner', jsonb_build_object('account', jsonb_build_object('uid', '123456789012')))),
		'unmapped', jsonb_build_object('readOnly', (event->'readOnly')::text, 'managementEvent', (event->'managementEvent')::text, 'sharedEventID', '',
			'userIdentity.sessionContext.sessionIssuer.userName', event#>'{userIdentity,sessionContext,sessionIssuer,userName}')) $$;
create table lake (event jsonb);
create table lake_columns (metadata jsonb, "time" bigint, time_dt timestamp, cloud jsonb, api jsonb, actor jsonb, http_request jsonb, src_endpoint jsonb, class_uid int, class_name text, resources jsonb, unmapped jsonb, region text, accountid text);
select newterm.watch('lake', shape => 'security-lake'), newterm.watch('lake_columns', shape => 'security-lake');
select events, event_column, shape from newterm.watched where events::text like 'lake%' order by 1;
call rules('ocsf');
insert into lake select ocsf(event) from truth;
select * from differs('ocsf');
call rules('ocsf columns');
insert into lake_columns select c.* from truth, jsonb_populate_record(null::lake_columns, ocsf(event) || jsonb_build_object('region', 'eu-central-1', 'accountid', '1')) c;
select * from differs('ocsf columns');

-- history reads stored rows of every shape
delete from log_files where document::text ~ 'digest|Records.*"x"';
select t as events, (select array_agg(distinct b.entity->>'$principal' || ' ' || (b.term->>'eventName')) from newterm.backtest('[{"fields":["eventName"],"group_by":["$principal"],"learning":"0","learning_from":"2024-01-01"}]', events => t::regclass) b
		where b.status = 'detection') = (select array_agg(distinct d.entity->>'$principal' || ' ' || (d.term->>'eventName')) from detected d where d.shape = 'truth' and d.rule = 'calls') as same
from unnest('{plain_jsonb,plain_json,plain_text,plain_varchar,plain_bytea,domain_jsonb,domain_text,log_files,lookups,bus,queue,cloudwatch,subscription,fluentbit,vector,steampipe,tailpipe,aws_cloudtrail_events,management_events,raw_management_events,lake,lake_columns}'::text[]) t;

-- in a partitioned table, some partitions of which have other column orders; with COPY
create table parts ("eventTime" timestamptz, "eventName" text, "eventSource" text, "userIdentity" jsonb, "eventID" text) partition by range ("eventTime");
create table parts_1 ("eventID" text, dropped int, "userIdentity" jsonb, "eventSource" text, "eventName" text, "eventTime" timestamptz);
alter table parts_1 drop column dropped;
select newterm.watch('parts');
alter table parts attach partition parts_1 for values from ('2024-01-01') to ('2025-01-01');
create table parts_2 partition of parts default;
call rules('parts');
copy parts from stdin;
2024-03-01T00:00:00Z	Copied	x	{"arn": "a"}	copied
2025-03-01T00:00:00Z	Copied too	x	{"arn": "a"}	copied too
\.
insert into parts_1 ("eventName", "eventTime", "userIdentity", "eventID") values ('Direct', '2024-03-01', '{"arn":"a"}', 'direct');
select rule, term, event_id, event from newterm.signals where rule = 'parts: calls' order by id;

-- events that wait for their terms, savepoints, files of terms and changed rules: what is put together travels with it
call rules('mixed');
set newterm.merge_memory = '64kB';
begin;
insert into bus (payload) select bridged(jsonb_set(event, '{eventName}', '"Known"')) from truth, generate_series(1, 5);
insert into vector select v.* from generate_series(1, 3), truth, jsonb_populate_record(null::vector, jsonb_set(event, '{eventName}', '"Known"')) v;
savepoint a;
insert into bus (payload) select bridged(event || '{"eventName":"Undone","eventID":"undone"}') from truth where n = 1;
rollback to a;
insert into bus (payload) select bridged(event || jsonb_build_object('eventName', 'Many ' || i, 'eventID', 'many ' || i)) from truth, generate_series(1, 500) i where n = 1;
insert into vector select v.* from generate_series(501, 1000) i, truth, jsonb_populate_record(null::vector, event || jsonb_build_object('eventName', 'Many ' || i, 'eventID', 'many ' || i)) v where n = 1;
do $$ begin perform newterm.create_rule('mixed: late', '{eventName}', learning => '0', learning_from => '2024-01-01'); end $$;
commit;
select rule, count(*), count(event_id), count(*) filter (where event->>'eventName' = term->>'eventName') from newterm.signals where rule in ('mixed: calls', 'mixed: late') and term->>'eventName' ~ 'Many|Undone' group by 1 order by 1;
reset newterm.merge_memory;
select * from newterm.event_errors;
-- an envelope in a table with a time column: the column's time counts for all that is in it
create table timed (at timestamptz, event jsonb);
select newterm.watch('timed', time_column => 'at');
call rules('timed');
insert into timed values ('2024-05-01', '{"Records":[{"eventName":"T1","userIdentity":{"type":"AWSService","invokedBy":"x"}},{"eventName":"T2","eventTime":"2024-01-01T00:00:00Z","userIdentity":{"type":"AWSService","invokedBy":"x"}}]}');
select term, first_seen from newterm.detections where rule = 'timed: calls' order by 1;

-- by hand
select newterm.observe_columns('{eventName,eventTime,userIdentity}', null::timestamptz, 0, '(0,1)', 'By hand'::text, now(), '{"arn":"x"}'::jsonb);
select newterm.observe_columns('{eventName}', null::timestamptz, 0, '(0,1)', 1, 2);
select newterm.observe_columns(null, null::timestamptz, 0, '(0,1)', 1);
select newterm.observe_columns('{a,null}', null::timestamptz, 0, '(0,1)', 1, 2);
select newterm.observe_columns('{a}', null::timestamptz, 0, '(0,1)', variadic array[1]);
select newterm.row_document('{eventName,b,c,d,e,f,g,requestParameters,readOnly,i}', 'x'::text, 1::smallint, 1.5::numeric, 'NaN'::numeric, '2024-01-01'::date, '{1,2}'::int[], null::int, '{"a":1'::text, 'FALSE'::text, '10.0.0.0/8'::inet);
select newterm.row_document('{}');
select newterm.document_kind(e) from (values ('{"eventName":1}'::jsonb), ('{"x":1}'), (null), ('[{"eventName":1}]'), ('1'), ('"{\"eventName\":1}"')) v(e);
select newterm.document_kind(1), newterm.document_kind(null), newterm.document_kind('{"eventName":1}'), newterm.document_kind('{"eventName":1}'::varchar);
select * from newterm.records('{"detail-type":"x","detail":{"eventName":1}}'::json);
select newterm.document_kind(('{"Message":' || repeat('{"Message":', n) || '{"eventName":1}' || repeat('}', n) || '}')::jsonb) from unnest('{0,5,10,200}'::int[]) n;
