-- What users put on newterm.signals takes part in what newterm inserts there, with the rights of the role that loads
-- (user_code.sql has what those are).
\set SHOW_CONTEXT never
set timezone = 'UTC';
set datestyle = 'ISO';
create extension newterm;
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('r', fields => '{x}', learning => '0', learning_from => '2020-01-01',
	title => 'saw {{x}}', message => 'it was {{x}} in {{eventID}}', tags => '{t,u}', severity => 'high');
create table log (line text);
create role own_triggers_loader;
grant insert on events, log to own_triggers_loader;
create procedure see(variadic x text[]) language sql as $$
	set local role own_triggers_loader;
	insert into events select jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'eventID', 'of ' || x, 'x', x) from unnest(x) as x $$;
create view said as select id, rule, rule_version, severity, status, assignee, title, message, tags, entity, term, terms, detections,
	first_seen = last_seen as one_time, event_id, event ->> 'x' as x, origin, retracted_at, change_reason, created_at = updated_at as at_once
	from newterm.signals order by id;

-- nothing but defaults
call see('a', 'b');
alter table newterm.signals alter status set default 'under_review', alter assignee set default 'soc';
call see('c');
alter table newterm.signals alter status set default 'open', alter assignee drop default;
\x on
table said;
\x off

-- for each row, before and after, also one that keeps a row out
create function note_row() returns trigger language plpgsql as $$
begin
	insert into public.log values (format('%s row %s, %s', tg_when, new.title, new.severity));
	if tg_when = 'BEFORE' then
		new.severity := 'low';
		if new.title ~ 'unwanted' then
			return null;
		end if;
	end if;
	return new;
end $$;
create trigger before_row before insert on newterm.signals for each row execute function note_row();
create trigger after_row after insert on newterm.signals for each row when (new.title !~ 'quiet') execute function note_row();
call see('d', 'unwanted', 'quiet');
table log;
select title, severity from newterm.signals where id > 3 order by id;
select term, status, signal_id from newterm.detections where id > 3 order by id;
drop trigger before_row on newterm.signals;
drop trigger after_row on newterm.signals;
truncate log;

-- for each statement, with what it inserted
create function note_statement() returns trigger language plpgsql as $$
begin
	if tg_when = 'BEFORE' then
		insert into public.log values ('before statement');
	else
		insert into public.log select 'after statement ' || title from added;
	end if;
	return null;
end $$;
create trigger before_statement before insert on newterm.signals execute function note_statement();
call see('e');
create trigger after_statement after insert on newterm.signals referencing new table as added execute function note_statement();
call see('f');
drop trigger before_statement on newterm.signals;
call see('g');
drop trigger after_statement on newterm.signals;
table log;
truncate log;

-- a deferred constraint's trigger, and a reference to a table of the user's
create constraint trigger at_end after insert on newterm.signals deferrable initially deferred for each row execute function note_row();
call see('h');
drop trigger at_end on newterm.signals;
table log;
truncate log;
create table titles (name text primary key);
insert into titles values ('saw i');
alter table newterm.signals add foreign key (title) references titles not valid;
call see('i');
call see('refused');
select event_id, cause, detail from newterm.event_errors;
alter table newterm.signals drop constraint signals_title_fkey;
select newterm.merge_postponed();

-- a rewrite rule takes no part
create rule also as on insert to newterm.signals do also insert into public.log values ('also ' || new.title);
call see('j');
drop rule also on newterm.signals;
table log;
truncate log;

-- nor does row security
alter table newterm.signals enable row level security, force row level security;
call see('k');
alter table newterm.signals disable row level security, no force row level security;

-- what does not concern an INSERT changes nothing
create trigger on_update before update on newterm.signals for each row execute function note_row();
create table notes (signal bigint references newterm.signals);
call see('l');
table log;
select id, title, severity, tags from newterm.signals where id > 6 order by id;
select term, signal_id from newterm.detections where id > 6 order by id;

-- An event of a usual size stays in the signal's row as it is, a larger one is compressed.
insert into events select jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'x', 'wide ' || n, 'wide', repeat('x', n)) from unnest('{2500, 5000}'::int[]) n;
select title, event = (select e.event from events e where e.event ->> 'x' = s.event ->> 'x') as same,
	pg_column_size(event) < octet_length(event ->> 'wide') as compressed
from newterm.signals s where title ~ 'wide' order by id;
