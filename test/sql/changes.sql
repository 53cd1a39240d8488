-- Each thing told leaves a row in newterm.changes, without a position until somebody reads.
\set SHOW_CONTEXT never
set timezone = 'UTC';
create extension newterm;
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('r', '{eventName}', learning => '1 hour', learning_from => '2024-03-01', severity => 'high');
create function event(name text, hour int) returns jsonb language sql as
	$$ select jsonb_build_object('eventName', name, 'eventTime', to_char(timestamp '2024-03-01' + hour * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) $$;
-- in the order of their uuids, with a number for each transaction
create view told as
	select kind, s.term ->> 'eventName' as term, c.severity, c.rule, reason, position,
		dense_rank() over (order by substr(replace(uuid::text, '-', ''), 1, 26)) as transaction
	from newterm.changes c left join newterm.signals s on s.id = signal_id order by uuid;

-- as many as there are signals, in the order of event time
insert into events values (event('b', 30)), (event('a', 20)), (event('learned', 0)), (event('c', 40));
begin;
insert into events values (event('d', 30));
savepoint s;
insert into events values (event('undone', 30));
rollback to s;
insert into events values (event('e', 30));
commit;
begin;
insert into events values (event('undone', 30));
rollback;
insert into events values (event('a', 30));
table told;

-- changes of signals, by late events and by changed learning
insert into events values (event('b', 25));
insert into events values (event('c', 0)), (event('d', 10));
table told;
select newterm.alter_rule('r', '{"learning": "28 hours"}');
select title from newterm.signals where retracted_at is not null order by id;
select kind, term, reason from told where transaction > 4;

-- the identity is a UUID of version 7 that bears the time; a transaction of many keeps its order
insert into events select event('many ' || lpad(i::text, 4, '0'), 100 + i) from generate_series(1, 1000) i;
select count(*), count(distinct uuid), bool_and(uuid::text ~ '^.{14}7.{4}[89ab]') as version_7,
	bool_and(to_timestamp(('x' || substr(replace(uuid::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0) = date_trunc('milliseconds', changed_at)) as same_time,
	bool_and(changed_at between now() - interval '1 minute' and clock_timestamp()) as recent
from newterm.changes;
select count(*), count(distinct transaction), array_agg(term) = array_agg(term order by term) as ordered from told where term ~ 'many';

-- a prepared transaction's come with the merge that takes what it left behind
begin;
insert into events values (event('prepared', 50));
prepare transaction 'newterm changes';
select count(*) from told where term = 'prepared';
commit prepared 'newterm changes';
select kind, term from told where term = 'prepared';

-- a signal that a trigger of a user's keeps out is told of all the same
create function keep_out() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger keep_out before insert on newterm.signals for each row execute function keep_out();
insert into events values (event('kept out', 50));
select kind, term, severity, rule from told where term is null;
