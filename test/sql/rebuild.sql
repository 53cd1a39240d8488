--
-- Rebuilding a baseline from stored events: the same as if they came now.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never
\getenv inputdir PG_ABS_SRCDIR
\set calls :inputdir '/lib/calls.sql'
\i :calls
-- a rule of each kind of learning
select newterm.create_rule('window', '{eventName}', learning => '7 days', forget_after => '30 days');
select newterm.create_rule('entities', '{eventName}', group_by => '{who}', learning => '7 days', learning_scope => 'entity', forget_after => '30 days');
select newterm.create_rule('values', '{eventName}', learning_values => 2, forget_after => '30 days');
select newterm.create_rule('values of entities', '{eventName}', group_by => '{who}', learning_values => 1, learning_scope => 'entity', forget_after => null);
insert into calls select call(to_char(timestamp '2024-01-01' + n * interval '7 hours', 'MM-DD"T"HH24:MI'), (array['ann', 'bob', 'cid'])[1 + n * n % 3], 'Act' || n * 37 % 101 % (1 + n / 20))
from generate_series(0, 299) n;
create view state as select rule, entity, term, first_seen, last_seen, learned from newterm.baseline;
create view times as select rule, entity, learning_from from newterm.clocks;
create view first_terms as select version_id, term, entity, first_seen from newterm.learned_values;
create view found as select rule, entity, term, first_seen, status from newterm.detections where status = 'live';
create table state_before as table state;
create table times_before as table times;
create table first_terms_before as table first_terms;
create table found_before as table found;
select rule, count(*), count(*) filter (where learned) as learned from state group by 1 order by 1;
create procedure differences() language plpgsql as $$
begin
    raise notice 'differences: % of runs, % of clocks, % of first terms, % of detections',
        (select count(*) from ((table state except table state_before) union all (table state_before except table state)) x),
        (select count(*) from ((table times except table times_before) union all (table times_before except table times)) x),
        (select count(*) from ((table first_terms except table first_terms_before) union all (table first_terms_before except table first_terms)) x),
        (select count(*) from ((table found except table found_before) union all (table found_before except table found)) x);
end $$;

-- What is as it should be stays so.
call newterm.rebuild('window');
call newterm.rebuild('entities');
call newterm.rebuild('values');
call newterm.rebuild('values of entities');
call differences();
select count(*), count(*) filter (where origin = 'live') as live from newterm.signals;

-- What is lost comes back.
delete from newterm.runs;
delete from newterm.entity_clocks;
delete from newterm.learned_values;
update newterm.detection_log set status = 'retracted';
set client_min_messages to warning;
call newterm.rebuild('window');
call newterm.rebuild('entities');
call newterm.rebuild('values');
call newterm.rebuild('values of entities');
reset client_min_messages;
call differences();
select * from newterm.verify('window') union all select * from newterm.verify('entities')
union all select * from newterm.verify('values') union all select * from newterm.verify('values of entities');

-- What events no longer show is forgotten: whole runs, and parts of runs. What was told of it stays told.
delete from calls where event ->> 'eventTime' < '2024-02-01' or event ->> 'who' = 'bob';
call newterm.rebuild('window');
call newterm.rebuild('entities');
call newterm.rebuild('values');
call newterm.rebuild('values of entities');
select count(*) from newterm.signals where retracted_at is not null;
select * from newterm.verify('window') union all select * from newterm.verify('entities')
union all select * from newterm.verify('values') union all select * from newterm.verify('values of entities');
-- as a rule of the same definition that learns all of it now
select newterm.create_rule('entities anew', '{eventName}', group_by => '{who}', learning => '7 days', learning_scope => 'entity', forget_after => '30 days');
select newterm.create_rule('values anew', '{eventName}', group_by => '{who}', learning_values => 1, learning_scope => 'entity', forget_after => null);
set client_min_messages to warning;
call newterm.backfill('entities anew');
call newterm.backfill('values anew');
reset client_min_messages;
select count(*) from (select entity, term, first_seen, last_seen, learned from state where rule = 'entities' except select entity, term, first_seen, last_seen, learned from state where rule = 'entities anew') x;
select count(*) from (select entity, term, first_seen, last_seen, learned from state where rule = 'entities anew' except select entity, term, first_seen, last_seen, learned from state where rule = 'entities') x;
select count(*) from (select entity, term, first_seen, last_seen, learned from state where rule = 'values of entities' except select entity, term, first_seen, last_seen, learned from state where rule = 'values anew') x;
select count(*) from (select entity, term, first_seen, last_seen, learned from state where rule = 'values anew' except select entity, term, first_seen, last_seen, learned from state where rule = 'values of entities') x;
select command, rule, phase, events_done, events_total from newterm.progress order by started_at desc limit 6;

-- A changed definition keeps the rule's clock, where events reach back so far; else it is that of the first event.
select newterm.create_rule('changed', '{eventName}', 'who:ann', learning_from => '2024-02-10Z');
select newterm.alter_rule('changed', '{"filter": "who:*", "learning_from": null}');
call newterm.rebuild('changed');
select learning_from from newterm.clocks where rule = 'changed';
select newterm.create_rule('older', '{eventName}', 'who:ann', learning_from => '2023-02-10Z');
select newterm.alter_rule('older', '{"filter": "who:*", "learning_from": null}');
call newterm.rebuild('older');
select c.learning_from = (select min((event ->> 'eventTime')::timestamptz) from calls) as first_event from newterm.clocks c where rule = 'older';
-- one that is given stays, whether it was for this definition or the one before; without events learning starts anew
select newterm.create_rule('given', '{eventName}', 'who:ann', learning_from => '2024-03-10Z');
select newterm.alter_rule('given', '{"filter": "who:*"}');
call newterm.rebuild('given');
select learning_from from newterm.clocks where rule = 'given';
select newterm.alter_rule('given', '{"filter": "who:cid", "learning_from": "2024-03-20Z"}');
call newterm.rebuild('given');
select learning_from from newterm.clocks where rule = 'given';
truncate calls;
select newterm.alter_rule('changed', '{"filter": "who:cid"}');
call newterm.rebuild('changed');
select learning_from from newterm.clocks where rule = 'changed';

set default_transaction_isolation to 'repeatable read';
call newterm.rebuild('changed');
reset default_transaction_isolation;
-- by a role that the session has only taken on
create role rebuild_admin;
select newterm.grant_access('admin', 'rebuild_admin');
grant select on calls to rebuild_admin;
set role rebuild_admin;
call newterm.rebuild('window');
select command, rule, phase from newterm.progress order by started_at desc limit 1;
reset role;
drop owned by rebuild_admin;
drop role rebuild_admin;
