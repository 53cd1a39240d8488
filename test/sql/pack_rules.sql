-- The rule pack: every rule alerts on its event after learning, and not on near misses.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';

\getenv inputdir PG_ABS_SRCDIR
\set crafted :inputdir '/packs/aws-cloudtrail.ndjson'
create table staging (line int generated always as identity, record jsonb);
copy staging (record) from :'crafted' with (format csv, quote e'\x01', delimiter e'\x02');

-- tells what is missing, once there is something to tell
select outcome, count(*) from newterm.install_rules() group by outcome;
select count(*) as rules, count(*) filter (where not enabled) as off from newterm.rules;
update newterm.rules set enabled = true where not enabled;
insert into newterm.own_accounts values ('444455556666', 'ours');
select outcome, detail, count(*) from newterm.install_rules() group by outcome, detail order by outcome, detail;
-- every rule has its text, tags and severity, and says in the pack what of it was not seen in a record
select name from newterm.rules where title is null or message !~ 'Check first: .*SELECT \* FROM newterm.neighbourhood' or severity is null
	or not tags && '{attack_version:17.1}' or array_to_string(tags, ' ') !~ 'tactic:TA\d{4}.*technique:T\d{4}';

create table events (event jsonb);
select newterm.watch('events');
-- An account of its own for each rule, so that no rule's events teach another rule; times by kind.
create view crafted as
	select s.line, r.name as rule, s.record ->> 'kind' as kind, s.record ->> 'kind' || ' ' || s.line as event_id,
		replace(replace((s.record -> 'event')::text, '111122223333', (100000000000 + r.n)::text), 'EXAMPLE', 'X' || r.n || 'X')::jsonb
		|| jsonb_build_object('eventID', s.record ->> 'kind' || ' ' || s.line) as event
	from staging s join (select name, row_number() over (order by id) as n from newterm.rules) r on r.name = s.record ->> 'rule';
create procedure happen(the_kind text, at text) language sql as $$
	insert into events select event || jsonb_build_object('eventTime', at) from crafted where kind = the_kind order by line;
$$;
select kind, count(*), count(distinct rule) as rules from crafted group by kind order by kind;

-- the clocks begin; what was there before is learned; forty days later
insert into events values ('{"eventTime": "2025-01-01T00:00:00Z", "eventID": "first"}');
call happen('before', '2025-01-01T00:00:00Z');
select count(*) from newterm.detections;
call happen('fires', '2025-02-10T00:00:00Z');
-- rules that are silent on their event
select rule from newterm.rules r join crafted c on c.rule = r.name and c.kind = 'fires'
where not exists (select from newterm.detections d where d.rule = r.name and d.event_id = c.event_id);
call happen('misses', '2025-02-11T00:00:00Z');
-- rules that alert on a near miss
select c.rule, c.line, d.term from newterm.detections d join crafted c on c.rule = d.rule and c.event_id = d.event_id where c.kind = 'misses';
-- the same again is known
create temp table before as select count(*) as detections from newterm.detections;
insert into events select event || '{"eventTime": "2025-02-12T00:00:00Z", "eventID": "again"}' from crafted where kind = 'fires';
select count(*) - detections as more from newterm.detections, before group by detections;
select cause, count(*) from newterm.event_errors group by cause;

-- what a person reads
select s.severity, regexp_replace(regexp_replace(s.title, '1000000\d{5}', 'ACCOUNT', 'g'), 'X\d+X', 'EXAMPLE') as title
from newterm.signals s join crafted c on c.rule = s.rule and c.event_id = s.event_id and c.kind = 'fires' order by c.line;
select s.message from newterm.signals s join crafted c on c.rule = s.rule and c.event_id = s.event_id and c.kind = 'fires'
where s.rule = 'aws-trust-given-to-foreign-account';
select count(*) from newterm.uninstall_rules();
select count(*) from newterm.rules;
