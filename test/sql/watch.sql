-- Watching tables: which column, which tables, what is inserted how.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';

create table events (id bigint generated always as identity, event jsonb not null);
select newterm.watch('events');
select * from newterm.watched;
select newterm.watch('events');

-- the event column is found where there is one candidate of the best type
create table with_notes (note text, record json, other text);
select newterm.watch('with_notes');
create table two (a jsonb, b jsonb);
select newterm.watch('two');
select newterm.watch('two', event_column => 'b');
create table no_candidate (a int);
select newterm.watch('no_candidate');
select newterm.watch('no_candidate', event_column => 'a');
select newterm.watch('no_candidate', event_column => 'zzz');
create table timed (at timestamp, "At tz" timestamptz, day date, event text);
select newterm.watch('timed', time_column => 'day');
select newterm.watch('timed', time_column => 'At tz');
select * from newterm.watched order by events::text;

-- which column is meant: what stored rows hold counts, then names, then types
create table candidates (tags jsonb, body text, event_data jsonb);
select newterm.watch('candidates');
select event_column from newterm.watched where events = 'candidates'::regclass;
select newterm.unwatch('candidates');
insert into candidates values ('{"a":"b"}', 'x', null), ('{"a":"b"}', '{"detail-type":"x","detail":{"eventName":"x"}}', '{}');
select newterm.watch('candidates', 'tags');
select newterm.watch('candidates');
select event_column, shape from newterm.watched where events = 'candidates'::regclass;
create table by_name (tags jsonb, event text);
select newterm.watch('by_name');
select event_column from newterm.watched where events = 'by_name'::regclass;
create table by_type (tag text, doc_ jsonb);
select newterm.watch('by_type');
create table two_names (tags jsonb, event text, message text);
select newterm.watch('two_names');
create table useless (a jsonb, b text);
insert into useless values ('{"x":1}', '{"x":1}');
select newterm.watch('useless');
select newterm.watch('useless', 'b');
select newterm.watch('useless', 'b', shape => 'record');
create table parted ("eventTime" timestamptz, "eventName" text, "userIdentity" jsonb, "requestParameters" jsonb);
select newterm.watch('parted', event_column => 'userIdentity');
insert into parted values ('2024-01-01', 'x', '{"arn":"x"}', '{}');
select newterm.watch('parted', event_column => 'userIdentity');
select newterm.watch('parted', event_column => 'userIdentity', shape => 'columns');
select newterm.watch('parted');
select event_column, shape from newterm.watched where events = 'parted'::regclass;
select newterm.watch('no_candidate', shape => 'columns');
select newterm.watch('no_candidate', shape => 'csv');
create table cq (_cq_id uuid, resources jsonb, cloud_trail_event jsonb, event_name text, event_time timestamp, event_source text, id int primary key);
select newterm.watch('cq');
select event_column, shape, updates from newterm.watched where events = 'cq'::regclass;
select newterm.unwatch(t::regclass) from unnest('{candidates,by_name,by_type,useless,parted,cq}'::text[]) t;
drop table candidates, by_name, by_type, two_names, useless, parted, cq;

-- what cannot be watched
select newterm.watch(null);
select newterm.watch('events', fires => null);
create view a_view as select event from events;
select newterm.watch('a_view');
create materialized view a_matview as select event from events;
select newterm.watch('a_matview');
select newterm.watch('events', fires => 'sometimes');

-- rows reach the rules however they are inserted; updates and deletes do not
select newterm.create_rule('x', fields => '{x}', learning => '0', forget_after => null);
create function shown(x text, at timestamptz default '2024-01-01', id text default null) returns jsonb
language sql as $$ select jsonb_build_object('eventTime', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'eventID', id, 'x', x) $$;
insert into events(event) values (shown('values'));
insert into events(event) select shown('select ' || i) from generate_series(1, 2) i;
with w as (insert into events(event) values (shown('cte')) returning 1) select * from w;
copy events(event) from stdin;
{"eventTime":"2024-01-01T00:00:00Z","x":"copy"}
\.
update events set event = shown('updated') where event->>'x' = 'values';
delete from events where event->>'x' = 'copy';
insert into timed values ('2024-01-01', '2024-02-03 04:05:06+00', null, '{"x":"timed"}');
insert into timed values ('2024-01-01', null, null, '{"x":"no time"}');
select term->>'x' as x, first_seen from newterm.detections
where term->>'x' <> 'no time' order by id;
select source, cause, detail from newterm.event_errors;

-- one transaction, one term, one detection; a NULL event is no event
alter table events alter event drop not null;
begin;
insert into events(event) values (shown('often')), (null), (shown('often'));
insert into events(event) values (shown('often'));
select count(*) from newterm.detections where term->>'x' = 'often';
commit;
select count(*) from newterm.detections where term->>'x' = 'often';
select count(*) from newterm.event_errors;

-- a savepoint that is rolled back takes what it showed with it
begin;
savepoint a;
insert into events(event) values (shown('rolled back'));
rollback to a;
insert into events(event) values (shown('kept'));
savepoint b;
insert into events(event) values (shown('released'));
release b;
commit;
select term->>'x' as x from newterm.detections order by id desc limit 2;

-- nothing is left pending: a table can be truncated and altered behind a row that cannot be evaluated
begin;
insert into events(event) values ('"no object"'), (shown('before truncate'));
truncate events;
alter table events add column added int;
create index on events (added);
insert into events(event) values (shown('after truncate'));
commit;
select term->>'x' as x, event is not null as with_event from newterm.signals where term->>'x' like '%truncate' order by 1;
-- nor deferred: the detection waits for the commit all the same, when no lock is held for long
begin;
set constraints all immediate;
insert into events(event) values (shown('immediate'));
select term->>'x' as x from newterm.signals where term->>'x' = 'immediate';
commit;
select term->>'x' as x from newterm.signals where term->>'x' = 'immediate';

-- updates: an upsert counts like a row inserted with the new event, where watch says so
create table upserts (id int primary key, event jsonb, note text);
select newterm.watch('upserts', updates => true);
create table other_upserts (id int primary key, event json);
select newterm.watch('other_upserts');
select * from newterm.watched where events in ('upserts'::regclass, 'other_upserts');
insert into upserts values (1, shown('upsert')) on conflict (id) do update set event = excluded.event;
insert into upserts values (1, shown('upsert changed', id => 'id of changed')) on conflict (id) do update set event = excluded.event;
insert into upserts values (1, shown('upsert changed', id => 'id of changed')) on conflict (id) do update set event = excluded.event;
update upserts set note = 'no change of the event';
begin;
update upserts set event = shown('upsert updated');
update upserts set event = shown('upsert updated too');
commit;
begin;
update upserts set event = shown('upsert undone');
rollback;
update upserts set event = '12';
insert into other_upserts values (1, shown('unseen')::json);
update other_upserts set event = shown('unseen update')::json;
select term->>'x' as x, event_id, event is not null as with_event from newterm.signals
where term->>'x' ~ 'upsert|unseen' order by id;
select cause from newterm.event_errors where source = 'public.upserts';

-- observe by hand answers and does no harm
select newterm.observe(shown('by hand'), null::timestamptz, 0, '(0,1)');
select newterm.observe(shown('kept'), null::timestamptz, 0, '(0,1)');
begin;
select newterm.observe(shown('by hand'), null::timestamptz, 'events'::regclass, '(0,1)');
insert into events(event) values (shown('by hand'));
commit;
select count(*) from newterm.detections where term->>'x' = 'by hand';
select newterm.merge();

-- unwatched: nothing is seen any more
select newterm.unwatch('events');
select newterm.unwatch('events');
insert into events(event) values (shown('unwatched'));
select count(*) from newterm.detections where term->>'x' = 'unwatched';

-- everything has a comment
select c.relname as without_comment
from pg_class c
where c.relnamespace = 'newterm'::regnamespace and c.relkind in ('r', 'v', 'S')
	and obj_description(c.oid, 'pg_class') is null
union all
select p.proname from pg_proc p
where p.pronamespace = 'newterm'::regnamespace and obj_description(p.oid, 'pg_proc') is null
union all
select c.relname || '.' || a.attname
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = 'newterm'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0
	and not a.attisdropped and col_description(c.oid, a.attnum) is null
union all
select t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
where c.relnamespace = 'newterm'::regnamespace and not t.tgisinternal
	and obj_description(t.oid, 'pg_trigger') is null;
