-- Objects whose keys a session remembers: many kinds of them, keys of the same
-- lengths, too many and too long keys; the baseline is compared with plain SQL.
SET client_min_messages = warning;
CREATE EXTENSION newterm;
CREATE TABLE events (id integer, event jsonb);
SELECT newterm.watch('events');
SELECT newterm.create_rule('top', '{k05,kk7}', group_by => '{k02}', forget_after => NULL);
SELECT newterm.create_rule('below', '{sub.k11}', group_by => '{sub.k02}', forget_after => NULL);
SELECT newterm.create_rule('long', ARRAY[repeat('l', 300) || 'b'], forget_after => NULL);
SELECT newterm.create_rule('single', '{sub.list.k01,sub.list.k02}', forget_after => NULL);

SELECT setseed(0.5);
-- A random object: each of the keys with that chance, with one of three values of its own.
CREATE FUNCTION random_object(keys text[], chance float8) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT coalesce(jsonb_object_agg(key, key || floor(random() * 3)), '{}')
	FROM unnest(keys) AS key WHERE random() < chance;
$$;
CREATE TABLE kinds AS
SELECT (SELECT array_agg('k' || lpad(i::text, 2, '0')) FROM generate_series(1, 30) AS i) ||
	'{kk1,kk2,kk7,kkk1,kkkk1,kkkkk1}' AS few,
	(SELECT array_agg('k' || CASE WHEN i < 10 THEN '0' ELSE '' END || i) FROM generate_series(1, 300) AS i) AS many,
	(SELECT array_agg(repeat('l', 300) || chr(96 + i)) FROM generate_series(1, 4) AS i) AS long;

INSERT INTO events
SELECT id, random_object(few, CASE WHEN id % 3 = 0 THEN 0.9 ELSE 0.5 END) ||
	jsonb_build_object('eventTime', '2024-01-01T00:00:00Z', 'sub', random_object(few, 0.3)) ||
	CASE id % 5
		WHEN 0 THEN random_object(many, CASE WHEN id % 2 = 0 THEN 0.2 ELSE 0.95 END)
		WHEN 1 THEN random_object(long, 0.7)
		WHEN 2 THEN jsonb_build_object('sub', jsonb_build_object('list', jsonb_build_array(random_object(few, 0.5)), 'k02', 'k020'))
		ELSE '{}'
	END
FROM generate_series(1, 6000) AS id, kinds;
SELECT count(DISTINCT array(SELECT jsonb_object_keys(event) ORDER BY 1)) > 1000 AS many_kinds FROM events;

CREATE VIEW expected AS
SELECT 'top' AS rule, jsonb_build_object('k02', event->'k02') AS entity,
	jsonb_build_object('k05', event->'k05', 'kk7', event->'kk7') AS term
FROM events WHERE event ?& '{k02,k05,kk7}'
UNION
SELECT 'below', jsonb_build_object('sub.k02', event#>'{sub,k02}'), jsonb_build_object('sub.k11', event#>'{sub,k11}')
FROM events WHERE event->'sub' ?& '{k02,k11}'
UNION
SELECT 'long', '{}', jsonb_build_object(repeat('l', 300) || 'b', event->(repeat('l', 300) || 'b'))
FROM events WHERE event ? (repeat('l', 300) || 'b')
UNION
SELECT 'single', '{}', jsonb_build_object('sub.list.k01', event#>'{sub,list,0,k01}', 'sub.list.k02', event#>'{sub,list,0,k02}')
FROM events WHERE event#>'{sub,list,0}' ?& '{k01,k02}';
SELECT rule, count(*) FROM expected GROUP BY rule ORDER BY rule;

CREATE VIEW differences AS
SELECT 'missing' AS kind, * FROM (TABLE expected EXCEPT SELECT rule, entity, term FROM newterm.baseline) AS missing
UNION ALL
SELECT 'wrong', * FROM (SELECT rule, entity, term FROM newterm.baseline EXCEPT TABLE expected) AS wrong;
TABLE differences;

-- A rule more makes other children of the same objects.
SELECT newterm.create_rule('more', '{k06}', group_by => '{sub.k05}', forget_after => NULL);
INSERT INTO events SELECT id, event FROM events WHERE id % 2 = 0;
SELECT count(*) FROM (
	SELECT DISTINCT event->'k06', event#>'{sub,k05}' FROM events WHERE id % 2 = 0 AND event ? 'k06' AND event->'sub' ? 'k05'
	EXCEPT SELECT term->'k06', entity->'sub.k05' FROM newterm.baseline WHERE rule = 'more') AS missing;
SELECT * FROM differences WHERE kind = 'missing';

-- With so many children each is looked up by itself.
SELECT count(newterm.create_rule('many-' || i, ARRAY['k' || i], forget_after => NULL)) FROM generate_series(10, 90) AS i;
INSERT INTO events SELECT id, event FROM events WHERE id % 10 < 2;
SELECT count(*) FROM newterm.baseline WHERE rule LIKE 'many-%';
SELECT 'many-' || i, event->('k' || i) FROM events, generate_series(10, 90) AS i WHERE id % 10 < 2 AND event ? ('k' || i)
EXCEPT SELECT rule, term->('k' || substr(rule, 6)) FROM newterm.baseline;
