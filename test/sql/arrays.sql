--
-- Records with arrays: fields of one array come from the same element, others are crossed, and a filter
-- may ask for no more than what a term needs anyhow.  Random records; the baseline and the detections equal
-- those that plain SQL finds.
--
create extension newterm;
set timezone to 'UTC';

\getenv inputdir PG_ABS_SRCDIR
\set oracle :inputdir '/lib/oracle.sql'
\set ECHO none
set client_min_messages to warning;
\i :oracle
reset client_min_messages;
\set ECHO all

create table calls (id bigint generated always as identity, event jsonb);
create or replace view oracle.events as
    select id, event, (event ->> 'eventTime')::timestamptz as at, null::xid8 as txn from calls;
select newterm.watch('calls');

-- One of these at random, or nothing.
create function any_of(chance float8, variadic choices text[]) returns jsonb language sql volatile as $$
    select choices[1 + floor(random() * cardinality(choices))]::jsonb where random() < chance
$$;
-- None to five elements in an array, or the only one by itself.
create function elements_of(make text) returns jsonb language plpgsql volatile as $$
declare
    count int := floor(random() * 6);
    element jsonb;
    elements jsonb := '[]';
begin
    for i in 1 .. count loop
        execute make into element;
        elements := elements || jsonb_build_array(element);
    end loop;
    return case when count = 1 and random() < 0.5 then elements -> 0 else elements end;
end
$$;
create function resource() returns jsonb language plpgsql volatile as $$
declare
    type text := any_of(0.9, '"Bucket"', '"Object"', '"Key"') #>> '{}';
begin
    return case when random() < 0.05 then to_jsonb('no object'::text)
                else jsonb_strip_nulls(jsonb_build_object('type', type, 'low', lower(type))) ||
                     jsonb_build_object('account', any_of(0.9, '"1"', '"2"', '"3"', 'null', '[]', '["4"]', '["1", "5"]')) end;
end
$$;
create function item() returns jsonb language sql volatile as $$
    select jsonb_build_object('a', any_of(0.8, '1', '2', '3'), 'b', elements_of($m$ select jsonb_build_object('c', any_of(0.8, '1', '2'), 'd', any_of(0.8, '1', '2')) $m$))
$$;
create function call(i int) returns jsonb language sql volatile as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'eventTime', to_char(timestamp '2024-01-01' + i * interval '17 minutes', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'eventID', i::text, 'eventName', any_of(0.9, '"GetObject"', '"Decrypt"', '"ListKeys"'),
        'errorCode', any_of(0.3, '"AccessDenied"', '"Throttling"'), 'key', any_of(0.5, '"k1"', '"k2"', '["k1", "k3"]'))) ||
        jsonb_build_object('resources', elements_of('select resource()'), 'items', elements_of('select item()'))
$$;

insert into oracle.rules (rule, fields, group_by, optional_group_by, filter) values
    ('pairs', '{resources.account,resources.type}', '{}', false, 'true'),
    ('pairs that exist', '{resources.account,resources.type}', '{eventName}', false, $$ exists (select from oracle.reach(e, 'resources.account')) $$),
    ('pairs and one value', '{resources.account,eventName,resources.type}', '{}', false, 'true'),
    ('crossed', '{resources.type,items.a}', '{}', false, 'true'),
    ('by element', '{resources.type}', '{resources.account}', false, 'true'),
    ('by element, or not', '{resources.type}', '{resources.account}', true, 'true'),
    ('by element that exists', '{resources.type}', '{resources.account}', true, $$ exists (select from oracle.reach(e, 'resources.account')) $$),
    ('deep', '{items.a,items.b.c,items.b.d}', '{}', false, 'true'),
    ('whole', '{resources,resources.type}', '{}', false, 'true'),
    ('failed', '{eventName}', '{}', false, $$ exists (select from oracle.reach(e, 'errorCode')) $$),
    ('key', '{key}', '{}', false, $$ exists (select from oracle.reach(e, 'key')) $$),
    ('key of some', '{key}', '{}', false, $$ exists (select from oracle.reach(e, 'key')) and e ->> 'eventName' in ('Decrypt', 'ListKeys') $$),
    ('key that failed', '{key}', '{eventName}', false, $$ exists (select from oracle.reach(e, 'key')) and e ? 'errorCode' and exists (select from oracle.reach(e, 'eventName')) $$),
    ('no key', '{eventName}', '{}', false, $$ not exists (select from oracle.reach(e, 'key')) $$),
    ('by key that exists', '{eventName}', '{key}', true, $$ exists (select from oracle.reach(e, 'key')) $$),
    ('key or failed', '{key}', '{}', false, $$ exists (select from oracle.reach(e, 'key')) or e ? 'errorCode' $$);
update oracle.rules set learning = '4 days', learning_from = '2024-01-01', forget_after = '1 hour';
create function filter_of(rule text) returns text immutable return case rule
    when 'pairs that exist' then 'resources.account:*'
    when 'by element that exists' then 'resources.account:*'
    when 'failed' then 'errorCode:*'
    when 'key' then 'key:*'
    when 'key of some' then 'eventName:(Decrypt OR ListKeys) key:*'
    when 'key that failed' then 'key:* errorCode:* eventName:*'
    when 'no key' then '-key:*'
    when 'by key that exists' then 'key:*'
    when 'key or failed' then 'key:* OR errorCode:*'
    else '' end;
select count(newterm.create_rule(rule, fields, filter_of(rule), group_by, learning, learning_from => learning_from,
                                 forget_after => forget_after, optional_group_by => optional_group_by)) from oracle.rules;
-- a normaliser, beside what it makes of the values
select count(newterm.create_rule('as ' || field, array[field, 'resources.account'], learning_from => '2024-01-01', forget_after => null))
  from unnest('{lower(resources.type),resources.low}'::text[]) field;

select setseed(0.5);
create table records as select i, call(i) as event from generate_series(1, 1500) i;
insert into calls (event) select event from records where i <= 1000 order by i;
-- what is known is judged in another way
insert into calls (event) select event from records where i <= 1000 order by i;
insert into calls (event) select event from records where i > 1000 order by i desc;

select rule, (select count(*) from newterm.baseline b where b.rule = r.rule) > 3 as runs,
       (select count(*) from newterm.detections d where d.rule = r.rule) > 3 as detections, difference
  from oracle.rules r left join lateral oracle.differences(r.rule) difference on true order by 1, 4;
select array(select distinct term ->> 'lower(resources.type)' || ' ' || (term ->> 'resources.account') from newterm.baseline where rule = 'as lower(resources.type)' order by 1) =
       array(select distinct term ->> 'resources.low' || ' ' || (term ->> 'resources.account') from newterm.baseline where rule = 'as resources.low' order by 1) as same,
       count(*) from newterm.baseline where rule = 'as resources.low';
select count(*) from newterm.event_errors;
