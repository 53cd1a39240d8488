-- The merge at the end of a transaction, where something changed since the events were shown.
\set SHOW_CONTEXT never
set timezone = 'UTC';
set datestyle = 'ISO';
create extension newterm;
create table events (id int generated always as identity, event jsonb);
select newterm.watch('events');
create function event_of(x text, at text default '10:00', more jsonb default '{}') returns jsonb immutable return
	jsonb_build_object('eventTime', '2024-01-01T' || at || ':00Z', 'eventID', x || ' ' || at, 'x', x) || more;
create procedure see(x text, at text default '10:00', more jsonb default '{}') begin atomic
	insert into events (event) values (event_of(x, at, more));
end;
create procedure see_many(text) begin atomic
	insert into events (event) select event_of($1 || i) from generate_series(1, 3000) i;
end;
create view found as select rule, term ->> 'x' as x, first_seen::time, event_id, status from newterm.detections
	where term ->> 'x' not like 'many%' order by id;
create view said as select rule, term ->> 'x' as x, event ->> 'eventID' as event, first_seen::time, retracted_at is not null as retracted, change_reason
	from newterm.signals where term ->> 'x' not like 'many%' order by id;
select newterm.create_rule('x', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => null);

-- What left memory is merged first: the second sighting of a term in the transaction is no detection
-- of its own, whose event would be unknown.
set newterm.merge_memory = '64kB';
begin; call see('spilled', '10:00'); call see_many('many '); call see('spilled', '12:00'); commit;
begin; call see('outside', '10:00'); savepoint s; call see_many('many more '); call see('outside', '12:00'); call see_many('many others '); release s; commit;
begin; savepoint s; call see('inside', '10:00'); call see_many('many of s '); release s; call see('inside', '12:00'); commit;
begin; savepoint s; call see('gone', '10:00'); call see_many('many gone '); rollback to s; call see('gone', '12:00'); commit;
select * from found;
select * from said;
-- what a merge that fails showed is kept, what left memory too, and the failure recorded once
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no signals'; end $$;
create trigger refuse before insert on newterm.signals for each row execute function refuse();
select newterm.create_rule('y', fields => '{eventTime,x}', learning => '0', learning_from => '2020-01-01', forget_after => null);
begin; call see_many('many that fail '); commit;
select cause, detail, event_id is not null as sample from newterm.event_errors;
select count(*) as postponed, max(attempts) > 0 as tried, max(error) as error from newterm.postponed;
drop trigger refuse on newterm.signals;
select newterm.merge_postponed();
select rule, count(*), count(distinct event_id) as events from newterm.detections where term ->> 'x' like 'many that fail%' group by 1 order by 1;
select count(*) as postponed from newterm.postponed;
select newterm.drop_rule('y');
reset newterm.merge_memory;
truncate newterm.event_errors;

-- A rule that is disabled before the commit says nothing, not even of a term that came twice.
begin; call see('disabled', '10:00'); savepoint s; call see('disabled', '12:00'); release s; select newterm.disable_rule('x'); commit;
select newterm.enable_rule('x');
select * from found where x = 'disabled';
-- but what it knew was seen again
begin; call see('spilled', '14:00'); select newterm.disable_rule('x'); commit;
select newterm.enable_rule('x');
select last_seen::time from newterm.baseline where term ->> 'x' = 'spilled';

-- A rule whose clocks become those of its entities before the commit: each has its own.
select newterm.create_rule('who', fields => '{x}', filter => 'who:*', group_by => '{who}', learning => '1 hour', learning_from => '2024-01-01 00:00');
call see('a', '00:00', '{"who": "ann"}');
begin; call see('b', '05:00', '{"who": "bob"}'); call see('b', '05:00', '{"who": "cem"}');
select newterm.alter_rule('who', '{"learning_scope": "entity"}'); commit;
select entity, learning_from::time from newterm.clocks where rule = 'who' and entity is not null order by 1;
select newterm.drop_rule('who');

-- Rules that cannot be loaded: what needs them says so, and events that were not evaluated are kept.
select newterm.create_rule('broken', fields => '{x}');
set session_replication_role = replica;
update newterm.rule_versions set filter = '(' where rule_id = (select id from newterm.rules where name = 'broken');
reset session_replication_role;
select newterm.alter_rule('x', '{"learning": "1 day"}');
call see('not evaluated');
select cause, event_id from newterm.event_errors order by id;
truncate newterm.event_errors;
select version_id, event ->> 'eventID' as event, source from newterm.postponed;
select newterm.drop_rule('broken');
select newterm.merge_postponed();
select * from found where x = 'not evaluated';

-- A trigger on signals that changes rules and asks for them, while the merge goes on with those it has.
create function meddle() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	perform newterm.disable_rule('other');
	perform newterm.enable_rule('other');
	perform newterm.test_filter('a:b', new.event);
	return null;
end $$;
select newterm.create_rule('other', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => null);
create trigger meddle after insert on newterm.signals for each row execute function meddle();
insert into events (event) select event_of('meddled ' || i) from generate_series(1, 3) i;
drop trigger meddle on newterm.signals;
select * from said where x like 'meddled%';
select newterm.drop_rule('other');

-- An event that shows too many terms to a rule that was made after it came is recorded.
begin; insert into events (event) select event_of('before the rule', '10:00', jsonb_build_object('many', jsonb_agg(i))) from generate_series(1, 2000) i;
select newterm.create_rule('many', fields => '{many}'); commit;
select cause, detail, event_id from newterm.event_errors;
truncate newterm.event_errors;
select newterm.drop_rule('many');

-- A transaction that turns to reading only after it wrote.
begin; call see('read only'); set transaction read only; commit;
select * from found where x = 'read only';
