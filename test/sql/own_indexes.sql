-- What users add to newterm's own tables, indexes, columns and constraints, is kept as
-- by their own statements.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');
create function show(at timestamptz, x text, id text default null) returns void language sql as $$
	insert into events values (jsonb_build_object('eventTime',
		to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'eventID', id, 'x', x)) $$;
select newterm.create_rule('r', fields => '{x}', learning => '1 day', learning_from => '2024-01-01',
	forget_after => '10 days', granule => '1 hour');
select show('2024-02-01', 'before', 'b1');

-- indexes on expressions, partial ones, and of other kinds than ours
create index log_x on newterm.detection_log ((term->>'x'));
create index log_live on newterm.detection_log (first_seen) where status = 'live';
create index signals_open on newterm.signals (created_at) where status = 'open';
create index signals_kept on newterm.signals (lower(title)) where retracted_at is null;
create index signals_gone on newterm.signals (id) where retracted_at is not null;
create index signals_term on newterm.signals using gin (term);
create index signals_brin on newterm.signals using brin (updated_at);
create index runs_x on newterm.runs (upper(term->>0), last_granule);
create index runs_unlearned on newterm.runs (first_seen) where not learned;
-- the terms of the rows that a condition is true of, by the index; without it they are the same
create function by_index(table_name text, condition text, index_name text) returns setof text language plpgsql as $$
declare
	query text := format('select coalesce(term->>''x'', term->>0) from newterm.%I where %s order by 1', table_name, condition);
	line text;
	used boolean := false;
	found text[];
	there text[];
begin
	set local enable_seqscan = off;
	for line in execute 'explain (costs off) ' || query loop
		used := used or line like '%' || index_name || '%';
	end loop;
	execute 'select array(' || query || ')' into found;
	set local enable_seqscan = on;
	set local enable_indexscan = off;
	set local enable_indexonlyscan = off;
	set local enable_bitmapscan = off;
	execute 'select array(' || query || ')' into there;
	reset enable_indexscan;
	reset enable_indexonlyscan;
	reset enable_bitmapscan;
	if not used or found <> there then
		raise exception '% is %, and gives %, not %', index_name, case when used then 'used' else 'not used' end, found, there;
	end if;
	return query select unnest(found);
end $$;
select show('2024-02-01', 'a', 'a1');
select show('2024-03-01', 'b', 'b2');
begin;
select count(show('2024-02-02', 'row ' || i, 'r' || i)) from generate_series(1, 1200) i;
commit;
select by_index('detection_log', $$term->>'x' = 'a'$$, 'log_x');
select by_index('detection_log', $$term->>'x' in ('row 1', 'row 600', 'row 1200', 'before')$$, 'log_x');
select by_index('signals', $$status = 'open' and created_at > '2024-01-01' and term->>'x' !~ 'row'$$, 'signals_open');
select by_index('signals', $$term @> '{"x": "row 77"}'$$, 'signals_term');
select by_index('runs', $$upper(term->>0) = 'ROW 1003'$$, 'runs_x');
select count(*) from by_index('runs', $$not learned and first_seen = '2024-02-02'$$, 'runs_unlearned');
-- a known term goes on, a detection is amended, others are retracted; one signal is archived
update newterm.signals set status = 'archived' where term->>'x' = 'b';
select show('2024-02-05', 'row 1003');
select show('2024-02-20', 'b', 'b1');
select show('2024-01-25', 'a', 'a0');
select show('2024-01-01', 'c', 'c0');
select show('2024-01-09', 'c', 'c1');
select show('2024-01-20', 'd', 'd1');
select show('2024-01-10 12:00', 'd', 'd0');
select show('2024-01-01 12:00', 'd', 'd-1');
select by_index('signals', $$status = 'open' and created_at > '2024-01-01' and term->>'x' !~ 'row'$$, 'signals_open');
select by_index('signals', $$retracted_at is not null and id > 0$$, 'signals_gone');
select by_index('signals', $$retracted_at is null and lower(title) ~ '' and term->>'x' !~ 'row'$$, 'signals_kept');
select by_index('signals', $$updated_at > '2024-01-01' and change_reason is not null$$, 'signals_brin');
select by_index('detection_log', $$status = 'live' and first_seen < '2024-02-02'$$, 'log_live');
select by_index('detection_log', $$status = 'live' and first_seen = '2024-02-20'$$, 'log_live');
select by_index('runs', $$not learned and first_seen < '2024-02-02'$$, 'runs_unlearned');
select by_index('runs', $$upper(term->>0) = 'ROW 1003' and last_granule = '2024-02-05'$$, 'runs_x');
select by_index('runs', $$upper(term->>0) = 'ROW 1003' and last_granule = '2024-02-02'$$, 'runs_x');
select count(*) from by_index('signals', $$retracted_at is null and lower(title) > ''$$, 'signals_kept');
select count(*) from by_index('detection_log', $$term->>'x' > ''$$, 'log_x');
select count(*) from by_index('runs', $$upper(term->>0) > ''$$, 'runs_x');
-- an update of what no index holds stays on its page
drop index newterm.runs_x, newterm.runs_unlearned;
vacuum newterm.runs;
create function updated() returns table (all_updates bigint, hot bigint) begin atomic
	select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relid = 'newterm.runs'::regclass;
end;
select pg_stat_force_next_flush();
select * from updated() \gset before_
begin;
select count(show('2024-02-06', 'row ' || i)) from generate_series(1, 100, 10) i;
commit;
select pg_stat_force_next_flush();
select all_updates - :before_all_updates as all_updates, hot - :before_hot as hot from updated();

-- what constraints refuse is not merged, until they are gone; deferrable ones refuse at once
create unique index one_id on newterm.detection_log (upper(event_id)) where event_id like 'one%';
select show('2024-05-01', 'unique 1', 'one x');
select show('2024-05-01', 'unique 2', 'one X');
select show('2024-05-01', 'unique 3', 'two');
select show('2024-05-01', 'unique 4', 'TWO');
drop index newterm.one_id;
select newterm.merge_postponed();
alter table newterm.detection_log add constraint late_unique unique (first_seen, event_id) deferrable initially deferred,
	add constraint late_exclude exclude using btree (event_id with =) where (event_id like 'three%') deferrable initially deferred,
	add constraint exclude exclude using btree (event_id with =) where (event_id like 'four%'),
	add constraint not_five check (event_id <> 'five'), alter column event_id set not null;
select show('2024-06-01', 'deferrable 1', 'two');
select show('2024-06-01', 'deferrable 2', 'two');
select show('2024-06-01', 'excluded 1', 'three');
select show('2024-06-02', 'excluded 2', 'three');
select show('2024-06-01', 'excluded 3', 'four');
select show('2024-06-02', 'excluded 4', 'four');
select show('2024-06-01', 'checked', 'five');
select show('2024-06-01', 'null');
-- a late event amends to what is refused
select show('2024-05-31', 'deferrable 1', 'five');
select event_id, cause, detail from newterm.event_errors order by id;
select by_index('detection_log', $$term->>'x' ~ 'unique|deferr|exclu|check|null' and term->>'x' > ''$$, 'log_x');
alter table newterm.detection_log drop constraint late_unique, drop constraint late_exclude, drop constraint exclude,
	drop constraint not_five, alter column event_id drop not null;
select event ->> 'eventID' as event_id, attempts > 0 as tried, error from newterm.postponed order by id;
select newterm.merge_postponed();
select by_index('detection_log', $$term->>'x' ~ 'unique|deferr|exclu|check|null' and term->>'x' > ''$$, 'log_x');
select term ->> 'x' as x, first_seen, event_id from newterm.detection_log where term ->> 'x' = 'deferrable 1';
truncate newterm.event_errors;

-- columns of users: their defaults, and what they are generated by.  (One that is not null
-- shows that postponed rows have theirs, which are gone once they can be seen.)
create sequence numbers;
grant usage on sequence numbers to public;
create domain mark as text default 'of domain';
alter table newterm.runs add note text, add number int not null default 7, add dropped int default 1,
	add day date generated always as ((last_granule at time zone 'UTC')::date) stored, add at timestamptz not null default now(),
	add constraint day check (day < '2030-01-01');
alter table newterm.runs drop dropped;
alter table newterm.detection_log add note text default 'to ' || 'do', add done boolean, add number int default nextval('numbers');
alter table newterm.signals add note text default 'none', add day date generated always as ((first_seen at time zone 'UTC')::date) stored;
alter table newterm.event_errors add note text, add number int generated always as identity, add domained mark;
alter table newterm.entity_clocks add note text, add number int default 5;
alter table newterm.learned_values add note text, add number int default 6;
alter table newterm.postponed add note text, add number int not null default 7;
create index runs_day on newterm.runs (day) where number = 7;
select newterm.create_rule('n', fields => '{x}', filter => 'n:1', learning_values => 2, learning_from => '2024-01-01', forget_after => null);
select newterm.create_rule('e', fields => '{x}', group_by => '{e}', learning => '0', learning_scope => 'entity', forget_after => null);
insert into events values ('{"eventTime": "2024-07-01T00:00:00Z", "eventID": "i1", "n": 1, "e": "e", "x": "columns"}');
select show('2024-07-02', 'columns', 'i2');
select show('2024-06-30', 'columns', 'i0');
insert into events values ('{"x": "no time", "eventID": "i3"}');
begin;
select show('2024-07-03', 'prepared', 'i4');
prepare transaction 'newterm_own_indexes';
commit prepared 'newterm_own_indexes';
select term, first_seen, note, number, day, at > '2024-01-01' as at from newterm.runs where first_seen > '2024-06-20' and first_seen < '2025-01-01' order by first_seen, term, version_id;
select rule, term, event_id, note, done, number from newterm.detection_log where first_seen > '2024-06-20' and first_seen < '2025-01-01' order by id;
select rule, term, event_id, note, day from newterm.signals where first_seen > '2024-06-20' and first_seen < '2025-01-01' order by id;
select entity, learning_from, note, number from newterm.entity_clocks;
select term, event->>'eventID' as event_id, note, number from newterm.learned_values;
select event_id, cause, note, number, domained from newterm.event_errors;
truncate newterm.event_errors;
select by_index('runs', $$day = '2024-07-02' and number = 7$$, 'runs_day');
-- set by hand, and kept by an update
update newterm.runs set note = 'by hand', number = 8 where day = '2024-07-02';
update newterm.signals set note = 'by hand' where event_id = 'i4';
select show('2024-07-05', 'columns');
select show('2024-07-02 12:00', 'prepared', 'i5');
select term, first_seen, note, number, day from newterm.runs where note is not null;
select term, first_seen, event_id, note, day from newterm.signals where note <> 'none' and rule = 'r';

-- values that are stored apart, in a batch with others
create function long(seed int) returns text language sql as $$
	select seed || string_agg(md5(seed || ' ' || i), '') from generate_series(1, 200) i $$;
drop index newterm.log_x;
create index runs_md5 on newterm.runs (md5(term->>0));
create index runs_number on newterm.runs (number, last_granule) where length(term->>0) > 5000;
create index log_md5 on newterm.detection_log (md5(term->>'x'));
begin;
select count(show('2024-09-01', case when i % 4 = 0 then long(i) else 'short ' || i end, 'l' || i)) from generate_series(1, 600) i;
commit;
create temporary table longs as select long(i) as x, 'l' || i as event_id from generate_series(4, 600, 4) i;
set enable_seqscan = off;
select count(*), count(distinct signal_id), count(*) filter (where d.event_id = l.event_id) as right_event
from longs l, newterm.detection_log d where md5(d.term->>'x') = md5(l.x);
select count(*) from longs l, newterm.runs r where md5(r.term->>0) = md5(l.x);
select count(*) from newterm.runs where number = 7 and length(term->>0) > 5000;
reset enable_seqscan;
-- all are known; one goes on, one is amended, one is detected again, and that is retracted
select count(*) as signals, count(retracted_at) as retracted from newterm.signals;
select count(show('2024-09-01 00:30', long(i))) from generate_series(4, 600, 4) i;
select show('2024-09-04', long(8));
select show('2024-08-31', long(12), 'earlier');
select show('2024-09-20', long(16), 'again');
select show('2024-09-10', long(16), 'between');
select count(*) as signals, count(retracted_at) as retracted from newterm.signals;
select left(x, 5) as x, last_granule from newterm.runs, lateral (select term->>0) value(x)
where number = 7 and length(term->>0) > 5000 and last_granule <> '2024-09-01' order by 1, 2;
select left(term->>'x', 5) as x, first_seen, event_id, left(event->>'x', 5) as sample, note, retracted_at is not null as retracted
from newterm.signals where length(term->>'x') > 5000 and change_reason is not null order by 1, 2;
select count(*) from newterm.event_errors;

-- a table that was renamed is missed, aloud, and found again
alter table newterm.rules rename to rules_of_ours;
select show('2024-10-01', 'while rules have another name');
select show('2024-10-01', 'and another');
alter table newterm.rules_of_ours rename to rules;
select show('2024-10-01', 'rules are back');
alter table newterm.runs rename to runs_of_ours;
select show('2024-10-01', 'while runs have another name');
alter table newterm.runs_of_ours rename to runs;
select newterm.merge_postponed();
select term->>'x' as x from newterm.signals where first_seen = '2024-10-01' order by 1;
