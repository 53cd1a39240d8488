--
-- What history is for, as stories.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never
create function call(at timestamptz, who text, what text) returns jsonb language sql as $$
    select jsonb_build_object('eventID', format('%s by %s at %s', what, who, to_char(at, 'MM-DD HH24:MI')),
        'eventTime', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'eventName', what, 'who', who)
$$;

-- (a) A rule that is made on a table with ninety days of history is active in one statement, and alerts on the next
-- stranger. Without it, it would learn for seven days.
create table calls (event jsonb);
insert into calls select call(now() - d * interval '1 day', 'ann', 'AssumeRole') from generate_series(1, 90) d;
insert into calls values (call(now() - interval '20 days', 'bob', 'AssumeRole'));
select newterm.watch('calls');
select newterm.create_rule('who', '{who}', 'eventName:AssumeRole');
set client_min_messages to warning;  -- what it says has times in it
call newterm.backfill('who');
reset client_min_messages;
select learning_until < now() as active from newterm.clocks;
insert into calls values (call(now(), 'ann', 'AssumeRole')), (call(now(), 'mallory', 'AssumeRole'));
select term, origin, status, signal_id is not null as told from newterm.detections order by id;
select term, title from newterm.signals where origin = 'live';
select * from newterm.verify('who');

-- Once more changes nothing.
set client_min_messages to warning;
call newterm.backfill('who');
reset client_min_messages;
select term, origin, status from newterm.detections order by id;
select command, rule, phase, events_done, events_total, percent from newterm.progress order by started_at;

-- A rule that has been learning for a while: what it knows stays, and its clock moves back.
truncate calls;
select newterm.create_rule('what', '{eventName}', learning => '7 days');
insert into calls values (call(now() - interval '1 hour', 'ann', 'Read')), (call(now(), 'ann', 'Write'));
select term, learned from newterm.baseline where rule = 'what' order by 2, 1;
alter table calls disable trigger user;
insert into calls select call(now() - d * interval '1 day', 'ann', 'Read') from generate_series(1, 30) d;
alter table calls enable trigger user;
set client_min_messages to warning;
call newterm.backfill('what');
reset client_min_messages;
-- Read was known all along, Write is new
select term, learned from newterm.baseline where rule = 'what' order by 2, 1;
select term, origin, status from newterm.detections where rule = 'what';
select * from newterm.verify('what');

-- What cannot be done is said.
call newterm.backfill('nobody');
select newterm.disable_rule('what');
call newterm.backfill('what');
call newterm.backfill(events => 'pg_class');
