-- needs ../shared
--
-- One truth: what a backtest says, what a backfill stores, and what live insertion stores are the same, for all rules of the
-- pack and some more, with late and double events, suppressions and unlearnings. verify(), which is SQL, agrees.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never
\getenv shared NEWTERM_SHARED_DATA
\set records :shared '/invictus_ir_aws.ndjson'
\getenv inputdir PG_ABS_SRCDIR
\set history :inputdir '/lib/history.sql'
set client_min_messages to warning;
\set ECHO none
\i :history
\set ECHO all

create table staging (line int generated always as identity, event jsonb);
copy staging (event) from :'records' with (format csv, quote e'\x01', delimiter e'\x02');
create table calls (event jsonb);
select newterm.watch('calls');

-- The rules of the pack, which learn for minutes instead of days, as the records are of one hour, and some with other ways of
-- learning and forgetting.
create table described as
    select r.name, newterm.rule_definition(r) || '{"enabled": true}' || case when r.learning > '0' then '{"learning": "20 minutes"}' else '{}' end::jsonb as rule
    from jsonb_array_elements(newterm.pack_document('aws-cloudtrail') -> 'rules') d, newterm.import_newterm(d) i, newterm.described_rule(i.description) r
    union all
    select d ->> 'name', d from jsonb_array_elements('[
        {"name": "calls", "fields": ["eventName"], "group_by": ["userIdentity.arn"], "learning": "20 minutes"},
        {"name": "entity", "fields": ["eventName"], "group_by": ["sourceIPAddress"], "learning": "3 minutes", "learning_scope": "entity"},
        {"name": "forgets", "fields": ["eventName", "awsRegion"], "learning": "10 minutes", "forget_after": "4 minutes", "granule": "1 minute"},
        {"name": "first five", "fields": ["userAgent"], "learning_values": 5},
        {"name": "first two", "fields": ["eventName"], "group_by": ["userIdentity.type"], "learning_values": 2, "learning_scope": "entity", "forget_after": "5 minutes", "granule": "1 minute"},
        {"name": "arrays", "fields": ["resources.ARN", "resources.type"], "group_by": ["eventSource"], "learning": "5 minutes"},
        {"name": "observes", "fields": ["sourceIPAddress"], "learning": "1 minute", "mode": "observe"}]') d;
select count(*) from described;

-- Void and muted: by filter, term and entity, for a time and for good. (Mutes look at what the key holds: which of several
-- events of the same second is the first is nobody's promise.)
select newterm.create_suppression('describe', 'eventName:Describe*', kind => 'exclude', starts_at => '2023-07-10 12:00Z', expires_at => '2023-07-10 12:10Z');
select newterm.create_suppression('buckets', 'eventSource:"s3.amazonaws.com"', kind => 'exclude', starts_at => '2023-07-10Z');
select newterm.create_suppression('identity', kind => 'mute', starts_at => '2023-07-10Z', term => '{"eventName": "GetCallerIdentity"}');
select newterm.create_suppression('late', kind => 'mute', starts_at => '2023-07-10 12:20Z', entity => '{"userIdentity.arn": "arn:aws:iam::123837392027:user/bert-jan"}');

-- Begin anew: no events, and the rules without a baseline.
create procedure start_over() language plpgsql as $$
begin
    truncate calls;
    perform newterm.drop_rule(name) from newterm.rules;
    delete from newterm.pack_rules;
    perform newterm.store_rule(rule) from described order by name;
    -- what an intruder taught, taken back
    insert into newterm.unlearnings (rule_id, rule, since, until, filter)
        select id, name, '2023-07-10Z', '2023-07-10 12:15Z', 'sourceIPAddress:"AWS Internal" OR userAgent:*Boto3*' from newterm.rules where name in ('calls', 'entity', 'first five');
    insert into newterm.unlearnings (rule_id, rule, term, until)
        select id, name, '{"eventName": "ListUsers", "awsRegion": "us-east-1"}', '2023-07-10 12:30Z' from newterm.rules where name = 'forgets';
end
$$;

-- Live: the first event, and then all of them in random order, a thousand in a transaction, and half of them twice.
call start_over();
insert into calls select event from staging order by event ->> 'eventTime' limit 1;
create table shuffled as select event, row_number() over (order by md5(line::text || copy)) as n from staging, generate_series(1, 2) copy where copy = 1 or line % 2 = 0;
\set ECHO none
select format('insert into calls select event from shuffled where n >= %s and n < %s', g, g + 1000) from generate_series(1, 5000, 1000) g \gexec
\set ECHO all
create table live as select * from history.outcome;
select status, count(*), count(distinct rule) as rules from live group by status order by status;
select rule, v.difference, v.entity, v.term from (select name as rule from described) r, newterm.verify(rule) v;

-- Backtest: of the stored rules, and of rules that are only described, on the same table.
create view backtest as select rule, entity, term, first_seen, status, suppression from newterm.backtest();
select count(*) from backtest;
(table backtest except all table live) union all (table live except all table backtest);
-- the unlearnings are of stored rules
create view described_backtest as
    select rule, entity, term, first_seen, status, suppression from newterm.backtest((select jsonb_agg(rule order by name) from described where name not in ('calls', 'entity', 'first five', 'forgets')));
create view live_there as select * from live where rule not in ('calls', 'entity', 'first five', 'forgets');
(table described_backtest except all table live_there) union all (table live_there except all table described_backtest);

-- Backfill: the events were there before the rules.
call start_over();
alter table calls disable trigger user;
insert into calls select event from shuffled order by n desc;
alter table calls enable trigger user;
call newterm.backfill();
select status, count(*), count(distinct rule) as rules from history.outcome group by status order by status;
(table history.outcome except all table live) union all (table live except all table history.outcome);
select rule, v.difference, v.entity, v.term from (select name as rule from described) r, newterm.verify(rule) v;

-- A bit of each: a part was there, a part comes while it is filled in, and it is filled in twice.
call start_over();
alter table calls disable trigger user;
insert into calls select event from shuffled where n % 3 = 0;
alter table calls enable trigger user;
insert into calls select event from shuffled where n % 3 = 1;
call newterm.backfill();
insert into calls select event from shuffled where n % 3 = 2;
insert into calls select event from staging order by event ->> 'eventTime' limit 1;
call newterm.backfill();
(table history.outcome except all table live) union all (table live except all table history.outcome);
