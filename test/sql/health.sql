--
-- newterm.health: what is not as it should be, in words, and the statement that mends it.
--
create extension newterm;
set timezone to 'UTC';
set datestyle to 'ISO';
\set SHOW_CONTEXT never
set client_min_messages to warning;
create function call(age interval, who text, what text) returns jsonb language sql as $$
    select jsonb_build_object('eventID', format('%s by %s', what, who),
        'eventTime', to_char(now() - age, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'eventName', what, 'who', who)
$$;
-- times are not the same each day
create view state as
    select kind, name, state, terms, learning_until > now() as learns, detections_day as day, detections_week as week, detections_month as month, signals_week as signals,
        errors_day as errors, regexp_replace(warning, '\d{4}-\d\d-\d\d [\d:.]+\+00', 'TIME', 'g') as warning, remedy
    from newterm.health;
create procedure mend(which text) language plpgsql as $$
declare
    statements text;
begin
    select remedy into strict statements from newterm.health where name = which;
    execute statements;
end
$$;

-- Nothing is there.
select * from state;
-- A table without events, and a rule that waits for one.
create table calls (event jsonb);
select newterm.watch('calls');
select newterm.create_rule('what', '{eventName}', group_by => '{who}');
select kind, name, state, terms, warning, remedy from state;

-- Rules that learn, that never matched, that are noisy, that observe, and one that is disabled.
select newterm.create_rule('learns', '{eventName}', learning => '30 days', forget_after => null);
select newterm.create_rule('no such event', '{eventName}', 'eventName:Nothing');
select newterm.create_rule('noisy', '{eventName,who}', learning => '10 days');
select newterm.create_rule('observes', '{eventName}', learning => '10 days', mode => 'observe');
select newterm.create_rule('disabled', '{eventName}', enabled => false);
insert into calls select call(n * interval '1 hour', 'ann', 'Read') from generate_series(0, 480) n;
insert into calls select call(n * interval '12 hours', 'ann', 'Write' || n) from generate_series(1, 19) n;
insert into calls values (call('2 hours', 'bob', 'Read'));
select kind, name, state, terms, learns, day, week, month, signals from state;
select name, warning, remedy from state where warning is not null;
-- the statements mend it
call mend('noisy');
call mend('observes');
select name, state, warning, remedy from state where name in ('noisy', 'observes');
select name, mode from newterm.rules where name in ('noisy', 'observes');

-- A rule whose clock a stray old event set: it is active, knows nothing, and alerts to everything.
select newterm.create_rule('old clock', '{eventName}', 'who:carol');
insert into calls values (call('400 days', 'dave', 'Read'));
insert into calls select call(n * interval '1 hour', 'carol', 'Read' || n) from generate_series(1, 8) n;
select state, terms, warning from state where name = 'old clock';
call mend('old clock');
select state, warning from state where name = 'old clock';

-- A key that is new in nearly every event, and a rule that is full.
select newterm.create_rule('exploding', '{eventID}', learning => '900 days', learning_from => now() - interval '400 days');
insert into calls select call(interval '1 day', 'erin', 'n' || n) from generate_series(1, 1000) n;
select terms, warning from state where name = 'exploding';
set newterm.max_terms_per_rule = 1000;
select terms, warning from state where name = 'exploding';
reset newterm.max_terms_per_rule;
select newterm.drop_rule(name) from newterm.rules;

-- Watched tables: one that cannot show its rows, one whose trail has stopped, one that is no more.
create table parts (event jsonb, p int) partition by list (p);
create table parts_1 partition of parts for values in (1);
create table stopped (at timestamptz, event text);
create table gone (event jsonb);
select newterm.watch('parts'), newterm.watch('stopped', time_column => 'at'), newterm.watch('gone');
insert into stopped select now() - interval '1 day' - n * interval '1 minute', '{"eventName": "Read"}' from generate_series(0, 20) n;
drop table gone;
create table gone (event jsonb);
alter table calls disable trigger newterm_observe;
select name, state, warning, remedy from state where kind = 'table';
call mend('public.calls');
call mend('public.gone');
select name, state, warning from state where kind = 'table';

-- What could not be evaluated counts for the table, wherever its rows are; what is of no watched table counts for merges.
select newterm.create_rule('what', '{eventName}');
insert into parts values ('{"eventName": "Read"}', 1), ('[]', 1);
insert into newterm.event_errors (id, cause, occurred_at, events) values (100, 'internal_error', now(), 3), (101, 'internal_error', now() - interval '2 days', 5);
select kind, name, errors from state where errors > 0;
drop table parts;
select kind, name, errors from state where errors > 0;

-- What waits, and what subscribers do not get.
insert into newterm.postponed (id, event, source, error) values (1, call('3 days', 'ann', 'Postponed'), 'public.calls', 'it was locked');
select state, warning, remedy from state where name = 'postponed';
call mend('postponed');
select state, warning, remedy from state where name = 'postponed';
select newterm.create_rule('all', '{eventName}', learning_values => 0);
select newterm.subscribe('pager');
insert into calls values (call('1 minute', 'ann', 'New'));
select count(*) from newterm.next_signals('pager');
update newterm.deliveries set parked_at = now();
update newterm.subscriptions set last_error = 'status 500', lapsed = 7;
select state, warning, remedy from state where name = 'pager';
call mend('pager');
select state, warning, remedy from state where name = 'pager';

-- A backfill that was interrupted: begun again, it is well.
insert into newterm.progress_log (pid, backend_start, command, rule, events, phase, events_done, events_total)
    values (0, now(), 'backfill', 'what', 'calls', 'reading', 7, 100);
select kind, name, state, warning, remedy from state where kind = 'backfill';
call newterm.backfill(rule => 'what', events => 'calls');
select kind, name, state, warning, remedy from state where kind = 'backfill';

-- A reader sees the same, of what runs, too.
insert into newterm.progress_log (pid, backend_start, command, phase) select pid, backend_start, 'backfill', 'reading' from pg_stat_activity where pid = pg_backend_pid();
create table seen as select * from state;
create role health_reader;
select newterm.grant_access('reader', 'health_reader');
grant select on state, seen, calls, stopped, gone to health_reader;
set role health_reader;
select * from state except select * from seen;
select count(*) > 5 as some from newterm.health;
select phase, pid = pg_backend_pid() as mine from newterm.progress where phase <> 'done' and pid <> 0;
reset role;
-- nor does a table of a schema that it may not look into hide the rest
create schema health_private;
create table health_private.events (event jsonb);
select newterm.watch('health_private.events');
insert into health_private.events values ('7');
select kind, name, state, errors, warning from state where name ~ 'private';
set role health_reader;
select kind, name, state, errors, warning from state where name ~ 'private';
reset role;
drop owned by health_reader;
drop role health_reader;
