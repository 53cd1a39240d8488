-- newterm.event_errors: a row a transaction, table and cause, and no more than 1,000 of them an hour.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
create table events (event jsonb);
create schema "Other Place";
create table "Other Place"."Events" (event jsonb);
select newterm.watch('events'), newterm.watch('"Other Place"."Events"');
select newterm.create_rule('x', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => null);
create view faults as select source, event_id, cause, events from newterm.event_errors order by id;
create function bad(id text) returns jsonb language sql as $$ select jsonb_build_object('eventID', id, 'x', 'bad') $$;

-- The first event is the sample; each table and cause has a row of its own.
begin;
insert into events select bad('a' || i) from generate_series(1, 10) i;
insert into "Other Place"."Events" values (bad('b')), ('[]');
insert into events values ('[]'), (bad('c') || '{"eventTime": "1999-01-01T00:00:00Z"}'), ('12');
insert into events select bad('d' || i) from generate_series(1, 5) i;
commit;
select * from faults;
select count(*) from newterm.event_errors where source::regclass = '"Other Place"."Events"'::regclass;
truncate newterm.event_errors;

-- What a savepoint takes back was not there; what it keeps is added.
begin;
savepoint one;
insert into events values (bad('undone'));
rollback to one;
insert into events values (bad('kept'));
savepoint two;
insert into events values (bad('released')), ('[]');
savepoint three;
insert into events values (bad('released too'));
release three;
savepoint four;
insert into events values (bad('undone too'));
rollback to four;
release two;
commit;
select * from faults;
truncate newterm.event_errors;
begin; insert into events values (bad('rolled back')); rollback;
select * from faults;

-- The name is the one that the table had when the event came; a table that is gone has one too.
begin;
create table fleeting (event jsonb);
select newterm.watch('fleeting');
insert into fleeting values (bad('fleeting'));
insert into events values (bad('renamed'));
drop table fleeting;
alter table events rename to renamed;
commit;
alter table renamed rename to events;
select * from faults;
truncate newterm.event_errors;

-- Texts of any length are cut.
insert into events values (bad(repeat('ä', 5000)));
select length(event_id), octet_length(event_id) from newterm.event_errors;
truncate newterm.event_errors;

-- A prepared transaction leaves its row when it is prepared.
begin; insert into events values (bad('prepared')), (bad('prepared too')); prepare transaction 'newterm_event_errors';
select * from faults;
commit prepared 'newterm_event_errors';
select * from faults;
truncate newterm.event_errors;

-- 1,000 rows an hour for a table and cause; then the newest one counts on.
insert into newterm.event_errors (id, source, cause, occurred_at, event_id)
select nextval('newterm.event_error_id'), 'public.events', 'no_event_time', now() - interval '59 minutes' + i * interval '3 seconds', 'given ' || i from generate_series(1, 999) i;
insert into events values (bad('thousandth'));
select count(*), sum(events) from newterm.event_errors;
insert into events values (bad('one more'));
insert into events select bad('many more') from generate_series(1, 5000);
select count(*), sum(events) from newterm.event_errors;
select event_id, events from newterm.event_errors where events > 1;
-- other tables and causes have room
insert into events values ('[]');
insert into "Other Place"."Events" values (bad('other'));
select * from faults where cause <> 'no_event_time' or source <> 'public.events';
-- twice in one transaction, and in a subtransaction
begin;
insert into events values (bad('in a block')); savepoint s; insert into events values (bad('in a savepoint'));
commit;
select event_id, events from newterm.event_errors where events > 1;
-- an hour later there are rows again: once the first of the 1,000 is an hour old there is room for one
select counts_until - min(occurred_at) as after_first from (select max(counts_until) over () as counts_until, occurred_at from newterm.event_errors where source = 'public.events' and cause = 'no_event_time') e group by counts_until;
update newterm.event_errors set occurred_at = occurred_at - interval '1 hour', counts_until = counts_until - interval '1 hour';
insert into events values (bad('an hour later'));
select event_id, events from newterm.event_errors where occurred_at > now() - interval '10 minutes';
-- rows that are deleted make room
delete from newterm.event_errors;
insert into events values (bad('after all were deleted'));
select * from faults;
truncate newterm.event_errors;

-- A rule that is full is told of once by each session, with no table, and that is bounded as well.
insert into newterm.event_errors (id, cause, occurred_at) select nextval('newterm.event_error_id'), 'rule_full', now() from generate_series(1, 1000) i;
set newterm.max_terms_per_rule = 1;
insert into events select jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'x', i) from generate_series(1, 3) i;
reset newterm.max_terms_per_rule;
select count(*), sum(events) from newterm.event_errors;
truncate newterm.event_errors;

-- Without the index that serves the count there are as many rows as transactions.
drop index newterm.event_errors_source;
insert into events values (bad('without index'));
insert into events values (bad('without index'));
select * from faults;

-- Rules that cannot be loaded: one WARNING and one row, however many events.
truncate newterm.event_errors;
set session_replication_role = replica;
update newterm.rule_versions set filter = '(';
reset session_replication_role;
update newterm.rules set title = title;
insert into events select jsonb_build_object('eventID', 'not evaluated ' || i, 'eventTime', '2024-01-01T00:00:00Z', 'x', i) from generate_series(1, 100) i;
select event_id, cause, detail, events from newterm.event_errors;
