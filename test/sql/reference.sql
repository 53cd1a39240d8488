--
-- Accounts and lists: what fields and filters look up in tables, for whom, and that changes are noticed.
--
create extension if not exists newterm;
\set VERBOSITY default
\set SHOW_CONTEXT never

copy newterm.own_accounts (account_id, name) from stdin;
111111111111	production
222222222222	audit
\.
copy newterm.known_accounts from stdin with (format csv);
333333333333,Example Scanner,vendor
\.
copy newterm.lists from stdin;
admins	arn:aws:iam::111111111111:role/Admin
admins	5
admins	true
offices	198.51.100.0/24
offices	203.0.113.7
offices	2001:db8::/32
offices	10.0.0.0/8
offices	10.1.0.0/16
offices	VPN
bad list	x
\.

-- Own accounts and vendors
create function own(account text) returns table (own_account jsonb, external jsonb, vendor jsonb) begin atomic
    select (select t -> '$own_account' from newterm.terms('{$own_account}', event) as t),
           (select t -> 'external(userIdentity.accountId)' from newterm.terms('{external(userIdentity.accountId)}', event) as t),
           (select t -> '$vendor' from newterm.terms('{$vendor}', event) as t)
    from (select jsonb_build_object('userIdentity', jsonb_build_object('accountId', account)) as event) as made;
end;
select account, own.* from unnest('{111111111111, 222222222222, 333333333333, 444444444444, ""}'::text[]) as account, own(account);
select * from newterm.terms('{$own_account}', '{}');
-- of an array, what is not one's own; numbers too
select t -> 'external(account(a))' as foreign_account from newterm.terms('{external(account(a))}',
    '{"a": ["arn:aws:iam::111111111111:root", "444444444444", "*", "222222222222", 222222222222, 555555555555]}') as t order by t;
select newterm.test_filter('external(account(a)):*', '{"a": "arn:aws:iam::111111111111:root"}') as own,
    newterm.test_filter('external(account(a)):*', '{"a": "arn:aws:iam::999999999999:root"}') as foreign;

-- LIST: a value of the list, or an address in one of its networks
select filter, event, newterm.test_filter(filter, event::jsonb) from (values
    ('LIST(a, admins)', '{"a": "arn:aws:iam::111111111111:role/Admin"}'),
    ('LIST(a, admins)', '{"a": "arn:aws:iam::111111111111:role/admin"}'),
    ('LIST(a, admins)', '{"a": 5}'),
    ('LIST(a, admins)', '{"a": true}'),
    ('LIST(a, admins)', '{"a": {"b": 5}}'),
    ('LIST(a, admins)', '{}'),
    ('-LIST(a, admins)', '{}'),
    ('LIST(a, offices)', '{"a": "198.51.100.200"}'),
    ('LIST(a, offices)', '{"a": "198.51.101.1"}'),
    ('LIST(a, offices)', '{"a": "203.0.113.7"}'),
    ('LIST(a, offices)', '{"a": "203.0.113.8"}'),
    ('LIST(a, offices)', '{"a": "2001:DB8:1::2"}'),
    ('LIST(a, offices)', '{"a": "2001:db9::1"}'),
    ('LIST(a, offices)', '{"a": "::ffff:10.2.3.4"}'),
    ('LIST(a, offices)', '{"a": "10.1.2.3"}'),
    ('LIST(a, offices)', '{"a": "VPN"}'),
    ('LIST(a, offices)', '{"a": "10.0.0.0/8"}'),
    ('LIST(a, offices)', '{"a": ["x", "10.0.0.1"]}'),
    ('LIST(a, "bad list")', '{"a": "x"}'),
    ('LIST(a, nothing)', '{"a": "x"}'),
    ('LIST(lower(a), "bad list") b:1', '{"a": "X", "b": 1}')) as cases (filter, event);

-- In rules, whose sessions notice changes; a rule is compiled with the list as it is
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('outside', '{sourceIPAddress}', '-LIST(sourceIPAddress, offices) $own_account:true', learning => '0', title => '{{$vendor}} {{external(userIdentity.accountId)}} {{$own_account}}');
create function arrive(address text, account text) returns void begin atomic
    insert into events values (jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'sourceIPAddress', address,
        'userIdentity', jsonb_build_object('accountId', account)));
end;
select arrive('198.51.100.1', '111111111111'), arrive('192.0.2.1', '111111111111'), arrive('192.0.2.2', '333333333333');
insert into newterm.lists values ('offices', '192.0.2.0/24');
insert into newterm.own_accounts values ('333333333333');
select arrive('192.0.2.3', '111111111111'), arrive('198.18.0.1', '333333333333');
delete from newterm.lists where list = 'offices';
select arrive('198.51.100.2', '111111111111');
truncate newterm.own_accounts;
select arrive('198.51.100.3', '111111111111');
select term ->> 'sourceIPAddress' as address, title from newterm.signals order by id;
-- also what another session changed in the middle of a transaction that reads
begin;
select newterm.test_filter('LIST(a, later)', '{"a": "x"}');
savepoint one;
insert into newterm.lists values ('later', 'x');
select newterm.test_filter('LIST(a, later)', '{"a": "x"}');
rollback to one;
select newterm.test_filter('LIST(a, later)', '{"a": "x"}');
rollback;
-- one statement that asks many events
select count(*) filter (where newterm.test_filter('LIST(a, admins)', jsonb_build_object('a', i))) from generate_series(1, 100) as i;

-- Who may not read the tables learns nothing by asking
create role reference_asker;
create role reference_reader;
grant select on newterm.lists, newterm.own_accounts to reference_reader;
set role reference_asker;
select newterm.test_filter('LIST(a, admins)', '{"a": "x"}');
select newterm.test_filter('$vendor:*', '{}');
select newterm.test_filter('a:1 OR external(b):*', '{"a": 1}');
select * from newterm.terms('{a, $own_account}', '{"a": 1}');
select * from newterm.terms('{lower($vendor)}', '{}');
\echo :LAST_ERROR_SQLSTATE
select newterm.test_filter('$principal:*', '{"userIdentity": {"arn": "a"}}');
set role reference_reader;
select newterm.test_filter('LIST(a, admins)', '{"a": 5}');
select newterm.test_filter('$vendor:*', '{}');
reset role;
-- a role that stops to have the right, and row security
create function asks(a text) returns boolean language sql return newterm.test_filter('LIST(a, admins)', jsonb_build_object('a', a));
set role reference_reader;
prepare asked as select asks('5');
execute asked;
reset role;
revoke select on newterm.lists from reference_reader;
set role reference_reader;
execute asked;
reset role;
grant select on newterm.lists to reference_reader;
alter table newterm.lists enable row level security;
set role reference_reader;
execute asked;
reset role;
alter table newterm.lists disable row level security;
-- a loader needs no right on them
create role reference_loader;
grant insert on events to reference_loader;
set role reference_loader;
insert into events values ('{"eventTime": "2024-01-01T00:00:00Z", "sourceIPAddress": "192.0.2.9", "userIdentity": {"accountId": "111111111111"}}');
reset role;

-- Large lists: names and networks are found without reading all of them
insert into newterm.lists select 'large', 'value-' || i from generate_series(1, 20000) as i;
insert into newterm.lists select 'large', format('100.%s.%s.0/24', i / 256, i % 256) from generate_series(0, 9999) as i;
select newterm.test_filter('LIST(a, large)', '{"a": "value-17"}') as value, newterm.test_filter('LIST(a, large)', '{"a": "value-20001"}') as none,
    newterm.test_filter('LIST(a, large)', '{"a": "100.39.15.9"}') as inside, newterm.test_filter('LIST(a, large)', '{"a": "100.39.16.9"}') as outside;

drop owned by reference_asker, reference_reader, reference_loader;
drop role reference_asker, reference_reader, reference_loader;
