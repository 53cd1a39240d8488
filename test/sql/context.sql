--
-- What a signal says of what was known before: context.
--
create extension newterm;
set timezone to 'UTC';
\set SHOW_CONTEXT never
create table calls (event jsonb);
select newterm.watch('calls');
create function call(day int, who text, what text) returns jsonb language sql as $$
    select jsonb_build_object('eventID', what || ' by ' || who || ' on ' || day, 'eventName', what, 'who', who,
        'eventTime', to_char(timestamp '2024-01-01' + day * interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
$$;
create view contexts as
    select rule, entity ->> 'who' as who, term ->> 'eventName' as term, context - 'entity_since' as context,
        extract(epoch from (context ->> 'entity_since')::timestamptz - '2024-01-01Z')::int / 86400 as since
    from newterm.signals order by id;
select newterm.create_rule('r', '{eventName}', group_by => '{who}', learning => '100 days', learning_from => '2024-01-01Z', forget_after => null,
    filter => 'who:(busy OR rare OR new OR late OR grouped)');

-- learned: 3 terms of a busy entity, 1 of another, and one that both know
insert into calls values (call(1, 'busy', 'A')), (call(2, 'busy', 'B')), (call(90, 'busy', 'C')), (call(5, 'rare', 'A'));
-- the third new term of a busy entity within 30 days; what was learned lately is not new
insert into calls values (call(101, 'busy', 'D'));
insert into calls values (call(110, 'busy', 'E'));
insert into calls values (call(120, 'busy', 'F'));
-- of an entity that others have known the term of; of one that nobody knew; first ever, anywhere
insert into calls values (call(121, 'rare', 'B'));
insert into calls values (call(122, 'new', 'A'));
insert into calls values (call(123, 'new', 'Z'));
select * from contexts;
-- 43 days later nothing of that is new
insert into calls values (call(163, 'busy', 'G'));
select * from contexts where term = 'G';
-- a late event counts what was known at its time; what came in with it counts by time as well
insert into calls values (call(102, 'late', 'B')), (call(101, 'late', 'A')), (call(100, 'late', 'C'));
select * from contexts where who = 'late';

-- what was forgotten by then is not known; its own earlier run is no other entity's
select newterm.create_rule('forgets', '{eventName}', group_by => '{who}', learning => '0', learning_from => '2024-01-01Z', forget_after => '30 days', filter => 'who:f*');
insert into calls values (call(1, 'f1', 'A')), (call(1, 'f2', 'A')), (call(20, 'f1', 'B'));
insert into calls values (call(40, 'f1', 'A')), (call(41, 'f2', 'A'));
select * from contexts where rule = 'forgets';

-- without group_by the rule is the one entity; with a clock for each entity the same
select newterm.create_rule('whole', '{eventName}', learning => '0', learning_from => '2024-01-01Z', filter => 'who:all');
insert into calls values (call(1, 'all', 'A')), (call(2, 'all', 'B'));
select * from contexts where rule = 'whole';
select newterm.create_rule('each', '{eventName}', group_by => '{who}', learning_scope => 'entity', learning => '1 day', filter => 'who:ed');
insert into calls values (call(1, 'ed', 'A')), (call(1, 'ed', 'B'));
insert into calls values (call(3, 'ed', 'C'));
select * from contexts where rule = 'each';

-- of a grouped signal it is that of its first detection
select newterm.alter_rule('r', '{"keep_alive": "1 day", "max_duration": "3 days"}');
insert into calls values (call(300, 'grouped', 'A')), (call(301, 'grouped', 'B'));
insert into calls values (call(302, 'grouped', 'C'));
select c.*, s.terms from contexts c join newterm.signals s on s.entity ->> 'who' = c.who where who = 'grouped';

-- counts end at 100, of an entity, of what is new in it, of others that know a term
select newterm.create_rule('many', '{eventName}', group_by => '{who}', learning => '1 day', learning_from => '2024-03-01Z', forget_after => null, filter => 'who:m*');
insert into calls select call(60, 'm', 'T' || i) from generate_series(1, 120) i;
insert into calls select call(60, 'm' || i, 'T1') from generate_series(1, 120) i;
insert into calls values (call(100, 'm', 'New'));
insert into calls values (call(101, 'mx', 'T1'));
select who, term, context from contexts where rule = 'many';
insert into calls select call(102, 'm', 'U' || i) from generate_series(1, 120) i;
insert into calls values (call(103, 'm', 'Newer'));
select who, term, context from contexts where rule = 'many' and term = 'Newer';

-- many signals of an entity in a statement, and more entities than are kept, are as those of statements of their own
select newterm.create_rule('bulk', '{eventName}', group_by => '{who}', learning => '0', learning_from => '2024-01-01Z', forget_after => null, filter => 'who:e*');
insert into calls select call(200 + n, 'e' || who, 'E' || n || ' of ' || who) from generate_series(1, 3) n, generate_series(1, 1500) who;
select context - 'entity_since' as context, count(*), array_agg(distinct left(term ->> 'eventName', 2)) as terms,
    array_agg(distinct extract(epoch from (context ->> 'entity_since')::timestamptz - '2024-01-01Z')::int / 86400) as since
from newterm.signals where rule = 'bulk' group by 1 order by 3;
insert into calls values (call(204, 'e7', 'E4'));
select who, term, context, since from contexts where who = 'e7' and term = 'E4';

-- where an index is missing, that is not said
drop index newterm.runs_term_key;
insert into calls values (call(400, 'busy', 'New')) ;
select jsonb_object_keys(context) from newterm.signals where entity ->> 'who' = 'busy' and term ->> 'eventName' = 'New' order by 1;
select count(*) from newterm.event_errors;
