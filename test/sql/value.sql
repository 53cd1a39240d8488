--
-- newterm.value() and newterm.principal(): fields as scalars, in WHERE, in indexes and in parallel.
--
create extension if not exists newterm;
\set SHOW_CONTEXT never

select field, event, newterm.value(field, event::jsonb) from (values
    ('a',               '{"a": "x"}'),
    ('a.b',             '{"a": {"b": 1}}'),
    ('a',               '{"a": {"b": 1}}'),
    ('a',               '{"a": false}'),
    ('a',               '{"a": null}'),
    ('a',               '{}'),
    ('a',               '{"a": ["x", 1, "y", 1.0, "x"]}'),
    ('a',               '{"a": ["x", "x"]}'),
    ('resources.id',    '{"resources": [{"id": 1}, {}, {"id": 2}]}'),
    ('lower(a)',        '{"a": ["X", "x"]}'),
    ('json(a).b',       '{"a": "{\"b\": [1, {\"c\": 2}]}"}'),
    ('$outcome',        '{}'),
    ('$principal',      '{"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/me"}}'),
    ('@evt.name',       '{"eventName": "X"}'),
    ('a',               '[1]'),
    ('a',               '5'),
    ('a',               'null')) as cases (field, event);
select newterm.value('event.action', '{"eventName": "X"}', 'kql');
select newterm.value('user_agent.original', '{"userAgent": "-"}', 'kql');
select newterm.value(NULL, '{}'), newterm.value('a', NULL), newterm.value('a', '{}', NULL), newterm.principal(NULL);
select newterm.principal('{"userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/s"}}'),
    newterm.principal('{}'), newterm.principal('[]'), newterm.principal('"x"');

-- What looks up outside the event is refused
select newterm.value('$vendor', '{}');
select newterm.value('$own_account', '{}');
select newterm.value('lower(external(a))', '{}');
select newterm.value('$country', '{}');
select newterm.value('coalesce(a, asn(b))', '{}');
select newterm.value('a..b', '{}');
select newterm.value('a', '{}', 'sql');
select provolatile, proparallel, proisstrict from pg_proc where oid in ('newterm.value'::regproc, 'newterm.principal'::regproc);

-- In indexes
create table events (id int, event jsonb not null);
insert into events select i, jsonb_build_object('eventName', 'E' || i % 50, 'userAgent', format('agent-%s/%s', i % 7, i),
    'userIdentity', jsonb_build_object('type', 'AssumedRole', 'arn', format('arn:aws:sts::1:assumed-role/R%s/s%s', i % 100, i)))
    from generate_series(1, 5000) as i;
insert into events values (0, '[]'), (-1, '"x"'), (-2, '{"userIdentity": {}}');
create index on events (newterm.principal(event));
create index on events (newterm.value('product(userAgent)', event));
create index on events using gin (newterm.value('eventName', event));
analyze events;
set enable_seqscan = off;
explain (costs off) select count(*) from events where newterm.principal(event) = 'arn:aws:iam::1:role/R7';
select count(*) from events where newterm.principal(event) = 'arn:aws:iam::1:role/R7';
explain (costs off) select count(*) from events where newterm.value('product(userAgent)', event) = '"agent-3"';
select count(*) from events where newterm.value('product(userAgent)', event) = '"agent-3"';
explain (costs off) select count(*) from events where newterm.value('eventName', event) @> '"E7"';
select count(*) from events where newterm.value('eventName', event) @> '"E7"';
-- the index follows updates, and gives what a scan gives
update events set event = jsonb_set(event, '{userIdentity,arn}', '"arn:aws:iam::1:user/me"') where id = 7;
select count(*) from events where newterm.principal(event) = 'arn:aws:iam::1:user/me';
reindex table events;
select count(*) from events where newterm.principal(event) = 'arn:aws:iam::1:user/me';
reset enable_seqscan;

-- In parallel workers, and for roles without rights
create role value_asker;
grant select on events to value_asker;
set role value_asker;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
set enable_indexscan = off;
set enable_bitmapscan = off;
explain (costs off) select count(*) from events where newterm.value('product(userAgent)', event) = '"agent-3"';
select count(*) from events where newterm.value('product(userAgent)', event) = '"agent-3"';
select count(distinct newterm.principal(event)) from events;
-- several expressions and fields that vary in one statement
select count(*) filter (where newterm.value(case id % 2 when 0 then 'eventName' else 'product(userAgent)' end, event) = '"E8"') as names,
    count(*) filter (where newterm.value('eventName', event) = '"E8"') as all_names from events;
reset role;
drop owned by value_asker;
drop role value_asker;
