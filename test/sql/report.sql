-- newterm.report(): what it says, that nothing of an event is markup in it, that it is bounded.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset null -
set timezone = 'UTC';
set intervalstyle = 'postgres';
set datestyle = 'ISO';
create extension newterm;
create table events (event jsonb);
select newterm.watch('events');

-- the page without its style; its texts, a line each
create function body(page text) returns text language sql as $$ select substr(page, strpos(page, '<body>')) $$;
create function section(page text, anchor text) returns text language sql as
	$$ select substring(body(page) from format('<section id="%s">(.*?)</section>', anchor)) $$;
create function texts(html text) returns setof text language sql as
	$$ select t from regexp_split_to_table(regexp_replace(html, '<title>[^<]*</title>', '', 'g'), '<[^>]*>|\n') t where t !~ '^ *$' $$;
create function event(name text, at timestamptz, more jsonb default '{}') returns jsonb language sql stable as
	$$ select jsonb_build_object('eventName', name, 'eventID', name || ' id', 'eventTime', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'who', 'ann') || more $$;

-- of nothing
select regexp_replace(texts(body(newterm.report('2024-03-01', '2024-03-08'))), 'newterm [0-9.]+ at [0-9: -]+', 'newterm (version) at (now)') as empty;

select newterm.create_rule('names', '{eventName}', group_by => '{who}', learning => '1 day', learning_from => '2024-03-01', severity => 'high',
	title => '{{who}} called {{eventName}}', message => E'That is new.\n\nAsk {{who}}.\n\nThen look on.', tags => '{tactic:TA0001,ours}');
select newterm.create_rule('watched only', '{eventName}', learning => '0', learning_from => '2024-03-01', severity => 'low', mode => 'observe');
select newterm.create_rule('off', '{eventName}', enabled => false);
select newterm.create_rule('slow', '{eventName}', learning => '60 days', learning_from => '2024-03-01');
select newterm.create_rule('first', '{eventName}', learning_values => 9000);
select newterm.create_rule('idle', '{eventName}', filter => 'eventName:none', learning_scope => 'entity', group_by => '{who}');
select newterm.create_suppression('known noise', 'eventName:Noise', rules => '{names}', starts_at => '2024-01-01');
insert into events values (event('Learned', '2024-03-01 12:00'));
insert into events values (event('First', '2024-03-03 12:00')), (event('Second', '2024-03-03 12:30')), (event('Third', '2024-03-05 01:00')), (event('Noise', '2024-03-05 02:00'));
insert into events values ('{"eventName": "Timeless", "eventID": "no time", "who": "ann"}'), ('"no object"'), (event('Late', '2024-03-10 12:00'));
-- a record that came late takes one back
insert into events values (event('Second', '2024-03-01 13:00'));
select newterm.triage(array(select id from newterm.signals where term ->> 'eventName' = 'First'), 'archived', 'false_positive', assignee => 'nora') as triaged;
select newterm.subscribe('soc', since => 'beginning');

-- signals belong to a period by the time of their events, its end not included
create table page as select newterm.report('2024-03-01', '2024-03-08') as page;
select texts(substring(body(page) from '<header.*?</header>')) as head from page;
select texts(substring(body(page) from '<div class="tiles">.*?<section')) as tiles from page;
select texts(section(page, 'rules')) as rules from page;
select texts(section(page, 'signals')) as signals from page;
select texts(section(page, 'terms')) as terms from page;
select texts(section(page, 'health')) as health from page;
select regexp_replace(texts(section(page, 'delivery')), '^20.*', 'a time') as delivery from page;
select texts(section(page, 'errors')) as errors from page;
select count(*) as errors_now from texts(section(newterm.report('1 hour'), 'errors')) t where t in ('no_event_time', 'not_an_object', 'no time', 'public.events');
select texts(section(page, 'timeline')) as timeline from page;
select (regexp_matches(page, '<rect class="(\w+)" x="([\d.]+)" y="([\d.]+)" width="0.84" height="([\d.]+)"><title>([^<]*)', 'g'))[1:5] as bars from page;
select newterm.report('2024-03-05 01:00', '2024-03-05 01:00:01') ~ '1 signal: 1 open' as begins_in,
	newterm.report('2024-03-04', '2024-03-05 01:00') ~ 'No signal tells of this time. The newest one is of 2024-03-10 12:00:00: newterm.report\(&#39;2024-03-03&#39;\)' as ends_before;

-- the ways to say since when
select r.said, (regexp_match(newterm.report(r.said, '2024-03-08'), '<p>([^<]*)\. All times'))[1] from unnest('{7 days,1 month,2024-03-01,2024-03-01 12:00+02,P2D,36:00}'::text[]) r (said);
select newterm.report('7 dys');
select (regexp_match(newterm.report(interval '2 days', '2024-03-08'), '<p>([^<]*)\. All times'))[1];
select (regexp_match(newterm.report(timestamptz '2024-03-02 00:00+01', '2024-03-08'), '<p>([^<]*)\. All times'))[1];
select (regexp_match(newterm.report(null::timestamptz, '2024-03-08'), '<p>([^<]*)\. All times'))[1] as "from the first signal on";
select (regexp_match(newterm.report('-infinity', 'infinity'), '<p>([^<]*) to [0-9: -]*\. All times'))[1] as "until now";
select newterm.report('2024-03-08', '2024-03-01');
select newterm.report('0', '2024-03-01');
begin;
set transaction read only;
set local intervalstyle = 'sql_standard';
set local datestyle = 'German, DMY';
set local timezone = 'Asia/Kathmandu';
select regexp_replace(newterm.report('2024-03-01 00:00+00', '2024-03-08 00:00+00'), '<footer.*', '') = (select regexp_replace(page, '<footer.*', '') from page) as not_of_the_session;
rollback;

-- a hostile event: what somebody else chooses comes out as it is, or escaped, and never as markup
select newterm.create_rule(E'evil <b>"rule"</b> & ''{{x}}'' \u202e%s %1$s\x1b[31m', '{x,y}', group_by => '{w}', learning => '0', severity => 'critical',
	tags => array['<i>tag</i>', '=cmd()', E'\u2066'], title => '{{x}}', message => E'{{x}}\n\n{{y}}</details>');
insert into events values (event('Evil', '2024-03-06', jsonb_build_object('eventID', '</pre><script>alert(1)</script>',
	'x', E'"q" ''s'' {{term}} {x} \x1b[31mred\u009b2J \u202eevil\u202c\u2067 \r\n\ttab <img src=x onerror="alert(1)"> =HYPERLINK("http://evil.example/?a=1","x") @SUM(1) '
		|| E'\u2028 \ufffe\uffff \U0001f600 &lt; javascript:alert(1) ]]> --> <!-- %s %n \\ $1',
	'y', repeat(E'A<b>\x01', 25000), 'w', '</style><style>@import "http://evil.example"</style>')));
insert into events values ('{"eventName": "Evil", "eventID": "<i>no time</i>", "eventTime": "</table><script>", "x": 1, "y": 1, "w": 1}');
create table evil as select newterm.report('2024-03-06', '2024-03-07') as page;
select left(texts(substring(page from '<article.*?</article>')), 400) as evil from evil;
select left(texts(section(page, 'rules')), 200) as evil_rule from evil;
-- every tag and attribute is one of ours, whatever the events hold, and what attributes say is plain
create function tags(html text) returns setof text language sql as
	$$ select distinct regexp_replace(m[1], '"[^"]*"', '""', 'g') from regexp_matches(body(html), '<([^<>]*)>', 'g') m $$;
select tags(page) as tag from evil except select tags(page) from page;
select distinct m[1] as attribute from evil, regexp_matches(body(page), '="([^"]*)"', 'g') m where m[1] !~ '^[A-Za-z0-9#., -]*$';
-- no character that moves a cursor or turns the line
select page ~ '[\x01-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]' as unseen, strpos(page, '<script') as script,
	page ~* '(src|href|url|import|action|background)\s*[=(]\s*["'']?\s*(https?:|//)' as loads from evil;

-- about 60 bars at most, from the time before there was a clock to the end of time
select since, until, substring(newterm.report(since, until) from 'viewBox="0 0 (\d+) 100"')::int <= 61 as few
from (values (timestamptz '2024-03-06', timestamptz '2024-03-06 00:00:00.000001'), ('2024-03-06', '2024-03-06 00:40'), ('2024-03-01', '2024-03-08'), ('2020-01-01', '2025-01-01'),
	('-infinity', 'infinity'), ('4714-11-24 00:00+00 BC', '294276-12-31 23:59:59+00')) v (since, until);

-- it is bounded: 300 signals of 100 kB each
insert into events select event('Evil', timestamptz '2024-03-06' + i * interval '1 second', jsonb_build_object('x', i, 'y', repeat('<&"', 33000), 'w', i)) from generate_series(1, 300) i;
select length(page) < 12000000 as bounded, (select count(*) from regexp_matches(page, '<article', 'g')) as shown,
	substring(page from 'Shown are [^<]*<code>[^<]*') as says, substring(page from 'The first 8,000 of [^<]*<code>[^<]*') as rest
from newterm.report('2024-03-06', '2024-03-07') page;
