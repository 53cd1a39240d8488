-- What waits for a later merge.

CREATE SEQUENCE newterm.postponed_id;
COMMENT ON SEQUENCE newterm.postponed_id IS 'numbers of what is postponed';

-- Emptied again soon: vacuumed often, so that the file does not stay as long as it was.
CREATE TABLE newterm.postponed (
	id bigint PRIMARY KEY,
	version_id integer,
	digest uuid,
	entity jsonb,
	term jsonb,
	first_seen timestamptz,
	last_granule timestamptz,
	event jsonb,
	source text,
	origin text NOT NULL DEFAULT 'live',
	attempts integer NOT NULL DEFAULT 0,
	error text,
	next_attempt timestamptz
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE newterm.postponed IS 'what transactions showed and did not merge: prepared ones, and those that would have waited too long or whose merge failed; the next merge takes it';
COMMENT ON COLUMN newterm.postponed.id IS 'number of the row';
COMMENT ON COLUMN newterm.postponed.version_id IS 'the rule version; NULL for an event that no rule has seen yet';
COMMENT ON COLUMN newterm.postponed.digest IS 'digest of the term; NULL where the row is about the rule''s clock';
COMMENT ON COLUMN newterm.postponed.entity IS 'values of group_by, in order';
COMMENT ON COLUMN newterm.postponed.term IS 'values of fields, in order';
COMMENT ON COLUMN newterm.postponed.first_seen IS 'first sighting; of an event that no rule has seen the time of its row, or NULL: what the record says';
COMMENT ON COLUMN newterm.postponed.last_granule IS 'start of the granule of the last sighting';
COMMENT ON COLUMN newterm.postponed.event IS 'the event of the first sighting';
COMMENT ON COLUMN newterm.postponed.source IS 'the table that the event was inserted into';
COMMENT ON COLUMN newterm.postponed.origin IS 'live, or of a backfill: backfill or backfill_signals';
COMMENT ON COLUMN newterm.postponed.attempts IS 'how often merging it failed; after 10 times only newterm.merge_postponed() tries again';
COMMENT ON COLUMN newterm.postponed.error IS 'why the last attempt failed';
COMMENT ON COLUMN newterm.postponed.next_attempt IS 'before this time only newterm.merge_postponed() tries again';

CREATE TABLE newterm.postponed_changes (
	id bigint PRIMARY KEY,
	signal_id bigint NOT NULL,
	detection_id bigint NOT NULL,
	kind text NOT NULL,
	event jsonb,
	reason text NOT NULL,
	attempts integer NOT NULL DEFAULT 0,
	error text,
	next_attempt timestamptz
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE newterm.postponed_changes IS 'changes of signals whose rows somebody had locked; the next merge makes them';
COMMENT ON COLUMN newterm.postponed_changes.id IS 'number of the row';
COMMENT ON COLUMN newterm.postponed_changes.signal_id IS 'the signal to be changed';
COMMENT ON COLUMN newterm.postponed_changes.detection_id IS 'the detection that was amended or is no more';
COMMENT ON COLUMN newterm.postponed_changes.kind IS 'what was told of it: update, amend or retract';
COMMENT ON COLUMN newterm.postponed_changes.event IS 'amended: the event of the new start';
COMMENT ON COLUMN newterm.postponed_changes.reason IS 'why it changes';
COMMENT ON COLUMN newterm.postponed_changes.attempts IS 'how often making the change failed; after 10 times only newterm.merge_postponed() tries again';
COMMENT ON COLUMN newterm.postponed_changes.error IS 'why the last attempt failed';
COMMENT ON COLUMN newterm.postponed_changes.next_attempt IS 'before this time only newterm.merge_postponed() tries again';
