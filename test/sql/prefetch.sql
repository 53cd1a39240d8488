-- Behind sixteen known events the next one waits for its terms (src/ingest/prefetch.c): it is judged
-- when another event comes, or at the end of the transaction, and goes with its savepoint.
set timezone = 'UTC';
create extension newterm;
create table events (id int generated always as identity, event jsonb);
select newterm.watch('events');
select newterm.create_rule('x', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => null);
create function event_of(x text, more jsonb default '{}') returns jsonb immutable return
	jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'x', x) || more;
insert into events (event) values (event_of('known'));
create procedure known_ones() begin atomic
	insert into events (event) select event_of('known') from generate_series(1, 20);
end;
create procedure see(x text, more jsonb default '{}') begin atomic
	insert into events (event) values (event_of(x, more));
end;
-- what was detected since the last call, and by which event
create table told (detection_id bigint);
create function detected() returns table (term text, event text, status text) begin atomic
	with new as (insert into told select id from newterm.detections except table told returning detection_id)
	select coalesce('x ' || (d.term ->> 'x'), 'y ' || (d.term ->> 'y')), event_id, d.status
	from newterm.detections d join new on detection_id = id order by 1;
end;
select * from detected();

-- the last one of a transaction, and one with others behind it
begin; call known_ones(); call see('last', '{"eventID": "1"}'); commit;
select * from detected();
begin; call known_ones(); call see('not last', '{"eventID": "2"}'); call known_ones(); call see('known', '{"eventID": "3"}'); commit;
select * from detected();
-- several in a row, in one statement
begin;
insert into events (event) select event_of('row ' || greatest(i, 20)) from generate_series(1, 22) i;
insert into events (event) select event_of(case when i % 20 > 16 then 'some ' || i else 'known' end) from generate_series(1, 40) i;
commit;
select term from detected();
-- the same new one twice, and an earlier sighting of it last
begin; call known_ones(); call see('twice', '{"eventID": "4"}'); call see('twice', '{"eventID": "5"}'); call known_ones();
call see('twice', '{"eventID": "6", "eventTime": "2023-12-31T23:59:59Z"}'); commit;
select * from detected();

-- its savepoint is rolled back
begin; call known_ones(); savepoint s; call see('rolled back'); rollback to s; commit;
select * from detected();
-- it came before the savepoint
begin; call known_ones(); call see('before', '{"eventID": "7"}'); savepoint s; call see('rolled back'); rollback to s; commit;
select * from detected();
begin; call known_ones(); call see('before a known one'); savepoint s; call known_ones(); rollback to s; commit;
select term from detected();
begin; call known_ones(); call see('before nothing'); savepoint s; rollback to s; commit;
select term from detected();
-- its savepoint is released
begin; call known_ones(); savepoint s; call see('released'); release s; commit;
select term from detected();
-- that of a savepoint around it is rolled back, or is not
begin; call known_ones(); savepoint s; savepoint t; call see('rolled back'); release t; rollback to s; commit;
select term from detected();
begin; savepoint s; call known_ones(); call see('outer'); savepoint t; call see('inner'); savepoint u; call see('rolled back');
rollback to u; release t; release s; commit;
select term from detected();
-- a subtransaction for each event, every other of which fails
do $$
begin
	for i in 1..60 loop
		begin
			call see(case when i between 37 and 40 then 'block ' || i else 'known' end);
			if i % 2 = 0 then
				raise 'no';
			end if;
		exception when raise_exception then
		end;
	end loop;
end $$;
select term from detected();
-- the transaction is rolled back
begin; call known_ones(); call see('rolled back'); rollback;
call known_ones();
select term from detected();

-- the row is gone when it is judged, by deletion, change, truncation and with its table; the event of the last two as well
begin; call known_ones(); call see('deleted', '{"eventID": "8"}'); delete from events where event ->> 'x' = 'deleted'; commit;
begin; call known_ones(); call see('changed', '{"eventID": "9"}'); update events set event = event_of('other') where event ->> 'x' = 'changed'; commit;
begin; call known_ones(); call see('truncated', '{"eventID": "10"}'); truncate events; commit;
create table gone (like events);
select newterm.watch('gone');
begin; call known_ones(); insert into gone (id, event) values (0, event_of('dropped', '{"eventID": "11"}')); drop table gone; commit;
select * from detected();

-- the rules change meanwhile
begin; call known_ones(); call see('old rule', '{"y": "early"}');
select newterm.create_rule('y', fields => '{y}', learning => '0', learning_from => '2020-01-01');
call see('old rule', '{"y": "late"}'); commit;
select * from detected();
begin; call known_ones(); call see('disabled'); select newterm.disable_rule('x'); commit;
select term from detected();

-- the rules cannot be loaded any more: the event waits until they can, as the one behind it
select newterm.enable_rule('x');
call see('known');
create table filters as select id, filter from newterm.rule_versions;
begin; call known_ones(); call see('unjudged', '{"eventID": "12"}');
set local session_replication_role = replica; update newterm.rule_versions set filter = '('; set local session_replication_role = origin; update newterm.rules set title = title;
call see('behind', '{"eventID": "13"}'); commit;
select event_id, cause, events from newterm.event_errors order by 1;
set session_replication_role = replica;
update newterm.rule_versions v set filter = f.filter from filters f where f.id = v.id;
reset session_replication_role;
update newterm.rules set title = title;
select newterm.merge_postponed();
select rule, term ->> 'x' as x, event_id from newterm.detections where event_id in ('12', '13') order by 1, 2;

-- the extension is dropped meanwhile, and comes back
begin; call known_ones(); call see('at the end'); set client_min_messages = warning; drop extension newterm cascade; commit;
create extension newterm;
select newterm.watch('events');
begin; insert into events (event) values (event_of('again')); commit;
select count(*) from newterm.detections;
