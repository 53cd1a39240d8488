--
-- What rules would have said about stored events: the same as live insertion said, for rules that are stored and for
-- rules that nobody stored, whatever memory there is, and leaving nothing behind.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never

create table calls (id bigint generated always as identity, event jsonb);
create function call(at timestamptz, who text, what text) returns jsonb language sql as $$
    select jsonb_build_object('eventID', format('%s by %s at %s', what, who, to_char(at, 'DD HH24:MI')),
        'eventTime', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'eventName', what, 'who', who)
$$;

-- Ten days in March. Ann reads every day; on the 8th she writes for the first time, on the 9th twice.
select newterm.watch('calls');
insert into calls (event)
    select call(day + interval '9 hours', 'ann', 'Read') from generate_series('2024-03-01Z'::timestamptz, '2024-03-10Z', '1 day') day;
insert into calls (event) values
    (call('2024-03-08 12:00Z', 'ann', 'Write')), (call('2024-03-09 12:00Z', 'ann', 'Write')),
    (call('2024-03-03 12:00Z', 'bob', 'Read')), (call('2024-03-09 13:00Z', 'bob', 'Write')),
    -- twice the same record
    (call('2024-03-09 13:00Z', 'bob', 'Write')), ('{"eventName": "Read", "who": "nobody knows when"}');

-- A rule that nobody stored: by name of its settings, with defaults for the rest.
select * from newterm.backtest('{"fields": ["eventName"], "group_by": ["who"]}');
select rule, term, first_seen, status from newterm.backtest('[{"name": "short", "fields": ["eventName"], "learning": "1 day"},
    {"name": "nothing is learned", "fields": ["eventName"], "learning_values": 0},
    {"name": "forgets", "fields": ["eventName"], "group_by": ["who"], "learning": "0", "forget_after": "1 day"}]');

-- Only a part of the time. Learning begins with what is read.
select term, first_seen, status from newterm.backtest('{"fields": ["eventName"], "learning": "1 day"}', since => '2024-03-08Z', until => '2024-03-09Z');

-- A stored rule says the same as it said live: clocks and settings are its own.
select newterm.create_rule('calls', '{eventName}', group_by => '{who}', learning => '7 days', learning_from => '2024-03-01Z');
select newterm.create_rule('each learns', '{eventName}', group_by => '{who}', learning => '2 days', learning_scope => 'entity', forget_after => '36 hours', granule => '1 hour');
select newterm.create_rule('first two', '{eventName,who}', learning_values => 2);
create table stored as select * from calls;
truncate calls;
insert into calls (event) select event from stored order by md5(event::text);
select rule, entity, term, first_seen, event_id, status from newterm.backtest() where status = 'detection' order by 1, 4, 3;
select 'backtest, not live' as side, b.* from (
    select rule, entity, term, first_seen, status = 'learned' as learned from newterm.backtest()
    except select rule, entity, term, first_seen, learned from newterm.baseline) b
union all
select 'live, not backtest', b.* from (
    select rule, entity, term, first_seen, learned from newterm.baseline
    except select rule, entity, term, first_seen, status = 'learned' from newterm.backtest()) b;

-- Too little memory for all terms: the events are read in several passes, with the same result.
create table many as select jsonb_build_object('eventName', 'n' || n % 900, 'who', 'w' || n % 7, 'eventID', n,
    'eventTime', to_char('2024-04-01Z'::timestamptz + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) as event
    from generate_series(1, 4000) n;
select newterm.watch('many');
create view outcome as
    select status, count(*), md5(string_agg(format('%s %s %s', entity, term, first_seen), ',' order by entity, term, first_seen)) as sum
    from newterm.backtest('[{"fields": ["eventName"], "group_by": ["who"], "learning": "2 days"}]', events => 'many') group by status;
create table in_one_pass as select * from outcome;
select status, count from in_one_pass order by status;
set work_mem = '64kB';
set hash_mem_multiplier = 1;
select count(*) > 3 as several_passes from newterm.replay_events(newterm.described_rules('{"fields": ["eventName"], "group_by": ["who"]}'), null, null, 'many');
select count(*) as the_same from (select * from outcome intersect select * from in_one_pass) s;
reset work_mem;
reset hash_mem_multiplier;

-- Read by several processes, too.
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
set max_parallel_workers_per_gather = 2;
select count(*) as the_same from (select * from outcome intersect select * from in_one_pass) s;
explain (costs off) select newterm.replay(event, null, null, false, '{}', '{}', gen_random_uuid(), null, null, 0) from many;
-- what is put together is of the same rules, whatever each row gives
create table parts (n integer, event jsonb) partition by list (n);
create table part_1 partition of parts for values in (1);
create table part_2 partition of parts for values in (2);
insert into parts select n % 2 + 1, event from (select event from many limit 10) m, generate_series(1, 2) n;
analyze parts;
set max_parallel_workers_per_gather = 0;
set enable_partitionwise_aggregate = on;
explain (costs off) select newterm.replay(event, null, null, false, '{}', '{}', gen_random_uuid(), null, null, n) from parts;
select (newterm.replay(event, null, null, false, '{}', '{}', gen_random_uuid(), null, null, n)).events from parts;
select (newterm.replay(event, null, null, false, case n when 1 then '{}' else newterm.described_rules('{"fields": ["eventName"]}') end, array_fill(null::timestamptz, array[n - 1]), gen_random_uuid(), null, null, 0)).events from parts;
select (newterm.replay(event, null, null, false, newterm.described_rules(jsonb_build_object('fields', array['eventName'] || array_fill('who'::text, array[n - 1]))), '{null}', gen_random_uuid(), null, null, 0)).events from parts;
select (newterm.replay(event, null, null, false, newterm.described_rules('{"fields": ["eventName"]}'), '{null}', '00000000-0000-0000-0000-000000000000', null, null, 0)).events from parts;
reset enable_partitionwise_aggregate;

-- Nothing is left behind, and nothing is needed that writes.
begin read only;
select count(*) from newterm.backtest();
commit;

-- What is wrong is said.
select * from newterm.backtest('{"field": ["eventName"]}');
select * from newterm.backtest('{"fields": ["eventName"], "filter": "a:"}');
select * from newterm.backtest('{"fields": ["eventName"], "granule": "-1 day"}');
select * from newterm.backtest('{"filter": "a:b"}');
select * from newterm.backtest('{"fields": [], "filter": "a:b"}');
select * from newterm.backtest('"nobody"');
select * from newterm.backtest('[null]');
select * from newterm.backtest('7');
select * from newterm.backtest(events => 'stored');

-- So is an interval that leaves out all there is, with what to type instead.
select * from newterm.backtest(since => '2025-01-01Z');
select * from newterm.backtest(until => '2020-01-01Z', events => 'many');
select * from newterm.backtest('{"fields": ["eventName"], "filter": "eventName:nobody"}', since => '2020-01-01Z');
call newterm.backfill(since => '2025-01-01Z');
