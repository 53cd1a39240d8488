--
-- Fields: paths, normalisers and derived attributes, seen through newterm.terms.
--
-- Each row of a table is a case by itself.  Only rows whose outcome differs from what they expect are
-- printed, and how many there are.
--
create extension if not exists newterm;
set timezone to 'UTC';

\getenv inputdir PG_ABS_SRCDIR
\set outcome :inputdir '/lib/outcome.sql'
\set ECHO none
\i :outcome

create table cases (id int generated always as identity, field text, event jsonb, expected jsonb);

-- The values of one field
insert into cases (field, event, expected) values
    -- paths
    ('a',                   '{"a": "b"}',                               '["b"]'),
    ('@a',                  '{"a": "b"}',                               '["b"]'),
    ('a.b',                 '{"a": {"b": "c"}}',                        '["c"]'),
    ('"a.b"',               '{"a.b": "c"}',                             '["c"]'),
    ('x."a b".c',           '{"x": {"a b": {"c": 1}}}',                 '[1]'),
    ('x.a\.b',              '{"x": {"a.b": 1}}',                        '[1]'),
    (' a ',                 '{"a": "b"}',                               '["b"]'),
    ('clé',                 '{"clé": "été"}',                           '["été"]'),
    -- types are kept
    ('a',                   '{"a": ""}',                                '[""]'),
    ('a',                   '{"a": 0}',                                 '[0]'),
    ('a',                   '{"a": false}',                             '[false]'),
    ('a',                   '{"a": "1"}',                               '["1"]'),
    ('a',                   '{"a": [1, 1.0, "1", true]}',               '["1", 1, true]'),
    ('a',                   '{"a": {"y": 1, "x": 2}}',                  '[{"x": 2, "y": 1}]'),
    -- no value
    ('a',                   '{}',                                       null),
    ('a',                   '{"a": null}',                              null),
    ('a',                   '{"a": []}',                                null),
    ('a.b',                 '{"a": "b"}',                               null),
    ('a.b',                 '{"a": [{}, {"b": null}]}',                 null),
    -- through arrays
    ('a',                   '{"a": ["x", "y", null]}',                  '["x", "y"]'),
    ('a.b',                 '{"a": [{"b": "x"}, {"b": "y"}, {}]}',      '["x", "y"]'),
    ('a.b',                 '{"a": [{"b": ["x", "y"]}, {"b": "x"}]}',   '["x", "y"]'),
    -- lower
    ('lower(a)',            '{"a": "AbC"}',                             '["abc"]'),
    ('lower(a)',            '{"a": 5}',                                 '[5]'),
    ('lower(a)',            '{"a": ["X", "x"]}',                        '["x"]'),
    ('lower( @a.b )',       '{"a": {"b": "X"}}',                        '["x"]'),
    -- network
    ('network(a, 24)',      '{"a": "10.1.2.3"}',                        '["10.1.2.0/24"]'),
    ('network(a, 8)',       '{"a": "10.1.2.3"}',                        '["10.0.0.0/8"]'),
    ('network(a, 0)',       '{"a": "10.1.2.3"}',                        '["0.0.0.0/0"]'),
    ('network(a, 32)',      '{"a": "10.1.2.3"}',                        '["10.1.2.3/32"]'),
    ('network(a, 25)',      '{"a": "10.1.2.200"}',                      '["10.1.2.128/25"]'),
    ('network(a, 24)',      '{"a": "2001:db8:1:2:3:4:5:6"}',            '["2001:db8:1:2::/64"]'),
    ('network(a, 24, 48)',  '{"a": "2001:DB8:1:2::3"}',                 '["2001:db8:1::/48"]'),
    ('network(a, 24, 128)', '{"a": "2001:db8::3"}',                     '["2001:db8::3/128"]'),
    ('network(a, 24)',      '{"a": "::ffff:10.1.2.3"}',                 '["10.1.2.0/24"]'),
    ('network(a, 24)',      '{"a": "s3.amazonaws.com"}',                '["s3.amazonaws.com"]'),
    ('network(a, 24)',      '{"a": "AWS Internal"}',                    '["AWS Internal"]'),
    ('network(a, 24)',      '{"a": "10.1.2"}',                          '["10.1.2"]'),
    ('network(a, 24)',      '{"a": "10.1.2.3 "}',                       '["10.1.2.3 "]'),
    ('network(a, 24)',      '{"a": ""}',                                '[""]'),
    ('network(a, 24)',      '{"a": 10}',                                '[10]'),
    ('network(a, 24)',      '{"a": ["10.1.2.3", "10.1.2.4"]}',          '["10.1.2.0/24"]'),
    -- principal
    ('principal(a)',        '{"a": "arn:aws:sts::1:assumed-role/R/s"}', '["arn:aws:iam::1:role/R"]'),
    ('principal(a)',        '{"a": "arn:aws-cn:sts::1:assumed-role/R/s@x.y"}', '["arn:aws-cn:iam::1:role/R"]'),
    ('principal(a)',        '{"a": "arn:aws-us-gov:sts::1:assumed-role/AWSReservedSSO_A_1/me"}',
                            '["arn:aws-us-gov:iam::1:role/AWSReservedSSO_A_1"]'),
    ('principal(a)',        '{"a": "arn:aws:sts::1:assumed-role/R"}',   '["arn:aws:sts::1:assumed-role/R"]'),
    ('principal(a)',        '{"a": "arn:aws:sts::1:federated-user/me"}', '["arn:aws:sts::1:federated-user/me"]'),
    ('principal(a)',        '{"a": "arn:aws:iam::1:user/me"}',          '["arn:aws:iam::1:user/me"]'),
    ('principal(a)',        '{"a": "arn:aws:iam::1:root"}',             '["arn:aws:iam::1:root"]'),
    ('principal(a)',        '{"a": "me"}',                              '["me"]'),
    ('principal(a)',        '{"a": ""}',                                '[""]'),
    -- product
    ('product(a)',          '{"a": "aws-cli/2.1 Python/3"}',            '["aws-cli"]'),
    ('product(a)',          '{"a": "Boto3/1.26"}',                      '["Boto3"]'),
    ('product(a)',          '{"a": "[S3Console/0.4, aws-internal/3]"}', '["S3Console"]'),
    ('product(a)',          '{"a": "Mozilla/5.0 (X11; Linux)"}',        '["Mozilla"]'),
    ('product(a)',          '{"a": "Terraform 1.5"}',                   '["Terraform"]'),
    ('product(a)',          '{"a": "AWS Internal"}',                    '["AWS Internal"]'),
    ('product(a)',          '{"a": "signin.amazonaws.com"}',            '["signin.amazonaws.com"]'),
    ('product(a)',          '{"a": "(none)"}',                          '["(none)"]'),
    ('product(a)',          '{"a": ""}',                                '[""]'),
    -- text
    ('text(a)',             '{"a": {"b": 1, "c": [true, "x", {}]}}',    '["{b=1, c=[true, x]}"]'),
    ('text(a)',             '{"a": "x"}',                               '["x"]'),
    ('text(a)',             '{"a": 5}',                                 '[5]'),
    -- one in another
    ('lower(product(a))',   '{"a": "AWS-CLI/2"}',                       '["aws-cli"]'),
    ('network(lower(a), 24, 32)', '{"a": "2001:DB8::1"}',               '["2001:db8::/32"]'),
    -- derived attributes
    ('$caller_account',     '{"userIdentity": {"accountId": "1"}}',     '["1"]'),
    ('$caller_account',     '{"userIdentity": {"sessionContext": {"sessionIssuer": {"accountId": "2"}}}}', '["2"]'),
    ('$caller_account',     '{"recipientAccountId": "3"}',              null),
    ('$outcome',            '{}',                                       '["success"]'),
    ('@$outcome',           '{"$outcome": 1}',                          '["success"]'),
    ('lower(@$outcome)',    '{}',                                       '["success"]'),
    ('$outcome',            '{"errorCode": "X"}',                       '["failure"]'),
    ('$outcome',            '{"errorMessage": "X"}',                    '["failure"]'),
    ('$outcome',            '{"errorCode": null}',                      '["success"]'),
    ('$outcome',            '{"responseElements": {"ConsoleLogin": "Failure"}}', '["failure"]'),
    ('$outcome',            '{"responseElements": {"ConsoleLogin": "Success"}}', '["success"]'),
    ('$cross_account',      '{"userIdentity": {"accountId": "1"}, "recipientAccountId": "2"}', '[true]'),
    ('$cross_account',      '{"userIdentity": {"accountId": "1"}, "recipientAccountId": "1"}', '[false]'),
    ('$cross_account',      '{"recipientAccountId": "1"}',              '[false]'),
    ('$vendor',             '{"userIdentity": {"accountId": "1"}}',     null),
    ('lower($principal)',   '{"userIdentity": {"arn": "arn:aws:iam::1:user/Me"}}', '["arn:aws:iam::1:user/me"]');

select count(*) as cases from cases;
select id, field, event, expected, actual
from cases,
     lateral (select jsonb_agg(term -> field order by term -> field) as actual
              from jsonb_array_elements(terms(array[field], event)) as term) as found
where actual is distinct from expected
order by id;

create table refusals (id int generated always as identity, field text, message text);

insert into refusals (field, message) values
    ('',                    'position 1: expected a field'),
    ('  ',                  'position 3: expected a field'),
    ('a b',                 'position 3: unexpected "b" in a field'),
    ('a..b',                'position 3: expected a key after "."'),
    ('.a',                  'position 1: expected a field'),
    ('a.',                  'position 3: expected a key after "."'),
    ('@',                   'position 2: expected a field'),
    ('"a',                  'position 1: this quote is never closed'),
    ('a.''b''',             'position 3: expected a key after "."'),
    ('a[0]',                'position 2: unexpected "[" in a field'),
    ('a.[0]',               'position 3: expected a key after "."'),
    ('a.*',                 'position 3: a field name cannot have wildcards'),
    ('a*',                  'position 2: a field name cannot have wildcards'),
    ('-a',                  'position 1: a key that begins with "-" must be quoted'),
    ('a\',                  'position 2: expected a character after "\"'),
    ('a:b',                 'position 2: unexpected ":b" in a field'),
    ('$who',                'position 1: unknown derived attribute $who'),
    ('$principal.arn',      'position 11: unexpected ".arn" in a field'),
    ('upper(a)',            'position 1: unknown function upper'),
    ('lower(a',             'position 8: expected ")"'),
    ('lower(a))',           'position 9: unexpected ")" in a field'),
    ('lower()',             'position 7: expected a field'),
    ('lower(a, 2)',         'position 8: expected ")"'),
    ('network(a)',          'position 10: expected "," and a prefix length'),
    ('network(a, 33)',      'position 12: expected a prefix length from 0 to 32'),
    ('network(a, -1)',      'position 12: expected a prefix length from 0 to 32'),
    ('network(a, 24, 129)', 'position 16: expected a prefix length from 0 to 128'),
    ('network(a, 24, 64, 1)', 'position 18: expected ")"'),
    ('été..x',              'position 5: expected a key after "."');

select count(*) as refusals from refusals;
select id, field, message, terms(array[field], '{}') as actual
from refusals
where position(message in coalesce(terms(array[field], '{}') #>> '{}', '')) = 0
order by id;

\set ECHO all

-- Several fields: the product, except that those of one array's elements stay together.
select * from newterm.terms('{a, b}', '{"a": ["x", "y"], "b": [1, 2]}') as term order by term;
select * from newterm.terms('{resources.accountId, resources.type}',
    '{"resources": [{"accountId": "1", "type": "A"}, {"accountId": "2", "type": "B"}, {"type": "C"}]}') as term order by term;
select * from newterm.terms('{resources.accountId, resources.type, eventName}',
    '{"eventName": "E", "resources": [{"accountId": "1", "type": "A"}, {"accountId": "2", "type": "B"}]}') as term order by term;
select * from newterm.terms('{a, b}', '{"a": "x"}') as term;
select * from newterm.terms('{"network(sourceIPAddress, 24)", "$outcome"}', '{"sourceIPAddress": "10.1.2.3"}') as term;

-- Too many are those that are different, and belong to a term: repetitions, and what lacks a value, do not count.
create function number_of(fields text[], event jsonb) returns bigint begin atomic
    select count(*) from newterm.terms(fields, event);
end;
create view arrays as select jsonb_agg(1) as ones, jsonb_agg(i) as numbers, jsonb_agg(i) - 1000 as thousand,
    jsonb_agg(jsonb_build_object('k', 'v')) as objects, jsonb_agg('10.1.2.' || i % 256) as addresses
    from generate_series(1, 1001) i;
select number_of('{ones}', to_jsonb(arrays)), number_of('{ones, thousand}', to_jsonb(arrays)), number_of('{"network(addresses, 24)"}', to_jsonb(arrays)),
    number_of('{objects.k}', to_jsonb(arrays)), number_of('{objects}', to_jsonb(arrays)) from arrays;
select number_of('{numbers}', to_jsonb(arrays)) from arrays;
select number_of('{numbers, ones}', to_jsonb(arrays)) from arrays;
select number_of('{r.x}', jsonb_build_object('r', jsonb_build_array('{"x": 1001}', jsonb_build_object('x', numbers)))) from arrays;
-- the elements with too many of x have no y
select * from newterm.terms('{r.x, r.y}', (select jsonb_build_object('r', jsonb_build_array('{"x": [1, 2], "y": 3}', jsonb_build_object('x', numbers))) from arrays)) as term order by term;
select number_of('{r.y, r.x}', jsonb_build_object('r', jsonb_build_array('{"x": [1, 2], "y": 3}', jsonb_build_object('x', numbers, 'y', 4)))) from arrays;
-- pairs that are equal once they are normalised
select number_of('{r.y, "lower(r.x)"}', jsonb_build_object('r', (select jsonb_agg(jsonb_build_object('x', case i % 2 when 0 then 'a' else 'A' end, 'y', i / 4)) from generate_series(1, 3999) i)));
select number_of('{r.y, "lower(r.x)"}', jsonb_build_object('r', (select jsonb_agg(jsonb_build_object('x', case i % 2 when 0 then 'a' else 'A' end, 'y', i / 4)) from generate_series(1, 4000) i)));

-- Some messages in full
\set SHOW_CONTEXT never
select * from newterm.terms('{resources[0].ARN}', '{}');
select * from newterm.terms('{eventName, network(sourceIPAddress)}', '{}');
select * from newterm.terms('{$who}', '{}');
select * from newterm.terms('{}', '{}');

-- Over a table that PostgreSQL would rather read in parallel, in a session that has not read the rules yet
create table many as select jsonb_build_object('a', i) as event from generate_series(1, 1000) i;
\c
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
select count(*) from many where newterm.test_filter('a:1', event);
select count(*) from many where exists (select from newterm.terms('{a}', event));
