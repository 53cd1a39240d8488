-- What a new session does to learn what is known: how often it reads the baseline.
set timezone = 'UTC';
create extension newterm;
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('x', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => null);
create view known as select jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'x', i) as event from generate_series(1, 5000) i;
create view reads as select seq_scan, idx_scan, n_tup_ins, n_tup_upd from pg_stat_xact_user_tables where relid = 'newterm.runs'::regclass;
insert into events table known;
select count(*) from newterm.detections;
vacuum analyze newterm.runs;

create function amount(n bigint) returns text return
	case when n = 0 then 'none' when n < 500 then 'a few' when n > 3000 then 'most' else n::text end;
-- counters of a session may still hold those of its transaction before
create function load_known(out seq_scan bigint, out idx_scan text, out n_tup_ins bigint, out n_tup_upd bigint) language plpgsql as $$
declare
	before reads;
begin
	select * into before from reads;
	insert into events table known;
	select r.seq_scan - before.seq_scan, amount(r.idx_scan - before.idx_scan), r.n_tup_ins, r.n_tup_upd
	into load_known.seq_scan, load_known.idx_scan, load_known.n_tup_ins, load_known.n_tup_upd from reads r;
end $$;

-- one term after the other at first, then all at once, and never again
\c -
select * from load_known();
select * from load_known();

-- where updates spread the same rows over more blocks, later
update newterm.runs set learned = learned;
update newterm.runs set learned = learned;
vacuum analyze newterm.runs;
\c -
select * from load_known();

-- what does not fit into the cache is looked up again, and is known all the same
\c -
set newterm.cache_size = '64kB';
select * from load_known();
select * from load_known();
select count(*) from newterm.detections;

-- What a session knows is rounded to seconds, by which nothing gets lost: an earlier start
-- and a later end within the same second, a run that goes on and one that does not, and a
-- time before 1970.
select newterm.create_rule('ms', fields => '{ms}', learning => '0', learning_from => '1960-01-01', forget_after => '10 seconds', granule => '1500 milliseconds');
create view ms as select term ->> 0 as ms, first_seen, last_granule from newterm.runs where term ->> 0 in ('a', 'b') order by 1, 2;
create procedure see(what text, at text) begin atomic
	insert into events values (jsonb_build_object('eventTime', at, 'ms', what));
end;
set timezone = 'UTC';
call see('a', '2024-01-01T00:00:10.500Z');
call see('a', '2024-01-01T00:00:10.200Z');
table ms;
call see('a', '2024-01-01T00:00:12.200Z');
call see('a', '2024-01-01T00:00:12.900Z');
table ms;
call see('a', '2024-01-01T00:00:22.400Z');
call see('a', '2024-01-01T00:00:33.100Z');
table ms;
call see('b', '1969-12-31T23:59:59.500Z');
set newterm.earliest_event_time = '1900-01-01';
call see('b', '1969-12-31T23:59:59.200Z');
call see('b', '1969-12-31T23:59:59.700Z');
table ms;
select term, first_seen from newterm.detections where rule = 'ms' order by 1, 2;
