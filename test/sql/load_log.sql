-- load_log: AWS log files, envelopes and records one after another into a watched table.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
select newterm.load_log('{}');
create table events (note text default 'loaded', event jsonb);
select newterm.load_log('{}', 'events');
select newterm.watch('events');
select newterm.create_rule('x', fields => '{eventName}', filter => 'eventTime:*', learning => '0', learning_from => '2020-01-01');
create view loaded as select note, event from events;
-- what is recorded since the last look
create function faults() returns table (source text, cause text, detail text, events bigint) language sql as $$
	with f as (delete from newterm.event_errors returning *)
	select source, cause, detail, events from f order by id $$;
select newterm.load_log('{"Records":[{"eventTime":"2024-01-01T00:00:00Z","eventName":"A"},{"eventName":"B","eventTime":"2024-01-01T00:00:00Z","x":2.50}]}');
table loaded;
select term, first_seen from newterm.detections order by 1;

-- the same file again changes nothing that was learned or told
select newterm.load_log('{"Records":[{"eventTime":"2024-01-01T00:00:00Z","eventName":"A"},{"eventName":"B","eventTime":"2024-01-01T00:00:00Z","x":2.50}]}');
select count(*) from newterm.detections;
truncate events;

-- one record a line, an array, a byte order mark, several files one after another, members around the records
select newterm.load_log(E'{"eventName":"a"}\n\n{"eventName":"b"}\r\n  {"eventName":"c"}  \n');
select newterm.load_log(E'\uFEFF [{"eventName":"d"},\n {"eventName":"e",\n\t"x":[{},[]] }]');
select newterm.load_log('{"Records":[{"eventName":"f"}]}{"Records":[]} {"Records" : [{"eventName":"g"},{"eventName":"h"}],"a":1,"b":{"Records":[1]}}' || E'\uFEFF{"Records":[{"eventName":"i"}]}');
select newterm.load_log('{"version":1,"Records":[{"eventName":"j"}]}');
select newterm.load_log('{"Records":[{"eventName":"k"}]}'::jsonb), newterm.load_log('[{"eventName":"l"},{"eventName":"m"}]'::jsonb), newterm.load_log('{"eventName":"n"}'::jsonb);
select newterm.load_log(convert_to('{"Records":[{"eventName":"ö"}]}', 'UTF8'));
select string_agg(event->>'eventName', ' ') from events;
truncate events;

-- envelopes: lookup-events, EventBridge, SNS in SQS, CloudWatch Logs
select newterm.load_log($${"Events":[{"EventId":"1","EventName":"a","CloudTrailEvent":"{\"eventName\":\"lookup\"}"},{"EventId":"2","CloudTrailEvent":"{\"eventName\":\"lookup 2\"}"}]}$$);
select newterm.load_log($${"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","detail":{"eventName":"bridge","eventTime":"2024-01-01T00:00:00Z"}}$$);
select newterm.load_log($${"Messages":[{"MessageId":"1","Body":"{\"Type\":\"Notification\",\"Message\":\"{\\\"detail-type\\\":\\\"x\\\",\\\"detail\\\":{\\\"eventName\\\":\\\"queue\\\"}}\"}"}]}$$);
select newterm.load_log($${"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[{"id":"1","timestamp":1,"message":"{\"eventName\":\"watch\"}"},{"id":"2","timestamp":1,"message":"{\"eventName\":\"watch 2\"}"}]}$$);
select newterm.load_log($${"events":1,"message":"{\"eventName\":\"message\"}"}$$);
select string_agg(event->>'eventName', ', ') from events;
truncate events;

-- documents without records are skipped
select newterm.load_log(''), newterm.load_log('   ');
select newterm.load_log('{"Records":[]}{"Records":null}{"Records":{}}{} [] {"Events":[]}');
select newterm.load_log('{"awsAccountId":"1","digestStartTime":"2024-01-01T00:00:00Z","digestS3Object":"x","logFiles":[{"s3Object":"a"}],"digestSignature":null}');
select newterm.load_log('{"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"CWL CONTROL MESSAGE"}]}');
select newterm.load_log('{"Records":null}'::jsonb);
select newterm.load_log(null::text) is null, newterm.load_log(null::bytea, 'events') is null, newterm.load_log(null::jsonb) is null;
-- a file with records and one without
select newterm.load_log('{"Records":[]}{"Records":[{"eventName":"a"}]}');
select * from faults();
truncate events;

-- anything else is refused, with its place
select newterm.load_log('{"Records":"none","x":"g"}');
select newterm.load_log(E'\n {"x":"g"}');
select newterm.load_log('[1]');
select newterm.load_log('12');
select newterm.load_log('{"Records":[{"x":1}]}'::jsonb);
select newterm.load_log('"text"'::jsonb);
select newterm.load_log('eventName=1');
select newterm.load_log(E'{"eventName":\n1');
select newterm.load_log('{"eventName":' || repeat('[', 300) || repeat(']', 300) || '}');
select newterm.load_log('{"eventName":"' || E'\t' || '"}');
do $do$
declare
	document text;
begin
	foreach document in array array['{"eventName":nul}', '{"eventName":01}', '{"eventName":1.}', '{"eventName":"\x"}', '{"eventName":"\u12g4"}', '{"eventName" 1}', '{"eventName":1,}',
		'{eventName:1}', '{"eventName":1e}', '{"eventName":-}', '{"eventName":1]', '{"Records":[{"eventName":1]}', '{"a":"b"', '{"eventName":"', '{"eventName":"\', '[', '{"Records":[,{"eventName":1}]}', '{"eventName":''1''}', '{"eventName":NaN}', '{"eventName":1 /* one */}'] loop
		begin
			perform newterm.load_log(document, 'events');
		exception when invalid_text_representation then
			raise info '%: %', document, sqlerrm;
		end;
	end loop;
end $do$;
select count(*) from events;
select * from faults();

-- a damaged file: what is whole is loaded, the rest recorded with its place
select newterm.load_log(E'{"Records":[{"eventName":"whole"},\n{"eventName":"cut off"');
select newterm.load_log(E'{"eventName":"whole 2"}\n{"eventName" "damaged"}\n{"eventName":"whole 3"}\nnonsense\n{"eventName":{"a":[1,\n{"eventName":"whole 4"}\n');
select newterm.load_log('{"Records":[{"eventName":"whole 5"},12,{"x":1},{"eventVersion":"1","eventName":"damaged" "x"},{"eventVersion":"1","eventName":"whole 6"}]}{"Records":[{"eventName":"whole 7"}]}');
select newterm.load_log('{"Records":[{"eventName":"whole 8"}] "x"}');
select newterm.load_log('{"Records":[{"eventName":"whole 9"}],"x":}');
select newterm.load_log('{"Records":[{"eventName":"whole 10"}{"eventName":"no comma"}]}');
select newterm.load_log('{"Records":[{"eventName":"whole 11"},{"eventName":' || repeat('7', 501) || '}]}');
select newterm.load_log('{"Records":[{"eventName":1e501}]}');
select newterm.load_log(E'{"eventName":"whole 12"}\nnonsense\n');
select newterm.load_log(convert_to('{"Records":[{"eventName":"whole 13"},{"eventName":"', 'UTF8') || '\xff'::bytea || convert_to(E'"}]}\n{"eventName":"whole 14"}', 'UTF8'));
select newterm.load_log(convert_to(E'{"eventName":"whole 15"}\n', 'UTF8') || '\x00'::bytea || convert_to(E'\n{"eventName":"whole 16"}', 'UTF8'));
select string_agg(event->>'eventName', ', ') from events;
select * from faults();
truncate events;

-- what jsonb cannot hold is made harmless, and recorded
select newterm.load_log($${"Records":[{"eventName":"\u0000 \ud800"},{"eventName":"\\u0000 \udc00","large":12345678901234567890},
	{"x\u0000":"\u0000","eventName":"K"},{"eventName":"\ud83d\ude00 \u00e9"}]}$$);
select event from events;
select * from faults();
truncate events;

-- gzip, as python3 -c 'gzip.compress(…)' writes it: one member, several, damaged ones, and more than may be
create table files (name text, file bytea);
insert into files values
	('one', '\x1f8b0800000000000203ab560a4a4dce2f4a2956b28aae564a2d4bcd2bf14bcc4d55b252aaca2c50aa8dad05002658124a21000000'),
	('two', '\x1f8b0800000000000203ab560a4a4dce2f4a2956b28aae564a2d4bcd2bf14bcc4d55b252aaca2c503052aa8dad0500cef2216223000000'),
	('six', '\x1f8b08000000000002036dcfbd4e43310c40e15741993bc489e39f3e04032b62706c4762688b4ac540d577a7e395b8eb193ee9dccb5bfae51adfe5f87e2ff993e7dbab9db21ccbefe7d74b2f8772b5735c4ecf106644d19c231623425810420320d721bacae3f05fc0adc01291946345d355077b72af20c07d72ab81bbc2d80ac030a8ea626724a7f05697434254c3d4aabb026d8539d0c386ac393345fa1ce6d2b0b5d036a1e7aec05b6174c1f11ce7599550d514159b3531a9acdc7705d90a0be6f4f0b96cf4acb6d4936aaf2d9912c1a43c3e1e7fabd4d23199010000'),
	('200 kB', '\x1f8b0800000000000203edc1310900201000c02e1fc3107670f851271141ec6e0fb9bb13b972ccda7a46890d0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000c057e23ee4de9db310200300');
select newterm.load_log(file) from files where name = 'one';
select newterm.load_log(a.file || b.file || '\x0000') from files a, files b where a.name = 'one' and b.name = 'two';
select newterm.load_log(substr(file, 1, length(file) - 60)) from files where name = 'six';
select newterm.load_log(a.file || set_byte(b.file, 10, 255)) from files a, files b where a.name = 'one' and b.name = 'two';
select newterm.load_log(set_byte(file, 10, 255)) from files where name = 'one';
select newterm.load_log(substr(file, 1, 2)) from files where name = 'one';
select newterm.load_log(file) from files where name = '200 kB';
set newterm.max_log_size = '64kB';
select newterm.load_log(file) from files where name = '200 kB';
reset newterm.max_log_size;
select length(event->>'eventName'), left(event->>'eventName', 6) as name from events order by 2;
select * from faults();
truncate events;

-- columns of other types, a time column that is to be filled, and tables that must be named
create table texts (at timestamptz not null, "the event" text);
create table jsons (event json);
select newterm.watch('texts', time_column => 'at'), newterm.watch('jsons');
select newterm.load_log('{"eventName":"k"}');
set newterm.log_table = 'jsons';
select newterm.load_log('{"eventName" : "k"}');
reset newterm.log_table;
select newterm.load_log(E'{"eventName":"k","eventTime":"2024-01-01T01:00:00+01:00",\n"x":1.0}\n{"eventName":"aggregated","timeWindow":{"windowStart":"2024-01-02T00:00:00Z"}}', 'texts');
select newterm.load_log('{"eventName":"no time"}', 'texts');
select newterm.load_log('{"eventName":"no time"}{"eventName":"lake","eventTime":"2024-01-03 00:00:00.250"}', 'texts');
set datestyle = 'German';
set timezone = 'Asia/Tokyo';
select newterm.load_log('{"eventName":"l","eventTime":"2024-02-03T04:05:06Z"}', 'texts');
reset datestyle;
set timezone = 'UTC';
set datestyle = 'ISO';
select * from texts order by at;
select * from jsons;
select * from faults();

-- columns of each type, from a text and from jsonb, and the message of a type that refuses a value
create domain event_domain as jsonb check (value->>'eventName' <> 'refused');
create table typed_domain (event event_domain);
create table typed_varchar (event varchar(60));
create table typed_bytea (event bytea);
select newterm.watch('typed_domain'), newterm.watch('typed_varchar'), newterm.watch('typed_bytea');
select newterm.load_log(E'{"eventName":"text",\n"x":"ä"}', t), newterm.load_log('[{"eventName":"jsonb","x":"ä"}]'::jsonb, t)
from unnest('{typed_domain, typed_varchar, typed_bytea}'::regclass[]) as t;
select 'domain' as type, event::text from typed_domain union all select 'varchar', event from typed_varchar
union all select 'bytea', convert_from(event, 'UTF8') from typed_bytea;
\set SHOW_CONTEXT always
select newterm.load_log('{"Records":[{"eventName":"one"},{"eventName":"refused"}]}', 'typed_domain');
select newterm.load_log('{"eventName":"one"}{"eventName":"this one has more than sixty characters, with all its members"}', 'typed_varchar');
\set SHOW_CONTEXT never
select (select count(*) from typed_domain), (select count(*) from typed_varchar);

-- strings that differ at each of 40 places from a plain one
truncate events;
create temp table strings as
select n, '{"eventName":"' || repeat('x', n) || special || repeat('y', 40 - n) || '"}' as document
from generate_series(0, 40) as n, unnest(array['\"', '\\', '\n', '\u00e9', 'é', '€', ' ', E'\x7f', '!', '#', '[', ']']) as special;
select newterm.load_log(string_agg(document, ''), 'events') from strings;
select count(*) from strings where document::jsonb not in (select event from events);
truncate events;
create function refusal(document text) returns text language plpgsql as $$ begin
	perform newterm.load_log(document, 'events');
	return 'loaded';
exception when invalid_text_representation then return sqlerrm; end $$;
select n, control, refusal('{"eventName":"' || repeat('x', n) || control || repeat('y', 40 - n) || '"}')
from generate_series(0, 40) as n, unnest(array[E'\x01', E'\x1f', E'\n']) as control
where refusal('{"eventName":"' || repeat('x', n) || control || repeat('y', 40 - n) || '"}')
	<> 'there are no CloudTrail records in this: byte ' || 15 + n || ', line 1: a control character stands in a string';

-- a partitioned table, defaults, constraints and triggers of the user's
create table parts (id int generated always as identity, event jsonb check (event->>'eventName' <> 'forbidden'), at timestamptz, part text generated always as (event->>'eventName') stored) partition by range (at);
create table parts_2024 partition of parts for values from ('2024-01-01') to ('2025-01-01');
create table parts_rest partition of parts default;
select newterm.watch('parts', time_column => 'at');
select newterm.load_log('{"eventName":"in 2024","eventTime":"2024-02-03T04:05:06Z"}{"eventName":"in 2025","eventTime":"2025-02-03T04:05:06Z"}{"eventName":"sometime"}', 'parts');
select tableoid::regclass, * from parts order by id;
select newterm.load_log('{"eventName":"fine","eventTime":"2024-02-03T04:05:06Z"}{"eventName":"forbidden","eventTime":"2024-02-03T04:05:06Z"}', 'parts');
create function skip() returns trigger language plpgsql as $$ begin
	if new.event->>'eventName' = 'skipped' then return null; end if;
	perform newterm.load_log('{"eventName":"nested"}', 'events');
	return new; end $$;
create trigger skip before insert on parts for each row execute function skip();
select newterm.load_log('{"eventName":"skipped","eventTime":"2024-02-03T04:05:06Z"}{"eventName":"not skipped","eventTime":"2024-02-03T04:05:06Z"}', 'parts');
select event from events;
select count(*) from parts;

-- in one transaction with others, rolled back in part
truncate events;
begin;
select newterm.load_log('{"eventName":"one"}', 'events');
savepoint a;
select newterm.load_log('{"eventName":"two"} x', 'events');
rollback to a;
select newterm.load_log('{"eventName":"three"}', 'events');
commit;
select event from events;
select * from faults();

-- rights: INSERT on the table, and nothing is locked without it
create role load_log_loader;
create role load_log_stranger;
grant insert (event) on events to load_log_loader;
set role load_log_loader;
select newterm.load_log('{"eventName":"loader"}');
select newterm.load_log('{"eventName":"loader"}', 'parts');
set role load_log_stranger;
select newterm.load_log('{"eventName":"stranger"}');
begin;
select newterm.load_log('', 'events');
rollback;
begin;
do $$ begin perform newterm.load_log('', 'events'); exception when insufficient_privilege then null; end $$;
select mode from pg_locks where relation = 'events'::regclass;
rollback;
select newterm.load_log('', 12345::oid::regclass);
select newterm.load_log('', 'pg_class_oid_index');
reset role;
\set VERBOSITY sqlstate
select newterm.load_log('{}', 'pg_class_oid_index');
\set VERBOSITY default
create schema hidden;
create table hidden.events (event jsonb);
grant insert on hidden.events to load_log_loader;
select newterm.watch('hidden.events');
select 'hidden.events'::regclass::oid as hidden \gset
set role load_log_loader;
select newterm.load_log('{"eventName":"hidden"}', :hidden);
reset role;
alter table events enable row level security;
set role load_log_loader;
select newterm.load_log('{"eventName":"policy"}', 'events');
reset role;
alter table events disable row level security;
begin read only;
select newterm.load_log('{"eventName":"read only"}', 'events');
rollback;

-- inbox: COPY of any number of documents
create table inbox_events (event jsonb);
select newterm.watch('inbox_events');
set newterm.log_table = 'inbox_events';
copy newterm.inbox from stdin with (format csv, quote e'\x01', delimiter e'\x02');
{"Records":[{"eventName":"line 1","x":"\"\\ \n"},{"eventName":"line 1 too"}]}
{"eventName":"line 2"}

{"Records":[]}
{"eventName" "line 4"}
{"eventName":"line 5"}
\.
insert into newterm.inbox values ('{"eventName":"inserted"}'), (null), ('{"eventName":"inserted too"}') returning *;
select string_agg(event::text, ' ') from inbox_events;
select * from faults();
copy newterm.inbox from stdin;
{"eventName":"without \"CSV\""}
\.
insert into newterm.inbox select where false;
select newterm.inbox();
create temp table own (document text);
create trigger own instead of insert on own for each row execute function newterm.inbox();
create trigger own before insert on own for each row execute function newterm.inbox();
insert into own values ('x');
-- statements inside of each other, and errors in between
create function more() returns trigger language plpgsql as $$ begin
	if new.event->>'eventName' = 'outer' then insert into newterm.inbox values ('{"eventName":"inner"}'); end if;
	if new.event->>'eventName' = 'failing' then
		begin
			insert into newterm.inbox select case n when 1 then '{"eventName":"lost"}' else (1 / (n - 2))::text end from generate_series(1, 2) n;
		exception when division_by_zero then
			insert into newterm.inbox values ('{"eventName":"kept"}');
		end;
	end if;
	return null; end $$;
create trigger more after insert on inbox_events for each row execute function more();
truncate inbox_events;
insert into newterm.inbox values ('{"eventName":"outer"}'), ('{"eventName":"failing"}'), ('{"eventName":"last"}');
select string_agg(event->>'eventName', ' ' order by event->>'eventName') from inbox_events;
-- many rows, loaded in parts
truncate inbox_events;
insert into newterm.inbox select format('{"eventName":"many %s","padding":"%s"}', n, repeat('x', 1000)) from generate_series(1, 20000) n;
select count(distinct event->>'eventName') from inbox_events;
insert into newterm.inbox select case when n = 15000 then '{damaged' else format('{"eventName":"many %s","padding":"%s"}', n, repeat('x', 1000)) end from generate_series(1, 20000) n;
select * from faults();
-- rights: those on the watched table, by whoever inserts
set newterm.log_table = 'events';
set role load_log_loader;
insert into newterm.inbox values ('{"eventName":"inbox loader"}');
set role load_log_stranger;
insert into newterm.inbox values ('{"eventName":"inbox stranger"}');
reset role;
reset newterm.log_table;
drop owned by load_log_loader, load_log_stranger;
drop role load_log_loader, load_log_stranger;
