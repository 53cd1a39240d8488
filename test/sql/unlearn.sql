--
-- Unlearning: what sightings taught is void, and alerts again.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never
\getenv inputdir PG_ABS_SRCDIR
\set calls :inputdir '/lib/calls.sql'
\i :calls
select newterm.create_rule('calls', '{eventName}', learning_from => '2024-01-01Z', forget_after => '30 days');
insert into calls values (call('01-02T00:00', 'ann', 'List')), (call('01-03T00:00', 'mallory', 'Stop')), (call('01-04T00:00', 'mallory', 'List')),
    (call('01-06T00:00', 'ann', 'Read')), (call('01-10T00:00', 'mallory', 'Delete')), (call('01-20T00:00', 'ann', 'Delete')),
    (call('02-20T00:00', 'mallory', 'Read')), (call('02-21T00:00', 'ann', 'Write'));
select term, first_seen, last_seen, learned from newterm.baseline order by 1, 2;
select term, first_seen, status, signal_id from newterm.detections order by id;
select * from newterm.verify('calls');

-- By whom: Stop was learned from mallory alone. List is known from ann. Delete is what ann does since the 20th, which is
-- told now, without a notification. Read was known, forgotten, and told of mallory: she is to be told of again.
select * from newterm.unlearn('calls', by => 'who:mallory', dry_run => true);
-- a dry run leaves nothing
select count(*) from newterm.unlearnings;
select term, first_seen, last_seen, learned from newterm.baseline order by 1, 2;
select * from newterm.unlearn('calls', by => 'who:mallory', reason => 'an intruder');
select term, first_seen, last_seen, learned from newterm.baseline order by 1, 2;
select term, first_seen, status, origin, signal_id from newterm.detections order by id;
select id, status, title, retracted_at is not null as retracted, change_reason from newterm.signals order by id;
select kind, signal_id, reason from newterm.changes order by uuid;
select rule, term, entity, since, until > now() - interval '1 minute' as up_to_now, filter, reason, created_by = current_user as mine from newterm.unlearnings;
select * from newterm.verify('calls');
-- what comes late of it counts no more, and what others do late does
insert into calls values (call('01-05T00:00', 'mallory', 'Stop')), (call('02-01T00:00', 'mallory', 'New')), (call('01-15T00:00', 'ann', 'Delete'));
select term, first_seen, last_seen, learned from newterm.baseline order by 1, 2;
-- the next act alerts
insert into calls values (jsonb_set(call('01-01T00:00', 'mallory', 'Stop'), '{eventTime}', to_jsonb(to_char(now() + interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))));
select term, status, origin, signal_id is not null as told from newterm.detections where term ->> 'eventName' = 'Stop';
select * from newterm.verify('calls');
-- once more: there is nothing left to take back
select * from newterm.unlearn('calls', by => 'who:mallory');
-- read again, it says the same
select rule, term, first_seen, status from newterm.backtest('["calls"]', until => '2025-01-01Z') order by 3, 2;

-- An interval: a run falls apart, or loses its beginning or its end.
truncate calls;
select newterm.create_rule('reads', '{eventName}', group_by => '{who}', learning => '0', learning_from => '2023-01-01Z', forget_after => '10 days');
insert into calls select call(to_char(timestamp '2024-03-01' + n * interval '1 day', 'MM-DD"T"HH24:MI'), who, 'Get') from generate_series(0, 29) n, unnest('{ann,bob,cid,dan}'::text[]) who;
select entity, first_seen, last_seen from newterm.baseline where rule = 'reads' order by 1, 2;
select * from newterm.unlearn('reads', entity => '{"who": "ann"}', since => '2024-03-08Z', until => '2024-03-21Z');
select * from newterm.unlearn('reads', entity => '{"who": "bob"}', since => '2024-03-01Z', until => '2024-03-08Z');
select * from newterm.unlearn('reads', entity => '{"who": "cid"}', since => '2024-03-08Z');
select entity, first_seen, last_seen, learned from newterm.baseline where rule = 'reads' order by 1, 2;
select entity, first_seen, status, origin from newterm.detections where rule = 'reads' order by 1, 2, 3;
select * from newterm.verify('reads');
-- what is known otherwise is not returned, and a term that nobody has is nothing
select * from newterm.unlearn('reads', term => '{"eventName": "Get"}', entity => '{"who": "dan"}', since => '2024-03-05Z', until => '2024-03-06Z');
select * from newterm.unlearn('reads', term => '{"eventName": "Nothing"}');
select * from newterm.verify('reads');

-- Where events are gone a run says itself what it can say.
delete from calls where event ->> 'eventTime' < '2024-03-15';
select entity, first_seen, last_seen from newterm.baseline where rule = 'reads' and entity ->> 'who' = 'dan';
-- nothing tells who taught it, nor what is left of the days that are gone
select * from newterm.unlearn('reads', by => 'who:dan', entity => '{"who": "dan"}');
select * from newterm.unlearn('reads', entity => '{"who": "dan"}', since => '2024-03-05Z', until => '2024-03-10Z');
-- what is stored tells the rest
select * from newterm.unlearn('reads', by => 'who:dan', entity => '{"who": "dan"}', since => '2024-03-28Z');
select entity, first_seen, last_seen from newterm.baseline where rule = 'reads' and entity ->> 'who' = 'dan';
select * from newterm.unlearn('reads', entity => '{"who": "dan"}', until => '2024-03-18Z');
select entity, first_seen, last_seen from newterm.baseline where rule = 'reads' and entity ->> 'who' = 'dan';
set client_min_messages to warning;
select * from newterm.verify('reads');
reset client_min_messages;
-- a whole run needs no events, nor that any table is watched
select newterm.unwatch('calls');
drop table calls;
select * from newterm.unlearn('reads', entity => '{"who": "dan"}');
select * from newterm.unlearn('reads', by => 'who:ann');
select * from newterm.unlearn('reads', since => '-infinity');
select * from newterm.baseline where rule = 'reads';
create table calls (event jsonb);
select newterm.watch('calls');

-- Entities' clocks: the earliest sighting that counts.
select newterm.create_rule('entities', '{eventName}', group_by => '{who}', learning => '7 days', learning_scope => 'entity', forget_after => null);
insert into calls values (call('05-01T00:00', 'ann', 'First')), (call('05-04T00:00', 'ann', 'Second')), (call('05-10T00:00', 'ann', 'Third')),
    (call('05-13T00:00', 'ann', 'Fourth'));
select entity, learning_from, learning_until from newterm.clocks where rule = 'entities';
select term, first_seen, learned from newterm.baseline where rule = 'entities' order by 2;
select * from newterm.unlearn('entities', term => '{"eventName": "First"}');
select entity, learning_from, learning_until from newterm.clocks where rule = 'entities' and entity is not null;
-- Third lies inside the window now, and is retracted
select term, first_seen, learned from newterm.baseline where rule = 'entities' order by 2;
select term, status from newterm.detections where rule = 'entities' order by id;
select * from newterm.verify('entities');
select * from newterm.unlearn('entities', entity => '{"who": "ann"}');
select count(*) from newterm.entity_clocks;
select * from newterm.verify('entities');

-- The first n values.
truncate calls;
select newterm.create_rule('values', '{eventName}', learning_values => 2, forget_after => null);
insert into calls values (call('06-01T00:00', 'mallory', 'One')), (call('06-02T00:00', 'ann', 'Two')), (call('06-03T00:00', 'ann', 'Three'));
select term, learned from newterm.baseline where rule = 'values' order by first_seen;
select * from newterm.unlearn('values', by => 'who:mallory');
select term, learned from newterm.baseline where rule = 'values' order by first_seen;
select term, status, signal_id is not null as told from newterm.detections where rule = 'values';
select * from newterm.verify('values');
select * from newterm.unlearn('values', term => '{"eventName": "Two"}');
select term, learned from newterm.baseline where rule = 'values' order by first_seen;
select * from newterm.verify('values');

-- A version that comes back has not kept it either.
select newterm.create_rule('versions', '{eventName}', 'who:*', learning => '7 days', learning_from => '2024-06-01Z', forget_after => null);
insert into calls values (call('06-02T00:00', 'mallory', 'Stop')), (call('06-03T00:00', 'ann', 'List'));
select newterm.alter_rule('versions', '{"filter": "eventName:*"}');
select * from newterm.unlearn('versions', by => 'who:mallory');
select newterm.alter_rule('versions', '{"filter": "who:*"}');
select term from newterm.baseline where rule = 'versions';

-- A savepoint that is rolled back leaves all as it was.
begin;
savepoint before;
select * from newterm.unlearn('values', term => '{"eventName": "Three"}');
rollback to before;
commit;
select term, learned from newterm.baseline where rule = 'values' order by first_seen;

-- Triage: what is archived as malicious alerts again, and stays as it was told.
truncate calls;
select newterm.create_rule('acts', '{eventName}', group_by => '{who}', learning => '0', learning_from => '2024-01-01Z', forget_after => null);
insert into calls values (call('07-01T00:00', 'mallory', 'Steal')), (call('07-01T00:00', 'ann', 'Steal'));
select newterm.triage(array(select id from newterm.signals where rule = 'acts' and entity ->> 'who' = 'mallory'), 'archived', 'true_positive_malicious');
select entity, status, archive_reason, retracted_at, change_reason from newterm.signals where rule = 'acts' order by 1;
select entity, term from newterm.baseline where rule = 'acts';
select rule, entity, term, since, reason from newterm.unlearnings where rule = 'acts';
select * from newterm.verify('acts');
insert into calls select jsonb_set(call('07-01T00:00', who, 'Steal'), '{eventTime}', to_jsonb(to_char(now() + interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) from unnest('{ann,mallory}'::text[]) who;
select entity, status, signal_id is not null as told from newterm.detections where rule = 'acts' order by id;
-- of a rule that is gone there is nothing to unlearn
select newterm.drop_rule('acts');
select newterm.triage(array(select id from newterm.signals where rule = 'acts'), 'archived', 'true_positive_malicious');

-- A later sighting has no event with it that a filter could be asked again. A change of another rule takes nothing from it.
truncate calls;
select newterm.create_rule(name, '{eventName}', group_by => '{who}', learning => '5 days', learning_values => n, learning_scope => 'entity', forget_after => '30 days')
from (values ('windows', null::int), ('firsts', 3)) v (name, n);
select newterm.unlearn(name, by => 'who:mallory') from (values ('windows'), ('firsts')) v (name);
insert into calls values (call('08-01T00:00', 'ann', 'Get'));
begin;
insert into calls values (call('08-09T00:00', 'ann', 'Get'));
select newterm.alter_rule('reads', '{"severity": "high"}');
commit;
select rule, entity, term, first_seen, last_seen from newterm.baseline where rule in ('windows', 'firsts') order by 1;
select * from newterm.verify('windows');
select * from newterm.verify('firsts');
select newterm.drop_rule(name) from (values ('windows'), ('firsts')) v (name);

-- An analyst may; a reader may not.
create role unlearn_analyst;
create role unlearn_reader;
select newterm.grant_access('analyst', 'unlearn_analyst');
select newterm.grant_access('reader', 'unlearn_reader');
set role unlearn_analyst;
select term, alerts from newterm.unlearn('values', term => '{"eventName": "Three"}');
select created_by from newterm.unlearnings order by id desc limit 1;
-- who may not read the events cannot ask them
select * from newterm.unlearn('versions', by => 'who:ann');
-- nor take anything back that no unlearning says
select newterm.take_back((select min(id) from newterm.rule_versions), '{}', '{}', '{}', '{}', '{}', true, 'because', 0);
set role unlearn_reader;
select * from newterm.unlearn('values', term => '{"eventName": "Three"}');
reset role;
drop owned by unlearn_analyst, unlearn_reader;
drop role unlearn_analyst, unlearn_reader;

-- What makes no sense is refused.
select * from newterm.unlearn(null);
select * from newterm.unlearn('nobody', by => 'a:b');
select * from newterm.unlearn('values');
select * from newterm.unlearn('values', by => 'a:(');
select * from newterm.unlearn('values', term => '["Three"]');
select * from newterm.unlearn('values', term => '{"awsRegion": "eu-west-1"}');
select * from newterm.unlearn('values', entity => '{"who": "ann"}');
select * from newterm.unlearn('values', by => 'a:b', until => now() + interval '1 day');
select * from newterm.unlearn('values', by => 'a:b', since => now() + interval '1 day');
select * from newterm.unlearn('values', by => 'a:b', since => '2024-01-02Z', until => '2024-01-01Z');
begin isolation level repeatable read;
select * from newterm.unlearn('values', by => 'a:b');
rollback;
delete from newterm.unlearnings;
