--
-- newterm.own_accounts kept current by events: in any order, once, beside entries made by hand, for loaders without rights.
--
create extension if not exists newterm;
\set VERBOSITY default
\set SHOW_CONTEXT never
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');

create function joins(account text, day int, name text default 'AccountJoinedOrganization') returns jsonb begin atomic
    select jsonb_build_object('eventTime', format('2026-06-%sT12:00:00Z', to_char(day, 'FM00')), 'eventID', name || account || day,
        'eventSource', 'organizations.amazonaws.com', 'eventName', name, 'eventType', 'AwsServiceEvent',
        'recipientAccountId', '999999999999', 'userIdentity', jsonb_build_object('accountId', '999999999999', 'invokedBy', 'organizations.amazonaws.com'),
        'serviceEventDetails', jsonb_build_object('accountId', account));
end;
create function departs(account text, day int) returns jsonb begin atomic
    select joins(account, day, 'AccountDepartedOrganization');
end;
create view accounts as select account_id as account, name, rule, joined_at::date as joined, departed_at::date as departed, own from newterm.own_accounts order by 1;

-- off by default
insert into events values (joins('111111111111', 1));
table accounts;

select newterm.follow_organization();
select name, fields, filter, granule, mode, own_accounts, enabled from newterm.rules order by name;
insert into events values (joins('111111111111', 1));
table accounts;
-- the same event again, in this session and another one, changes nothing
select ctid as place from newterm.own_accounts \gset
insert into events values (joins('111111111111', 1));
\c -
set timezone = 'UTC';
set datestyle = 'ISO';
\set VERBOSITY default
insert into events values (joins('111111111111', 1));
select count(*) as as_it_was from newterm.own_accounts where ctid = :'place';
-- what expressions say of the account, in the next transaction
select newterm.test_filter('$own_account:true', '{"userIdentity": {"accountId": "111111111111"}}') as own;
insert into events values (departs('111111111111', 5));
table accounts;
select newterm.test_filter('$own_account:true', '{"userIdentity": {"accountId": "111111111111"}}') as own;
-- what joined before it departed, and comes late
insert into events values (joins('111111111111', 4));
-- and what comes back
insert into events values (joins('222222222222', 6)), (departs('222222222222', 7));
insert into events values (joins('222222222222', 8));
table accounts;

-- Every order of arrival, one by one and in one transaction, ends alike: the last event decides, and of two at once the departure
create procedure arrive(days text[], expected boolean) language plpgsql as $$
declare
    arrival int[];
    number int := 0;
    account text;
    wrong text;
begin
    for arrival in with recursive orders as (
            select '{}'::int[] as arrival
            union all select o.arrival || n from orders o, generate_series(1, cardinality(days)) as n where n <> all (o.arrival))
        select o.arrival from orders o where cardinality(o.arrival) = cardinality(days)
    loop
        for together in 0..1 loop
            number := number + 1;
            account := to_char(number, 'FM500000000000');
            for i in 1..cardinality(arrival) loop
                insert into events values (case when days[arrival[i]] like 'j%' then joins(account, substr(days[arrival[i]], 2)::int)
                    else departs(account, substr(days[arrival[i]], 2)::int) end);
                if together = 0 then
                    commit;
                end if;
            end loop;
            commit;
        end loop;
    end loop;
    select string_agg(account_id, ', ') into wrong from newterm.own_accounts where account_id like '5%'
        and (own, rule) <> (expected, case when expected then 'own-accounts-join' else 'own-accounts-depart' end);
    raise notice '%: % orders, % entries, wrong: %', days, number,
        (select count(*) from newterm.own_accounts where account_id like '5%'), coalesce(wrong, 'none');
    delete from newterm.own_accounts where account_id like '5%';
    delete from newterm.rules;
    perform newterm.follow_organization();
end $$;
call arrive('{j1,d2}', false);
call arrive('{j1,d2,j3}', true);
call arrive('{d1,j2,d2,j1}', false);
call arrive('{j3,d2,j1,d4}', false);

-- Entries made by hand: no event changes them, they take the place of what events made, and who wants gives them to events
insert into newterm.own_accounts (account_id, name) values ('333333333333', 'audit');
insert into events values (departs('333333333333', 9)), (joins('333333333333', 10));
copy newterm.own_accounts (account_id, name) from stdin;
111111111111	production
\.
insert into events values (departs('111111111111', 11));
update newterm.own_accounts set rule = 'own-accounts-join' where account_id = '333333333333';
insert into events values (departs('333333333333', 12));
-- a name by hand stays
update newterm.own_accounts set name = 'sandbox' where account_id = '222222222222';
insert into events values (departs('222222222222', 12));
table accounts;

-- Other events that tell of it, and what is none: failures, other sources, other accounts' trails, no account ids
insert into events values
    ('{"eventTime": "2026-06-13T00:00:00Z", "eventSource": "organizations.amazonaws.com", "eventName": "CreateAccountResult", "recipientAccountId": "999999999999",
      "serviceEventDetails": {"createAccountStatus": {"state": "SUCCEEDED", "accountId": "611111111111", "accountName": "****"}}}'),
    ('{"eventTime": "2026-06-13T00:00:00Z", "eventSource": "organizations.amazonaws.com", "eventName": "CreateAccountResult", "recipientAccountId": "999999999999",
      "serviceEventDetails": {"createAccountStatus": {"state": "FAILED", "accountId": "622222222222"}}}'),
    ('{"eventTime": "2026-06-14T00:00:00Z", "eventSource": "organizations.amazonaws.com", "eventName": "RemoveAccountFromOrganization", "recipientAccountId": "999999999999",
      "requestParameters": {"accountId": "611111111111"}}'),
    ('{"eventTime": "2026-06-15T00:00:00Z", "eventSource": "organizations.amazonaws.com", "eventName": "RemoveAccountFromOrganization", "recipientAccountId": "999999999999",
      "requestParameters": {"accountId": "633333333333"}, "errorCode": "AccessDeniedException"}'),
    (joins('644444444444', 13) || '{"eventSource": "example.com"}'),
    (joins('64444444444', 13)), (joins('not an account', 13)), (joins(E'6444444444\n', 13)), (joins('', 13)),
    (jsonb_set(joins('0', 13), '{serviceEventDetails,accountId}', '655555555555')),
    (jsonb_set(joins('0', 13), '{serviceEventDetails,accountId}', '{"a": [1]}')),
    (joins('0', 13) - 'serviceEventDetails');
select * from accounts where account like '6%' or length(account) <> 12;
-- of one management account
select newterm.follow_organization('888888888888');
insert into events values (joins('666666666666', 14)), (joins('677777777777', 14) || '{"recipientAccountId": "888888888888"}');
select * from accounts where account like '66%' or account like '67%';
select newterm.follow_organization();

-- Off again, and on
select newterm.unfollow_organization();
insert into events values (joins('711111111111', 14));
select newterm.follow_organization();
insert into events values (joins('722222222222', 14));
select account from accounts where account like '7%';
-- history counts where it is read
call newterm.backfill('own-accounts-join');
select account, own from accounts where account like '7%';

-- A rule of one's own does the same, and only where it makes sense
select newterm.create_rule('closed', '{serviceEventDetails.closeAccountStatus.accountId}', 'eventName:CloseAccountResult', granule => '1 second', own_accounts => 'depart');
insert into events values ('{"eventTime": "2026-06-20T00:00:00Z", "eventName": "CloseAccountResult", "serviceEventDetails": {"closeAccountStatus": {"accountId": "722222222222"}}}');
select * from accounts where account = '722222222222';
select newterm.create_rule('bad', '{a}', own_accounts => 'leave', granule => '1 second');
select newterm.create_rule('bad', '{a}', own_accounts => 'join');
select newterm.create_rule('bad', '{a,b}', own_accounts => 'join', granule => '1 second');
select newterm.create_rule('bad', '{a}', group_by => '{b}', own_accounts => 'join', granule => '1 second');
select newterm.follow_organization('12');
select newterm.follow_organization(E'111122223333\n');

-- Rights: a loader needs none on newterm; only admins switch it on
create role own_loader;
create role own_analyst;
create role own_admin;
grant insert on events to own_loader;
select newterm.grant_access('analyst', 'own_analyst'), newterm.grant_access('admin', 'own_admin');
set role own_loader;
insert into events values (joins('811111111111', 15));
select newterm.follow_organization();
set role own_analyst;
select newterm.follow_organization();
select newterm.unfollow_organization();
insert into newterm.own_accounts values ('822222222222');
set role own_admin;
select newterm.unfollow_organization(), newterm.follow_organization();
insert into newterm.own_accounts values ('811111111111', 'by hand');
reset role;
select * from accounts where account like '8%';

-- Nothing of this fails an insert: what cannot be entered waits, or is recorded
alter table newterm.own_accounts add constraint none check (account_id <> '911111111111');
set client_min_messages = error;
insert into events values (joins('911111111111', 16)), (joins('922222222222', 16));
reset client_min_messages;
select count(*) from events where event #>> '{serviceEventDetails,accountId}' like '9%';
select version_id is not null as of_a_rule, term, attempts from newterm.postponed where term is not null order by 2;
alter table newterm.own_accounts drop constraint none;
select newterm.merge_postponed();
select account, own from accounts where account like '9%';
-- code that users hang on the table does not run by events
create function shout() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
create trigger shout before insert or update or delete on newterm.own_accounts for each row execute function shout();
insert into events values (joins('933333333333', 16)), (departs('922222222222', 17));
drop trigger shout on newterm.own_accounts;
select account, own from accounts where account like '9%';
-- what is rolled back was nothing
begin;
insert into events values (departs('933333333333', 18));
set constraints all immediate;
rollback;
select account, own from accounts where account like '93%';

drop owned by own_loader, own_analyst, own_admin;
drop role own_loader, own_analyst, own_admin;
