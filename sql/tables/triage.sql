-- What people said about signals.

CREATE SEQUENCE newterm.signal_history_id;
COMMENT ON SEQUENCE newterm.signal_history_id IS 'numbers of triage steps';

CREATE TABLE newterm.signal_history (
	id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('newterm.signal_history_id'),
	signal_id bigint NOT NULL,
	status text NOT NULL,
	archive_reason text,
	assignee text,
	comment text,
	changed_by text NOT NULL DEFAULT CURRENT_USER,
	changed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX signal_history_signal ON newterm.signal_history (signal_id);
COMMENT ON TABLE newterm.signal_history IS 'every step of triage: who said what about a signal, and when';
COMMENT ON COLUMN newterm.signal_history.id IS 'number of the step';
COMMENT ON COLUMN newterm.signal_history.signal_id IS 'the signal';
COMMENT ON COLUMN newterm.signal_history.status IS 'its status from then on';
COMMENT ON COLUMN newterm.signal_history.archive_reason IS 'why it is archived';
COMMENT ON COLUMN newterm.signal_history.assignee IS 'who looks at it';
COMMENT ON COLUMN newterm.signal_history.comment IS 'what was said';
COMMENT ON COLUMN newterm.signal_history.changed_by IS 'role that did it';
COMMENT ON COLUMN newterm.signal_history.changed_at IS 'when';
