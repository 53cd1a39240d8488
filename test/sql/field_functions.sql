--
-- Functions of fields: one by one, in one another, with paths behind them, in terms and in filters.
--
-- Each row of a table is a case by itself.  Only rows whose outcome differs from what they expect are
-- printed, and how many there are.
--
create extension if not exists newterm;

\getenv inputdir PG_ABS_SRCDIR
\set outcome :inputdir '/lib/outcome.sql'
\set ECHO none
\i :outcome

create table cases (id int generated always as identity, field text, event jsonb, expected jsonb);

-- json: objects, arrays and strings that a string holds, also percent-encoded; anything else stays
insert into cases (field, event, expected) values
    ('json(p)',             '{"p": "{\"a\": 1}"}',                      '[{"a": 1}]'),
    ('json(p)',             '{"p": " [1, \"x\"] "}',                    '["x", 1]'),
    ('json(p)',             '{"p": "[]"}',                              null),
    ('json(p)',             '{"p": "[[1, [2]], null]"}',                '[1, 2]'),
    ('json(p)',             '{"p": "\"x\""}',                           '["x"]'),
    ('json(json(p))',       '{"p": "\"{\\\"a\\\": 1}\""}',              '[{"a": 1}]'),
    ('json(p)',             '{"p": {"a": 1}}',                          '[{"a": 1}]'),
    ('json(p)',             '{"p": 5}',                                 '[5]'),
    ('json(p)',             '{"p": "5"}',                               '["5"]'),
    ('json(p)',             '{"p": "012345678901"}',                    '["012345678901"]'),
    ('json(p)',             '{"p": "true"}',                            '["true"]'),
    ('json(p)',             '{"p": ""}',                                '[""]'),
    ('json(p)',             '{"p": "{"}',                               '["{"]'),
    ('json(p)',             '{"p": "{} x"}',                            '["{} x"]'),
    ('json(p)',             '{"p": "%7B%22a%22%3A%201%7D"}',            '[{"a": 1}]'),
    ('json(p)',             '{"p": "%7b%22a%22:1%7d"}',                 '[{"a": 1}]'),
    ('json(p)',             '{"p": "%7B%22a%22%3A%22%C3%A9%22%7D"}',    '[{"a": "é"}]'),
    ('json(p)',             '{"p": "%7B%22a%22%3A%22%FF%22%7D"}',       '["%7B%22a%22%3A%22%FF%22%7D"]'),
    ('json(p)',             '{"p": "%7B%00%7D"}',                       '["%7B%00%7D"]'),
    ('json(p)',             '{"p": "%7B%2"}',                           '["%7B%2"]'),
    ('json(p)',             '{"p": "%"}',                               '["%"]'),
    ('json(p)',             '{"p": "100%"}',                            '["100%"]'),
    ('json(p).a',           '{"p": "{\"a\": {\"b\": 1}}"}',             '[{"b": 1}]'),
    ('json(p).a.b',         '{"p": "{\"a\": {\"b\": 1}}"}',             '[1]'),
    ('json(p)."a b".c',     '{"p": "{\"a b\": {\"c\": 1}}"}',           '[1]'),
    ('json(p).a\.b',        '{"p": "{\"a.b\": 1}"}',                    '[1]'),
    ('json(p).a',           '{"p": "no"}',                              null),
    ('json(p).a',           '{"p": {"a": [1, 2]}}',                     '[1, 2]'),
    ('json(p).a',           '{"p": ["{\"a\": 1}", "{\"a\": 2}", "no"]}', '[1, 2]'),
    ('json(p).a',           '{"p": "[{\"a\": 1}, {}, {\"a\": [2, 3]}]"}', '[1, 2, 3]'),
    ('json(json(p).q).r',   '{"p": "{\"q\": \"{\\\"r\\\": 7}\"}"}',     '[7]'),
    ('lower(json(p).a)',    '{"p": "{\"a\": \"X\"}"}',                  '["x"]'),
    ('json(json(p).Statement).Effect', '{"p": "{\"Statement\": [{\"Effect\": \"Allow\"}, {\"Effect\": \"Deny\"}]}"}', '["Allow", "Deny"]'),
    ('json(requestParameters.policyDocument).Statement.Principal.AWS',
        '{"requestParameters": {"policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"arn:aws:iam::222222222222:root\",\"333333333333\"]}}]}"}}',
        '["333333333333", "arn:aws:iam::222222222222:root"]'),
    ('account(json(requestParameters.bucketPolicy).Statement.Principal.AWS)',
        '{"requestParameters": {"bucketPolicy": {"Statement": [{"Principal": {"AWS": "arn:aws:iam::222222222222:root"}}, {"Principal": {"AWS": "*"}}]}}}',
        '["*", "222222222222"]');

-- account
insert into cases (field, event, expected)
select 'account(p)', jsonb_build_object('p', value), jsonb_build_array(account) from (values
    ('arn:aws:iam::123456789012:root',                  '123456789012'),
    ('arn:aws:iam::123456789012:role/path/R',           '123456789012'),
    ('arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/k', '123456789012'),
    ('arn:aws:organizations::123456789012:organization/o-1', '123456789012'),
    ('arn:aws:sns:eu-west-1:123456789012',              '123456789012'),
    ('123456789012',                                    '123456789012'),
    ('arn:aws:s3:::bucket',                             'arn:aws:s3:::bucket'),
    ('arn:aws:iam::aws:policy/AdministratorAccess',     'arn:aws:iam::aws:policy/AdministratorAccess'),
    ('arn:aws:iam::1234567890123:root',                 'arn:aws:iam::1234567890123:root'),
    ('arn:aws:iam::12345678901x:root',                  'arn:aws:iam::12345678901x:root'),
    ('arn:aws:iam',                                     'arn:aws:iam'),
    ('arn:',                                            'arn:'),
    ('*',                                               '*'),
    ('ec2.amazonaws.com',                               'ec2.amazonaws.com'),
    ('',                                                '')) as accounts (value, account);
insert into cases (field, event, expected) values
    ('account(p)',          '{"p": 123456789012}',                      '[123456789012]'),
    ('account(p)',          '{"p": {"a": 1}}',                          '[{"a": 1}]');

-- session, role, prefix, basename
insert into cases (field, event, expected) values
    ('session(p)',          '{"p": "arn:aws:sts::1:assumed-role/R/me@x.y"}', '["me@x.y"]'),
    ('session(p)',          '{"p": "arn:aws:sts::1:assumed-role/R/a/b"}', '["a/b"]'),
    ('session(p)',          '{"p": "arn:aws:sts::1:assumed-role/R"}',   null),
    ('session(p)',          '{"p": "arn:aws:iam::1:user/me"}',          null),
    ('session(p)',          '{"p": 5}',                                 null),
    ('session(p)',          '{"p": ["x", "arn:aws:sts::1:assumed-role/R/s"]}', '["s"]'),
    ('role(p)',             '{"p": "arn:aws:sts::1:assumed-role/R/s"}', '["R"]'),
    ('role(p)',             '{"p": "arn:aws:iam::1:role/R"}',           null),
    ('prefix(p, '':'', 2)', '{"p": "repo:o/r:ref:refs/heads/x"}',       '["repo:o/r"]'),
    ('prefix(p, ":", 2)',   '{"p": "repo:o/r:ref:refs/heads/x"}',       '["repo:o/r"]'),
    ('prefix(p,''.'',1)',   '{"p": "m5.24xlarge"}',                     '["m5"]'),
    ('prefix(p, '':'', 3)', '{"p": "a:b"}',                             '["a:b"]'),
    ('prefix(p, '':'', 2)', '{"p": "a:b"}',                             '["a:b"]'),
    ('prefix(p, '':'', 2)', '{"p": "a:b:"}',                            '["a:b"]'),
    ('prefix(p, '':'', 1)', '{"p": ":b"}',                              '[""]'),
    ('prefix(p, ''::'', 1)', '{"p": "a:b::c"}',                         '["a:b"]'),
    ('prefix(p, '':'', 1)', '{"p": ""}',                                '[""]'),
    ('prefix(p, '':'', 1)', '{"p": 5}',                                 '[5]'),
    ('prefix(p, ''\'''', 1)', '{"p": "a''b"}',                          '["a"]'),
    ('prefix(p, '')'', 1)', '{"p": "a)b"}',                             '["a"]'),
    ('prefix(p, ''é'', 1)', '{"p": "aébé"}',                            '["a"]'),
    ('basename(p)',         '{"p": "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-v2"}', '["anthropic.claude-v2"]'),
    ('basename(p)',         '{"p": "arn:aws:lambda:eu-west-1:1:function:f"}', '["f"]'),
    ('basename(p)',         '{"p": "a/b:c"}',                           '["c"]'),
    ('basename(p)',         '{"p": "name"}',                            '["name"]'),
    ('basename(p)',         '{"p": "a/"}',                              '["a/"]'),
    ('basename(p)',         '{"p": ""}',                                '[""]'),
    ('basename(p)',         '{"p": false}',                             '[false]');

-- coalesce: the first argument that has values; any: the values of all
insert into cases (field, event, expected) values
    ('coalesce(a, b)',      '{"a": 1, "b": 2}',                         '[1]'),
    ('coalesce(a, b)',      '{"b": 2}',                                 '[2]'),
    ('coalesce(a, b)',      '{"a": null, "b": [2, 3]}',                 '[2, 3]'),
    ('coalesce(a, b)',      '{"a": [], "b": 2}',                        '[2]'),
    ('coalesce(a, b)',      '{"a": "", "b": 2}',                        '[""]'),
    ('coalesce(a, b, c)',   '{"c": {"x": 1}}',                          '[{"x": 1}]'),
    ('coalesce(a, b)',      '{}',                                       null),
    ('coalesce(a)',         '{"a": 1}',                                 '[1]'),
    ('coalesce(session(a), a)', '{"a": "arn:aws:iam::1:user/me"}',      '["arn:aws:iam::1:user/me"]'),
    ('coalesce(session(a), a)', '{"a": "arn:aws:sts::1:assumed-role/R/s"}', '["s"]'),
    ('coalesce($target, a)', '{"a": 1}',                                '[1]'),
    ('lower(coalesce(a, b))', '{"b": "X"}',                             '["x"]'),
    ('coalesce(a, b).c',    '{"b": {"c": 1}}',                          '[1]'),
    ('coalesce(coalesce(a, b), coalesce(c, d))', '{"d": 1}',            '[1]'),
    -- of what lies in one array, each element has its own first one
    ('coalesce(r.a, r.b)',  '{"r": [{"a": 1, "b": 2}, {"b": 3}, {"c": 4}]}', '[1, 3]'),
    ('coalesce(r.x.a, r.x.b)', '{"r": [{"x": [{"a": 1}, {"b": 2}]}, {"x": {"b": 3}}]}', '[1, 2, 3]'),
    ('coalesce(r.a, r.b, s)', '{"r": [{"a": 1}, {"b": 3}], "s": 9}',    '[1]'),
    ('coalesce(session(r.a), r.b)', '{"r": [{"a": "arn:aws:sts::1:assumed-role/R/s", "b": 2}, {"a": "x", "b": 3}]}', '["s", 3]'),
    ('coalesce(coalesce(r.a, r.b), r.c)', '{"r": [{"a": 1, "c": 0}, {"b": 2}, {"c": 3}, {}]}', '[1, 2, 3]'),
    ('coalesce(createVolumePermission.add.items.userId, createVolumePermission.add.items.group)',
        '{"createVolumePermission": {"add": {"items": [{"userId": "1"}, {"group": "all"}]}}}', '["1", "all"]'),
    ('any(a, b)',           '{"a": 1, "b": [2, 3]}',                    '[1, 2, 3]'),
    ('any(a, b)',           '{"b": 2}',                                 '[2]'),
    ('any(a, b)',           '{"a": 1, "b": 1}',                         '[1]'),
    ('any(r.a, r.b)',       '{"r": [{"a": 1, "b": 2}, {"b": 3}]}',      '[1, 2, 3]'),
    ('any(a, b)',           '{}',                                       null);

-- address and filled; the others
insert into cases (field, event, expected) values
    ('address(p)',          '{"p": "10.1.2.3"}',                        '["10.1.2.3"]'),
    ('address(p)',          '{"p": "2001:DB8::1"}',                     '["2001:DB8::1"]'),
    ('address(p)',          '{"p": "AWS Internal"}',                    null),
    ('address(p)',          '{"p": "s3.amazonaws.com"}',                null),
    ('address(p)',          '{"p": 5}',                                 null),
    ('address(p)',          '{"p": "10.0.0.0/8"}',                      null),
    ('filled(p)',           '{"p": "x"}',                               '["x"]'),
    ('filled(p)',           '{"p": ["", "-", "none", "None", " ", {}, {"a": [null, ""]}, {"a": 0}, 0, false]}',
                            '[" ", "None", 0, false, {"a": 0}]'),
    ('text(p)',             '{"p": {"a": null, "b": "", "c": {"d": [null, {}]}, "e": {"f": ["x", "-", 1]}, "g": "none"}}', '["{e={f=[x, 1]}}"]'),
    ('text(p)',             '{"p": {}}',                                '["{}"]'),
    ('text(p)',             '{"p": {"a": {"b": null}}}',                '["{}"]'),
    ('lower(network(coalesce(a, b), 24))', '{"b": "10.1.2.3"}',         '["10.1.2.0/24"]'),
    ('product(json(p).ua)', '{"p": "{\"ua\": \"aws-cli/2\"}"}',         '["aws-cli"]');

select count(*) as cases from cases;
select id, field, event, expected, actual
from cases,
     lateral (select case jsonb_typeof(found) when 'string' then found else (select jsonb_agg(term -> field order by term -> field) from jsonb_array_elements(found) as term) end as actual
              from terms(array[field], event) as found) as tried
where actual is distinct from expected
order by id;

-- Several fields: what is in one array's elements stays together, also behind functions
create table tuples (id int generated always as identity, fields text[], event jsonb, expected jsonb);
insert into tuples (fields, event, expected) values
    ('{json(p).S.E, json(p).S.A}', '{"p": "{\"S\": [{\"E\": \"Allow\", \"A\": [\"x\", \"y\"]}, {\"E\": \"Deny\", \"A\": \"z\"}, {\"E\": \"Allow\"}]}"}',
        '[["Allow", "x"], ["Allow", "y"], ["Deny", "z"]]'),
    ('{json(p).S.E, json(p).V}', '{"p": "{\"V\": 1, \"S\": [{\"E\": \"Allow\"}, {\"E\": \"Deny\"}]}"}', '[["Allow", 1], ["Deny", 1]]'),
    ('{json(p).S.E, n}',    '{"n": [1, 2], "p": "{\"S\": [{\"E\": \"Allow\"}, {\"E\": \"Deny\"}]}"}',
        '[["Allow", 1], ["Allow", 2], ["Deny", 1], ["Deny", 2]]'),
    ('{json(r.p).a, r.b}',  '{"r": [{"p": "{\"a\": 1}", "b": 2}, {"p": "{\"a\": [3, 4]}", "b": 5}, {"p": "no", "b": 6}]}',
        '[[1, 2], [3, 5], [4, 5]]'),
    ('{lower(json(p).S.E), "account(json(p).S.P)"}', '{"p": "{\"S\": [{\"E\": \"A\", \"P\": \"arn:aws:iam::123456789012:root\"}, {\"E\": \"B\", \"P\": \"*\"}]}"}',
        '[["a", "123456789012"], ["b", "*"]]'),
    ('{"coalesce(r.a, r.b)", r.c}', '{"r": [{"a": 1, "c": "x"}, {"b": 2, "c": "y"}, {"c": "z"}, {"a": 3}]}',
        '[[1, "x"], [2, "y"]]'),
    ('{"any(r.a, r.b)", r.c}', '{"r": [{"a": 1, "b": 2, "c": "x"}, {"b": 3, "c": "y"}]}', '[[1, "x"], [2, "x"], [3, "y"]]'),
    ('{"coalesce(a, b)", r.c}', '{"b": 1, "r": [{"c": "x"}, {"c": "y"}]}',  '[[1, "x"], [1, "y"]]'),
    ('{$outcome, json(p).a}', '{"p": "{\"a\": [1, 2]}"}',                  '[["success", 1], ["success", 2]]'),
    ('{address(r.ip), r.n}', '{"r": [{"ip": "10.0.0.1", "n": 1}, {"ip": "AWS Internal", "n": 2}]}', '[["10.0.0.1", 1]]'),
    ('{json($target).a, json($target).b}', '{"requestParameters": {"name": "[{\"a\": 1, \"b\": 2}, {\"a\": 3, \"b\": 4}]"}}', '[[1, 2], [3, 4]]');
select count(*) as tuples from tuples;
select id, fields, expected, actual
from tuples, lateral (select jsonb_agg((select jsonb_agg(term -> field order by number) from unnest(fields) with ordinality as f (field, number)) order by term) as actual
                      from newterm.terms(fields, event) as term) as found
where (select jsonb_agg(e order by e) from jsonb_array_elements(actual) as e) is distinct from (select jsonb_agg(e order by e) from jsonb_array_elements(expected) as e)
order by id;

-- In filters: equality, existence, wildcards, ranges, networks
create table filters (id int generated always as identity, filter text, event jsonb, expected boolean);
insert into filters (filter, event, expected) values
    ('json(p).S.E:Allow',           '{"p": "{\"S\": [{\"E\": \"Deny\"}, {\"E\": \"Allow\"}]}"}',  true),
    ('json(p).S.E:Allow',           '{"p": "{\"S\": [{\"E\": \"Deny\"}]}"}',                      false),
    ('json(p).S.E:(Allow OR Deny)', '{"p": "{\"S\": {\"E\": \"Deny\"}}"}',                        true),
    ('json(p).S.E:*',               '{"p": "{\"S\": {\"E\": \"Deny\"}}"}',                        true),
    ('json(p).S.E:*',               '{"p": "x"}',                                                 false),
    ('-json(p).S.E:*',              '{"p": "x"}',                                                 true),
    ('json(p).n:>5',                '{"p": "{\"n\": 6}"}',                                        true),
    ('json(p).n:[1 TO 5]',          '{"p": "{\"n\": 6}"}',                                        false),
    ('json(p)."a b":x',             '{"p": "{\"a b\": \"x\"}"}',                                  true),
    ('json(p)."a:b".c:x',           '{"p": "{\"a:b\": {\"c\": \"x\"}}"}',                         true),
    ('json(p).a\:b:x',              '{"p": "{\"a:b\": \"x\"}"}',                                  true),
    ('json (p).a : x',              '{"p": "{\"a\": \"x\"}"}',                                    true),
    ('CIDR(json(p).ip, 10.0.0.0/8)', '{"p": "{\"ip\": \"10.1.2.3\"}"}',                           true),
    ('CIDR(coalesce(a, b), 10.0.0.0/8)', '{"b": "10.1.2.3"}',                                     true),
    ('prefix(p, '':'', 2):repo\:o/r', '{"p": "repo:o/r:ref"}',                                    true),
    ('prefix(p, '':'', 2):"repo:o/r"', '{"p": "repo:o/r:ref"}',                                   true),
    ('prefix(p, ")", 1):a',         '{"p": "a)b"}',                                               true),
    ('session(userIdentity.arn):*@*', '{"userIdentity": {"arn": "arn:aws:sts::1:assumed-role/R/me@x.y"}}', true),
    ('-session(userIdentity.arn):*', '{"userIdentity": {"arn": "arn:aws:iam::1:user/me"}}',       true),
    ('account(p):123456789012',     '{"p": "arn:aws:iam::123456789012:root"}',                    true),
    ('basename(p):f x:1',           '{"p": "a/f", "x": 1}',                                       true),
    ('(basename(p):f OR x:1) -y:*', '{"p": "a/f"}',                                               true),
    ('$service_call:false $target:b', '{"requestParameters": {"bucketName": "b"}}',               true),
    ('address(p):*',                '{"p": "AWS Internal"}',                                      false),
    ('address(p):10.1.2.3',         '{"p": "10.1.2.3"}',                                          true),
    ('address(p):"10.0.0.0/8"',     '{"p": "10.1.2.3"}',                                          true),
    ('address(p):>9.0.0.0',         '{"p": "10.1.2.3"}',                                          true),
    ('address(p):[9.0.0.0 TO 10.1.2.2]', '{"p": "10.1.2.3"}',                                     false),
    ('filled(p):*',                 '{"p": "-"}',                                                 false),
    ('filled(p):"-"',               '{"p": "-"}',                                                 false),
    ('filled(p):?',                 '{"p": "-"}',                                                 false),
    ('filled(p):?',                 '{"p": "x"}',                                                 true);
select count(*) as filters from filters;
select id, filter, event, expected, outcome(filter, event) as actual from filters
where outcome(filter, event) is distinct from expected::text order by id;

create table refusals (id int generated always as identity, field text, message text);
insert into refusals (field, message) values
    ('json(p).',                'position 9: expected a key after "."'),
    ('json(p)x',                'position 8: unexpected "x" in a field'),
    ('json(p)..a',              'position 9: expected a key after "."'),
    ('json()',                  'position 6: expected a field'),
    ('json(a, b)',              'position 7: expected ")"'),
    ('coalesce()',              'position 10: expected a field'),
    ('coalesce(a,)',            'position 12: expected a field'),
    ('coalesce(a b)',           'position 12: expected ")"'),
    ('coalesce(' || repeat('a, ', 32) || 'a)', 'a function has at most 32 arguments'),
    ('prefix(a)',               'position 9: expected "," and a separator'),
    ('prefix(a, b, 1)',         'position 11: expected a separator in quotes'),
    ('prefix(a, '''', 1)',      'position 11: a separator has 1 to 32 bytes'),
    ('prefix(a, ''' || repeat('x', 33) || ''', 1)', 'position 11: a separator has 1 to 32 bytes'),
    ('prefix(a, ''.'')',        'position 14: expected "," and a number of parts'),
    ('prefix(a, ''.'', 0)',     'position 16: expected a number of parts from 1 to 1000'),
    ('prefix(a, ''.'', x)',     'position 16: expected a number of parts from 1 to 1000'),
    ('prefix(a, ''.'', 1, 2)',  'position 17: expected ")"'),
    ('prefix(a, ''.',           'position 11: this quote is never closed'),
    ('$person.x',               'position 8: unexpected ".x" in a field'),
    ('+a',                      'position 1: a key that begins with "+" must be quoted'),
    ('upper(a)',                'position 1: unknown function upper');
select count(*) as refusals from refusals;
select id, field, message, terms(array[field], '{}') as actual
from refusals
where position(message in coalesce(terms(array[field], '{}') #>> '{}', '')) = 0
order by id;

\set ECHO all

-- The same value by two names is named twice
\set VERBOSITY terse
select newterm.create_rule('twice', '{$country, country(sourceIPAddress)}');
select newterm.create_rule('twice', '{"prefix(a, '':'', 1)", "prefix( a , \":\" , 1 )"}');
-- A missing value of an optional group_by field is null, also where a function leaves none
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('optional', '{eventName}', group_by => '{session(userIdentity.arn), resources.id}', optional_group_by => true, learning => '0');
insert into events values
    ('{"eventTime": "2024-01-01T00:00:00Z", "eventName": "A", "userIdentity": {"arn": "arn:aws:iam::1:user/me"}}'),
    ('{"eventTime": "2024-01-01T00:00:00Z", "eventName": "B", "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/R/s"}, "resources": [{"id": 1}, {"id": 2}]}'),
    ('{"eventTime": "2024-01-01T00:00:00Z", "eventName": "C", "userIdentity": {"arn": ["x", "arn:aws:sts::1:assumed-role/R/s"]}, "resources": [{"id": 1}, {}]}');
select entity, term from newterm.detections order by term, entity;
-- Hostile documents: deep ones are read to a bound, and nothing is slow
set statement_timeout = '5s';
select newterm.test_filter('json(p).a:*', jsonb_build_object('p', repeat('{"a":', 5000) || '1' || repeat('}', 5000)));
select newterm.test_filter('json(p).a:*', jsonb_build_object('p', repeat('{"a":', 100) || '1' || repeat('}', 100)));
select newterm.test_filter('json(p).a:*', jsonb_build_object('p', '{"a": [' || repeat('1e131071,', 10000) || '1]}'));
select newterm.test_filter('json(p).a:x', jsonb_build_object('p', '[' || repeat('{"a": "y"},', 10000) || '{"a": "x"}]'));
select newterm.test_filter('json(p).a:x', jsonb_build_object('p', '%7B' || repeat('%', 100000)));

-- lower() is the database's, letters beyond ASCII and Turkish ones too
select current_database() as here \gset
create database lower_turkish template template0 encoding 'UTF8' locale 'C' locale_provider icu icu_locale 'tr-TR';
create database lower_english template template0 encoding 'UTF8' locale 'C' locale_provider icu icu_locale 'en-US';
\c lower_turkish
create extension newterm;
select newterm.value('lower(a)', '{"a": ["KALI", "Abc-9[Z", "ÄI", ""]}');
\c lower_english
create extension newterm;
select newterm.value('lower(a)', '{"a": ["KALI", "Abc-9[Z", "ÄI", ""]}');
\c :here
drop database lower_turkish;
drop database lower_english;
