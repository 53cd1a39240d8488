-- needs ../shared
--
-- The records of one attacked account, watched by a rule that asks which calls each principal has never
-- made before: baseline and detections equal those that plain SQL finds in the stored events, in
-- whatever way the records arrive.
--
create extension newterm;
set timezone to 'UTC';

\getenv inputdir PG_ABS_SRCDIR
\getenv shared NEWTERM_SHARED_DATA
\set oracle :inputdir '/lib/oracle.sql'
\set records :shared '/invictus_ir_aws.ndjson'

\set ECHO none
set client_min_messages to warning;
\i :oracle
reset client_min_messages;
\set ECHO all

create table calls (
    id        bigint generated always as identity,
    event     jsonb,
    loaded_at timestamptz default now(),
    txn       xid8 default pg_current_xact_id()
);
create or replace view oracle.events as
    select id, event, oracle.event_time(event, loaded_at) as at, txn from calls;

-- The file, to load from and to see when the first event was.  JSON is full of what COPY's text format
-- takes for escapes; control characters that JSON cannot contain make its CSV format take it as it is.
create table staging (line int generated always as identity, event jsonb);
copy staging (event) from :'records' with (format csv, quote e'\x01', delimiter e'\x02');
select count(*), min((event ->> 'eventTime')::timestamptz) as first_event from staging;

select newterm.watch('calls');

-- Each load starts from nothing: a rule of its own, and no events stored.
create procedure start_over(load text) language sql as $$
    truncate calls;
    select newterm.drop_rule(name) from newterm.rules;
    select newterm.create_rule(load, '{eventName}', group_by => '{userIdentity.arn}', learning => '20 minutes',
                               learning_from => (select min((event ->> 'eventTime')::timestamptz) from staging));
    truncate oracle.rules;
    insert into oracle.rules (rule, fields, group_by, learning, learning_from)
        select load, '{eventName}', '{userIdentity.arn}', '20 minutes', min((event ->> 'eventTime')::timestamptz)
          from staging;
$$;

-- What every load must end with: the same figures, and none under "differences".
create view outcome as
    select r.rule as load,
           (select count(*) from calls) as events,
           (select count(*) from newterm.baseline b where b.rule = r.rule) as runs,
           (select count(*) from newterm.baseline b where b.rule = r.rule and b.learned) as learned,
           (select count(*) from newterm.detections d where d.rule = r.rule and d.status = 'live') as detections,
           (select count(*) from oracle.detections(r.rule)) as of_the_oracle,
           (select count(*) from oracle.differences(r.rule))
               + (select count(*) from oracle.clock_differences(r.rule, null)) as differences
      from oracle.rules r;

-- One COPY.
call start_over('one COPY');
copy calls (event) from :'records' with (format csv, quote e'\x01', delimiter e'\x02');
select * from outcome;
select d.* from oracle.rules r, oracle.differences(r.rule) d;

-- The file once more on top: nothing moves.
create temp table before as select entity, term, first_seen, last_seen, learned from newterm.baseline;
create temp table heard as select id, updated_at from newterm.signals;
copy calls (event) from :'records' with (format csv, quote e'\x01', delimiter e'\x02');
select * from outcome;
select d.* from oracle.rules r, oracle.differences(r.rule) d;
select entity, term, first_seen, last_seen, learned from newterm.baseline except all select * from before;
select id, updated_at from newterm.signals except all select * from heard;

-- Single INSERTs, each a transaction of its own.
call start_over('single INSERTs');
\set ECHO none
select format('insert into calls (event) values (%L)', event) from staging order by line \gexec
\set ECHO all
select * from outcome;
select d.* from oracle.rules r, oracle.differences(r.rule) d;

-- Single INSERTs in random order.
call start_over('random order');
select setseed(0.42);
\set ECHO none
select format('insert into calls (event) values (%L)', event) from staging order by random() \gexec
\set ECHO all
select * from outcome;
select d.* from oracle.rules r, oracle.differences(r.rule) d;

-- One statement in reverse order, then the same events one transaction each, forwards.
call start_over('backwards, then again');
insert into calls (event) select event from staging order by line desc;
select * from outcome;
\set ECHO none
select format('insert into calls (event) values (%L)', event) from staging order by line \gexec
\set ECHO all
select * from outcome;
select d.* from oracle.rules r, oracle.differences(r.rule) d;

-- What the alerts are about.
select d.entity ->> 'userIdentity.arn' as principal, count(*) as first_calls, min(d.first_seen) as earliest
  from newterm.detections d join oracle.rules r on r.rule = d.rule
 where d.status = 'live'
 group by d.entity ->> 'userIdentity.arn' order by (d.entity ->> 'userIdentity.arn') collate "C";
