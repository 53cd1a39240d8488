-- Changed learning decides again: what was told is retracted with a reason, what is found keeps its title and its event.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');
create function show(at timestamptz, x text, who text default 'ann') returns void language sql as $$
	insert into events values (jsonb_build_object('eventTime',
		to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'eventID', x || ' by ' || who, 'x', x, 'who', who, 'from', '192.0.2.1')) $$;
create view told as
	select d.id, d.first_seen::date as day, d.status, d.origin, s.title, s.message, s.event_id, s.event ->> 'from' as "from",
		s.retracted_at is not null as retracted, s.change_reason
	from newterm.detections d join newterm.signals s on s.id = d.signal_id order by d.id;
create procedure again(name text, changes jsonb) language plpgsql as $$ begin perform newterm.alter_rule(name, changes); end $$;

-- a longer window retracts; a shorter one detects again, with the event that the first signal has
select newterm.create_rule('window', fields => '{x}', group_by => '{who}', learning => '1 day', learning_from => '2024-01-01',
	title => '{{x}} by {{who}} from {{from}}', message => '{{term.x}} of {{entity}} at {{eventID}}', forget_after => null);
select show('2024-01-01', 'a');
select show('2024-01-03', 'b');
select show('2024-01-05', 'c', 'bob');
call again('window', '{"learning": "3 days"}');
select * from told;
call again('window', '{"learning": "1 day"}');
select * from told where id > 2;
-- the earlier signal of a detection stays as it was
select count(*) from newterm.signals where event is null or title = '';

-- what was learned in silence has no event: title and message say what the term says
call again('window', '{"learning": "0"}');
select * from told where id > 3;

-- a rule that learns by values keeps the events of its first terms, for whatever comes next
select newterm.drop_rule('window');
delete from newterm.signals;
select newterm.create_rule('values', fields => '{x}', group_by => '{who}', learning_values => 4, title => '{{x}} by {{who}} from {{from}}');
select show('2024-02-01', 'a');
select show('2024-02-02', 'b');
select show('2024-02-03', 'c', 'bob');
select show('2024-02-04', 'd', 'bob');
select * from told;
-- fewer
call again('values', '{"learning_values": 3}');
select title, event_id, "from", origin from told;
-- for each entity
call again('values', '{"learning_values": 1, "learning_scope": "entity"}');
select title, event_id, "from", status, change_reason from told;
-- more again, and then none
call again('values', '{"learning_values": 2}');
select title, event_id, "from", status, change_reason from told;
call again('values', '{"learning_values": 0}');
select title, event_id, "from", status from told where status = 'live' order by title;
-- a window instead, of which all of them are outside
select newterm.drop_rule('values');
delete from newterm.signals;
select newterm.create_rule('values', fields => '{x}', learning_values => 4, title => '{{x}} from {{from}}');
select show('2024-03-01', 'a');
select show('2024-03-02', 'b');
call again('values', '{"learning_values": null, "learning": "1 day", "learning_from": "2024-02-01"}');
select title, event_id, "from", status from told;
select count(*) from newterm.learned_values;

-- entities that get clocks of their own, and lose them: their runs are found by the entity
select newterm.drop_rule('values');
delete from newterm.signals;
select newterm.create_rule('scope', fields => '{x}', group_by => '{who}', learning => '2 days', learning_from => '2024-04-01',
	title => '{{x}} by {{who}}', forget_after => null);
select show('2024-04-01', 'a');
select show('2024-04-05', 'a', 'bob');
select show('2024-04-06', 'b', 'bob');
select title, status from told;
select count(*), count(entity_digest) from newterm.runs;
call again('scope', '{"learning_scope": "entity"}');
select title, status, change_reason from told;
select count(*), count(distinct entity_digest) from newterm.runs;
select entity, learning_from, learning_until from newterm.clocks where entity is not null order by 2;
-- bob was there before
select show('2024-04-03', 'c', 'bob');
select title, status, origin from told where status = 'live';
select entity, learning_from, learning_until from newterm.clocks where entity is not null order by 2;
call again('scope', '{"learning_scope": "rule"}');
select count(*), count(entity_digest) from newterm.runs;
select title, status, origin from told where status = 'live';
select entity, learning_from, learning_until from newterm.clocks;

-- disabled rules, and versions that are replaced, keep what they decided although later sightings of theirs are merged
select newterm.drop_rule('scope');
delete from newterm.signals;
select newterm.create_rule('old', fields => '{x}', group_by => '{who}', learning => '0', learning_from => '2024-05-01',
	title => '{{x}} by {{who}}', forget_after => null);
select show('2024-05-01', 'a');
begin;
select show('2024-05-02', 'a');
call again('old', '{"filter": "x:*", "learning_scope": "entity", "learning": "10 days"}');
commit;
select title, status, change_reason from told;
select first_seen, last_granule, learned from newterm.runs;
select count(*) from newterm.entity_clocks;
