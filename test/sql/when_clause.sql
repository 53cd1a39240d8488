-- Statements of a single row: the trigger's condition is kept ready from one to
-- the next, whatever happens to the table in between.
SET client_min_messages = warning;
CREATE EXTENSION newterm;
CREATE TABLE events (dropped integer, event jsonb, other jsonb, at timestamptz);
SELECT newterm.watch('events', 'event');
SELECT newterm.create_rule('n', '{n}', learning => '0', learning_from => '2024-01-01');

CREATE FUNCTION record(n integer) RETURNS jsonb LANGUAGE sql
RETURN jsonb_build_object('eventTime', timestamptz '2024-02-01 00:00:00Z' + make_interval(secs => n), 'n', n);
CREATE VIEW seen AS
SELECT string_agg(term->>'n', ' ' ORDER BY first_seen) AS terms FROM newterm.detections;

INSERT INTO events (event) VALUES (record(1));
INSERT INTO events (event) VALUES (record(2));
INSERT INTO events (event) VALUES (record(2));
TABLE seen;

-- The row changes its form.
ALTER TABLE events DROP COLUMN dropped, ADD COLUMN before text DEFAULT 'x';
INSERT INTO events (event) VALUES (record(3));
ALTER TABLE events RENAME COLUMN event TO record;
INSERT INTO events (record) VALUES (record(4));
TABLE seen;

-- Another column, then no column, then another kind of column.
SELECT newterm.unwatch('events');
INSERT INTO events (record) VALUES (record(5));
SELECT newterm.watch('events', 'other');
INSERT INTO events (record, other) VALUES (record(6), record(7));
SELECT newterm.unwatch('events');
ALTER TABLE events ALTER COLUMN other TYPE text;
SELECT newterm.watch('events', 'other', 'at');
INSERT INTO events (other, at) VALUES ('{"n": 8}', '2024-02-01 00:00:08Z');
INSERT INTO events (other, at) VALUES ('{"n": 9}', '2024-02-01 00:00:09Z');
TABLE seen;

-- In one transaction, which rolls back in part; a prepared statement.
BEGIN;
PREPARE one (integer) AS INSERT INTO events (other, at)
	SELECT jsonb_build_object('n', $1), timestamptz '2024-02-01 00:00:00Z' + make_interval(secs => $1);
EXECUTE one (10);
SAVEPOINT a;
EXECUTE one (11);
ROLLBACK TO a;
EXECUTE one (12);
COMMIT;
EXECUTE one (13);
EXECUTE one (13);
TABLE seen;

-- A table that is gone, and another one by its name.
DROP TABLE events;
CREATE TABLE events (event jsonb);
SELECT newterm.watch('events');
INSERT INTO events (event) VALUES (record(14));
TABLE seen;

-- More tables than conditions are kept, all of them twice in each of two
-- transactions, one of which rolls back.
DO $$ BEGIN
	FOR i IN 0..19 LOOP
		EXECUTE format('CREATE TABLE many_%s (event jsonb)', i);
		PERFORM newterm.watch(format('many_%s', i)::regclass);
	END LOOP;
END $$;
CREATE PROCEDURE insert_into_all(base integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..40 LOOP
		EXECUTE format('INSERT INTO many_%s (event) VALUES (record($1))', i % 20) USING base + i;
	END LOOP;
END $$;
CALL insert_into_all(100);
BEGIN;
CALL insert_into_all(200);
ROLLBACK;
CALL insert_into_all(300);
SELECT (term->>'n')::integer / 100 AS hundred, count(*), min(term->>'n'), max(term->>'n')
FROM newterm.detections WHERE (term->>'n')::integer >= 100 GROUP BY 1 ORDER BY 1;

-- Whoever may not call the function must not go by another's right.
REVOKE EXECUTE ON FUNCTION newterm.observe("any", "any", oid, tid) FROM PUBLIC;
CREATE ROLE newterm_statements;
GRANT INSERT, UPDATE, SELECT ON events TO newterm_statements;
GRANT USAGE ON SCHEMA newterm TO newterm_statements;
SET ROLE newterm_statements;
INSERT INTO events (event) VALUES ('{}');
UPDATE events SET event = event;
RESET ROLE;
INSERT INTO events (event) VALUES (record(15));
DROP OWNED BY newterm_statements;
DROP ROLE newterm_statements;
SELECT count(*) FROM newterm.detections WHERE term->>'n' = '15';
SELECT * FROM newterm.event_errors;

-- Where PostgreSQL counts calls of functions, it counts these as well.
\c -
SET track_functions = 'all';
INSERT INTO events (event) VALUES (record(15));
INSERT INTO events (event) VALUES (record(15));
SELECT pg_stat_force_next_flush();
SELECT funcname, calls FROM pg_stat_user_functions WHERE schemaname = 'newterm' AND funcname = 'observe';
