-- When an event happened: which times are usable, and what becomes of events without one.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');
create view faults as select source, event_id, event_time, cause, events from newterm.event_errors order by id;
create function at(at timestamptz) returns text language sql as $$ select to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

-- Without rules an event concerns nobody.  What is no event is recorded all the same.
insert into events values ('{"x": "no time"}');
select * from faults;
select newterm.events_passed_over();
insert into events values ('[]');
select * from faults;
truncate newterm.event_errors;

-- An unusable time sets no clock, makes no history learned and retracts nothing.
select newterm.create_rule('x', fields => '{x}', forget_after => null);
insert into events values ('{"eventID": "1", "x": "a"}'), ('{"eventID": "2", "eventTime": "0001-01-01T00:00:00Z", "x": "a"}'),
	('{"eventID": "3", "eventTime": "1970-01-01T00:00:00Z", "x": "a"}'), ('{"eventID": "4", "eventTime": "2999-01-01T00:00:00Z", "x": "a"}'),
	('{"eventID": "5", "x": "b"}'), ('{"eventID": "6", "eventTime": "2013-10-31T23:59:59.999999Z", "x": "a"}');
select * from newterm.clocks;
select * from newterm.baseline;
select * from faults;
truncate newterm.event_errors;
insert into events values ('{"eventTime": "1970-01-01T00:00:00Z", "x": "a"}'), ('{"eventTime": "2024-01-01T00:00:00Z", "x": "a"}');
select rule, learning_from, learning_until from newterm.clocks;
insert into events values ('{"eventTime": "2024-01-09T00:00:00Z", "eventID": "signal", "x": "b"}');
insert into events values ('{"eventTime": "1970-01-01T00:00:00Z", "x": "b"}'), ('{"eventTime": "2999-01-01T00:00:00Z", "x": "c"}');
select term, first_seen, event_id, status from newterm.detections;
truncate newterm.event_errors;

-- The bounds: from newterm.earliest_event_time to a day behind the transaction's start, both included.
begin;
insert into events values ('{"eventTime": "2013-11-01T00:00:00Z", "x": "first"}'), (jsonb_build_object('eventTime', at(now() + interval '1 day'), 'x', 'last'));
insert into events values ('{"eventTime": "2013-10-31T23:59:59.999999Z", "eventID": "past", "x": "before"}'),
	(jsonb_build_object('eventTime', at(now() + interval '1 day 1 microsecond'), 'eventID', 'future', 'x', 'behind'));
select now() as now \gset
commit;
select term->>'x' as x, first_seen in ('2013-11-01', timestamptz :'now' + interval '1 day') as at_bound from newterm.baseline where term->>'x' not in ('a', 'b') order by 1;
select cause, event_id, event_time in ('2013-10-31 23:59:59.999999', timestamptz :'now' + interval '1 day 1 microsecond') as behind_bound from faults;
truncate newterm.event_errors;
show newterm.earliest_event_time;
set newterm.earliest_event_time = '2023-01-01T02:00:00+02:00';
insert into events values ('{"eventTime": "2023-01-01T00:00:00Z", "x": "set"}'), ('{"eventTime": "2022-12-31T23:59:59Z", "x": "before"}');
select first_seen from newterm.baseline where term->>'x' = 'set';
select * from faults;
truncate newterm.event_errors;
set newterm.earliest_event_time = 'yesterday';
set newterm.earliest_event_time = '';
set newterm.earliest_event_time = 'infinity';
create role event_time_loader;
set role event_time_loader;
set newterm.earliest_event_time = '2000-01-01';
reset role;
drop role event_time_loader;
reset newterm.earliest_event_time;

-- Forms of a time: those of CloudTrail Lake are UTC.  Aggregated events have the start of their window.
set timezone = 'America/New_York';
insert into events values ('{"eventTime": "2024-02-01 00:00:00.000", "x": "lake"}'),
	('{"eventId": "an id", "timeWindow": {"windowStart": "2024-02-02T00:00:00Z", "windowEnd": "2024-02-02T00:05:00Z"}, "x": "window"}'),
	('{"eventTime": null, "timeWindow": {"windowStart": "2024-02-03T00:00:00Z"}, "x": "null and window"}'),
	('{"eventTime": "2024-02-04T00:00:00Z", "timeWindow": {"windowStart": "2024-01-03T00:00:00Z"}, "x": "both"}');
set timezone = 'UTC';
select term->>'x' as x, first_seen, event_id from newterm.detections where first_seen between '2024-02-01' and '2025-01-01' order by 2;
-- what is no time
insert into events values ('{"timeWindow": "2024-01-03T00:00:00Z", "x": "1"}'), ('{"timeWindow": {"windowStart": 1}, "x": "2"}'), ('{"timeWindow": ["2024-01-03T00:00:00Z"], "x": "3"}'),
	('{"eventTime": "today", "timeWindow": {"windowStart": "2024-01-03T00:00:00Z"}, "x": "4"}'), ('{"eventTime": ["2024-01-03T00:00:00Z"], "x": "5"}'),
	('{"eventTime": ["2024-01-03T00:00:00Z", "2024-01-03T00:00:00Z"], "x": "6"}'), ('{"eventTime": {"windowStart": "2024-01-03T00:00:00Z"}, "x": "7"}'),
	('{"eventTime": "infinity", "x": "8"}'), ('{"eventTime": "2024-02-30T00:00:00Z", "x": "9"}');
select count(*) from newterm.baseline where length(term->>'x') = 1 and term->>'x' < 'a';
select cause, events from faults;
truncate newterm.event_errors;
-- identities
insert into events values ('{"sharedEventID": "shared", "eventID": "own", "eventId": "other", "x": "i"}');
insert into events values ('{"sharedEventID": null, "eventID": "own", "eventId": "other", "x": "i"}');
insert into events values ('{"eventId": "other", "x": "i"}');
select event_id from faults;
truncate newterm.event_errors;

-- Recorded is what passes the filter of a rule that is enabled.
select newterm.disable_rule('x');
select newterm.create_rule('name', fields => '{y}', filter => 'name:(a OR b) y:*');
select newterm.create_rule('not', fields => '{y}', filter => '-name:* z:1');
select newterm.create_rule('off', fields => '{y}', enabled => false);
select newterm.events_passed_over() as before \gset
insert into events values ('{"eventID": "no rule", "name": "c"}'), ('{"eventID": "no y, without which the filter fails", "name": "a"}'), ('{"eventID": "not, z", "name": "c", "z": 1}');
select * from faults;
select newterm.events_passed_over() - :before as passed_over;
insert into events values ('{"eventID": "y", "name": "a", "y": 1}');
insert into events values ('{"eventID": "array", "name": ["c", "b"], "y": [1, 2]}');
insert into events values ('{"eventID": "shows no term", "z": 1}');
select * from faults;
select newterm.events_passed_over() - :before as passed_over;
truncate newterm.event_errors;
-- what no filter can be asked of
insert into events values ('"text"');
select * from faults;
truncate newterm.event_errors;
-- a session of its own counts anew; what is rolled back is counted too
begin; insert into events values ('{}'); rollback;
select newterm.events_passed_over() - :before as passed_over;
\c
select newterm.events_passed_over();
set timezone = 'UTC';
set datestyle = 'ISO';

-- Time columns: NULL is no time; what is infinite or beyond what PostgreSQL's calendar can add to is past or future.
create table zoned (at timestamptz, event jsonb);
create table unzoned (at timestamp, event jsonb);
select newterm.watch('zoned', time_column => 'at'), newterm.watch('unzoned', time_column => 'at');
select newterm.create_rule('w', fields => '{w}', filter => 'w:*', granule => '7 days', forget_after => null, learning => '0');
create procedure show(at text, id text) language plpgsql as $$
begin
	insert into zoned values (at::timestamptz, jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'eventID', id, 'w', id));
	insert into unzoned values (at::timestamp, jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'eventID', id, 'w', id));
	commit;
end $$;
call show(null, 'null');
call show('-infinity', 'no beginning');
call show('4714-11-24 00:00:00 BC', 'BC');
call show('0001-01-01 00:00:00', 'year 1');
call show('2013-10-31 23:59:59', 'before CloudTrail');
call show('2013-11-01 00:00:00', 'CloudTrail begins');
call show('2024-01-01 00:00:00', 'usable');
call show('9999-12-31 00:00:00', 'year 9999');
call show('294276-12-31 23:59:59.999999', 'the last time');
call show('infinity', 'no end');
select * from faults;
select term->>0 as w, first_seen, last_granule from newterm.runs where version_id = (select max(id) from newterm.rule_versions) order by 1;
