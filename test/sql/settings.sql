-- Settings: names, defaults, what is refused.
\set SHOW_CONTEXT never
create extension newterm;
select newterm.test_filter('', '{}');
select name, setting, unit, vartype from pg_settings where name like 'newterm.%' order by name;
set newterm.no_such_setting = 1;
set newterm.on_error = 'ignore';
-- 17 and later name the range's unit
\set VERBOSITY sqlstate
set newterm.cache_size = 1;
\set VERBOSITY default

-- a cap on the terms of a rule
set timezone = 'UTC';
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('x', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => null);
insert into events select jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'x', i) from generate_series(1, 3) i;
set newterm.max_terms_per_rule = 5;
insert into events select jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'x', i) from generate_series(2, 9) i;
insert into events select jsonb_build_object('eventTime', '2024-01-02T00:00:00Z', 'x', i) from generate_series(1, 9) i;
select count(*), max(last_seen) from newterm.baseline;
select count(*) from newterm.detections;
select cause, detail from newterm.event_errors;
-- it goes on with those it has: one that was forgotten is new again, and a late event that shows an earlier start counts
select newterm.alter_rule('x', '{"forget_after": "90 days"}');
insert into events select jsonb_build_object('eventTime', '2024-12-01T00:00:00Z', 'x', i) from generate_series(1, 9) i;
insert into events select jsonb_build_object('eventTime', '2023-12-31T00:00:00Z', 'x', i) from generate_series(1, 9) i;
select first_seen, status, count(*) from newterm.detections group by 1, 2 order by 1;
select newterm.alter_rule('x', '{"forget_after": null}');
reset newterm.max_terms_per_rule;
insert into events select jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'x', i) from generate_series(2, 9) i;
select count(*) from newterm.detections;

-- each rule to which an event shows too many terms is told of
select newterm.create_rule('more', fields => '{x, eventTime}');
insert into events select jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'x', jsonb_agg(i)) from generate_series(1, 1001) i;
select cause, detail from newterm.event_errors where cause = 'too_many_terms' order by id;
select newterm.drop_rule('more');

-- news that do not fit into memory go to a file, and stay where there is no room for one
set newterm.merge_memory = '64kB';
insert into events select jsonb_build_object('eventTime', '2024-01-03T00:00:00Z', 'x', 'file ' || i) from generate_series(1, 3000) i;
select count(*) from newterm.detections where term->>'x' like 'file%';
set temp_file_limit = '64kB';
-- 18 words the reason otherwise
\set VERBOSITY sqlstate
insert into events select jsonb_build_object('eventTime', '2024-01-03T00:00:00Z', 'x', 'memory ' || i) from generate_series(1, 3000) i;
\set VERBOSITY default
select count(*) from newterm.detections where term->>'x' like 'memory%';
select count(*) from newterm.event_errors;

-- entities' clocks outlive the batch that brought them
reset temp_file_limit;
select newterm.create_rule('y', fields => '{y}', group_by => '{who}', learning_scope => 'entity', learning => '1 day', forget_after => null);
insert into events select jsonb_build_object('eventTime', '2024-02-01T00:00:00Z', 'who', 'entity ' || i, 'y', repeat('y', 50)) from generate_series(1, 3000) i;
select count(*) as clocks, count(*) filter (where entity->>0 like 'entity %') as whole, count(distinct entity) as different from newterm.entity_clocks;

-- compiled rules take no more memory than rules_memory allows; what is there already stays
set newterm.rules_memory = '256kB';
select newterm.create_rule('small', fields => '{a}', filter => 'a:1');
select string_agg(i::text, ' OR ') as long from generate_series(1, 4000) i \gset
-- how much it would be differs between versions
do $$
declare
	message text;
	hint text;
begin
	perform newterm.create_rule('long', fields => '{a}', filter => (select 'a:(' || string_agg(i::text, ' OR ') || ')' from generate_series(1, 4000) i));
exception when configuration_limit_exceeded then
	get stacked diagnostics message = message_text, hint = pg_exception_hint;
	raise notice '% / %', regexp_replace(message, 'take \d{3,4} kB', 'take # kB'), hint;
end
$$;
\set VERBOSITY sqlstate
select newterm.create_rule('long', fields => '{a}', filter => 'a:(' || :'long' || ')');
select newterm.create_rule('long', fields => '{a}', filter => 'a:(' || :'long' || ')', enabled => false);
select newterm.enable_rule('long');
select newterm.alter_rule('long', '{"enabled": true}');
select newterm.alter_rule('small', jsonb_build_object('filter', 'a:(' || :'long' || ')'));
select newterm.alter_rule('small', jsonb_build_object('title', repeat('long', 100000)));
\set VERBOSITY default
select name, version, enabled, filter = 'a:1' as small from newterm.rules where name in ('small', 'long') order by name;
select newterm.alter_rule('small', '{"severity": "low"}');
-- a session goes on with what it may not add to
set newterm.rules_memory = '4MB';
select newterm.enable_rule('long');
set newterm.rules_memory = '256kB';
insert into events values ('{"eventTime": "2024-03-01T00:00:00Z", "a": 1999}');
select rule, term from newterm.baseline where rule = 'long';
\set VERBOSITY sqlstate
select newterm.alter_rule('small', '{"severity": "high"}');
\set VERBOSITY default
select newterm.disable_rule('long');
select newterm.alter_rule('small', '{"severity": "high"}');
-- who may change rules may not raise it
create role settings_manager;
select newterm.grant_access('admin', 'settings_manager');
set role settings_manager;
set newterm.rules_memory = '1GB';
select newterm.create_rule('another', fields => '{a}', filter => 'a:1');
reset role;
drop owned by settings_manager;
drop role settings_manager;
