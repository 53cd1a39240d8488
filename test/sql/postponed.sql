-- What cannot be merged waits in newterm.postponed, and stops nobody else's detection; it is given up in the end.
\set SHOW_CONTEXT never
set timezone = 'UTC';
set client_min_messages = warning;
create extension newterm;
create table events (id int generated always as identity, event jsonb);
select newterm.watch('events');
create procedure see(x text, day text default '01-01') begin atomic
	insert into events (event) values (jsonb_build_object('eventTime', '2024-' || day || 'T10:00:00Z', 'eventID', x || ' ' || day, 'x', x));
end;
create view signalled as select term ->> 'x' as x, event_id from newterm.signals order by 1, 2;
create view waiting as select v.rule_id is not null as known_rule, term, event ->> 'eventID' as event, source, attempts, error,
	next_attempt > now() as later from newterm.postponed p left join newterm.rule_versions v on v.id = version_id order by 2;
select newterm.create_rule('x', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => '10 days');
alter table newterm.signals add constraint refuses check (term ->> 'x' !~ 'refused');

-- A prepared transaction shows something that is refused: the others' detection goes on, and what else it showed is merged.
begin; call see('refused a'); call see('b'); call see('refused c'); prepare transaction 'newterm_postponed';
select count(*), max(attempts) as attempts from newterm.postponed;
commit prepared 'newterm_postponed';
select * from signalled;
select * from waiting;
select source, event_id, cause, detail from newterm.event_errors order by event_id;
call see('d');
select * from signalled;

-- In the transaction itself as well: it warns, and records it once.
truncate newterm.event_errors;
begin; call see('e'); call see('refused f'); call see('g'); commit;
select * from signalled;
select * from waiting;
select source, event_id, cause, detail, events from newterm.event_errors order by event_id;

-- A later sighting of what is known, which shows no event, is not lost where a merge fails beside it.
call see('known', '01-02');
begin; call see('known', '01-09'); call see('refused h', '01-09'); commit;
call see('known', '01-18');
select x, event_id from signalled where x = 'known';

-- Ten times, then it is left; by hand it is tried again.
truncate newterm.event_errors;
set client_min_messages = notice;
select newterm.merge_postponed();
set client_min_messages = error;
do $$ begin for i in 1 .. 10 loop perform newterm.merge_postponed(); commit; end loop; end $$;
set client_min_messages = warning;
select term, attempts >= 10 as given_up, error from newterm.postponed order by term;
select event_id, cause, regexp_replace(detail, 'row \d+', 'row N') as detail from newterm.event_errors order by event_id;
call see('i');
select term, attempts from newterm.postponed where attempts < 10;
alter table newterm.signals drop constraint refuses;
call see('j');
select count(*) from newterm.postponed;
select newterm.merge_postponed();
select * from signalled where x ~ 'refused' order by 1;
select count(*) from newterm.postponed;

-- A change of a signal that is refused, likewise.
alter table newterm.signals add constraint refuses check (change_reason is null) not valid;
begin; call see('b'); insert into events (event) values ('{"eventTime": "2023-12-31T10:00:00Z", "eventID": "early b", "x": "b"}'); commit;
select event ->> 'eventID' as event, attempts, error from newterm.postponed;
alter table newterm.signals drop constraint refuses;
select newterm.merge_postponed();
select event_id, change_reason from newterm.signals where term ->> 'x' = 'b';

-- With on_error = fail a fault fails the transaction instead.
alter table newterm.signals add constraint refuses check (term ->> 'x' !~ 'refused') not valid;
set newterm.on_error = fail;
\set VERBOSITY terse
call see('refused k');
reset newterm.on_error;
select count(*) from newterm.postponed;
