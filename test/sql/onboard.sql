--
-- onboard(): from a table of records to rules in force.
--
create extension newterm;
set timezone to 'UTC';
set intervalstyle = 'postgres';
set datestyle to 'ISO';
\set SHOW_CONTEXT never
-- Ages are counted from the last midnight, so that the days are the same at any time of day.
create function call(age interval, who text, what text) returns jsonb language sql as $$
    select jsonb_build_object('eventID', format('%s by %s', what, who), 'eventTime', to_char(date_trunc('day', now()) - age, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'eventName', what,
        'eventSource', 'x.amazonaws.com', 'who', who)
$$;
-- A pack of one's own: one rule is calm, one makes two detections a day, one has a bad day, one is not concerned, one is disabled.
create function rule(name text, fields text, filter text) returns jsonb language sql as $$
    select jsonb_build_object('name', name, 'fields', string_to_array(fields, ','), 'filter', filter)
$$;
insert into newterm.packs values ('ours', jsonb_build_object('newterm', 1, 'rules', jsonb_build_array(rule('calm', 'who', ''), rule('noisy', 'eventName', 'eventName:Write*'),
    rule('bad day', 'eventName', 'eventName:Attack*'), rule('not here', 'who', 'eventName:Delete'), rule('disabled', 'who', '') || '{"enabled": false}')));
create view state as
    select name, state, terms, signals_week as signals, regexp_replace(warning, '\d{4}-\d\d-\d\d( [\d:.]+\+00)?', 'TIME', 'g') as warning from newterm.health
    where kind <> 'merge';

-- Twenty-nine days of ann, of whom two writes a day are new.
create table calls (event jsonb);
insert into calls select call(n * interval '6 hours', 'ann', 'Read') from generate_series(1, 115) n;
insert into calls select call(n * interval '12 hours' + interval '1 hour', 'ann', 'Write' || n) from generate_series(0, 56) n;
insert into calls select call(interval '10 days', 'intruder', 'Attack' || n) from generate_series(1, 40) n;
-- what it says has times in it
set client_min_messages to warning;
call newterm.onboard('calls', 'ours');
reset client_min_messages;
select events, shape from newterm.watched;
select name, mode, enabled from newterm.rules order by id;
select rule, regexp_replace(observe_reason, '\d{4}-\d\d-\d\d', 'DAY') as observe_reason from newterm.pack_rules order by rule_id;
select * from state;
-- nobody was alerted to the past; the next stranger is
select count(*), count(signal_id) from newterm.detections;
insert into calls values (call('0', 'mallory', 'Read')), (call('0', 'ann', 'WriteX'));
select rule, term from newterm.signals;
select 'calm' as rule, v.* from newterm.verify('calm') v union all select 'noisy', v.* from newterm.verify('noisy') v;

-- Once more changes nothing, and does not undo what users decided.
create view all_of_it as select 'rule' as what, to_jsonb(r) as row from newterm.rules r union all select 'pack', to_jsonb(p) from newterm.pack_rules p
    union all select 'run', to_jsonb(r) from newterm.runs r union all select 'clock', to_jsonb(v) from newterm.rule_versions v
    union all select 'detection', to_jsonb(d) from newterm.detection_log d union all select 'watch', to_jsonb(w) from newterm.watches w;
create table before as select * from all_of_it;
set client_min_messages to warning;
call newterm.onboard('calls', 'ours');
select what, count(*) from (select * from all_of_it except all select * from before union all (select * from before except all select * from all_of_it)) d group by what;
select newterm.alter_rule('noisy', '{"mode": "alert"}'), newterm.alter_rule('calm', '{"mode": "observe"}'), newterm.drop_rule('not here');
call newterm.onboard('calls', 'ours');
reset client_min_messages;
select name, mode, enabled from newterm.rules order by id;

-- The pack has become longer: the new rule is judged, and one that has the name of a user's is left alone.
select newterm.create_rule('mine', '{eventName}', 'eventName:Write*');
update newterm.packs set document = jsonb_set(document, '{rules}', document -> 'rules' || rule('noisy, too', 'eventName,who', 'eventName:Write*') || rule('mine', 'eventID', ''));
set client_min_messages to warning;
call newterm.onboard('calls', 'ours');
reset client_min_messages;
select name, mode, fields from newterm.rules order by id;
-- as the user enables it by health's remedy
do $$ begin execute (select remedy from newterm.health where name = 'noisy, too'); end $$;
select name, mode from newterm.rules where name = 'noisy, too';

-- A shorter history, in which nothing was new; all of it; none.
create table other as select event from calls where event ->> 'eventName' = 'Read';
set client_min_messages to warning;
call newterm.onboard('other', 'ours', '1 day');
call newterm.onboard('other', 'ours', null);
reset client_min_messages;
select events from newterm.watched order by 1;
select newterm.drop_rule(name) from newterm.rules;
delete from newterm.pack_rules;
create table empty (event jsonb);
call newterm.onboard('empty', 'ours');
select name, mode from newterm.rules order by id;

-- Where history leaves out all there is, nothing is installed, and it says what to type instead.
select newterm.drop_rule(name) from newterm.rules;
delete from newterm.pack_rules;
create table old (event jsonb);
insert into old select jsonb_build_object('eventID', n, 'eventTime', to_char(timestamp '2024-01-01' + n * interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'eventName', 'Read', 'eventSource', 'x.amazonaws.com', 'who', 'ann') from generate_series(1, 40) n;
call newterm.onboard('old', 'ours');
select name, mode from newterm.rules order by id;
set client_min_messages to warning;
call newterm.onboard('old', 'ours', history => now() - '2024-01-11 00:00:00+00');
reset client_min_messages;
select rule, learning_from from newterm.clocks order by rule;
-- with rules that are there, too
call newterm.onboard('old', 'ours');

-- What cannot be is said, before anything is done.
create table numbers (n int);
call newterm.onboard('calls', 'theirs');
call newterm.onboard('numbers', 'ours');
call newterm.onboard(null, 'ours');
call newterm.onboard('calls', null);
call newterm.onboard('calls', 'ours', '-1 day');
begin;
call newterm.onboard('empty', 'ours');
rollback;
