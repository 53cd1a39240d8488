-- Runs: forgetting, granules, late events that amend and retract.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');
create function show(at timestamptz, x text, id text default null) returns void language sql as $$
	insert into events values (jsonb_build_object('eventTime',
		to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'eventID', id, 'x', x)) $$;
create view stored as select rule, term->>'x' as x, first_seen, last_seen, learned from newterm.baseline order by 1, 2, 3;
create view found as select rule, term->>'x' as x, first_seen, event_id, status from newterm.detections order by 1, 2, 3;

select newterm.create_rule('r', fields => '{x}', learning => '1 day', learning_from => '2024-01-01',
	forget_after => '10 days', granule => '1 hour');
-- gaps are taken between granules: 10 days and 59 minutes are not longer than 10 days
select show('2024-02-01 00:00:01', 'a', 'a1');
select show('2024-02-11 00:59:59', 'a', 'a2');
select * from stored;
select show('2024-02-21 01:00:00', 'a', 'a3');
select * from stored;
select * from found;
-- last_seen is the granule's start, or first_seen where that is later
select show('2024-03-01 10:30', 'b', 'b1');
select * from stored where x = 'b';
select show('2024-03-01 10:45', 'b');
select * from stored where x = 'b';
select show('2024-03-01 11:45', 'b');
select * from stored where x = 'b';

-- a late event moves a run's start: the detection is amended
select show('2024-03-01 10:15', 'b', 'b0');
select show('2024-02-25', 'b', 'b-1');
select * from stored where x = 'b';
select * from found where x = 'b';
select first_seen, last_seen, event_id, event->>'eventID' as sample, change_reason, updated_at >= created_at as updated
from newterm.signals where term->>'x' = 'b';
-- one that bridges two runs: the later detection is retracted
select show('2024-04-01', 'c', 'c1');
select show('2024-04-19', 'c', 'c2');
select show('2024-04-10', 'c', 'c3');
select * from stored where x = 'c';
select * from found where x = 'c';
-- one that reaches into learning: nothing was new
select show('2024-01-08', 'd', 'd1');
select show('2024-01-01 12:00', 'd', 'd2');
select * from stored where x = 'd';
select * from found where x = 'd';
select retracted_at is not null as retracted, change_reason from newterm.signals where term->>'x' = 'd';
-- all at once, in one transaction
begin;
select show('2024-05-30', 'e', 'e3');
select show('2024-05-10', 'e', 'e1');
select show('2024-05-20', 'e', 'e2');
select show('2024-06-15', 'e', 'e4');
commit;
select * from stored where x = 'e';
select * from found where x = 'e';
-- the same again changes nothing
begin;
select show('2024-05-30', 'e', 'e3');
select show('2024-05-10', 'e', 'e1');
select show('2024-05-20', 'e', 'e2');
select show('2024-06-15', 'e', 'e4');
commit;
select * from found where x = 'e';

-- never forget
select newterm.create_rule('never', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => null);
select show('2030-01-01', 'f') where false;
select show('2024-01-01', 'f');
select show('2019-01-01', 'f');
select * from stored where rule = 'never' and x = 'f';

-- times before 1970 have granules too
set newterm.earliest_event_time = '1900-01-01';
select show('1969-12-31 23:30', 'g');
reset newterm.earliest_event_time;
select * from stored where rule = 'r' and x = 'g';

-- the same record twice, and a cross-account call seen by both accounts
insert into events values
	('{"eventTime":"2024-07-01T00:00:00Z","eventID":"1","sharedEventID":"s","x":"h"}'),
	('{"eventTime":"2024-07-01T00:00:00Z","eventID":"2","sharedEventID":"s","x":"h"}');
select * from found where x = 'h' and rule = 'r';

-- terms of any length are found again: short ones, and those that are stored out of line
select show('2024-08-01', string_agg(md5(i::text), '')), show('2024-08-02', string_agg(md5(i::text), '')),
	show('2024-08-03', string_agg(md5(i::text), '')) from generate_series(1, 1000) i \g /dev/null
select length(x), first_seen, last_seen from stored where rule = 'r' and length(x) > 100;
