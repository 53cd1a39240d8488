-- newterm.rules may be written by SQL: it does what the functions do, or is refused.
\set VERBOSITY default
\set SHOW_CONTEXT never
set timezone = 'UTC';
set datestyle = 'ISO';
set intervalstyle = 'postgres';
create extension newterm;
create table events (event jsonb);
select newterm.watch('events');
create procedure see(x text, at time default '10:00') language sql as $$
	insert into events values (jsonb_build_object('eventTime', '2024-01-01T' || at || 'Z', 'eventID', x || ' ' || at, 'x', x)) $$;
create view told as select rule, rule_version, term ->> 'x' as x, origin from newterm.signals order by id;
create view stored as select r.name as rule, v.id as version_id, v.version, v.filter, v.learning_from::time as clock
	from newterm.rule_versions v left join newterm.rules r on r.id = v.rule_id order by v.id;
create view left_behind as
	select 'runs' as kind, count(*) from newterm.runs where version_id not in (select id from newterm.rule_versions)
	union all select 'entity clocks', count(*) from newterm.entity_clocks where version_id not in (select id from newterm.rule_versions)
	union all select 'learned values', count(*) from newterm.learned_values where version_id not in (select id from newterm.rule_versions)
	union all select 'versions', count(*) from newterm.rule_versions where rule_id not in (select id from newterm.rules);

-- inserted: in force at once, with a secret, a version and a clock
select count(*) from newterm.digest_key;
insert into newterm.rules (name, fields, filter, learning, learning_from) values ('r', '{x}', 'x:a*', '0', '2024-01-01'),
	('clock', '{x}', 'x:c*', '1 hour', null);
select count(*), bool_and(key::text !~ '^0') from newterm.digest_key;
table stored;
call see('a1');
call see('b1');
call see('c1');
table told;
table stored;

-- updated: a changed definition is a version, in force at once, and the same one again is that one again
update newterm.rules set filter = 'x:b*' where name = 'r';
select name, version, updated_at > created_at as updated from newterm.rules order by id;
call see('a2');
call see('b2');
select newterm.alter_rule('r', '{"learning_from": "2024-01-01"}');
call see('b3');
update newterm.rules set filter = 'x:a*' where name = 'r';
call see('a1', '11:00');
call see('a3');
table told;
select rule, rule_version, term ->> 'x' as x, last_seen::time from newterm.baseline where rule = 'r' order by 3;
select newterm.alter_rule('r', '{"filter": "x:b*"}');
select newterm.alter_rule('r', '{"filter": "x:a*", "severity": "high"}');
select newterm.alter_rule('r', '{"fields": ["x", "y"]}');
select newterm.alter_rule('r', '{"fields": ["x"]}');
table stored;

-- learning that changed meanwhile is decided again, for a version that comes back too
update newterm.rules set learning = '1 day' where name = 'r';
select distinct status from newterm.detections where rule = 'r' and term ->> 'x' ~ 'a';
update newterm.rules set filter = 'x:b*' where name = 'r';
select distinct status from newterm.detections where rule = 'r' and term ->> 'x' ~ 'b';
update newterm.rules set learning = '0', filter = 'x:a*' where name = 'r';
select term ->> 'x' as x, count(*), count(*) filter (where status = 'live') as live from newterm.detections where rule = 'r' and term ->> 'x' ~ 'a' group by 1 order by 1;
-- as is a clock that is given, even where it is the one that was given before
update newterm.rules set learning = '1 hour', learning_from = '2024-01-01 09:30' where name = 'r';
select learned, count(*) from newterm.runs r join stored s using (version_id) where s.rule = 'r' and s.version = 1 group by 1;
update newterm.rules set title = 'saw {{x}}' where name = 'r';
table stored;

-- several at once, a name that is taken, and what makes no sense
update newterm.rules set severity = 'low';
insert into newterm.rules (name, fields) select 'many ' || i, '{x}' from generate_series(1, 3) i;
select count(*) from stored where rule ~ 'many' and version = 1;
insert into newterm.rules (name, fields) values ('r', '{x}');
update newterm.rules set name = 'clock' where name = 'r';
insert into newterm.rules (name, fields) values ('wrong', '{x[}');
insert into newterm.rules (name, fields) values (null, '{x}');
insert into newterm.rules (name, fields, filter) values ('wrong', '{x}', null);
update newterm.rules set filter = null where name = 'r';
update newterm.rules set group_by = null where name = 'r';
update newterm.rules set language = null where name = 'r';
update newterm.rules set fields = '{{x,y},{z,w}}' where name = 'r';
update newterm.rules set fields = '{x,NULL}' where name = 'r';
update newterm.rules set fields = '{}' where name = 'r';
select newterm.create_rule('x', null);
select newterm.create_rule(null, '{x}');
select newterm.create_rule('x', '{x}', filter => null);
select newterm.create_rule('x', '{x}', group_by => null);
select newterm.create_rule('x', '{x}', language => null);
select newterm.alter_rule('r', '{"filter": null}');
select newterm.alter_rule('r', '{"name": null}');
select newterm.alter_rule('r', '{"enabled": null}');
select newterm.alter_rule('r', '{"version": 7}');
select newterm.alter_rule('r', '{"updated_at": null, "id": 5}');
select newterm.alter_rule('r', '{"learning": "soon"}');
select newterm.alter_rule('r', '{}');
select newterm.alter_rule('no such rule', '{}');
select newterm.alter_rule(null, null);
update newterm.rules set id = 1000 where name = 'r';
update newterm.rules set version = 2 where name = 'r';
select name, version, severity, filter, title from newterm.rules order by id;

-- intervals are measured as they are counted: 365.25 days a year, 30 days a month
select newterm.create_rule('x', '{x}', granule => '-4 years 1461 days');
select newterm.create_rule('x', '{x}', granule => '-4 years 1461 days 1 microsecond', forget_after => '1 day');
select newterm.create_rule('y', '{x}', granule => '1 year', forget_after => '12 months');
select newterm.create_rule('z', '{x}', granule => '1 year', forget_after => '365 days');
select newterm.create_rule('z', '{x}', granule => '365 days', forget_after => '-1 days 1 year');
select newterm.create_rule('z', '{x}', learning => '-4 years 1460 days 23:59:59.999999');
select newterm.create_rule('z', '{x}', learning => '-4 years 1461 days');
select newterm.create_rule('zz', '{x}', learning => '3169 years');
select newterm.create_rule('zz', '{x}', learning => '178000000 years');
select newterm.create_rule('zz', '{x}', forget_after => '-178000000 years');
select newterm.create_rule('zz', '{x}', keep_alive => '-4 years 1461 days', max_duration => '1 day');
select newterm.create_rule('w', '{x}', learning_from => '4714-11-24 00:00:00+00 BC');
select newterm.create_rule('w', '{x}', learning_from => '294276-12-31 00:00:00+00');
select newterm.create_rule('w', '{x}', learning_from => 'infinity');
delete from newterm.rules where name in ('x', 'y', 'z', 'zz');

-- deleted: with all that it knew; truncated: not at all
insert into newterm.rules (name, fields, group_by, learning_scope, learning_values, filter) values
	('entities', '{x}', '{x}', 'entity', null, 'x:e*'), ('values', '{x}', '{}', 'rule', 2, 'x:e*');
call see('e1');
select (select count(*) from newterm.entity_clocks) as entity_clocks, (select count(*) from newterm.learned_values) as learned_values;
truncate newterm.rules;
delete from newterm.rules where name <> 'r';
select (select count(*) from newterm.entity_clocks) as entity_clocks, (select count(*) from newterm.learned_values) as learned_values;
select newterm.drop_rule('r');
table left_behind;
select (select count(*) from newterm.runs) as runs, (select count(*) from newterm.signals) as signals;
select newterm.drop_rule('r');

-- versions follow the rules
select newterm.create_rule('r', '{x}', learning => '0', learning_from => '2024-01-01');
update newterm.rule_versions set filter = 'x:z';
delete from newterm.rule_versions;
truncate newterm.rule_versions;
insert into newterm.rule_versions (rule_id, version, fields, filter, group_by, language) select id, 2, '{x}', 'y:z', '{}', 'datadog' from newterm.rules;
update newterm.rules set filter = 'y:z';
select rule, version, filter from stored;

-- a manager needs rights on rules, and on no other table
create role rules_table_manager;
grant select, insert, update, delete on newterm.rules to rules_table_manager;
grant select on newterm.rule_versions to rules_table_manager;
grant usage on sequence newterm.rule_id to rules_table_manager;
grant execute on function newterm.create_rule, newterm.alter_rule, newterm.drop_rule, newterm.enable_rule to rules_table_manager;
set role rules_table_manager;
select newterm.create_rule('managed', '{x}', learning => '0', learning_from => '2024-01-01', filter => 'x:m*') is not null as made;
reset role;
call see('m1');
set role rules_table_manager;
select newterm.alter_rule('managed', '{"filter": "x:n*"}');
select newterm.alter_rule('managed', '{"learning": "1 day"}');
select newterm.alter_rule('managed', '{"filter": "x:m*"}');
update newterm.rules set enabled = false where name = 'managed';
select newterm.enable_rule('managed');
select count(*) from newterm.runs;
table newterm.digest_key;
reset role;
select status from newterm.detections where rule = 'managed';
-- code of others in the tables that follow has the manager's rights
create table standing (op text, who text, path text);
grant insert on standing to public;
create function note() returns trigger language plpgsql as $$ begin
	insert into public.standing values (tg_op, current_user, current_setting('search_path'));
	return null;
end $$;
create trigger note after insert on newterm.signals for each row execute function note();
create trigger note after insert or update or delete on newterm.rule_versions for each row execute function note();
create trigger note after insert or update or delete on newterm.runs for each row execute function note();
create function check_standing(op text) returns boolean language plpgsql as $$ begin
	insert into public.standing values (op, current_user, current_setting('search_path'));
	return true;
end $$;
alter table newterm.rule_versions add check (check_standing('check of a version'));
alter table newterm.runs add check (check_standing('check of a run'));
truncate standing;
set role rules_table_manager;
select newterm.alter_rule('managed', '{"learning": "0"}');
select newterm.alter_rule('managed', '{"filter": "x:o*"}');
select newterm.drop_rule('managed');
reset role;
select distinct * from standing order by 1;
alter role rules_table_manager rename to rules_table_other;
drop owned by rules_table_other;
drop role rules_table_other;

-- the trigger functions serve their own tables alone, and are nobody's
create temporary table own (like newterm.rules);
create trigger own before insert on own for each row execute function newterm.check_settings();
insert into own (name) values ('x');
drop trigger own on own;
create trigger own before insert on own for each row execute function newterm.check_texts();
insert into own (name) values ('x');
drop trigger own on own;
create trigger own after insert on own for each row execute function newterm.rules_written();
insert into own select * from newterm.rules;
drop trigger own on own;
create trigger own after insert on own for each statement execute function newterm.rules_changed();
insert into own select * from newterm.rules;
create role rules_table_nobody;
grant create on schema public to rules_table_nobody;
set role rules_table_nobody;
create table public.nobodys (like newterm.rules);
create table public.nobodys (id bigint);
create trigger own after insert on public.nobodys for each statement execute function newterm.rules_changed();
create trigger own after insert on public.nobodys for each statement execute function newterm.rules_written();
create trigger own before insert on public.nobodys for each row execute function newterm.check_settings();
select newterm.rules_changed();
reset role;
drop owned by rules_table_nobody;
drop role rules_table_nobody;

-- a dump is restored in whatever order
select newterm.drop_rule(name) from newterm.rules;
alter table newterm.rule_versions drop constraint rule_versions_check;
alter table newterm.runs drop constraint runs_check;
select newterm.create_rule('one', '{x}', filter => 'x:a*', learning => '0', learning_from => '2024-01-01') is not null as made;
select newterm.create_rule('two', '{x}', filter => 'x:b*', learning => '0', learning_from => '2024-01-01') is not null as made;
select newterm.alter_rule('one', '{"filter": "x:c*"}');
call see('c1');
call see('b1');
create table dumped_rules as table newterm.rules;
create table dumped_versions as table newterm.rule_versions;
create table dumped_key as table newterm.digest_key;
create table dumped_runs as table newterm.runs;
drop trigger note on newterm.signals;
set client_min_messages = warning;
drop extension newterm cascade;
create extension newterm;
reset client_min_messages;
insert into newterm.rules select * from dumped_rules order by id desc;
insert into newterm.runs select * from dumped_runs;
insert into newterm.rule_versions select * from dumped_versions;
insert into newterm.digest_key select * from dumped_key;
select count(*) from (table newterm.rule_versions except table dumped_versions) v;
select count(*), count(distinct id) from newterm.rule_versions;
select newterm.watch('events');
call see('c1', '12:00');
call see('b1', '12:00');
call see('b2');
select rule, term ->> 'x' as x from newterm.signals;
-- but not with rules that the versions do not know
update dumped_rules set id = id + 1000, name = name || ' again', filter = 'x:other';
update dumped_versions set id = id + 1000, rule_id = rule_id + 1000;
insert into newterm.rule_versions select * from dumped_versions;
insert into newterm.rules select * from dumped_rules where name = 'two again';
