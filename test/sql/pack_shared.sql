-- needs ../shared
--
-- The rule pack over all real and odd records at hand: without an error, and with rules that match what they are about.
--
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set client_min_messages = warning;

\getenv shared NEWTERM_SHARED_DATA
\set invictus :shared '/invictus_ir_aws.ndjson'
\set otrf :shared '/otrf_security_datasets.ndjson'
\set panther :shared '/panther_analysis.ndjson'
\set streamalert :shared '/streamalert.ndjson'
\set custodian :shared '/cloud_custodian.ndjson'
\set vendors :shared '/known_aws_accounts.csv'

select outcome, count(*) from newterm.install_rules() group by outcome;
-- everything that is new is told
update newterm.rules set enabled = true, learning_values = 0;
create table events (id int generated always as identity, event jsonb);
select newterm.watch('events');
copy events (event) from :'invictus' with (format csv, quote e'\x01', delimiter e'\x02');
copy events (event) from :'otrf' with (format csv, quote e'\x01', delimiter e'\x02');
copy events (event) from :'panther' with (format csv, quote e'\x01', delimiter e'\x02');
copy events (event) from :'streamalert' with (format csv, quote e'\x01', delimiter e'\x02');
copy events (event) from :'custodian' with (format csv, quote e'\x01', delimiter e'\x02');
select count(*) from events;
select cause, count(*) > 0 as some from newterm.event_errors where cause in ('internal_error', 'too_many_terms', 'rule_full') group by cause;
select count(distinct rule) as rules, count(*) filter (where title = '' or title is null) as untitled from newterm.signals;
-- rules that none of these records concerns
select name from newterm.rules where name not in (select rule from newterm.detections) order by id;
-- the attack of 2023-07-10: what the critical and high rules found new
select r.severity, r.name, count(*) from newterm.detections d join newterm.rules r on r.name = d.rule
where d.entity ->> 'recipientAccountId' = '123837392027' and r.severity in ('critical', 'high')
group by r.severity, r.name order by r.severity, r.name collate "C";
