-- Who has no right to something does not get it by way of newterm.
\set VERBOSITY terse
\set SHOW_CONTEXT never
set timezone = 'UTC';
create extension newterm;
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('r', fields => '{x}', filter => 'secret:*', learning => '0', learning_from => '2020-01-01');
create role rights_loader;
create role rights_stranger;
create role rights_reader;
grant insert on events to rights_loader;
grant select on newterm.runs to rights_reader;
create function event(x text) returns jsonb language sql as $$
	select jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'eventID', x, 'x', x, 'secret', 1) $$;
insert into events values (event('known'));

-- observe, called by hand, tells nothing of rules and what they know, but to who may read that anyway
set role rights_stranger;
select newterm.observe(event('known'), null::timestamptz, 0, '(0,1)') as known, newterm.observe(event('new'), null::timestamptz, 0, '(0,1)') as new;
set role rights_loader;
select newterm.observe(event('known'), null::timestamptz, 'events'::regclass, '(0,1)') as known, newterm.observe(event('new'), null::timestamptz, 'events'::regclass, '(0,1)') as new;
create temporary table own (event jsonb);
create function pg_temp.note() returns trigger language plpgsql as $$ begin raise notice 'told: %', new.event ->> 'x'; return null; end $$;
create trigger own after insert on own for each row when (newterm.observe(new.event, null::timestamptz, new.tableoid, new.ctid)) execute function pg_temp.note();
insert into own values (event('known')), (event('new'));
drop table own;
set role rights_reader;
select newterm.observe(event('known'), null::timestamptz, 0, '(0,1)') as known, newterm.observe(event('new'), null::timestamptz, 0, '(0,1)') as new;
reset role;
select count(*) from newterm.runs;

-- load_log locks nothing for who may not insert
begin;
set local role rights_stranger;
savepoint s;
select newterm.load_log(''::text, 'events');
rollback to s;
reset role;
select count(*) from pg_locks where relation = 'events'::regclass;
rollback;

-- a loader weakens no detection, and sets what concerns itself
set role rights_loader;
set newterm.max_terms_per_event = 1;
set newterm.max_terms_per_rule = 1;
set newterm.max_notifications = 0;
set newterm.rules_memory = '1GB';
set newterm.cache_size = '64kB';
set newterm.merge_memory = '64kB';
set newterm.on_error = fail;
reset role;
-- nor does one that sets them before the library is there
\c
set session authorization rights_loader;
set newterm.max_terms_per_rule = 1;
insert into events values ('{"eventTime": "2024-01-01T00:00:00Z", "x": "1", "secret": 1}'), ('{"eventTime": "2024-01-01T00:00:00Z", "x": "2", "secret": 1}'), ('{"eventTime": "2024-01-01T00:00:00Z", "x": "3", "secret": 1}');
show newterm.max_terms_per_rule;
reset session authorization;
select count(*) from newterm.signals;
-- but who is granted to
grant set on parameter newterm.max_terms_per_event to rights_loader;
set role rights_loader;
set newterm.max_terms_per_event = 2;
reset role;
revoke set on parameter newterm.max_terms_per_event from rights_loader;

-- what somebody takes away from the baseline by SQL is known no more, in sessions that knew it
set timezone = 'UTC';
insert into events values (event('known')), (event('taken away')), (event('taken away'));
insert into events values (event('taken away'));
delete from newterm.runs where term ->> 0 = 'taken away';
insert into events values (event('taken away'));
select title, event_id from newterm.signals where title ~ 'taken' order by id;
truncate newterm.runs;
insert into events values (event('known'));
select title, event_id from newterm.signals where title ~ 'known' order by id;
select cause, event_id from newterm.event_errors;

-- the object of a term asks no more of fields and values than that they fit
select newterm.term_object('{a,b}', '["1", 2]') as fits, newterm.term_object('{a,b}', '[1]') as fewer, newterm.term_object('{a,b}', '{}') as no_array,
	newterm.term_object('{a}', null) as no_values, newterm.term_object(null, '[]') as no_fields, newterm.term_object('{}', '[]') as none;
