-- Titles and messages: what the event does not give comes from term and entity, nothing is blank, and nothing hides.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table events (event jsonb);
select newterm.watch('events');
create procedure see(event jsonb) language sql as $$
	insert into events values (jsonb_build_object('eventTime', '2024-01-01T00:00:00Z') || event) $$;
create view texts as select rule, title, message from newterm.signals order by id;
create procedure empty() language plpgsql as $$ begin
	delete from newterm.signals;
	perform newterm.drop_rule(name) from newterm.rules;
end $$;

-- what placeholders give: the event first, then term and entity, then "?"
select newterm.create_rule('given', fields => '{@a,"requestParameters.\"b.c\"",lower(d),$outcome}', group_by => '{$principal,e}',
	learning => '0', optional_group_by => true,
	title => '{{rule.name}} {{rule.severity}}: {{a}} {{@a}} {{ requestParameters."b.c" }} {{lower(d)}} {{d}} {{$outcome}} {{$principal}} {{e}}',
	message => '{{term.a}} {{term.@a}} {{term.lower(d)}} {{term.e}} {{entity.e}} {{entity.a}} {{entity.$principal}} {{term}} {{entity}} {{nothing}} {{eventTime}}');
call see('{"a": ["x", "y"], "requestParameters": {"b.c": 1.50}, "d": "D", "e": true, "userIdentity": {"type": "Root", "arn": "arn:root"}}');
-- as many terms as a has elements, each with the event's list; a term alone shows itself
select * from texts;
-- the same without an event: it is gone before the commit
begin;
call see('{"a": ["x", "y"], "requestParameters": {"b.c": "z"}, "d": "D"}');
truncate events;
commit;
select title, message, event is null as gone from newterm.signals where id > 2 order by id;

-- in language kql both the record's names and Elastic's stand for a column
call empty();
select newterm.create_rule('ecs', fields => '{event.action}', group_by => '{source.ip}', learning => '0', language => 'kql',
	title => '{{event.action}} = {{eventName}} from {{source.ip}} = {{sourceIPAddress}}', message => '{{term.eventName}} {{term.event.action}}');
begin;
call see('{"eventName": "Run", "sourceIPAddress": "192.0.2.1"}');
truncate events;
commit;
call see('{"eventName": "Walk", "sourceIPAddress": "192.0.2.1"}');
select * from texts;

-- stored runs are deleted: sessions that know the term note no event for it
call empty();
select newterm.create_rule('deleted', fields => '{a}', group_by => '{e}', learning => '0', title => '{{a}} of {{e}} by {{nobody}}');
call see('{"a": "x", "e": "me"}');
begin;
call see('{"a": "x", "e": "me", "eventTime": "2024-01-01T05:00:00Z"}');
delete from newterm.runs;
commit;
select * from texts;

-- a title is never blank, whatever the template or the event says; values that show nothing are in quotes
call empty();
select newterm.create_rule('blank ' || n, fields => '{a}', group_by => case when n = 1 then '{e}'::text[] else '{}' end, learning => '0', title => title)
from unnest(array['{{a}}', '', ' ', '{{a}} {{a}}', U&'\00a0\200b\3000{{a}}', null]) with ordinality t(title, n);
call see('{"a": "", "e": "me"}');
call see('{"a": " ", "e": "me"}');
call see(jsonb_build_object('a', U&'\2003\feff\2060', 'e', null));
-- (psql's versions differ in how wide they take such characters for)
\pset format unaligned
select rule, title, octet_length(title) from newterm.signals order by id;

-- what does not show is written out; a message keeps the lines of its template, but not those of values
call empty();
select newterm.create_rule(E'na\u202Eme\n', fields => '{a}', learning => '0',
	title => E'{{rule.name}}\t{{a}}\n', message => E'{{rule.name}}:\n\t{{a}}\n\u2066end\r\n');
call see(jsonb_build_object('a', E'one\ntwo\r\tthree\x1b[31m\x7f'));
call see(jsonb_build_object('a', U&'C1 \0080\009f\0085, bidi \202a\202b\202c\202d\202e\2066\2067\2068\2069\200e\200f\061c, lines \2028\2029'));
-- other characters stay: beside those, accents, right-to-left letters, joiners, and backslashes
call see(jsonb_build_object('a', U&'\00a0\00e9 \05d0\0627 \200d\200c \+01f600 \2027\202f\2065\206a \\u202e'));
select title from texts;
select message from texts;
-- the term itself is as it was
select count(*) from newterm.signals s join events e on s.event = e.event and s.term ->> 'a' = e.event ->> 'a';
select newterm.create_rule('long', fields => '{a}', filter => 'long:*', learning => '0', title => '{{a}}');
call see(jsonb_build_object('a', repeat(U&'\202e', 200), 'long', true));
select octet_length(title), right(title, 10) from newterm.signals where rule = 'long';
-- a template that names a long value very often is not filled in to its end
select newterm.create_rule('often', fields => '{a}', filter => 'often:*', learning => '0', title => repeat('{{a}}', 20000), message => repeat('{{a}} ', 20000));
call see(jsonb_build_object('a', repeat('x', 100000), 'often', true));
select octet_length(title), octet_length(message), right(message, 3) from newterm.signals where rule = 'often';
select count(*) from newterm.postponed;
