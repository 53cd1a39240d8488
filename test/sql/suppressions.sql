--
-- Suppressions: exclude (void: not learned, not told) and mute (learned, listed, not told); accept and triage.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never
\getenv inputdir PG_ABS_SRCDIR
\set calls :inputdir '/lib/calls.sql'
\i :calls
select newterm.create_rule('calls', '{eventName}', group_by => '{who}', learning => '0', learning_from => '2024-01-01Z');
select newterm.create_rule('others', '{eventName}', learning => '0', learning_from => '2024-01-01Z');

-- mute by filter: learned and listed with its name; the other rule is not concerned
select newterm.create_suppression('scanner', 'who:scanner', rules => '{calls}', starts_at => '2024-02-01Z', expires_at => '2024-03-01Z', reason => 'ours');
insert into calls values (call('02-10T00:00', 'scanner', 'List')), (call('02-10T00:00', 'ann', 'List')),
    -- before it starts, and from its end on
    (call('01-31T23:59', 'scanner', 'Early')), (call('03-01T00:00', 'scanner', 'Late'));
select rule, entity, term, suppression, signal_id is not null as told from newterm.detections order by 1, 2, 3;
select rule, entity, term from newterm.baseline order by 1, 2, 3;
select count(*) as signals, (select count(*) from newterm.changes) as changes from newterm.signals;

-- mute by term and by entity
select newterm.create_suppression('lists of bob', rules => '{calls}', entity => '{"who": "bob"}', term => '{"eventName": "List"}', starts_at => '2024-01-01Z');
insert into calls values (call('02-11T00:00', 'bob', 'List')), (call('02-11T00:00', 'bob', 'Read')), (call('02-11T00:00', 'cid', 'List'));
select entity, term, suppression, signal_id is not null as told from newterm.detections where rule = 'calls' and entity ->> 'who' in ('bob', 'cid') order by 1, 2;
-- what a rule does not have covers nothing of it
select newterm.create_suppression('no such field', term => '{"awsRegion": "eu-west-1"}', starts_at => '2024-01-01Z');
insert into calls values (call('02-12T00:00', 'dan', 'List'));
select suppression, signal_id is not null as told from newterm.detections where entity ->> 'who' = 'dan';

-- exclude: as if the events were not there; when it ends they are new
select newterm.create_suppression('noise', 'eventName:Noise*', kind => 'exclude', starts_at => '2024-01-01Z', expires_at => '2024-04-01Z');
insert into calls values (call('03-10T00:00', 'ann', 'Noise1')), (call('03-10T00:00', 'ann', 'Signal'));
select rule, term from newterm.baseline where term ->> 'eventName' in ('Noise1', 'Signal') order by 1, 2;
insert into calls values (call('04-01T00:00', 'ann', 'Noise1'));
select rule, term, first_seen, signal_id is not null as told from newterm.detections where term ->> 'eventName' = 'Noise1' order by 1;
select * from newterm.verify('calls');
select * from newterm.verify('others');
select rule, term, first_seen, status from newterm.backtest() where term ->> 'eventName' = 'Noise1' order by 1;

-- a rule's change of version keeps its mutes
select newterm.alter_rule('calls', '{"filter": "eventName:*"}');
insert into calls values (call('02-13T00:00', 'bob', 'List'));
select rule, suppression from newterm.detections where rule = 'calls' and event_id = 'List by bob at 02-13T00:00';

-- accept: this is normal here
insert into calls values (call('05-01T00:00', 'eve', 'Deploy'));
select newterm.accept((select id from newterm.signals where rule = 'calls' and term ->> 'eventName' = 'Deploy'), 'the new pipeline');
select status, archive_reason from newterm.signals where rule = 'calls' and term ->> 'eventName' = 'Deploy';
select name, kind, rules, entity, term, reason from newterm.suppressions where name like 'accept%';
insert into calls values (call('05-02T00:00', 'fay', 'Deploy'));
select entity, suppression from newterm.detections where rule = 'calls' and term ->> 'eventName' = 'Deploy' order by 1;
select newterm.accept((select id from newterm.signals where rule = 'calls' and entity ->> 'who' = 'fay'), everywhere => true, expires_at => '2030-01-01Z');
insert into calls values (call('05-03T00:00', 'gil', 'Deploy'));
select entity, suppression is not null as muted from newterm.detections where rule = 'calls' and term ->> 'eventName' = 'Deploy' order by 1;

-- triage, in bulk, with history
select newterm.triage(array(select id from newterm.signals where rule = 'others' order by id limit 3), 'under_review', comment => 'looking', assignee => 'nora');
select newterm.triage(array(select id from newterm.signals where rule = 'others' order by id limit 1), 'archived', 'false_positive');
select newterm.triage(array(select id from newterm.signals where rule = 'others' order by id limit 1), comment => 'told the team');
select status, archive_reason, assignee, count(*) from newterm.signals where rule = 'others' group by 1, 2, 3 order by 1, 2;
select status, archive_reason, assignee, comment, changed_by = current_user as mine from newterm.signal_history
    where signal_id = (select min(id) from newterm.signals where rule = 'others') order by id;
select newterm.triage(array(select id from newterm.signals where rule = 'others' order by id limit 1), 'open');
select status, archive_reason from newterm.signals where id = (select min(id) from newterm.signals where rule = 'others');

-- dropping ends it: what it covered stays covered
select newterm.drop_suppression('lists of bob');
select newterm.drop_suppression('lists of bob');

-- what makes no sense is refused
select newterm.create_suppression('all');
select newterm.create_suppression('', 'a:b');
select newterm.create_suppression(null, 'a:b');
select newterm.create_suppression('scanner', 'a:b');
select newterm.create_suppression('x', 'a:');
select newterm.create_suppression('x', 'a:b', kind => 'hide');
select newterm.create_suppression('x', 'a:b', rules => '{nobody}');
select newterm.create_suppression('x', 'a:b', expires_at => '2020-01-01Z');
select newterm.create_suppression('x', term => '[1]');
delete from newterm.suppressions;
select newterm.drop_suppression('nobody');
select newterm.accept(null);
select newterm.accept(0);
select newterm.triage('{0}', 'open');
select newterm.triage(null, 'open');
select newterm.triage('{1}', 'closed');
select newterm.triage('{1}', 'open', 'false_positive');
select newterm.triage('{1}', 'archived', 'because');
select newterm.triage('{1}');
