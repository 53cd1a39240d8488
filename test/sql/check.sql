-- check(): what is wrong with a watch, and the statement that mends it.
\set SHOW_CONTEXT never
set client_min_messages = warning;
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
-- the remedies as they are printed, carried out
create procedure mend() language plpgsql as $$ declare r text; begin
	for r in select remedy from newterm.check() loop execute r; end loop; end $$;
create table events (id int, event jsonb);
create table other (at timestamptz, body text);
select newterm.watch('events', fires => 'always'), newterm.watch('other', time_column => 'at', updates => true);
select events, event_column, time_column, fires, shape, updates, watched_by = current_user as mine from newterm.watches order by 1;
select * from newterm.check();

-- the trigger is missing, or disabled
drop trigger newterm_observe on other;
alter table events disable trigger newterm_observe;
select * from newterm.check();
call mend();
select * from newterm.check();
select events, event_column, time_column, fires, updates from newterm.watched order by 1;

-- the table was swapped, or made anew; renamed tables and dropped ones are nobody's problem
alter table events rename to events_old;
select * from newterm.check();
create table events (event jsonb);
select * from newterm.check();
call mend();
select * from newterm.check();
drop table other;
select * from newterm.check();
create table other (at timestamptz, body text);
select * from newterm.check();
select newterm.unwatch('other');
select newterm.unwatch('other');
select * from newterm.check();
select newterm.unwatch('events_old');
drop table events_old;

-- rows that go by: children, siblings of a partition, disabled partitions
create table child () inherits (events);
create table grandchild () inherits (child);
create table parts (event jsonb, p int) partition by list (p);
create table parts_1 partition of parts for values in (1);
create table parts_2 partition of parts for values in (2);
select newterm.watch('parts_1');
select * from newterm.check();
call mend();
select * from newterm.check();
alter table parts_2 disable trigger user;
select events, problem, regexp_replace(remedy, '_[0-9]+;', '_OID;') as remedy from newterm.check();
call mend();
select events, event_column from newterm.watched order by 1;

-- replication role
set session_replication_role = replica;
select * from newterm.check();
reset session_replication_role;
create role check_loader;
alter role check_loader set session_replication_role = replica;
do $$ begin execute format('alter role check_loader in database %I set session_replication_role = replica', current_database()); end $$;
alter role check_loader in database postgres set session_replication_role = replica;
select distinct problem, remedy from newterm.check() where events = 'public.child' order by 1;
call mend();
select * from newterm.check();
drop role check_loader;

-- nothing usable among the last rows: another column, an envelope, columns
insert into events values ('{"x":1}'), (null);
create table wrong (tags jsonb, event text);
select newterm.watch('wrong', 'tags');
insert into wrong select '{"a":1}', jsonb_build_object('eventName', n) from generate_series(1, 3000) n;
create table wrong_shape ("eventName" text, "eventTime" timestamptz, "userIdentity" jsonb);
select newterm.watch('wrong_shape', 'userIdentity', shape => 'record');
insert into wrong_shape values ('x', '2024-01-01', '{}');
select * from newterm.check();
update events set event = '{"Records":[{"eventName":"x"}]}';
select * from newterm.check() where events = 'public.events';
truncate events;
call mend();
select * from newterm.check();
select events, event_column, shape from newterm.watched where events::text like 'wrong%' order by 1;

-- a trigger that somebody made by hand
create table byhand (event jsonb);
create trigger mine after insert on byhand for each row execute function newterm.merge();
select * from newterm.check();
drop table byhand;

-- who may not read a table is told all the same what can be told
create role check_reader;
grant select on newterm.watches, newterm.watched to check_reader;
grant execute on function newterm.check() to check_reader;
alter table child disable trigger newterm_observe;
set role check_reader;
select * from newterm.check();
reset role;
-- nor whoever may not look into its schema
create schema "Private, ""of others";
create table "Private, ""of others".events (event jsonb);
select newterm.watch('"Private, ""of others".events');
drop trigger newterm_observe on "Private, ""of others".events;
set role check_reader;
select * from newterm.check();
reset role;
drop schema "Private, ""of others" cascade;
-- who may not watch may not say that it was asked
set role check_reader;
select newterm.note_watch('public.events', 0, 'event', null, 'origin', 'record', false);
select newterm.forget_watch('public.events', 0);
reset role;
revoke all on newterm.watches, newterm.watched from check_reader;
revoke all on function newterm.check() from check_reader;
drop role check_reader;
