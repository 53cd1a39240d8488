--
-- explain says step by step what a rule makes of an event, whether it is told of or not; verify computes the state again.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never
create table calls (id int generated always as identity, event jsonb);
select newterm.watch('calls');
select newterm.create_rule('calls', '{eventName}', 'eventSource:iam -errorCode:* (readOnly:false OR eventName:Get*)', '{who}',
    learning => '7 days', learning_from => '2024-03-01Z', forget_after => '30 days', title => '{{who}} calls {{eventName}}');
create function call(at text, who text, what text) returns jsonb language sql as $$
    select jsonb_build_object('eventID', what || ' at ' || at, 'eventTime', at, 'eventName', what, 'who', who, 'eventSource', 'iam', 'readOnly', false)
$$;
insert into calls (event) values (call('2024-03-02T00:00:00Z', 'ann', 'Read')), (call('2024-03-10T00:00:00Z', 'ann', 'Write'));

-- learned; a detection; known; new; forgotten
select step, looked_at, outcome from newterm.explain('calls', call('2024-03-02T00:00:00Z', 'ann', 'Read'));
select step, looked_at, outcome from newterm.explain('calls', call('2024-03-10T00:00:00Z', 'ann', 'Write')) where step in ('known', 'verdict');
select step, looked_at, outcome from newterm.explain('calls', call('2024-03-11T00:00:00Z', 'ann', 'Write')) where step in ('known', 'verdict');
select step, looked_at, outcome from newterm.explain('calls', call('2024-03-11T00:00:00Z', 'bob', 'Write')) where step in ('known', 'verdict');
select step, looked_at, outcome from newterm.explain('calls', call('2024-05-11T00:00:00Z', 'ann', 'Write')) where step in ('known', 'verdict');
-- why not: a clause, a value that is missing, a time
select step, looked_at, outcome, detail from newterm.explain('calls', call('2024-03-11T00:00:00Z', 'ann', 'Write') || '{"errorCode": "AccessDenied", "readOnly": true}');
select step, looked_at, outcome from newterm.explain('calls', call('2024-03-11T00:00:00Z', 'ann', 'Write') - 'who');
select step, looked_at, outcome from newterm.explain('calls', call('yesterday', 'ann', 'Write')) where step = 'verdict';
-- a signal
select step, looked_at, outcome from newterm.explain((select min(id) from newterm.signals));
delete from newterm.signals;
select newterm.explain(1);
select newterm.explain(null::bigint);
select * from newterm.explain('nobody', '{}');
select * from newterm.explain(null, '{}');
select * from newterm.explain('calls', null);
select * from newterm.explain('calls', '[]');

-- verify: nothing differs; then somebody lays hands on the state.
select * from newterm.verify('calls');
create table before as select * from newterm.runs;
update newterm.runs set first_seen = first_seen + interval '1 hour' where not learned;
select difference, entity, term, stored, expected from newterm.verify('calls') order by 1;
update newterm.runs set first_seen = first_seen - interval '1 hour', learned = true where not learned;
select difference, entity, term, stored, expected from newterm.verify('calls') order by 1;
delete from newterm.runs;
select difference, entity, term, stored, expected from newterm.verify('calls') order by 1, 3;
insert into newterm.runs select * from before;
delete from newterm.detection_log;
select difference, entity, term, stored, expected from newterm.verify('calls') order by 1;
-- events that are gone are no difference
insert into newterm.detection_log (id, version_id, rule, digest, entity, term, first_seen, status, origin)
    select 99, version_id, 'calls', digest, '{"who": "ann"}', '{"eventName": "Write"}', first_seen, 'live', 'live' from newterm.runs where not learned;
delete from calls where event ->> 'eventName' = 'Read';
select * from newterm.verify('calls');
select * from newterm.verify(null);
