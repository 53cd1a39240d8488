-- Code that users hang on newterm's tables has the rights of the role that loads, and never a superuser's.
\set SHOW_CONTEXT never
\set VERBOSITY terse
set timezone = 'UTC';
create extension newterm;
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('r', fields => '{x}', learning => '0', learning_from => '2020-01-01');
create role user_code_loader;
create role user_code_writer;
grant insert on events to user_code_loader;
grant temporary on database test_user_code to user_code_loader;
create procedure see(x text) language sql as $$
	insert into public.events values (jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'eventID', 'of ' || x, 'x', x)) $$;
create view errors as select event_id, detail from newterm.event_errors order by id;
create function standing() returns text language sql stable as $$
	select format('%s, superuser %s, path %s', case when current_user ~ '^user_code' then current_user else 'nobody' end,
		rolsuper, current_setting('search_path')) from pg_catalog.pg_roles where rolname = current_user $$;

-- An administrator's ordinary trigger writes to a table that a loader can put its own in place of.
create table pager (line text);
create function page() returns trigger language plpgsql as $$ begin insert into pager values (new.title); return null; end $$;
create trigger page after insert on newterm.signals for each row execute function page();
set role user_code_loader;
create temporary table pager (line text);
create function pg_temp.climb() returns trigger language plpgsql as $$ begin
	alter role user_code_loader superuser;
	return null;
exception when insufficient_privilege then raise 'not allowed to climb';
end $$;
create trigger climb after insert on pager for each row execute function pg_temp.climb();
call see('climb');
reset role;
select rolsuper from pg_roles where rolname = 'user_code_loader';
select count(*) from pg_temp.pager;
discard temp;
drop trigger page on newterm.signals;

-- Who may put triggers on signals has no more rights than who loads: loads of a superuser included.
grant trigger on newterm.signals to user_code_writer;
grant create on schema public to user_code_writer;
set role user_code_writer;
create function climb() returns trigger language plpgsql as $$ begin
	alter role user_code_writer superuser;
	return null;
exception when insufficient_privilege then raise 'not allowed to climb';
end $$;
create trigger climb after insert on newterm.signals for each row execute function climb();
reset role;
call see('by a superuser');
set role user_code_loader;
call see('by a loader');
reset role;
select rolsuper from pg_roles where rolname = 'user_code_writer';
drop trigger climb on newterm.signals;
-- nor can a trigger become somebody else, or leave something behind for later
create function become() returns trigger language plpgsql as $$ begin
	execute tg_argv[0];
	return null;
end $$;
create trigger become after insert on newterm.signals for each row execute function become('reset role');
call see('reset role');
drop trigger become on newterm.signals;
create trigger become after insert on newterm.signals for each row execute function become('set session authorization default');
call see('session authorization');
drop trigger become on newterm.signals;
create trigger become after insert on newterm.signals for each row execute function become('create temporary table left_behind ()');
call see('temporary');
drop trigger become on newterm.signals;
create trigger become after insert on newterm.signals for each row execute function become('set search_path = nowhere');
call see('setting');
drop trigger become on newterm.signals;
show search_path;
table errors;
truncate newterm.event_errors;

-- Each place for code, and what it finds: a trigger's function and condition, a default, a generated column, a check,
-- an index's expression and condition, a domain.
create table calls (place text, standing text);
grant insert on calls to public;
create function call(place text) returns boolean language plpgsql as $$ begin
	insert into public.calls values (place, public.standing());
	return true;
end $$;
create function of_row(place text, any_column anyelement) returns boolean language plpgsql immutable as $$ begin
	return public.call(place);
end $$;
create function trigger_calls() returns trigger language plpgsql as $$ begin
	perform public.call('trigger''s function');
	return null;
end $$;
create domain checked as text check (call('domain')) default 'x';
create trigger calls after insert on newterm.signals for each row when (call('trigger''s condition')) execute function trigger_calls();
do $$ declare t text; c name; begin
	foreach t in array '{signals, detection_log, runs, event_errors, postponed, entity_clocks, learned_values}'::text[] loop
		select attname into c from pg_attribute where attrelid = ('newterm.' || t)::regclass and attnum = 1;
		execute format('alter table newterm.%I add note text default standing(), add defaulted boolean default call(%L),
			add generated boolean generated always as (of_row(%L, %I)) stored, add domained checked, add check (of_row(%L, %4$I))',
			t, t || ': default', t || ': generated column', c, t || ': check');
		execute format('create index on newterm.%I (of_row(%L, %I)) where of_row(%L, %3$I)', t, t || ': index', c, t || ': index condition');
	end loop;
end $$;
alter table newterm.rule_versions add check (of_row('rule_versions: check', version));
select newterm.create_rule('entities', fields => '{x}', group_by => '{x}', filter => 'x:each*', learning => '0', learning_scope => 'entity');
select newterm.create_rule('values', fields => '{x}', filter => 'x:each*', learning_values => 1, learning_from => '2020-01-01');
create procedure everything() language plpgsql as $$ begin
	truncate public.calls;
	commit;
	call public.see('each ' || clock_timestamp());
	insert into public.events values ('{}');
end $$;
call everything();
select place, standing from calls group by 1, 2 order by place collate "C";
select distinct note from newterm.signals where rule = 'entities';
grant truncate on calls to user_code_loader;
set role user_code_loader;
call everything();
reset role;
select standing, count(distinct place) from calls group by standing;
-- and what waits for a prepared transaction's commit
truncate calls;
begin;
set local role user_code_loader;
call see('prepared');
prepare transaction 'user_code';
commit prepared 'user_code';
select place, standing from calls where place ~ 'postponed' group by 1, 2 order by place collate "C";
-- a function that lends its owner's rights has them
create table secrets (line text);
create function trusted() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin
	insert into public.secrets values (new.title);
	return null;
end $$;
create trigger trusted after insert on newterm.signals for each row execute function trusted();
set role user_code_loader;
call see('trusted');
reset role;
table secrets;
drop trigger trusted on newterm.signals;
drop trigger calls on newterm.signals;
truncate newterm.event_errors;

-- Tables that functions write with the owner's rights: no trigger there can lend them to anybody.
create table line (text text);
create function mirror() returns trigger language plpgsql as $$ begin
	insert into line values (tg_table_name);
	return null;
end $$;
select newterm.grant_access('analyst', 'user_code_loader');
create procedure try(statement text) language plpgsql as $$ declare help text; begin
	execute statement;
	raise notice 'done: %', statement;
exception when others then
	get stacked diagnostics help = pg_exception_hint;
	raise notice '% | %', sqlerrm, help;
end $$;
create procedure subscriber() language plpgsql as $$ begin
	call try('select newterm.subscribe(''one'')');
	call try('select newterm.next_signals(''one'')');
	call try('select newterm.acknowledge(''one'', ''{1}'', 1)');
	call try('select newterm.fail(''one'', ''{1}'', 1)');
	call try('select newterm.unpark(''one'')');
	call try('select newterm.unsubscribe(''one'')');
end $$;
set role user_code_loader;
create temporary table line (text text);
create function pg_temp.climb() returns trigger language plpgsql as $$ begin
	alter role user_code_loader superuser;
	return null;
exception when insufficient_privilege then raise 'not allowed to climb';
end $$;
create trigger climb after insert on line for each row execute function pg_temp.climb();
reset role;
create trigger mirror after insert or update or delete on newterm.subscriptions execute function mirror();
set role user_code_loader;
call subscriber();
reset role;
drop trigger mirror on newterm.subscriptions;
create trigger mirror after insert or update or delete on newterm.deliveries execute function mirror();
set role user_code_loader;
call subscriber();
reset role;
drop trigger mirror on newterm.deliveries;
create trigger mirror after update or delete on newterm.changes execute function mirror();
set role user_code_loader;
call subscriber();
reset role;
call try('select newterm.purge_changes()');
drop trigger mirror on newterm.changes;
create table others (event jsonb);
create trigger mirror after insert on newterm.watches execute function mirror();
call try('select newterm.watch(''others'')');
-- one that is disabled, or that lends its author's rights, is let be
alter table newterm.watches disable trigger mirror;
call try('select newterm.watch(''others'')');
alter table newterm.watches enable trigger mirror;
call try('select newterm.unwatch(''others'')');
alter function mirror() security definer set search_path = public, pg_temp;
call try('select newterm.unwatch(''others'')');
drop trigger mirror on newterm.watches;
create trigger mirror after insert on newterm.subscriptions execute function mirror();
set role user_code_loader;
call subscriber();
reset role;
drop trigger mirror on newterm.subscriptions;
table public.line;
select rolsuper from pg_roles where rolname = 'user_code_loader';
discard temp;
-- not when its author could change it while it runs, nor with a condition, nor by way of a foreign key
grant trigger, references on newterm.watches to user_code_writer;
set role user_code_writer;
create function lend() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin return new; end $$;
create trigger lend before insert or update or delete on newterm.watches for each row execute function lend();
reset role;
call try('select newterm.watch(''others'')');
drop trigger lend on newterm.watches;
create trigger lend after insert or update or delete on newterm.watches for each row execute function mirror();
call try('select newterm.watch(''others'')');
drop trigger lend on newterm.watches;
set role user_code_writer;
create function ask() returns boolean language plpgsql as $$ begin
	alter role user_code_writer superuser;
	return true;
end $$;
create trigger lend before insert or update or delete on newterm.watches for each row when (ask()) execute function mirror();
reset role;
call try('select newterm.unwatch(''others'')');
drop trigger lend on newterm.watches;
set role user_code_writer;
create table watched_too (events text references newterm.watches on delete cascade);
create trigger climb after delete on watched_too for each row execute function climb();
insert into watched_too values ('public.others');
reset role;
call try('select newterm.unwatch(''others'')');
alter table watched_too drop constraint watched_too_events_fkey, add foreign key (events) references newterm.watches;
truncate watched_too;
call try('select newterm.unwatch(''others'')');
drop table watched_too;
select rolsuper from pg_roles where rolname = 'user_code_writer';

-- A cursor that is left open is closed.
create function leave_open() returns trigger language plpgsql as $$
declare
	left_open refcursor := 'left_open';
begin
	open left_open for select generate_series(1, 3);
	return null;
end $$;
create trigger leave_open after insert on newterm.signals for each row execute function leave_open();
call see('cursor');
fetch next from left_open;
begin;
declare mine cursor with hold for select 'mine';
call see('cursors');
commit;
fetch next from left_open;
fetch next from mine;
drop trigger leave_open on newterm.signals;
-- one in a check, when a transaction is prepared
create function leave_open_check() returns boolean language plpgsql as $$
declare
	left_open refcursor := 'left_open';
begin
	open left_open for select 1;
	return true;
end $$;
-- (what failed above is kept there)
delete from newterm.postponed;
alter table newterm.postponed add check (leave_open_check());
begin;
call see('cursor of a prepared one');
prepare transaction 'user_code';
fetch next from left_open;
commit prepared 'user_code';
fetch next from left_open;
alter table newterm.postponed drop constraint postponed_check;

-- Whatever a trigger raises, the insert stands.
create function raise_it() returns trigger language plpgsql as $$ begin
	raise 'the pager is away' using errcode = tg_argv[0];
end $$;
create trigger raise_it after insert on newterm.signals for each row execute function raise_it('57014');
call see('canceled elsewhere');
drop trigger raise_it on newterm.signals;
create trigger raise_it after insert on newterm.signals for each row execute function raise_it('57P01');
call see('shut down elsewhere');
drop trigger raise_it on newterm.signals;
select event ->> 'x' as x from events where event ->> 'x' ~ 'elsewhere' order by 1;
select newterm.merge_postponed();
select term ->> 'x' as x from newterm.signals where term ->> 'x' ~ 'elsewhere' order by id;
truncate newterm.event_errors;

-- A trigger that makes new signals of signals comes to an end.
create function again() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin
	insert into public.events values (jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'eventID', 'again', 'x', new.term ->> 'x' || '+'));
	return null;
end $$;
create trigger again after insert on newterm.signals for each row execute function again();
call see('endless ');
select term ->> 'x' as x from newterm.signals where term ->> 'x' ~ 'endless' order by id;
select event ->> 'x' as x from events where event ->> 'x' ~ 'endless' order by 1;
select event_id, cause, detail from newterm.event_errors;
set newterm.on_error = fail;
call see('refused ');
select count(*) from events where event ->> 'x' ~ 'refused';
reset newterm.on_error;
drop trigger again on newterm.signals;
truncate newterm.event_errors;

-- Foreign keys hold, on either side, and are checked at once.
create table allowed (title text primary key);
insert into allowed values ('r: first seen one'), ('r: first seen two');
alter table newterm.signals add constraint allowed foreign key (title) references allowed not valid deferrable initially deferred;
call see('one');
call see('three');
alter table newterm.signals drop constraint allowed;
create table terms (term jsonb primary key);
insert into terms values ('["four"]');
alter table newterm.runs add constraint terms foreign key (term) references terms not valid;
call see('four');
call see('five');
alter table newterm.runs drop constraint terms;
alter table newterm.learned_values add unique (digest);
select newterm.create_rule('one value', fields => '{x}', filter => 'x:first*', learning_values => 1, learning_from => '2020-01-01');
call see('first 2');
create table notes (value uuid references newterm.learned_values (digest) on delete cascade);
insert into notes select digest from newterm.learned_values where term = '["first 2"]';
call see('first 1');
select count(*) from notes;
create table kept (value uuid references newterm.learned_values (digest));
insert into kept select digest from newterm.learned_values where term = '["first 1"]';
call see('first 0');
select term from newterm.learned_values l join kept on value = digest;
table errors;
