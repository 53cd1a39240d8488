-- mode observe: a rule learns and detects as always, but nobody is told; mode alert goes on with what it knows.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');
create procedure show(at timestamptz, variadic x text[]) language sql as $$
	insert into events select jsonb_build_object('eventTime',
		to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'eventID', x || ' at ' || at::date, 'x', x) from unnest(x) x $$;
create procedure again(name text, changes jsonb) language plpgsql as $$ begin perform newterm.alter_rule(name, changes); end $$;
create view found as
	select d.rule, d.term ->> 'x' as x, d.first_seen::date, d.event_id, d.status, d.origin, d.signal_id is not null as told,
		s.id is not null as signal, s.first_seen::date as signal_first_seen, s.retracted_at is not null as retracted
	from newterm.detections d left join newterm.signals s on s.id = d.signal_id order by d.rule, d.first_seen, x, d.id;

select newterm.create_rule('dry', fields => '{x}', learning => '2 days', learning_from => '2024-01-01', forget_after => '30 days', mode => 'observe');
select newterm.create_rule('loud', fields => '{x}', learning => '2 days', learning_from => '2024-01-01', forget_after => '30 days');
call show('2024-01-01', 'a');
call show('2024-01-05', 'a', 'b', 'c', 'd');
select * from found;
-- the baseline is the same
select term, first_seen, last_seen, learned from newterm.baseline where rule = 'dry'
except select term, first_seen, last_seen, learned from newterm.baseline where rule = 'loud';
-- late events amend and retract what was detected, and nobody is told either
call show('2024-01-04', 'b');
call show('2024-01-02', 'c');
select * from found where rule = 'dry';
select count(*), count(*) filter (where change_reason is not null) as changed from newterm.signals where rule = 'dry';

-- changed learning decides again, without signals as well
call again('dry', '{"learning": "0"}');
select * from found where rule = 'dry';
call again('dry', '{"learning": "2 days"}');
select * from found where rule = 'dry';

-- live, with the baseline as it is: what was detected before is known and makes no signal
call again('dry', '{"mode": "alert"}');
select mode, version from newterm.rules where name = 'dry';
select learning_from from newterm.clocks where rule = 'dry';
call show('2024-01-10', 'a', 'b', 'c', 'd', 'e');
select * from found where rule = 'dry' and first_seen > '2024-01-04';
-- a detection that was not told of stays so when a late event changes it
call show('2024-01-03', 'b');
select * from found where rule = 'dry' and x = 'b';
-- forgotten: the next run is told of
call show('2024-03-01', 'b');
select * from found where rule = 'dry' and x = 'b';

-- and back: new detections are not told of, signals that there are still change
call again('dry', '{"mode": "observe"}');
call show('2024-03-02', 'f');
call show('2024-02-28', 'b');
call show('2024-01-02', 'e');
select * from found where rule = 'dry' and x in ('b', 'e', 'f');
select count(*) from newterm.event_errors;
