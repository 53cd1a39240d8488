-- What happens to a table between an insert that shows something new and the
-- commit: the signal comes whatever it is, with the event where it can be read.
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE EXTENSION newterm;
CREATE TABLE events (note integer, event jsonb);
SELECT newterm.watch('events');
SELECT newterm.create_rule('x', '{x}', learning => '0', learning_from => '2024-01-01');
CREATE FUNCTION shown(x text) RETURNS jsonb LANGUAGE sql
RETURN jsonb_build_object('eventTime', '2024-02-01T00:00:00Z', 'x', x, 'eventID', 'id of ' || x);
-- Signals since the last look.
CREATE TABLE looked (id bigint);
CREATE PROCEDURE look() LANGUAGE plpgsql AS $$
DECLARE
	signal record;
BEGIN
	FOR signal IN SELECT * FROM newterm.signals WHERE id NOT IN (SELECT id FROM looked) ORDER BY term->>'x' LOOP
		RAISE INFO '%: event %, id %', signal.term->>'x', signal.event->>'x', signal.event_id;
		INSERT INTO looked VALUES (signal.id);
	END LOOP;
END $$;

-- Truncated: the row is gone, and another one is in its place.
BEGIN;
INSERT INTO events VALUES (1, shown('truncated'));
TRUNCATE events;
INSERT INTO events VALUES (1, shown('after truncate'));
COMMIT;
CALL look();

-- Rewritten: the row is somewhere else.
BEGIN;
INSERT INTO events VALUES (1, shown('first before rewrite')), (1, shown('rewritten'));
DELETE FROM events WHERE event->>'x' LIKE 'first%';
ALTER TABLE events ALTER COLUMN note TYPE bigint;
INSERT INTO events VALUES (1, shown('after rewrite'));
COMMIT;
CALL look();

-- Changed without being rewritten.
BEGIN;
INSERT INTO events VALUES (1, shown('column added'));
ALTER TABLE events ADD COLUMN added integer DEFAULT 5, DROP COLUMN note;
CREATE INDEX ON events (added);
COMMIT;
CALL look();

-- The row deleted, or updated.
BEGIN;
INSERT INTO events VALUES (shown('deleted')), (shown('updated'));
DELETE FROM events WHERE event->>'x' = 'deleted';
UPDATE events SET event = '{"x": "another"}' WHERE event->>'x' = 'updated';
COMMIT;
CALL look();

-- No longer watched, or dropped.
BEGIN;
INSERT INTO events VALUES (shown('unwatched'));
SELECT newterm.unwatch('events');
COMMIT;
CALL look();
SELECT newterm.watch('events');
BEGIN;
INSERT INTO events VALUES (shown('dropped'));
DROP TABLE events;
COMMIT;
CALL look();

-- Temporary tables, which go, or are emptied, at commit.
BEGIN;
CREATE TEMPORARY TABLE short_lived (event jsonb) ON COMMIT DROP;
SELECT newterm.watch('short_lived');
INSERT INTO short_lived VALUES (shown('temporary'));
COMMIT;
CALL look();
CREATE TEMPORARY TABLE emptied (event jsonb) ON COMMIT DELETE ROWS;
SELECT newterm.watch('emptied');
INSERT INTO emptied VALUES (shown('emptied'));
CALL look();

-- A partition that is detached; a savepoint that is rolled back after a rewrite.
CREATE TABLE parted (day date, event jsonb) PARTITION BY LIST (day);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN ('2024-02-01');
SELECT newterm.watch('parted');
BEGIN;
INSERT INTO parted VALUES ('2024-02-01', shown('detached'));
ALTER TABLE parted DETACH PARTITION parted_1;
COMMIT;
CALL look();
ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES IN ('2024-02-01');
BEGIN;
INSERT INTO parted VALUES ('2024-02-01', shown('before savepoint'));
SAVEPOINT a;
TRUNCATE parted;
INSERT INTO parted VALUES ('2024-02-01', shown('in savepoint'));
ROLLBACK TO a;
COMMIT;
CALL look();

-- A later sighting of what is known, in a savepoint, is not taken for the event
-- that showed something new.
INSERT INTO parted VALUES ('2024-02-01', shown('known'));
BEGIN;
INSERT INTO parted VALUES ('2024-02-01', shown('prepared'));
SAVEPOINT a;
INSERT INTO parted VALUES ('2024-02-01', shown('known') || '{"eventTime": "2024-02-09T00:00:00Z"}');
RELEASE a;
PREPARE TRANSACTION 'newterm_rewrite';
COMMIT PREPARED 'newterm_rewrite';
CALL look();
SELECT term->>'x' AS x, last_seen FROM newterm.baseline WHERE term->>'x' IN ('known', 'prepared') ORDER BY x;

SELECT count(*) FROM newterm.event_errors;
