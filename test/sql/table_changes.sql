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

-- Truncated where it stands, as a table is that the transaction created or truncated
-- before: the row's place is behind the file's end, or another row is in it.  (One
-- whose event is as long, and of the same time.)
BEGIN;
TRUNCATE events;
INSERT INTO events VALUES (1, shown('emptied again'));
TRUNCATE events;
COMMIT;
CALL look();
BEGIN;
TRUNCATE events;
INSERT INTO events SELECT 1, shown('emptied ' || i) FROM generate_series(1, 3) i;
TRUNCATE events;
INSERT INTO events SELECT 1, shown('refills ' || i) FROM generate_series(1, 2) i;
COMMIT;
CALL look();
BEGIN;
CREATE TABLE made (LIKE events);
SELECT newterm.watch('made');
INSERT INTO made VALUES (1, shown('made, emptied'));
TRUNCATE made;
-- a row that is deleted in its turn, and one that is known
INSERT INTO made VALUES (1, shown('made, deleted')), (1, shown('refills 1'));
DELETE FROM made;
SAVEPOINT a;
TRUNCATE made;
INSERT INTO made VALUES (1, shown('made, rolled back'));
ROLLBACK TO a;
COMMIT;
CALL look();
-- A merge that fails: the failure is recorded, and what is not refused is merged.
BEGIN;
TRUNCATE made;
INSERT INTO made VALUES (1, shown('not merged'));
TRUNCATE made;
INSERT INTO made VALUES (1, shown('mangled as well'));
ALTER TABLE newterm.signals ADD CONSTRAINT refuses CHECK (term->>'x' NOT LIKE 'mangled%') NOT VALID;
COMMIT;
CALL look();
ALTER TABLE newterm.signals DROP CONSTRAINT refuses;
SELECT newterm.merge_postponed();
CALL look();
SELECT source, event_id, cause, events FROM newterm.event_errors ORDER BY id;
TRUNCATE newterm.event_errors;
-- Functions that the statement calls have commands of their own; rows behind a frozen one.
CREATE FUNCTION writes(x text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO looked VALUES (0);
	RETURN x;
END $$;
BEGIN;
TRUNCATE made;
INSERT INTO made SELECT 1, shown(writes('called ' || i)) FROM generate_series(1, 3) i;
TRUNCATE made;
INSERT INTO made SELECT 1, shown(writes('placed ' || i)) FROM generate_series(1, 3) i;
COMMIT;
CALL look();
BEGIN;
TRUNCATE made;
COPY made FROM stdin (FREEZE);
1	{"eventTime": "2024-02-01T00:00:00Z", "x": "not yet frozen", "eventID": "id of frozen"}
\.
TRUNCATE made;
COPY made FROM stdin (FREEZE);
1	{"eventTime": "2024-02-01T00:00:00Z", "x": "frozen", "eventID": "id of frozen"}
\.
COMMIT;
CALL look();
-- An event that waits for its terms (src/ingest/prefetch.c).
BEGIN;
TRUNCATE made;
INSERT INTO made SELECT 1, shown('frozen') FROM generate_series(1, 20) i;
INSERT INTO made VALUES (1, shown('waited'));
TRUNCATE made;
INSERT INTO made SELECT 1, shown('frozen') FROM generate_series(1, 22) i;
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
