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

-- counters of a session may still hold those of its transaction before
\set before 'select seq_scan as s, idx_scan as i from reads \\gset'
create function amount(n bigint) returns text return
	case when n = 0 then 'none' when n < 500 then 'a few' when n > 3000 then 'most' else n::text end;
\set after 'select seq_scan - :s as seq_scan, amount(idx_scan - :i) as idx_scan, n_tup_ins, n_tup_upd from reads;'

-- one term after the other at first, then all at once, and never again
\c -
begin;
:before
insert into events table known;
:after
commit;
begin;
:before
insert into events table known;
:after
commit;

-- where updates spread the same rows over more blocks, later
update newterm.runs set learned = learned;
update newterm.runs set learned = learned;
vacuum analyze newterm.runs;
\c -
begin;
:before
insert into events table known;
:after
commit;

-- what does not fit into the cache is looked up again, and is known all the same
\c -
set newterm.cache_size = '64kB';
begin;
:before
insert into events table known;
:after
commit;
begin;
:before
insert into events table known;
:after
commit;
select count(*) from newterm.detections;
