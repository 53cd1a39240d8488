-- needs ../shared
--
-- The rule pack comes to the records of an attacked account: what the intruder did on that day is no noise, so all rules
-- alert, and nobody is alerted to the past.
--
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set client_min_messages = warning;
\getenv shared NEWTERM_SHARED_DATA
\set invictus :shared '/invictus_ir_aws.ndjson'
create table events (event jsonb);
copy events (event) from :'invictus' with (format csv, quote e'\x01', delimiter e'\x02');
select section, count(*) as items, sum(count) as events, min(first_seen) as first_seen, max(last_seen) as last_seen from newterm.summary('events') group by section order by section;
call newterm.onboard('events', history => null);
select mode, count(*) from newterm.rules group by mode order by mode;
select state, count(*) from newterm.health where kind = 'rule' group by state order by state;
select count(*) > 0 as detections, count(signal_id) as signals from newterm.detections;
