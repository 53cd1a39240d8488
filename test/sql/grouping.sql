--
-- Signals that tell of several detections: keep_alive, max_duration, group_signals_by.
--
create extension newterm;
set timezone to 'UTC';
set datestyle to 'ISO';
\set SHOW_CONTEXT never
create table calls (event jsonb);
select newterm.watch('calls');
-- who does what, where, at a minute of 1 June
create function call(minute int, who text, what text, region text default 'eu') returns jsonb language sql as $$
    select jsonb_build_object('eventID', what || ' by ' || who || ' at ' || minute, 'eventName', what, 'who', who, 'awsRegion', region,
        'eventTime', to_char(timestamp '2024-06-01' + minute * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
$$;
create function minute(t timestamptz) returns int language sql as $$
    select extract(epoch from t - timestamptz '2024-06-01Z')::int / 60
$$;
create view signals as
    select id, rule, entity ->> 'who' as who, term ->> 'eventName' as term, detections,
        array(select t ->> 'eventName' from jsonb_array_elements(terms) t) as terms,
        minute(first_seen) as first, minute(last_seen) as last, event_id, status, retracted_at is not null as retracted
    from newterm.signals order by id;
-- what subscribers are told, since they asked last
select newterm.subscribe('soc');
create function told() returns table (kind text, signal bigint, title text, detections text, reason text) language sql as $$
    with next as materialized (select * from newterm.next_signals('soc'))
    select kind, signal_id, signal ->> 'title', signal ->> 'detections', reason from next
    where newterm.acknowledge('soc', array[pos], epoch) = 1 order by pos
$$;
-- settings that make no sense are refused
\set rule 'select newterm.create_rule(''r'', ''{eventName}'', group_by => ''{who}'', learning => ''0'', learning_from => ''2024-01-01Z'', keep_alive => ''10 minutes'','
:rule max_duration => '9 minutes');
select newterm.create_rule('r', '{eventName}', keep_alive => '-1 minute');
select newterm.create_rule('r', '{eventName}', keep_alive => '4000 years', max_duration => '4000 years');
:rule group_signals_by => '{awsRegion}');
:rule group_signals_by => '{who,NULL}');

-- keep_alive 0, the default: a signal for each detection
select newterm.create_rule('single', '{eventName}', group_by => '{who}', learning => '0', learning_from => '2024-01-01Z');
insert into calls values (call(0, 'ann', 'A')), (call(1, 'ann', 'B'));
select * from signals;
select * from told();
select newterm.drop_rule('single');

-- one transaction: one signal of several detections, told once; another entity has its own
:rule max_duration => '30 minutes', title => '{{who}} called {{eventName}}');
insert into calls values (call(60, 'ann', 'C')), (call(65, 'ann', 'D')), (call(75, 'ann', 'E')), (call(60, 'bob', 'C'));
select * from signals where rule = 'r';
select * from told();
-- every detection is listed with its signal
select entity, term, first_seen, signal_id, status from newterm.detections where rule = 'r' order by id;

-- a later transaction: a detection joins, an update; known terms change nothing
insert into calls values (call(85, 'ann', 'F')), (call(85, 'ann', 'E'));
select * from signals where rule = 'r';
select * from told();
-- within keep_alive of the end and of the start; a minute beyond it makes another signal
insert into calls values (call(70, 'bob', 'D'));
insert into calls values (call(50, 'bob', 'E'));
insert into calls values (call(81, 'bob', 'F'));
select * from signals where rule = 'r' and who = 'bob';
-- within keep_alive, but the signal would span more than max_duration
insert into calls values (call(91, 'ann', 'G'));
select * from signals where rule = 'r' and who = 'ann';
-- of two that take it, the newest; and an older one where that alone takes it
insert into calls values (call(82, 'ann', 'H')), (call(55, 'ann', 'I'));
select * from signals where rule = 'r' and who = 'ann';
select * from told();

-- one that is under review takes more, an archived one does not
insert into calls values (call(300, 'dan', 'A'));
select newterm.triage(array(select id from signals where who = 'dan'), 'under_review');
insert into calls values (call(301, 'dan', 'B'));
select newterm.triage(array(select id from signals where who = 'dan'), 'archived');
insert into calls values (call(302, 'dan', 'C'));
select * from signals where who = 'dan';
-- nor does one take what it would be told under another severity or name
select newterm.alter_rule('r', '{"severity": "critical"}');
insert into calls values (call(303, 'dan', 'D'));
select newterm.alter_rule('r', '{"name": "r2"}');
insert into calls values (call(304, 'dan', 'E'));
select s.rule, s.term, s.terms, n.severity from signals s join newterm.signals n using (id) where who = 'dan' order by id;
select newterm.drop_rule('r2');
select count(*) from told();

-- retracting one detection of several is an update, the last one's a retract
select newterm.create_rule('late', '{eventName}', group_by => '{who}', learning => '1 day', learning_from => '2024-06-01Z', keep_alive => '1 hour',
    title => '{{who}} called {{eventName}} in {{awsRegion}}', message => 'region {{awsRegion}}', filter => 'who:eve');
insert into calls values (call(2000, 'eve', 'A')), (call(2010, 'eve', 'B')), (call(2020, 'eve', 'C')), (call(2050, 'eve', 'D'));
select * from signals where who = 'eve';
insert into calls values (call(100, 'eve', 'D'));
select * from signals where who = 'eve';
select change_reason from newterm.signals where entity ->> 'who' = 'eve';
select * from told();
-- of the one that the signal shows: it shows the next, whose event is not at hand
select title, message, event is null as no_event from newterm.signals where entity ->> 'who' = 'eve';
insert into calls values (call(100, 'eve', 'A'));
select * from signals where who = 'eve';
select title, message, event is null as no_event from newterm.signals where entity ->> 'who' = 'eve';
-- an amendment of one of several moves the bounds; the event is replaced where it is the one that is shown
insert into calls values (call(1990, 'eve', 'C'));
select * from signals where who = 'eve';
insert into calls values (call(1980, 'eve', 'B'));
select * from signals where who = 'eve';
select event ->> 'eventID' as event from newterm.signals where entity ->> 'who' = 'eve';
insert into calls values (call(100, 'eve', 'B'));
insert into calls values (call(100, 'eve', 'C'));
select * from signals where who = 'eve';
select * from told();
select term, status, signal_id from newterm.detections where rule = 'late' order by id;
-- a retracted signal takes nothing
insert into calls values (call(2000, 'eve', 'E'));
select * from signals where who = 'eve';
-- an amendment and a detection that joins, in one transaction
insert into calls values (call(2010, 'eve', 'F')), (call(1995, 'eve', 'E'));
select * from signals where who = 'eve';
select count(*) from told();

-- changed learning: what it retracts and finds of a signal that was told
select newterm.alter_rule('late', '{"learning": "2000 minutes"}');
select * from signals where who = 'eve';
select * from told();
select newterm.alter_rule('late', '{"learning": "1 day"}');
select s.*, n.origin from signals s join newterm.signals n using (id) where who = 'eve' order by id;
-- a detection of events that come in does not join what nobody was told of
insert into calls values (call(2011, 'eve', 'G'));
select s.id, s.terms, n.origin from signals s join newterm.signals n using (id) where who = 'eve' and not retracted order by id;
select newterm.drop_rule('late');

-- the first 100 terms, each once, and the number of all detections
select newterm.create_rule('many', '{eventName}', learning => '0', learning_from => '2024-01-01Z', keep_alive => '1 hour', filter => 'who:fay');
insert into calls select call(3000 + i / 10, 'fay', 'T' || i) from generate_series(1, 60) i;
insert into calls select call(3010 + i / 10, 'fay', 'T' || i) from generate_series(61, 250) i;
select detections, jsonb_array_length(terms), terms -> 0 as first, terms -> 99 as last from newterm.signals where rule = 'many';
select kind, detections, reason from told();

-- group_signals_by: some of group_by
select newterm.create_rule('by who', '{eventName}', group_by => '{who,awsRegion}', group_signals_by => '{who}', learning => '0', learning_from => '2024-01-01Z',
    keep_alive => '1 hour', filter => 'who:(gil OR hal)');
insert into calls values (call(4000, 'gil', 'A', 'eu')), (call(4001, 'gil', 'A', 'us')), (call(4002, 'gil', 'B', 'us')), (call(4000, 'hal', 'A', 'us'));
select * from signals where rule = 'by who';
select entity, term, signal_id from newterm.detections where rule = 'by who' order by id;
-- {}: one group for the rule
select newterm.alter_rule('by who', '{"group_signals_by": []}');
insert into calls values (call(4003, 'gil', 'C', 'eu')), (call(4004, 'hal', 'C', 'us'));
select * from signals where rule = 'by who';
-- accepting mutes each term for its own entity
select newterm.accept((select max(id) from signals where rule = 'by who'), 'ours');
select rules, entity, term from newterm.suppressions order by name;
select newterm.drop_rule('by who');

-- previous: the signal that the term had before
select newterm.create_rule('again', '{eventName}', group_by => '{who}', learning => '0', learning_from => '2024-01-01Z', forget_after => '1 hour', granule => '1 minute', filter => 'who:ida');
insert into calls values (call(5000, 'ida', 'A')), (call(5000, 'ida', 'B'));
insert into calls values (call(5100, 'ida', 'A')), (call(5200, 'ida', 'A'));
select id - min(id) over () as signal, term, previous - min(id) over () as previous from newterm.signals where rule = 'again' order by id;
select newterm.drop_rule('again');

-- a mute is judged again when an amendment changes the detection's event
select newterm.create_rule('muted', '{eventName}', group_by => '{who}', learning => '0', learning_from => '2024-01-01Z', filter => 'who:jan');
select newterm.create_suppression('tests', 'awsRegion:test', rules => '{muted}', starts_at => '2024-01-01Z');
select count(*) from told();
insert into calls values (call(6010, 'jan', 'A', 'test')), (call(6010, 'jan', 'B', 'eu')), (call(6010, 'jan', 'C', 'test'));
select term, minute(first_seen), suppression, signal_id is not null as told from newterm.detections where rule = 'muted' order by id;
insert into calls values (call(6000, 'jan', 'A', 'eu')), (call(6000, 'jan', 'B', 'test')), (call(6000, 'jan', 'C', 'test'));
select term, minute(first_seen), suppression, signal_id is not null as told from newterm.detections where rule = 'muted' order by id;
select * from signals where rule = 'muted';
select * from told();
-- of several, an update
select newterm.alter_rule('muted', '{"keep_alive": "1 hour"}');
insert into calls values (call(7010, 'jan', 'D', 'eu')), (call(7011, 'jan', 'E', 'eu')), (call(7012, 'jan', 'F', 'test'));
insert into calls values (call(7000, 'jan', 'E', 'test')), (call(7000, 'jan', 'F', 'eu'));
select * from signals where rule = 'muted' and first > 6500;
select * from told();

-- a dry run groups nothing
select newterm.create_rule('observe', '{eventName}', learning => '0', learning_from => '2024-01-01Z', keep_alive => '1 hour', mode => 'observe', filter => 'who:kim');
insert into calls values (call(8000, 'kim', 'A')), (call(8001, 'kim', 'B'));
select term, signal_id from newterm.detections where rule = 'observe' order by id;

-- what stands agrees with what the signals say
select s.id from newterm.signals s left join (
    select signal_id, count(*) as detections, min(first_seen) as first_seen, max(first_seen) as last_seen
    from newterm.detections where status = 'live' group by 1) d on d.signal_id = s.id
where s.retracted_at is null and (s.detections, s.first_seen, s.last_seen) is distinct from (d.detections::int, d.first_seen, d.last_seen);
select * from newterm.event_errors;
