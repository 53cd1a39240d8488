-- Levels of access: what each may use, and nothing else.  An object that is new stands in newterm.access_rules(), or this
-- fails; the matrix below then has a line more.
\set VERBOSITY terse
\set SHOW_CONTEXT never
set timezone = 'UTC';
set intervalstyle = 'postgres';
create extension newterm;
create role access_reader;
create role access_analyst;
create role access_admin login;
create role access_stranger;
create view acls_before as select oid, coalesce(proacl, acldefault('f', proowner))::text as acl from pg_proc where pronamespace = 'newterm'::regnamespace
	union all select oid, coalesce(relacl, acldefault(case relkind when 'S' then 's'::"char" else 'r' end, relowner))::text from pg_class where relnamespace = 'newterm'::regnamespace
	union all select attrelid, attacl::text from pg_attribute where attacl is not null and attrelid in (select oid from pg_class where relnamespace = 'newterm'::regnamespace);
create table before as table acls_before;
select newterm.grant_access('reader', 'access_reader');
select newterm.grant_access('analyst', 'access_analyst');
select newterm.grant_access('admin', 'access_admin');
select role, level, granted_by = current_user as by_me, granted_at is not null as then from newterm.access order by role;

create view objects as
	select 'routine' as kind, p.proname::text as name, p.oid::regprocedure::text as object from pg_proc p where p.pronamespace = 'newterm'::regnamespace
	union all select case relkind when 'S' then 'sequence' else 'table' end, relname, oid::regclass::text from pg_class
		where relnamespace = 'newterm'::regnamespace and relkind in ('r', 'v', 'S');
create view lines as
	select o.kind, o.name, o.object, a.level, a.rights from objects o left join newterm.access_rules() a on a.kind = o.kind and o.name ~ ('^(' || a.name || ')$');

-- what stands in no line, and what stands in several where one would do
select kind, name from lines where level is null order by 1, 2;
select kind, object, count(*) from lines where kind <> 'table' group by 1, 2 having count(*) > 1 order by 1, 2;

-- the matrix, from what PostgreSQL says
create function letters(object regclass, role text) returns text language sql as $$
	select coalesce(string_agg(case p when 'INSERT' then 'a' when 'SELECT' then 'r' when 'UPDATE' then 'w' when 'DELETE' then 'd' when 'TRUNCATE' then 'D'
		when 'REFERENCES' then 'x' else 't' end, '' order by n), '')
		|| coalesce((select '(' || string_agg(a.attname, ',' order by a.attnum) || ')' from pg_attribute a
			where a.attrelid = object and a.attacl is not null and has_column_privilege(role, object, a.attnum, 'UPDATE')), '')
	from unnest('{INSERT,SELECT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) with ordinality u(p, n) where has_table_privilege(role, object, p) $$;
create function level_of(p regprocedure) returns text language sql as $$
	select coalesce((select r from unnest('{stranger,reader,analyst,admin}'::text[]) with ordinality u(r, n)
		where has_function_privilege('access_' || r, p, 'EXECUTE') order by n limit 1), 'owner') $$;
select name as "table", letters(object::regclass, 'access_stranger') as public, letters(object::regclass, 'access_reader') as reader,
	letters(object::regclass, 'access_analyst') as analyst, letters(object::regclass, 'access_admin') as admin
from objects where kind = 'table' order by name collate "C";
select name as sequence, has_sequence_privilege('access_admin', object, 'USAGE') as admin, has_sequence_privilege('access_admin', object, 'UPDATE, SELECT') as more,
	has_sequence_privilege('access_analyst', object, 'USAGE, SELECT, UPDATE') as analyst from objects where kind = 'sequence' order by name collate "C";
select name as routine, replace(level_of(object::regprocedure), 'stranger', 'public') as level, count(*) as overloads
from objects where kind = 'routine' group by 1, 2 order by name collate "C";
-- is what the lines say
select kind, object, level, level_of(object::regprocedure) from lines
where kind = 'routine' and replace(level_of(object::regprocedure), 'stranger', 'public') <> level;
select o.object, level_of(object::regprocedure) from objects o where kind = 'routine' and
	array[has_function_privilege('access_stranger', object, 'EXECUTE'), has_function_privilege('access_reader', object, 'EXECUTE'),
		has_function_privilege('access_analyst', object, 'EXECUTE'), has_function_privilege('access_admin', object, 'EXECUTE')]
	not in ('{t,t,t,t}', '{f,t,t,t}', '{f,f,t,t}', '{f,f,f,t}', '{f,f,f,f}');
-- nobody but the owner hands rights on, or hangs code on tables
select count(*) from pg_class c, aclexplode(c.relacl) x where c.relnamespace = 'newterm'::regnamespace and x.grantee <> c.relowner
	and (x.is_grantable or x.privilege_type in ('TRIGGER', 'REFERENCES'));

-- what they do with it
create table events (event jsonb);
grant insert, select, trigger on events to access_admin;
grant select on events to access_analyst;
\c - access_admin
set timezone = 'UTC';
select newterm.watch('events');
select newterm.create_rule('r', fields => '{x}', group_by => '{who}', learning => '0', learning_from => '2020-01-01') is not null as made;
select newterm.alter_rule('r', '{"severity": "high"}');
insert into newterm.known_accounts values ('123456789012', 'somebody');
insert into events values ('{"eventTime": "2024-01-01T00:00:00Z", "eventID": "1", "x": "a", "who": "ann"}');
call newterm.backfill('r');
select rule, status from newterm.detections;
table newterm.digest_key;
select newterm.grant_access('admin', 'access_stranger');
alter table newterm.rules add note text;
create trigger own after insert on newterm.signals execute function newterm.rules_changed();
delete from newterm.runs;
\c - postgres
set role access_reader;
select rule, title, severity from newterm.signals;
select rule, term from newterm.baseline;
select step, outcome from newterm.explain((select id from newterm.signals)) where step = 'verdict';
select newterm.create_rule('s', fields => '{x}');
update newterm.signals set status = 'archived';
delete from newterm.rules;
select count(*) from newterm.runs;
set role access_analyst;
update newterm.signals set status = 'under_review', assignee = 'ann';
update newterm.signals set severity = 'low';
delete from newterm.signals;
select newterm.alter_rule('r', '{"severity": "low"}');
update newterm.rules set enabled = false;
select count(*) from newterm.verify('r');
set role access_stranger;
select count(*) from newterm.signals;
select newterm.create_rule('s', fields => '{x}');
select newterm.test_filter('a:b', '{"a": "b"}');
select newterm.grant_access('reader', 'access_stranger');
select newterm.revoke_access('access_reader');
reset role;
select status, assignee, severity from newterm.signals;

-- another level takes the place of the one before, and what is taken back is gone
select newterm.grant_access('reader', 'access_admin');
select has_table_privilege('access_admin', 'newterm.rules', 'INSERT') as writes, has_table_privilege('access_admin', 'newterm.rules', 'SELECT') as reads;
select role, level from newterm.access order by role;
select newterm.grant_access('owner', 'access_admin');
select newterm.grant_access(null, 'access_admin');
select newterm.grant_access('reader', null);
select newterm.grant_access('reader', 0);
select newterm.revoke_access(4294967295::oid);
-- an upgrade gives what it brings, and not to those who lost what they had, or are others of that name
revoke select on newterm.event_errors from access_analyst;
grant execute on function newterm.tell to public;
revoke all on all tables in schema newterm from access_reader;
select newterm.apply_access();
select has_table_privilege('access_analyst', 'newterm.event_errors', 'SELECT') as analyst, has_table_privilege('access_reader', 'newterm.event_errors', 'SELECT') as reader,
	level_of((select oid from pg_proc where proname = 'tell' and pronamespace = 'newterm'::regnamespace)) as tell;
select role, level from newterm.access order by role;
select newterm.revoke_access('access_admin');
select newterm.revoke_access('access_analyst');
select newterm.revoke_access('access_reader');
select newterm.revoke_access('access_stranger');
table newterm.access;
(select oid::regclass, acl from acls_before except select oid, acl from before) union all (select oid, acl from before except select oid, acl from acls_before);
drop owned by access_admin, access_analyst;
drop role access_reader, access_analyst, access_admin, access_stranger;
create role "access: it's ""quoted""";
select newterm.grant_access('analyst', '"access: it''s ""quoted"""');
select role, level from newterm.access;
select newterm.revoke_access('"access: it''s ""quoted"""');
drop role "access: it's ""quoted""";
