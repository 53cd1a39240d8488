-- What newterm.watch() was asked for, so that newterm.check() can tell what became of it.

CREATE TABLE newterm.watches (
	events text PRIMARY KEY,
	relation oid NOT NULL,
	event_column name,
	time_column name,
	fires text NOT NULL,
	shape text NOT NULL,
	updates boolean NOT NULL,
	watched_by name NOT NULL DEFAULT session_user,
	watched_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE newterm.watches IS 'what watch() was asked for; the triggers say what is watched (view watched), check() what differs';
COMMENT ON COLUMN newterm.watches.events IS 'the table''s qualified name';
COMMENT ON COLUMN newterm.watches.relation IS 'its OID then, in the database where it was watched';
COMMENT ON COLUMN newterm.watches.event_column IS 'the column that holds the record; NULL: several do';
COMMENT ON COLUMN newterm.watches.time_column IS 'the column that holds its time; NULL: the record''s eventTime';
COMMENT ON COLUMN newterm.watches.fires IS 'for which inserts: origin, replica or always';
COMMENT ON COLUMN newterm.watches.shape IS 'how the record is stored';
COMMENT ON COLUMN newterm.watches.updates IS 'whether a row whose event is changed by UPDATE counts too';
COMMENT ON COLUMN newterm.watches.watched_by IS 'who asked';
COMMENT ON COLUMN newterm.watches.watched_at IS 'when';
