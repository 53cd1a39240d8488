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
create view faults as select source, event_id, event_time, cause, detail from newterm.event_errors order by id;

-- no JSON
insert into texts values (''), ('  '), ('broken'), ('{"a":'), ('{"a":1} {"b":2}'), ('{''a'':1}'), ('{"a":NaN}'), ('{"a":1,}'), ('{"a":01}'), ('{"a":/**/1}'), ('{"a":True}'), (e'{"a":"\t"}'), ('{"a":01,"b":99999999999999999999}'),
	('{"a":99999999999999999999999999}'), ('{"a":-99999999999999999999}'), ('{"a":1e999999}'), ('[1]'), ('"text"'), ('12'), ('null'), ('true');
select * from faults;
truncate newterm.event_errors;
-- JSON, but no object
insert into jsonbs values ('[{"x":1}]'), ('"text"'), ('12'), ('null');
insert into jsons values ('[]');
select * from faults;
truncate newterm.event_errors;

-- no usable time: evaluated at the transaction's time
insert into jsonbs values ('{"eventID":"1","x":"no time"}'), ('{"eventID":"2","eventTime":"yesterday","x":"word"}'),
	('{"eventID":"3","eventTime":1700000000,"x":"number"}'), ('{"eventID":"4","eventTime":"2099-01-01T00:00:00Z","x":"2099"}'),
	('{"sharedEventID":"5s","eventID":"5","eventTime":null,"x":"null"}'), ('{"eventTime":"2024-02-30T00:00:00Z","x":"february"}');
select * from faults;
select term->>'x' as x, first_seen between now() - interval '1 minute' and now() as at_transaction from newterm.baseline order by 1;
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

-- a string of 1 MB, 10,000 nested brackets, more terms than an event may show
insert into jsonbs select jsonb_build_object('eventTime', '2024-05-01T00:00:00Z', 'eventID', 'big', 'x', repeat('long ', 200000));
select length(term->>'x') from newterm.signals where event_id = 'big';
insert into texts select '{"eventTime":"2024-06-01T00:00:00Z","x":' || repeat('[', 10000) || repeat(']', 10000) || '}';
insert into jsonbs select ('{"eventTime":"2024-06-01T00:00:00Z","eventID":"deep","x":' || repeat('[', 5000) || '1' || repeat(']', 5000) || '}')::jsonb;
insert into jsonbs select ('{"eventTime":"2024-06-01T00:00:00Z","x":' || repeat('{"a":', 3000) || '1' || repeat('}', 3000) || '}')::jsonb;
insert into jsonbs select jsonb_build_object('eventTime', '2024-06-02T00:00:00Z', 'eventID', 'many', 'x', jsonb_agg(i)) from generate_series(1, 1001) i;
select * from faults;
select first_seen, length(term::text) > 10000 as large from newterm.baseline where first_seen >= '2024-06-01' and first_seen < '2024-07-01';
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
