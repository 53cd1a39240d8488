-- load_log: AWS log files and records one after another into a watched table.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
select newterm.load_log('{}');
create table events (note text default 'loaded', event jsonb);
select newterm.load_log('{}', 'events');
select newterm.watch('events');
select newterm.create_rule('x', fields => '{x}', learning => '0');
select newterm.load_log('{"Records":[{"eventTime":"2024-01-01T00:00:00Z","x":1},{"eventTime":"2024-01-01T00:00:00Z","x":2.50}]}');
-- one record a line, and several files one after another
select newterm.load_log(E'{"x":"a"}\n\n{"x":"b"}\r\n  {"x":"c"}  \n');
select newterm.load_log('{"Records":[{"x":"d"}]}{"Records":[]} {"Records":[{"x":"e"},{"x":"f"}]}');
select newterm.load_log(''), newterm.load_log('   '), newterm.load_log('{"Records":[]}');
-- a record that has a member of that name without being a log file
select newterm.load_log('{"Records":"none","x":"g"}');
select * from events;
select term from newterm.detections where (term->>'x') ~ '^[0-9]' order by 1;
-- NUL and lone surrogates
select newterm.load_log('{"Records":[{"x":"\u0000 \ud800"}]}');
select event from events order by event->>'x' desc limit 0;
select event from events where event->>'x' ~ '[^a-z0-9.]';
-- U+0000 in keys, and large integers beside what jsonb cannot hold
select newterm.load_log('{"Records":[{"x":"\\u0000 \ud800","large":12345678901234567890},{"x\u0000":"\u0000","x":"K"}]} {"x":"L","large":-98765432109876543210.0}');
select event from events where event->>'x' ~ '[^a-z0-9.]';
select newterm.load_log('{"x":"M"} {"Records":[{"x":12345678901234567890},{"x":"\u0000"},' || E'\n' || '{"x":1e501}]}');
select newterm.load_log('{"x":"M"} {"Records":[{"x":' || repeat('7', 501) || '}]}');
-- damaged: nothing is loaded, and it says where
select count(*) from events;
select newterm.load_log(E'{"Records":[{"x":"h"},\n{"x":"i"');
select newterm.load_log(E'{"x":"h"}\n{"x" "i"}');
select newterm.load_log('{"Records":[{"x":"h"},12]}');
select newterm.load_log('[1]');
select newterm.load_log('{"x":' || repeat('[', 300) || repeat(']', 300) || '}');
select count(*) from events;
-- json and text columns, and tables that must be named
create table texts ("the event" text);
create table jsons (event json);
select newterm.watch('texts'), newterm.watch('jsons');
select newterm.load_log('{"x":"k"}');
select newterm.load_log('{"x":"k"}', 'texts'), newterm.load_log('{"x":"k"}', 'jsons');
select * from texts;
select * from jsons;
