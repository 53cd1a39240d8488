-- An entity's clock is its earliest sighting: a late one moves it, and what the entity learned is decided again.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');
create procedure show(at timestamptz, who text, variadic x text[]) language sql as $$
	insert into events select jsonb_build_object('eventTime',
		to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'eventID', x || ' by ' || who, 'x', x, 'who', who) from unnest(x) x $$;
create view clock as select rule, entity ->> 'who' as who, learning_from, learning_until from newterm.clocks where entity is not null order by 1, 2;
create view run as select rule, entity ->> 'who' as who, term ->> 'x' as x, first_seen, learned from newterm.baseline order by 1, 2, 4, 3;
create view told as select d.rule, d.entity ->> 'who' as who, d.term ->> 'x' as x, s.first_seen, d.status, d.origin, s.title, s.event_id
	from newterm.detections d join newterm.signals s on s.id = d.signal_id order by d.id;

select newterm.create_rule('each', fields => '{x}', group_by => '{who}', learning => '1 day', learning_scope => 'entity',
	forget_after => '10 days', title => '{{x}} by {{who}}, {{eventID}}');
call show('2024-01-10 12:00', 'ann', 'a');
call show('2024-01-11 06:00', 'ann', 'b', 'c');
call show('2024-01-11 12:00', 'ann', 'd');
call show('2024-01-10', 'bob', 'a');
table clock;
select who, x, title from told;
-- half a day earlier: b and c were seen after learning; their events are not stored, the one of this commit is
call show('2024-01-10 00:00', 'ann', 'e');
table clock;
table run;
select * from told;
-- the very end of the window counts, to the microsecond
call show('2024-01-09 12:00:00.000001', 'ann', 'e');
select x, learned from run where who = 'ann';
call show('2024-01-09 12:00', 'ann', 'e');
select x, learned from run where who = 'ann';
-- a late event of a term that was detected: it moves the clock, and the term's own start into learning
call show('2024-01-08', 'ann', 'a');
table clock;
table run;
select x, first_seen, status, title from told where who = 'ann';
-- another entity's clock is another matter, and so is the rule's
select who, x, learned from run where who = 'bob';
select rule, learning_from from newterm.clocks where entity is null;

-- several runs of one term, all inside the window, decided again together
select newterm.create_rule('runs', fields => '{x}', group_by => '{who}', learning => '100 days', learning_scope => 'entity',
	forget_after => '1 day', granule => '1 day');
call show('2024-02-01', 'eve', 'a');
call show('2024-02-10', 'eve', 'a');
call show('2024-02-20', 'eve', 'a');
call show('2024-02-20', 'eve', 'b');
select first_seen, learned from run where rule = 'runs' and x = 'a';
call show('2023-11-05', 'eve', 'c');
select x, first_seen, learned from run where rule = 'runs';
select x, first_seen, status from told where rule = 'runs';

-- more terms than are decided together, news that did not fit into memory, and both orders in one transaction
select newterm.drop_rule(name) from newterm.rules;
select newterm.create_rule('many', fields => '{x}', group_by => '{who}', learning => '1 day', learning_scope => 'entity', forget_after => null);
insert into events select jsonb_build_object('eventTime', '2024-03-01T20:00:00Z', 'x', 'late ' || i, 'who', 'w' || i % 2) from generate_series(1, 5000) i;
insert into events select jsonb_build_object('eventTime', '2024-03-01T10:00:00Z', 'x', 'early ' || i, 'who', 'w' || i % 2) from generate_series(1, 100) i;
select learned, count(*) from run group by 1;
set newterm.merge_memory = '64kB';
insert into events select jsonb_build_object('eventTime', to_char(timestamp '2024-03-02' - i * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
	'x', 'spilled ' || i, 'who', 'w' || i % 2) from generate_series(1, 3000) i;
reset newterm.merge_memory;
table clock;
-- learned is what began within a day of the earliest
select r.who, r.learned, r.first_seen < c.learning_until as inside, count(*) from run r join clock c using (who) group by 1, 2, 3 order by 1, 2;
select count(*), count(distinct x) from told where rule = 'many' and status = 'live';
select count(*) from newterm.event_errors;

-- the merge of a transaction that rolls back moves nothing; the one of a prepared transaction does once it commits
begin;
call show('2024-01-01', 'w0', 'undone');
rollback;
select learning_from from clock where who = 'w0';
begin;
call show('2024-02-20', 'w0', 'prepared');
prepare transaction 'newterm entity_clocks';
select learning_from from clock where who = 'w0';
commit prepared 'newterm entity_clocks';
select learning_from from clock where who = 'w0';
select learned, count(*) from run where who = 'w0' group by 1;

-- learning by values goes by event time whatever comes first; the clock moves all the same
select newterm.drop_rule(name) from newterm.rules;
select newterm.create_rule('values', fields => '{x}', group_by => '{who}', learning_values => 2, learning_scope => 'entity', title => '{{x}} at {{eventTime}}');
call show('2024-04-03', 'ann', 'c');
call show('2024-04-02', 'ann', 'b');
call show('2024-04-01', 'ann', 'a');
table clock;
table run;
select x, title from told where rule = 'values';

-- without a disturbance for rules of one clock: their runs are not found by entity
select newterm.drop_rule(name) from newterm.rules;
select newterm.create_rule('one', fields => '{x}', group_by => '{who}', learning => '1 day');
call show('2024-05-01', 'ann', 'a');
call show('2024-04-01', 'ann', 'b');
select count(*), count(entity_digest) from newterm.runs;
table clock;

-- conditions on what the views show may be tried on rows that belong to other rules
select newterm.create_rule('pair', fields => '{x,who}', group_by => '{who,x}', learning => '1 day', learning_scope => 'entity');
select newterm.create_rule('single', fields => '{x}', group_by => '{who}', learning => '1 day', learning_scope => 'entity');
call show('2024-06-01', 'ann', 'a');
set enable_hashjoin = off;
set enable_mergejoin = off;
set enable_indexscan = off;
set enable_bitmapscan = off;
select rule, entity from newterm.clocks where entity is not null order by 1;
select rule, term from newterm.baseline where entity is not null order by 1, 2;
select newterm.term_object('{a,b}', '[1]'), newterm.term_object('{a}', '{}'), newterm.term_object('{a,b}', '[1, null]');
