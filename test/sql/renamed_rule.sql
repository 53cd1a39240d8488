--
-- A rule that gets another name: what names it goes with it.
--
create extension if not exists newterm;
\set VERBOSITY default
\set SHOW_CONTEXT never
set timezone = 'UTC';
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('before', '{eventName}', group_by => '{userIdentity.arn}', learning => '0', learning_from => '2024-01-01');
select newterm.create_rule('other', '{awsRegion}', learning => '0', learning_from => '2024-01-01');
create function happens(name text, day int, who text default 'ann') returns void begin atomic
    insert into events values (jsonb_build_object('eventTime', format('2024-03-%sT00:00:00Z', to_char(day, 'FM00')), 'eventID', name || day,
        'eventName', name, 'userIdentity', jsonb_build_object('arn', who)));
end;

select newterm.create_suppression('by filter', 'eventName:Quiet*', rules => '{other,before}', starts_at => '2024-01-01');
select newterm.create_suppression('of another', 'eventName:Loud*', rules => '{other}', starts_at => '2024-01-01');
select newterm.create_suppression('of all', 'eventName:Noise', starts_at => '2024-01-01');
select newterm.subscribe('soc', rules => '{before}'), newterm.subscribe('rest', rules => '{other}'), newterm.subscribe('all');
select happens('Seen', 1), happens('Quiet', 1), happens('Loud', 1), happens('Noise', 1);
select signal_id, kind from newterm.next_signals('soc');

select newterm.alter_rule('before', '{"name": "after"}');
select name, rules from newterm.suppressions order by name;
select name, rules from newterm.subscriptions order by name;
-- what the suppression mutes, under the new name
select happens('QuietToo', 2), happens('LoudToo', 2);
select rule, term ->> 'eventName' as name, suppression from newterm.detections order by id;
-- and what is told: signals made before have the old name, later ones the new one
select newterm.triage('{1}', 'under_review');
select s.rule, n.signal_id, n.kind, n.reason from newterm.next_signals('soc') n join newterm.signals s on s.id = n.signal_id order by pos;

-- a signal that was made before knows its rule
select step, outcome from newterm.explain(1) where step in ('rule', 'verdict');
select newterm.accept(1, 'normal');
select rules from newterm.suppressions where name = 'accept signal 1';
select happens('Seen', 3, 'eve'), happens('Seen', 3);
select term, entity, suppression from newterm.detections where term ->> 'eventName' = 'Seen' order by id;
select newterm.triage('{2}', 'archived', 'true_positive_malicious');
select rule, reason from newterm.unlearnings;

-- another rule may take the old name: the first one's signals stay its own
select newterm.create_rule('before', '{awsRegion}', learning => '0');
select (newterm.rule_of(s)).name, s.rule from newterm.signals s where s.id = 2;
select newterm.drop_rule('after');
-- where its rule is gone, a signal is of the rule that has its name
select (newterm.rule_of(s)).name, s.rule from newterm.signals s where s.id = 2;
select newterm.drop_rule('before');
select newterm.accept(2);

-- back again, and by UPDATE, which does the same
select newterm.create_rule('before', '{eventName}');
select newterm.alter_rule('before', '{"name": "after"}'), newterm.alter_rule('after', '{"name": "before"}');
select name, rules from newterm.subscriptions where name = 'soc';
update newterm.rules set name = upper(name);
select name, rules from newterm.suppressions where rules is not null order by name;
-- undone with the rename
begin;
update newterm.rules set name = 'undone' where name = 'OTHER';
select rules from newterm.suppressions where name = 'of another';
rollback;
select rules from newterm.suppressions where name = 'of another';
-- for who may write rules and nothing else
create role renamer;
grant usage on schema newterm to renamer;
grant select, update on newterm.rules, newterm.rule_versions to renamer;
set role renamer;
update newterm.rules set name = 'mine' where name = 'OTHER';
select * from newterm.suppressions;
reset role;
select rules from newterm.suppressions where name = 'of another';
drop owned by renamer;
drop role renamer;
