--
-- What rules would have meant for those who read their signals, and what to do about it: backtest_summary, and what
-- suppressions mute in a backtest.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never

create table calls (id bigint generated always as identity, event jsonb);
create function call(at timestamptz, who text, what text, more jsonb default '{}') returns jsonb language sql as $$
    select jsonb_build_object('eventID', format('%s by %s at %s', what, who, to_char(at, 'DD HH24:MI')),
        'eventTime', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'eventName', what, 'who', who) || more
$$;
select newterm.watch('calls');

-- Nothing is there yet.
select rule, matched, terms, detections, per_day, advice from newterm.backtest_summary('{"fields": ["eventName"]}');

-- Two weeks in March. Ann reads every morning. From the 9th on she writes, each day something else, on the 12th three
-- things; bob does so once.
insert into calls (event)
    select call(day + interval '9 hours', 'ann', 'Read') from generate_series('2024-03-01Z'::timestamptz, '2024-03-14Z', '1 day') day;
insert into calls (event)
    select call(day + interval '10 hours', 'ann', 'Write' || to_char(day, 'DD')) from generate_series('2024-03-09Z'::timestamptz, '2024-03-14Z', '1 day') day;
insert into calls (event) values (call('2024-03-12 11:00Z', 'ann', 'WriteA')), (call('2024-03-12 12:00Z', 'ann', 'WriteB')),
    (call('2024-03-13 09:00Z', 'bob', 'WriteA')), (call('2024-03-13 09:00Z', 'bob', 'WriteA'));
\x on
select * from newterm.backtest_summary('{"name": "what", "fields": ["eventName"], "group_by": ["who"]}');
-- a part of the time, which is learned as a whole
select * from newterm.backtest_summary('{"name": "what", "fields": ["eventName"], "group_by": ["who"]}', until => '2024-03-08Z');
\x off
-- Each day counts in UTC, whatever the session's time zone.
set timezone to 'Pacific/Auckland';
select worst_day, on_worst_day from newterm.backtest_summary('{"fields": ["eventName"]}');
set timezone to 'UTC';

-- What is wrong with a rule is said.
select rule, matched, terms, advice from newterm.backtest_summary('[
    {"name": "1 no such event", "fields": ["eventName"], "filter": "eventName:Delete"},
    {"name": "2 no such path", "fields": ["eventName"], "filter": "eventNam:Read"},
    {"name": "3 none to exclude", "fields": ["eventName"], "filter": "eventName:Read -errorcode:*"},
    {"name": "4 group_by", "fields": ["eventName"], "group_by": ["whom"]},
    {"name": "5 optional", "fields": ["eventName"], "group_by": ["whom"], "optional_group_by": true, "learning": "30 days"},
    {"name": "6 field", "fields": ["who", "requestParameters.bucketName"]},
    {"name": "7 learning", "fields": ["who"], "learning": "30 days"},
    {"name": "8 calm", "fields": ["who"], "learning": "7 days"}]');

-- Terms that are new each time, and what would calm them.
create table noise (event text);
select newterm.watch('noise');
insert into noise select call('2024-03-01Z'::timestamptz + n * interval '1 hour', 'u' || n % 3, 'Read', jsonb_build_object('requestID', md5(n::text),
        'userAgent', format('aws-cli/2.%s.0 Python/3.%s', n, n % 5), 'ip', format('10.%s.7.%s', n % 4, n % 250),
        'name', case n % 2 when 0 then 'Backup' else 'BACKUP' end || n / 4,
        'arn', format('arn:aws:sts::111122223333:assumed-role/Deploy%s/run-%s', n % 3, n), 'path', format('team%s/job-%s', n % 4, n)))
    from generate_series(0, 399) n;
select rule, detections, per_day, advice from newterm.backtest_summary('[
    {"name": "1 all different", "fields": ["requestID"]},
    {"name": "2 product", "fields": ["userAgent"], "group_by": ["who"]},
    {"name": "3 network", "fields": ["ip"]},
    {"name": "4 principal", "fields": ["eventName"], "group_by": ["arn"]},
    {"name": "5 prefix", "fields": ["path"]},
    {"name": "6 lower", "fields": ["name"]},
    {"name": "7 done already", "fields": ["product(userAgent)"]}]', events => 'noise');
-- It holds what it says.
select rule, terms, per_day from newterm.backtest_summary('[{"name": "3 network", "fields": ["network(ip, 24, 48)"]},
    {"name": "4 principal", "fields": ["eventName"], "group_by": ["principal(arn)"]}, {"name": "5 prefix", "fields": ["prefix(path, ''/'', 1)"]},
    {"name": "6 lower", "fields": ["lower(name)"]}]', events => 'noise');

-- What is muted is learned and listed, but not told. In a backtest as in life.
select newterm.create_rule('what', '{eventName}', group_by => '{who}', learning => '7 days', learning_from => '2024-03-01Z');
select newterm.create_suppression('maintenance', 'who:ann', kind => 'mute', starts_at => '2024-03-12Z', expires_at => '2024-03-14Z');
select newterm.create_suppression('robots', kind => 'mute', starts_at => '2024-03-01Z', entity => '{"who": "bob"}');
select newterm.create_suppression('not there', 'who:carol', kind => 'exclude', starts_at => '2024-03-01Z');
insert into calls (event) values (call('2024-03-14 08:00Z', 'carol', 'Read'));
create table stored as select event from calls;
truncate calls;
insert into calls (event) select event from stored order by md5(event::text);
select entity, term, first_seen, status, suppression from newterm.backtest('"what"', events => 'calls');
select matched, terms, detections, muted, per_day, worst_day, on_worst_day, advice from newterm.backtest_summary('"what"', events => 'calls');
select 'backtest, not live' as side, b.* from (
    select entity, term, first_seen, suppression from newterm.backtest('"what"', events => 'calls') where status <> 'learned'
    except select entity, term, first_seen, suppression from newterm.detections where status = 'live') b
union all
select 'live, not backtest', b.* from (
    select entity, term, first_seen, suppression from newterm.detections where status = 'live'
    except select entity, term, first_seen, suppression from newterm.backtest('"what"', events => 'calls') where status <> 'learned') b;
-- all void
select newterm.create_suppression('nobody', 'eventName:*', kind => 'exclude', starts_at => '2024-03-01Z');
select matched, terms, detections, muted, advice from newterm.backtest_summary('"what"', events => 'calls');

-- By several passes and several processes the same. Nothing is written.
create view outcome as select * from newterm.backtest_summary('[{"fields": ["requestID"]}, {"fields": ["ip"], "group_by": ["who"]}, {"fields": ["nothing"]}]', events => 'noise');
create table in_one_pass as select * from outcome;
set work_mem = '64kB';
set hash_mem_multiplier = 1;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
begin read only;
select count(*) as the_same from (select * from outcome intersect select * from in_one_pass) s;
commit;

-- What is wrong is said.
select * from newterm.backtest_summary('{"fields": ["eventName"], "filter": "a:"}');
select * from newterm.backtest_summary('7');
select * from newterm.backtest_summary(events => 'stored');
