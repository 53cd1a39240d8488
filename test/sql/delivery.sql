-- Subscriptions: what they hand out, in which order, until when; what fails, is parked, purged, missed.
\set SHOW_CONTEXT never
set timezone = 'UTC';
set datestyle = 'ISO';
create extension newterm;
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('names', '{eventName}', learning => '0', learning_from => '2024-03-01', severity => 'medium');
select newterm.create_rule('agents', '{userAgent}', learning => '0', learning_from => '2024-03-01', severity => 'high');
create procedure see(variadic names text[]) language sql as $$
	insert into events select jsonb_build_object('eventName', n, 'eventTime', '2024-03-02T00:00:00Z') from unnest(names) n $$;
create procedure see_agent(agent text) language sql as $$
	insert into events values (jsonb_build_object('userAgent', agent, 'eventTime', '2024-03-02T00:00:00Z')) $$;
-- what a call hands out, in short
create function next(name text, max int default 100, lease interval default '1 minute')
	returns table (pos bigint, kind text, attempt int, epoch bigint, title text) language sql as $$
	select pos, kind, attempt, epoch, signal ->> 'title' from newterm.next_signals(name, max, lease) $$;
create view status as select subscription, waiting, in_flight, parked, last_success is not null as success, last_error, lapsed from newterm.delivery order by 1;

-- where a subscription begins
call see('before');
select newterm.subscribe('now');
select newterm.subscribe('all', since => 'beginning');
select newterm.subscribe('high', 'high');
select newterm.subscribe('agents', rules => '{agents}');
select newterm.subscribe('typo', rules => '{agent,names,agnet,agent}');
call see('one', 'two');
call see_agent('curl');
-- waiting also what has no position yet
table status;
select * from next('now');
select * from next('all', 2);
select * from next('all');
select * from next('all');
select * from next('high');
select * from next('agents');
select * from next('typo');
select position, kind, signal_id from newterm.changes order by position;
table status;

-- what is handed out: all columns, and the signal as it is now
select newterm.acknowledge('now', '{2,3,4}', 1), newterm.acknowledge('high', '{4}', 4);
call see('whole');
-- (in a statement of its own: positions that it gives are not there yet for the statement that calls it)
create temp table handed as select * from newterm.next_signals('now');
select n.pos, n.change = c.uuid as change, n.kind, n.reason, n.changed_at = c.changed_at as changed_at, n.attempt, n.epoch, n.signal_id,
	n.signal = to_jsonb(s) - '{group_digest,rule_id}'::text[] as signal
from handed n join newterm.changes c on c.position = n.pos join newterm.signals s on s.id = n.signal_id;

-- acknowledging: what is there, once, by whom it was handed out
select newterm.acknowledge('now', '{5}', 6) as other_epoch;
select newterm.acknowledge('now', '{5,5,99,null}', 7) as once, newterm.acknowledge('now', '{5}', 7) as again;
table status;

-- a lease that ran out: another one gets it, and the first one is late
call see('lease');
select * from next('now', 1, '1 microsecond');
select * from next('now');
select newterm.acknowledge('now', '{6}', 8) as late;
select newterm.acknowledge('now', '{6}', 9) as right_one;
-- one that ran out but was not handed out again still counts
call see('slow');
select * from next('now', 1, '1 microsecond');
select newterm.acknowledge('now', '{7}', 10) as slow;

-- failing: after a while, or uncounted, or never again
call see('fails');
select * from next('now');
select newterm.fail('now', '{8}', 10, 'wrong epoch') as other_epoch, newterm.fail('now', '{8}', 11, 'HTTP 503', '1 hour') as failed;
select * from next('now');
table status;
select oldest = (select changed_at from newterm.changes where position = 8) as oldest from newterm.delivery where subscription = 'now';
select position, attempt, epoch, free_at - now() between '59 minutes' and '1 hour' as waits, parked_at, error from newterm.deliveries where subscription = 'now';
update newterm.deliveries set free_at = now() where subscription = 'now';
select * from next('now');
select newterm.fail('now', '{8}', 12, 'HTTP 429', '0', counts => false) as uncounted;
select * from next('now');
select newterm.fail('now', '{8}', 13, retry_after => '-1 hour') as no_error;
select * from next('now');
select newterm.fail('now', '{8}', 14, 'HTTP 400: no', NULL) as parked;
select * from next('now');
table status;
select newterm.unpark('now', '{7}') as other, newterm.unpark('now') as unparked;
select * from next('now');
select newterm.acknowledge('now', '{8}', 15);
select subscription, last_error, last_success > last_error_at as better from newterm.delivery where subscription = 'now';

-- a poison change: ten attempts, and what comes behind it goes on
select newterm.unsubscribe('all'), newterm.unsubscribe('high'), newterm.unsubscribe('agents'), newterm.unsubscribe('typo');
call see('a poison', 'behind');
do $$ begin
	for i in 1 .. 9 loop
		perform * from newterm.next_signals('now', 1, '1 microsecond');
	end loop;
end $$;
select * from next('now', 1, '1 microsecond');
select * from next('now');
table status;
select position, attempt, parked_at is not null as parked, error from newterm.deliveries order by position;
-- the tenth worker comes back at last
select newterm.acknowledge('now', '{9}', 25) as late, newterm.acknowledge('now', '{10}', 26);
table status;
call see('poison 2');
do $$ declare n record; begin
	for i in 1 .. 10 loop
		for n in select * from newterm.next_signals('now') loop
			perform newterm.fail('now', array[n.pos], n.epoch, 'attempt ' || n.attempt, '0');
		end loop;
	end loop;
end $$;
select * from next('now');
select position, attempt, parked_at is not null as parked, error from newterm.deliveries order by position;
-- somebody gives it up
select newterm.acknowledge('now', '{11}', NULL) as given_up;
call see('not parked');
select * from next('now');
select newterm.acknowledge('now', '{12}', NULL) as not_parked, newterm.acknowledge('now', '{12}', 37);

-- kinds, and one order; a signal that is gone
begin;
update newterm.signals set status = 'under_review', assignee = 'somebody' where id = 1;
update newterm.signals set status = 'archived', archive_reason = 'false_positive' where id = 1;
update newterm.signals set status = status, title = title where id = 1;
update newterm.signals set assignee = null where id = 1;
update newterm.signals set origin = 'backfill' where id = 2;
update newterm.signals set assignee = 'somebody' where id = 2;
commit;
select pos, kind, reason, signal_id, signal ->> 'status' as status from newterm.next_signals('now');
call see('deleted');
delete from newterm.signals where id = (select max(id) from newterm.signals);
select pos, kind, signal_id is not null as id, signal from newterm.next_signals('now');

-- purging: by position and acknowledgement, never by time
select newterm.unsubscribe('now');
select newterm.subscribe('quick'), newterm.subscribe('slow');
call see('p1', 'p2', 'p3', 'p4', 'p5', 'p6');
update newterm.changes set changed_at = '2000-01-01' where position is null;
select newterm.purge_changes();
select position - (select min(position) from newterm.deliveries) as n, changed_at from newterm.changes order by position desc limit 6;
set newterm.keep_changes = 4;
select count(*) from next('quick');
select newterm.acknowledge('quick', array_agg(position), 40) from newterm.deliveries;
-- the slow one has read nothing
select newterm.purge_changes();
select count(*) from newterm.changes;
select pos, title from next('slow', 2);
set newterm.keep_unacknowledged = 5;
select newterm.purge_changes();
select count(*) from newterm.changes;
table status;
select newterm.acknowledge('slow', '{17,18}', 41) as missed_one;
select newterm.purge_changes();
select count(*) from newterm.changes;
select title from next('slow');
reset newterm.keep_changes;
reset newterm.keep_unacknowledged;
-- reading purges by itself, every 1000 positions
select newterm.unsubscribe('slow');
set newterm.keep_changes = 10;
insert into events select jsonb_build_object('eventName', 'many ' || i, 'eventTime', '2024-03-02T00:00:00Z') from generate_series(1, 2000) i;
select count(*) from newterm.next_signals('quick', 3000);
select count(*) from newterm.changes;
select newterm.acknowledge('quick', array_agg(position), 43) from newterm.deliveries;
insert into events select jsonb_build_object('eventName', 'more ' || i, 'eventTime', '2024-03-02T00:00:00Z') from generate_series(1, 1000) i;
select count(*), max(pos) - min(pos) as gap from newterm.next_signals('quick', 3000);
select count(*) from newterm.changes;
reset newterm.keep_changes;

-- where nobody reads, positions are given by purging alone
select newterm.unsubscribe('quick');
set newterm.keep_changes = 0;
select newterm.purge_changes();
select (select count(*) from newterm.changes) as changes, (select count(*) from newterm.deliveries) as deliveries;
reset newterm.keep_changes;

-- any argument
select newterm.subscribe(null);
select newterm.subscribe('');
select newterm.subscribe('x', 'urgent');
select newterm.subscribe('x', since => 'yesterday');
select newterm.subscribe('nulls', null, '{null}', null);
select newterm.subscribe('nulls');
select newterm.subscribe('plain', null, null, null);
select newterm.unsubscribe(null);
select newterm.unsubscribe('x');
select * from newterm.next_signals(null);
select * from newterm.next_signals('x');
select * from newterm.next_signals('plain', 0);
select * from newterm.next_signals('plain', 1, '0');
select * from newterm.next_signals('plain', 1, '-1 day');
select * from newterm.next_signals('plain', 1, '1000 years');
call see('nulls');
select title from next('plain', null, null);
select * from next('nulls');
select newterm.acknowledge('plain', null, null), newterm.acknowledge('plain', '{}', 1), newterm.acknowledge('plain', '{1,2}', null);
select newterm.acknowledge(null, '{1}', 1);
select newterm.fail('plain', null, null, null, null, null), newterm.fail('plain', '{1}', null);
select newterm.fail('x', '{1}', 1);
select newterm.fail('plain', array_agg(position), 45, repeat('é', 3000), '1000 years', null) from newterm.deliveries where subscription = 'plain';
select length(error), free_at < now() + '2 years' as bounded from newterm.deliveries where subscription = 'plain';
select newterm.unpark(null);
select newterm.unpark('plain', null), newterm.unpark('plain', '{}');
select newterm.tell(null, 1, 'r', 'high', 't', '{}', '{}', now(), null, null);
select newterm.tell('update', 1, 'r', 'high', 't', '{}', '[1, null, "x"]', 'infinity', null, null);
select newterm.number_changes(), newterm.number_changes();

-- for those who are granted to
create role test_delivery;
grant select on newterm.delivery to test_delivery;
set role test_delivery;
select count(*) from newterm.delivery;
select * from newterm.next_signals('plain');
select newterm.subscribe('mine');
select newterm.unsubscribe('plain');
select newterm.acknowledge('plain', '{1}', 1);
select newterm.fail('plain', '{1}', 1);
select newterm.unpark('plain');
select newterm.number_changes();
select newterm.purge_changes();
select newterm.purge_numbered(1);
select newterm.settle_positions();
select newterm.lock_positions();
select newterm.check_subscription('plain');
select newterm.note_outcome('plain', 'success', null);
select newterm.tell('new', 1, 'r', 'high', 't', '{}', '{}', now(), null, null);
set newterm.channel = 'mine';
set newterm.keep_changes = 0;
set newterm.keep_unacknowledged = 0;
reset role;
grant execute on function newterm.next_signals, newterm.acknowledge, newterm.fail to test_delivery;
delete from newterm.deliveries;
call see('granted');
set role test_delivery;
select * from next('plain') \gset granted_
select :'granted_title', newterm.acknowledge('plain', array[:granted_pos], :granted_epoch);
select count(*) from newterm.signals;
reset role;
-- triage by somebody who may only triage
create role test_delivery_analyst;
grant select (id), update (status) on newterm.signals to test_delivery_analyst;
set role test_delivery_analyst;
update newterm.signals set status = 'under_review' where id = 3;
reset role;
select kind, reason, signal_id from newterm.next_signals('plain');
revoke all on function newterm.next_signals, newterm.acknowledge, newterm.fail from test_delivery;
drop owned by test_delivery, test_delivery_analyst;
drop role test_delivery, test_delivery_analyst;

-- isolation levels whose snapshot is older than the lock
begin isolation level repeatable read;
select * from newterm.next_signals('plain');
rollback;
begin isolation level serializable;
select newterm.subscribe('serializable');
rollback;
-- acknowledging is anybody's statement
call see('repeatable');
select * from next('plain') \gset repeatable_
begin isolation level repeatable read;
select newterm.acknowledge('plain', array[:repeatable_pos], :repeatable_epoch);
commit;
select subscription, waiting, in_flight from newterm.delivery;

-- rolled back: as if nothing had happened
call see('rolled back');
begin;
select title, attempt from next('plain');
rollback;
select title, attempt from next('plain');

-- the channel
set newterm.channel = '';
set newterm.channel = 'a_name_of_more_than_sixty_three_bytes_which_no_channel_of_postgresql_has';
