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

-- (b) An intruder acts inside the learning window, and the rule learns what she does. The analyst unlearns what she taught,
-- and nothing else: the next act alerts.
truncate calls;
select newterm.drop_rule('who'), newterm.drop_rule('what');
select newterm.create_rule('actions', '{eventName}', learning => '7 days', learning_from => now() - interval '20 days');
insert into calls values (call(now() - interval '19 days', 'ann', 'List')), (call(now() - interval '18 days', 'mallory', 'StopLogging')),
    (call(now() - interval '17 days', 'mallory', 'List')), (call(now() - interval '10 days', 'bob', 'List'));
select term, learned from newterm.baseline order by 1;
select count(*) as told from newterm.signals where rule = 'actions';
select * from newterm.verify('actions');
-- what would it be?
select term, alerts from newterm.unlearn('actions', by => 'who:mallory', dry_run => true);
select term, alerts from newterm.unlearn('actions', by => 'who:mallory', reason => 'her keys were stolen on the first day');
select * from newterm.verify('actions');
-- what was known from others is known
select term from newterm.baseline order by 1;
insert into calls values (call(now(), 'carl', 'List')), (call(now() + interval '1 second', 'carl', 'StopLogging'));
select title, event ->> 'who' as by, origin from newterm.signals where rule = 'actions';
select * from newterm.verify('actions');
-- records of those days that come late teach nothing more
insert into calls values (call(now() - interval '17 days', 'mallory', 'DeleteTrail'));
select term from newterm.baseline order by 1;
select * from newterm.verify('actions');

-- (c) A noisy rule is narrowed by a suppression that excludes. Nothing is learned again, as the rule is the same version, and
-- a new threat in the same minute alerts.
truncate calls;
select newterm.create_rule('noisy', '{eventName}', group_by => '{who}', learning => '7 days', learning_from => now() - interval '20 days');
insert into calls select call(now() - interval '15 days', 'ann', 'List') union all select call(now() - n * interval '1 hour', 'scanner', 'Probe' || n) from generate_series(1, 5) n;
select count(*) as told from newterm.signals where rule = 'noisy';
create temp table before as select rule, entity, term, first_seen, last_seen, learned from newterm.baseline where rule = 'noisy';
select newterm.create_suppression('the scanner', 'who:scanner', rules => '{noisy}', kind => 'exclude', reason => 'it is ours');
insert into calls values (call(now() + interval '1 second', 'scanner', 'Probe6')), (call(now() + interval '2 seconds', 'ann', 'List')),
    (call(now() + interval '3 seconds', 'mallory', 'StopLogging'));
select title from newterm.signals where rule = 'noisy' and entity <> '{"who": "scanner"}';
select count(*) as told from newterm.signals where rule = 'noisy';
-- all that was known is known, and the scanner teaches no more
select count(*) as lost from before b where not exists (select from newterm.baseline n where n.rule = b.rule and n.entity = b.entity and n.term = b.term
    and n.first_seen = b.first_seen and n.last_seen >= b.last_seen and n.learned = b.learned);
select entity, term from newterm.baseline n where rule = 'noisy' and not exists (select from before b where b.entity = n.entity and b.term = n.term);
select rule_version, count(*) > 0 as known from newterm.baseline where rule = 'noisy' group by 1;
select * from newterm.verify('noisy');

-- (d) A filter is changed and changed back.
truncate calls;
select newterm.create_rule('trail', '{who}', 'eventName:StopLogging', learning => '7 days', learning_from => now() - interval '20 days');
insert into calls values (call(now() - interval '18 days', 'ann', 'StopLogging')), (call(now() - interval '2 days', 'bob', 'StopLogging')),
    (call(now() - interval '18 days', 'cid', 'DeleteTrail')), (call(now() - interval '25 days', 'ann', 'List'));
select term, learned from newterm.baseline where rule = 'trail' order by 1;
create temp table clock as select * from newterm.clocks where rule = 'trail';
create temp table known as select * from newterm.baseline where rule = 'trail';
-- the new definition knows nothing; it may read what it would know, and keeps the clock
select newterm.alter_rule('trail', '{"filter": "eventName:(StopLogging OR DeleteTrail)", "learning_from": null}');
select count(*) from newterm.baseline where rule = 'trail';
set client_min_messages to warning;
call newterm.rebuild('trail');
reset client_min_messages;
select term, learned from newterm.baseline where rule = 'trail' order by 1;
select c.learning_from = b.learning_from as same_clock, c.learning_until < now() as active from newterm.clocks c join clock b using (rule);
select * from newterm.verify('trail');
-- the next stranger alerts, and who is known does not
insert into calls values (call(now(), 'cid', 'DeleteTrail')), (call(now(), 'mallory', 'DeleteTrail'));
select term from newterm.signals where rule = 'trail' and rule_version = 2;
-- and back: baseline and clock are those of that time
select newterm.alter_rule('trail', '{"filter": "eventName:StopLogging"}');
select (select count(*) from (table known except select * from newterm.baseline where rule = 'trail') x) as lost,
    (select count(*) from (select * from newterm.baseline where rule = 'trail' except table known) x) as added;
select c.learning_from = b.learning_from as same_clock from newterm.clocks c join clock b using (rule);
insert into calls values (call(now() + interval '1 second', 'ann', 'StopLogging'));
select * from newterm.verify('trail');

-- What cannot be done is said.
call newterm.backfill('nobody');
select newterm.disable_rule('noisy');
call newterm.backfill('noisy');
call newterm.rebuild('noisy');
call newterm.rebuild('nobody');
call newterm.rebuild(null);
begin;
call newterm.rebuild('trail');
rollback;
call newterm.backfill(events => 'pg_class');
