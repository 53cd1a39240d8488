-- Learning: windows, values, clocks of rules and entities.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');
create function show(at timestamptz, x text, who text default 'ann') returns void language sql as $$
	insert into events values (jsonb_build_object('eventTime',
		to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'eventID', x, 'x', x, 'who', who)) $$;
create view found as select rule, entity, term, first_seen, status from newterm.detections order by rule, first_seen, term;

-- a window of the rule: its clock starts with the first transaction evaluated, filter or not
select newterm.create_rule('window', fields => '{x}', filter => 'x:*', learning => '1 day', forget_after => null);
select newterm.create_rule('rare', fields => '{x}', filter => 'x:stranger', learning => '1 day', forget_after => null);
select * from newterm.clocks;
begin;
select show('2024-01-01 12:00', 'a');
select show('2024-01-01 10:00', 'b');
commit;
select * from newterm.clocks order by rule;
select show('2024-01-02 09:59:59.999999', 'last learned');
select show('2024-01-02 10:00', 'first alert');
-- what comes late was learned in silence all the same, and does not move the clock
select show('2023-12-31', 'late');
select show('2024-02-01', 'stranger');
select * from found;
select rule, term, learned from newterm.baseline order by 1, first_seen;
select * from newterm.clocks order by rule;

-- learning_from as given, learning 0: alert on everything
select newterm.create_rule('given', fields => '{x}', learning => '1 hour', learning_from => '2024-03-01', forget_after => null);
select newterm.create_rule('all', fields => '{x}', learning => '0', forget_after => null);
select show('2024-03-01 00:59', 'c');
select show('2024-03-01 01:00', 'd');
select * from found where rule in ('given', 'all');

-- each entity has its own clock
select newterm.drop_rule(name) from newterm.rules;
select newterm.create_rule('each', fields => '{x}', group_by => '{who}', learning => '1 day',
	learning_scope => 'entity', forget_after => null);
select show('2024-01-01', 'a', 'ann');
select show('2024-01-03', 'b', 'ann');
select show('2024-01-03', 'a', 'bob');
select show('2024-01-03 23:00', 'b', 'bob');
select show('2024-01-04', 'c', 'bob');
select * from found where rule = 'each';
select * from newterm.clocks order by learning_from, entity;

-- the first n values, by event time, ties by term; a late event pushes one out
select newterm.create_rule('two', fields => '{x}', learning_values => 2, forget_after => '10 days');
select newterm.create_rule('none', fields => '{x}', learning_values => 0, forget_after => null);
select show('2024-05-03', 'c');
select show('2024-05-02', 'b');
select show('2024-05-04', 'd');
select * from found where rule in ('two', 'none');
select show('2024-05-01', 'a');
select * from found where rule = 'two';
select term, first_seen, learned from newterm.baseline where rule = 'two' order by first_seen;
-- a tie goes to the smaller term
select show('2024-05-02', 'aa');
select term, first_seen, learned from newterm.baseline where rule = 'two' order by first_seen, term;
-- forgotten and seen again: learning was of the first run
select show('2024-06-01', 'a');
select term, first_seen, learned from newterm.baseline where rule = 'two' and term->>'x' = 'a' order by first_seen;
-- values for each entity
select newterm.create_rule('two each', fields => '{x}', group_by => '{who}', learning_values => 1,
	learning_scope => 'entity', forget_after => null);
select show('2024-07-01', 'a', 'ann');
select show('2024-07-01', 'b', 'bob');
select show('2024-07-02', 'b', 'ann');
select entity, term, learned from newterm.baseline where rule = 'two each' order by first_seen, entity;

-- changed learning decides again about what is stored
select newterm.create_rule('changed', fields => '{x}', learning => '1 day', learning_from => '2024-08-01', forget_after => null);
select show('2024-08-01', 'a');
select show('2024-08-03', 'b');
select show('2024-08-05', 'c');
select * from found where rule = 'changed';
select newterm.alter_rule('changed', '{"learning": "3 days"}');
select * from found where rule = 'changed';
select newterm.alter_rule('changed', '{"learning_from": "2024-07-01"}');
select f.*, d.origin from found f join newterm.detections d using (rule, term, status, first_seen) where rule = 'changed';
select newterm.alter_rule('changed', '{"learning_values": 2}');
select * from found where rule = 'changed' and status = 'live';

-- so does learning that is changed while the rule is disabled
select newterm.create_rule('paused', fields => '{x}', learning => '1 day', learning_from => '2024-09-01', forget_after => null);
select show('2024-09-03', 'a');
select show('2024-09-05', 'b');
select newterm.disable_rule('paused');
select newterm.alter_rule('paused', '{"learning": "3 days"}');
select * from found where rule = 'paused';
select newterm.enable_rule('paused');
select term, learned from newterm.baseline where rule = 'paused' order by first_seen;
