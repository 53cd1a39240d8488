-- Bad input: no insert fails; each fault is a row in event_errors, or there is plainly no term.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
set datestyle = 'ISO';
create table texts (event text);
create table jsons (event json);
create table jsonbs (event jsonb);
select newterm.watch('texts'), newterm.watch('jsons'), newterm.watch('jsonbs');
select newterm.create_rule('x', fields => '{x}', learning => '0', learning_from => '2020-01-01', forget_after => null);
create view faults as select source, event_id, event_time, cause, detail, events from newterm.event_errors order by id;
-- a transaction for each value: one has a row for each table and cause
create procedure each_alone(into_table regclass, vals text[]) language plpgsql as $$
declare
	value text;
begin
	foreach value in array vals loop
		execute format('insert into %s values (%L)', into_table, value);
		commit;
	end loop;
end $$;

-- no JSON
call each_alone('texts', array['', '  ', 'broken', '{"a":', '{"a":1} {"b":2}', '{''a'':1}', '{"a":NaN}', '{"a":1,}', '{"a":01}', '{"a":/**/1}', '{"a":True}', e'{"a":"\t"}', '{"a":01,"b":99999999999999999999}',
	'{"a":99999999999999999999999999}', '{"a":-99999999999999999999}', '{"a":1e999999}', '[1]', '"text"', '12', 'null', 'true']);
select * from faults;
truncate newterm.event_errors;
-- JSON, but no object
insert into jsonbs values ('[{"x":1}]'), ('"text"'), ('12'), ('null');
insert into jsons values ('[]');
select * from faults;
truncate newterm.event_errors;

-- no usable time: not evaluated
call each_alone('jsonbs', array['{"eventID":"1","x":"no time"}', '{"eventID":"2","eventTime":"yesterday","x":"word"}',
	'{"eventID":"3","eventTime":1700000000,"x":"number"}', '{"eventID":"4","eventTime":"2099-01-01T00:00:00Z","x":"2099"}',
	'{"sharedEventID":"5s","eventID":"5","eventTime":null,"x":"null"}', '{"eventTime":"2024-02-30T00:00:00Z","x":"february"}']);
select * from faults;
select count(*) from newterm.baseline;
truncate newterm.event_errors;
-- variants of ISO 8601 that are usable
insert into jsonbs values ('{"eventTime":"2024-01-01 10:00:00","x":"space"}'), ('{"eventTime":"2024-01-01T10:00:00.123456789+02:00","x":"offset"}'),
	('{"eventTime":"2024-01-01","x":"day"}');
select term->>'x' as x, first_seen from newterm.baseline where first_seen < '2024-02-01' order by 1;
select * from faults;

-- values of every type; missing, null and the empty array show no term
insert into jsonbs values ('{"eventTime":"2024-03-01T00:00:00Z","x":null}'), ('{"eventTime":"2024-03-01T00:00:00Z"}'), ('{"eventTime":"2024-03-01T00:00:00Z","x":[]}'),
	('{"eventTime":"2024-03-01T00:00:00Z","x":[null,[],[[null]]]}');
select count(*) from newterm.baseline where first_seen = '2024-03-01';
insert into jsonbs values ('{"eventTime":"2024-03-01T00:00:00Z","x":["",0,false,1,1.0,1e0,"1",true,"true",{"b":1,"a":[1.50]},{"a":[1.5],"b":1.0},[[2],3]]}');
select jsonb_typeof(term->'x') as type, term from newterm.baseline where first_seen = '2024-03-01' order by term;

-- what jsonb cannot hold is made harmless where text and json bring it
insert into texts values ('{"eventTime":"2024-04-01T00:00:00Z","x":"nul\u0000, high \ud800, low \udc00, pair \ud83d\ude00"}');
insert into jsons values ('{"eventTime":"2024-04-01T00:00:00Z","x":{"a\u0000b":"\u0000"}}');
select term from newterm.baseline where first_seen = '2024-04-01' order by term;

-- letters beyond ASCII, and beside them what no json-c reads by itself
insert into texts values ('{"eventTime":"2024-04-02T00:00:00Z","x":{"Größe":"é😀","many":12345678901234567890123}}');
insert into jsons values ('{"eventTime":"2024-04-02T00:00:00Z","x":"Ärger"}');
select term from newterm.baseline where first_seen = '2024-04-02' order by term;

-- keys are not cut at U+0000, where what is left could be another member's; \\u0000 is a backslash and letters
insert into texts values ('{"eventTime":"2024-04-03T00:00:00Z","eventID":"cut","eventName":"AssumeRole","eventName\u0000x":"Nothing","x":{"\u0000":0,"\\u0000":"\\u0000","\\\u0000":"\\\u0000"}}');
insert into jsons values ('{"eventTime":"2024-04-03T00:00:00Z","eventID":"cut too","eventName":"AssumeRole","eventName\u0000":"Nothing","x":["\\\\u0000","\"\u0000\"12345678901234567890"]}');
select event from newterm.signals where event_id ~ 'cut' order by event_id;
-- large integers keep their digits and take nothing from what stands beside them
insert into texts values ('{"eventTime":"2024-04-04T00:00:00Z","eventID":"large","x":[18446744073709551615,18446744073709551616,-9223372036854775808,-9223372036854775809,1234567890123456789,
	12345678901234567890.50,1e30,"12345678901234567890","\ud800","\u0000","\ud800\u0000",{"12345678901234567890":12345678901234567890}]}');
select event->'x' as x from newterm.signals where event_id = 'large' limit 1;
-- numbers that are refused: what and where
call each_alone('texts', array['{"a":1,"b":[12345678901234567890, -1e501]}', '{"ä":"\u0000","b":1e-501}', '{"a":1.5e+99999999999999999999}', ' {"a":' || repeat('9', 501) || '}', '{"a":0.' || repeat('1', 499) || '}']);
select * from faults;
truncate newterm.event_errors;
insert into texts values ('{"eventTime":"2024-04-05T00:00:00Z","eventID":"long","x":[1e500,1e-500,' || repeat('9', 500) || ',0.' || repeat('1', 498) || ']}');
select jsonb_array_length(event->'x') as numbers, length(event->>'x') as digits from newterm.signals where event_id = 'long' limit 1;

-- a few bytes whose digits would be more than 1 GB of text
select newterm.create_rule('huge', fields => '{y, text(all)}', filter => 'text(all):*owner=me*', learning => '0', learning_from => '2020-01-01',
	title => '{{y}}: {{all.last}}, {{n}}', message => '{{all}}');
insert into jsonbs values (format('{"eventTime":"2024-04-06T00:00:00Z","eventID":"huge","y":1e131071,"n":[1e500,-1e500,1e-501,-7.50,1e20],"all":{"owner":"me","numbers":[%s1],"last":-1e131071}}',
	repeat('1e131071,', 8300))::jsonb);
select title, left(message, 60) as message, length(message), jsonb_array_length(message::jsonb->'numbers') as numbers,
	left(term->>'text(all)', 60) as term, length(term->>'text(all)') from newterm.signals where event_id = 'huge';
select newterm.drop_rule('huge');
-- as long as they may be, and texts as jsonb prints them
select newterm.create_rule('printed', fields => '{y}', learning => '0', learning_from => '2020-01-01', message => '{{y}}');
insert into jsonbs select jsonb_build_object('eventTime', '2024-04-07T00:00:00Z', 'eventID', n::text, 'y', y::jsonb)
	from unnest(array['{}', '{"a":{},"b":[]}', '{"a":[[],[1,[2]],{"b":3}]}', '{"é\"":["\u0001\\",1.50,-0,true,null,{"b":[1,[2,{}],3],"a":"x"}],"z":1e2}',
		'9e499', '-9e499', '{"a":[1e-500,9e499,-9e499]}', '{"a":9.5e-500}']) with ordinality as given(y, n);
select event_id, left(message, 60) as message, length(message), message = event->>'y' as as_printed from newterm.signals where rule = 'printed' order by event_id;
select newterm.drop_rule('printed');
select * from faults;

-- a string of 1 MB, 10,000 nested brackets, more terms than an event may show
insert into jsonbs select jsonb_build_object('eventTime', '2024-05-01T00:00:00Z', 'eventID', 'big', 'x', repeat('long ', 200000));
select length(term->>'x') from newterm.signals where event_id = 'big';
insert into texts select '{"eventTime":"2024-06-01T00:00:00Z","x":' || repeat('[', 10000) || repeat(']', 10000) || '}';
insert into jsonbs select ('{"eventTime":"2024-06-01T00:00:00Z","eventID":"deep","x":' || repeat('[', 5000) || '1' || repeat(']', 5000) || '}')::jsonb;
insert into jsonbs select ('{"eventTime":"2024-06-01T00:00:00Z","x":' || repeat('{"a":', 3000) || '1' || repeat('}', 3000) || '}')::jsonb;
select first_seen, length(term::text) > 10000 as large from newterm.baseline where first_seen >= '2024-06-01' and first_seen < '2024-07-01';
-- more terms than are judged: the first ones in the array's order are
insert into jsonbs select jsonb_build_object('eventTime', '2024-06-02T00:00:00Z', 'eventID', 'many', 'x', jsonb_agg(i order by i desc)) from generate_series(1, 1001) i;
select * from faults;
select count(*), min((term->>'x')::int), max((term->>'x')::int) from newterm.baseline where first_seen = '2024-06-02';
set newterm.max_terms_per_event = 1001;
insert into jsonbs select jsonb_build_object('eventTime', '2024-06-02T00:00:00Z', 'x', jsonb_agg(i)) from generate_series(1, 1001) i;
select count(*) from newterm.baseline where first_seen = '2024-06-02';
reset newterm.max_terms_per_event;

-- a path that nothing has
select newterm.create_rule('nowhere', fields => '{no.such.path}', learning => '0');
insert into jsonbs values ('{"eventTime":"2024-07-01T00:00:00Z","no":"such","x":1}'), ('{"eventTime":"2024-07-01T00:00:00Z","no":{"such":[1,{"path":[]}]}}');
select count(*) from newterm.baseline where rule = 'nowhere';

-- faults inside newterm: a WARNING and rows, or an error where that was asked for
alter table newterm.signals add constraint no_signals check (rule <> 'x') not valid;
truncate newterm.event_errors;
insert into jsonbs values ('{"eventTime":"2024-08-01T00:00:00Z","eventID":"fault","x":"fault"}');
select count(*) from jsonbs where event->>'eventID' = 'fault';
select * from faults;
set newterm.on_error = fail;
\set VERBOSITY terse
insert into jsonbs values ('{"eventTime":"2024-08-01T00:00:00Z","eventID":"fail","x":"fault"}');
select count(*) from jsonbs where event->>'eventID' = 'fail';
reset newterm.on_error;
alter table newterm.signals drop constraint no_signals;
insert into jsonbs values ('{"eventTime":"2024-08-01T00:00:00Z","x":"fault"}');
select count(*) from newterm.signals where term->>'x' = 'fault';
