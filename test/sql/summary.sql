--
-- The first picture of a log, of tables that are watched and of tables that are not.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never

-- A record of an account, a principal and a time, and what else it says.
create function record(id text, at text, more jsonb) returns jsonb language sql as $$
    select jsonb_build_object('eventID', id, 'eventTime', at, 'eventName', 'Do', 'eventSource', 's3.amazonaws.com', 'awsRegion', 'eu-west-1',
        'recipientAccountId', '111111111111', 'userAgent', 'aws-cli/2.7 Python/3.9') || more
$$;
create function who(type text, account text, name text, key text) returns jsonb language sql as $$
    select jsonb_build_object('userIdentity', jsonb_build_object('type', type, 'accountId', account, 'arn', format('arn:aws:iam::%s:user/%s', account, name), 'accessKeyId', key))
$$;
insert into newterm.own_accounts values ('111111111111', 'production');
insert into newterm.known_accounts values ('999999999999', 'Vendor Inc.');

create table log (n int generated always as identity, event jsonb);
insert into log (event) values
    (record('1', '2024-03-01T00:00:00Z', who('IAMUser', '111111111111', 'ann', 'AKIA1'))),
    (record('2', '2024-03-01T01:00:00Z', who('IAMUser', '111111111111', 'ann', 'AKIA1'))),
    -- the same record again
    (record('2', '2024-03-01T01:00:00Z', who('IAMUser', '111111111111', 'ann', 'AKIA1'))),
    (record('3', '2024-03-03T00:00:00Z', who('IAMUser', '111111111111', 'ann', 'ASIA1') || '{"awsRegion": "us-east-1"}')),
    (record('4', '2024-03-03T00:00:01Z', who('IAMUser', '111111111111', 'bob', null) || '{"userAgent": "aws-cli/1.0"}')),
    (record('5', '2024-03-07T00:00:00Z', who('Root', '111111111111', 'root', 'AKIAROOT') || '{"userAgent": "Boto3/1.26"}')),
    (record('6', '2024-03-08T23:59:59Z', who('AWSAccount', '999999999999', 'backup', null) || '{"eventSource": "sts.amazonaws.com"}')),
    (record('7', '2024-03-08T23:59:59Z', who('AWSAccount', '888888888888', 'nobody', null) || '{"recipientAccountId": "222222222222"}')),
    -- a service, and a record that says nothing of what is counted
    (record('8', '2024-03-08T10:00:00Z', '{"userIdentity": {"type": "AWSService", "invokedBy": "backup.amazonaws.com"}}')),
    ('{"eventID": "9", "eventTime": "2024-03-08T11:00:00Z", "eventName": "Do"}'),
    -- what is not evaluated
    (record('10', 'yesterday', '{}')), ('[]'), (null);
select * from newterm.summary('log');
-- a part of the time
select section, item, count from newterm.summary('log', since => '2024-03-03Z', until => '2024-03-07Z') where section in ('coverage', 'services', 'long-term keys');
-- The same by whatever name it has.
create table expected as select * from newterm.summary('log');
create procedure compare(events regclass) language plpgsql as $$
declare
    differences bigint;
begin
    select count(*) into differences from (
        (select 1, section, item, count, first_seen, last_seen, detail from newterm.summary(events) except all select 1, * from expected)
        union all (select 2, * from expected except all select 2, section, item, count, first_seen, last_seen, detail from newterm.summary(events))) d;
    raise notice '%: % differences', events, differences;
end
$$;
select newterm.watch('log');
call compare('log');
delete from expected where item in ('not_an_object', 'no_record');
-- text
create table as_text (line text);
insert into as_text select event::text from log where jsonb_typeof(event) = 'object';
call compare('as_text');
insert into as_text values ('{"eventID": '), ('');
select item, count, detail from newterm.summary('as_text') where section = 'coverage' and count > 0;
-- whole log files
create table files (file json);
insert into files select json_build_object('Records', json_agg(event order by n)) from log where jsonb_typeof(event) = 'object' group by n % 2;
call compare('files');
-- bytes, watched
create table bytes (data bytea);
select newterm.watch('bytes');
insert into bytes select convert_to(event::text, 'UTF8') from log where jsonb_typeof(event) = 'object';
call compare('bytes');
-- members in columns, by day
create table "Columns" (day date, event_id text, event_time text, event_name text, event_source text, aws_region text, recipient_account_id text, user_agent text,
    user_identity jsonb) partition by list (day);
create table d1 partition of "Columns" default;
insert into "Columns" select '2024-03-01', event ->> 'eventID', event ->> 'eventTime', event ->> 'eventName', event ->> 'eventSource', event ->> 'awsRegion',
    event ->> 'recipientAccountId', event ->> 'userAgent', event -> 'userIdentity' from log where jsonb_typeof(event) = 'object';
call compare('"Columns"');
call compare('d1');
create view seen as select event from log where jsonb_typeof(event) = 'object';
call compare('seen');
-- a column says when
create table timed (event jsonb, at timestamp);
select newterm.watch('timed', time_column => 'at');
insert into timed select event - 'eventTime', (event ->> 'eventTime')::timestamptz at time zone 'UTC' from log where event ->> 'eventTime' like '2024%';
insert into timed select event, null from log where event ->> 'eventTime' like 'yes%';
call compare('timed');
select item, count, first_seen, last_seen from newterm.summary('timed', '2024-03-03Z', '2024-03-07Z') where item = 'events';

-- Long lists are cut, many gaps too.
create table long (event jsonb);
insert into long select record(n::text, to_char('2024-01-01Z'::timestamptz + (n / 4) * interval '2 days', 'YYYY-MM-DD'), jsonb_build_object('awsRegion', 'r' || n % 23)) from generate_series(0, 45) n;
select section, item, count, first_seen, last_seen, detail from newterm.summary('long') where section in ('coverage', 'regions');

-- Nothing there, nothing to read.
create table nothing (event jsonb);
select * from newterm.summary('nothing');
create table numbers (n int);
select * from newterm.summary('numbers');
select * from newterm.summary(null);
select * from newterm.summary('newterm.rule_id');
begin read only;
select count(*) from newterm.summary('log');
commit;

-- A reader may ask, of the tables that he may read.
create role summary_reader;
select newterm.grant_access('reader', 'summary_reader');
grant select on log, as_text to summary_reader;
set role summary_reader;
select count(*) from newterm.summary('log');
select count(*) from newterm.summary('as_text');
select count(*) from newterm.summary('files');
reset role;
drop owned by summary_reader;
drop role summary_reader;
