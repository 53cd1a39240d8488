--
-- The table that a signal's event was inserted into.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never
create schema "Odd schema";
create table events (event jsonb);
create table "Odd schema"."Odd table" (event jsonb);
create table parted (event jsonb, day int) partition by list (day);
create table parted_1 partition of parted for values in (1);
create table parted_2 partition of parted for values in (2) partition by list (day);
create table parted_2_2 partition of parted_2 for values in (2);
select newterm.watch('events'), newterm.watch('"Odd schema"."Odd table"'), newterm.watch('parted');
select newterm.create_rule('r', '{eventName}', learning => '0', learning_from => '2024-01-01Z');
create function event(name text) returns jsonb begin atomic
    select jsonb_build_object('eventID', name, 'eventName', name, 'eventTime', '2024-03-01T00:00:00Z',
        'userIdentity', jsonb_build_object('arn', 'arn:aws:iam::111111111111:user/ann'));
end;
create view sources as select event_id, source, origin from newterm.signals order by id;

-- a table, one whose name is to be quoted, and partitions, which are of the table that is watched
insert into events values (event('plain'));
insert into "Odd schema"."Odd table" values (event('odd'));
insert into parted values (event('first'), 1), (event('second'), 2);
begin;
insert into events values (event('a'));
insert into parted values (event('b'), 1);
insert into events values (event('c'));
commit;
table sources;
-- of a signal that takes several it is that of the first
select newterm.alter_rule('r', '{"keep_alive": "1 hour"}');
insert into events values (event('d'));
insert into parted values (event('e'), 1);
select event_id, source, detections from newterm.signals where detections > 1;
select newterm.alter_rule('r', '{"keep_alive": "0"}');
-- a backfill knows it, too; where the event is no more it is not known
select newterm.create_rule('late', '{eventName}', 'eventName:(plain OR first)', learning => '0', learning_from => '2024-01-01Z');
call newterm.backfill('late', signals => true);
select s.event_id, s.source, s.origin from newterm.signals s where rule = 'late' order by 1;
create table gone (event jsonb);
select newterm.watch('gone');
begin;
insert into gone values (event('gone'));
drop table gone;
commit;
select source is null as unknown, event is null as no_event from newterm.signals where term ->> 'eventName' = 'gone';
-- what is told has it, and what looks around a signal finds its table by it
select newterm.signal_as(1, 'newterm') #>> '{signal,source}' as told;
select s.source, n.event_id from newterm.signals s, newterm.neighbourhood(s.id) n where s.event_id in ('odd', 'first') and s.rule = 'r' order by 1, 2;
select count(*) from newterm.event_errors;
