-- What is stored of a large event that shows several new terms: all of it a few times, then a summary.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
create table events (event jsonb);
select newterm.watch('events');
create view stored as select id, title, first_seen, event_id, event ? 'newterm' as summary, event - 'eventTime' - 'eventID' - 'pad' as event, pg_column_size(event) < 2000 as small
	from newterm.signals order by id;
create function large(at text, id text, x text[]) returns jsonb language sql as $$
	select jsonb_build_object('eventTime', at, 'eventID', id, 'x', to_jsonb(x), 'inner', jsonb_build_object('name', 'nested'), 'number', 1.50, 'null', null,
		'true', true, 'long', repeat('long', 100), 'pad', (select string_agg(md5(i::text || id), '') from generate_series(1, 6250) i)) $$;
select octet_length(large('2024-01-01T00:00:00Z', '1', '{}')::text) / 1000 as kilobytes;

-- A summary has no long strings and arrays: titles are as those of the whole event.
select newterm.create_rule('x', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => null, title => '{{x}} of {{inner.name}}');
insert into events values (large('2024-01-02T00:00:00Z', 'first', '{a,b,c,d}'));
select title, event_id, summary, small, case when summary then event end as event from stored;
-- each event has its own
insert into events values (large('2024-01-02T00:00:00Z', 'second', '{e,f,g}')), (large('2024-01-02T00:00:00Z', 'third', '{h,i,j}'));
select event_id, count(*), count(*) filter (where summary) as summaries from stored group by 1 order by 1;
-- a late one amends
insert into events values (large('2024-01-01T00:00:00Z', 'late', '{a,b,c,d}'));
select event_id, first_seen, summary from stored where event_id = 'late';
-- from files, too
truncate newterm.signals;
begin;
set local newterm.merge_memory = '64kB';
insert into events select large('2024-01-03T00:00:00Z', 'spilled ' || i, array[i || 'a', i || 'b', i || 'c', i || 'd']) from generate_series(1, 3) i;
insert into events select jsonb_build_object('eventTime', '2024-01-03T00:00:00Z', 'x', 'much ' || i) from generate_series(1, 3000) i;
-- so that a whole file is merged at once
set local newterm.merge_memory = '64MB';
commit;
select event_id, count(*), count(*) filter (where summary) as summaries from stored where event_id is not null group by 1 order by 1;

-- Small events are stored whole, however often.
truncate newterm.signals;
insert into events select jsonb_build_object('eventTime', '2024-01-04T00:00:00Z', 'eventID', 'small', 'x', jsonb_agg('small ' || i)) from generate_series(1, 30) i;
select count(*), count(*) filter (where summary) as summaries, min(jsonb_array_length(event->'x')) from stored;

-- First values keep what they need to be told later.
select newterm.create_rule('first', fields => '{x}', filter => 'inner.name:*', learning_values => 4, learning_from => '2020-01-01', forget_after => null);
insert into events values (large('2024-01-05T00:00:00Z', 'learned', '{k,l,m,n}'));
select count(*), count(*) filter (where event ? 'newterm') as summaries from newterm.learned_values;
select count(*), count(*) filter (where summary) as summaries from stored where event_id = 'learned';
