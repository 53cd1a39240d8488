-- What there is to tell, and who was told: changes, subscriptions, deliveries.

CREATE SEQUENCE newterm.change_position CACHE 1;
COMMENT ON SEQUENCE newterm.change_position IS 'positions of changes; CACHE 1, so that a session gives no positions behind those that others read';

CREATE TABLE newterm.changes (
	uuid uuid PRIMARY KEY,
	kind text NOT NULL,
	signal_id bigint NOT NULL,
	severity text NOT NULL,
	rule text NOT NULL,
	reason text,
	changed_at timestamptz NOT NULL,
	position bigint
);
CREATE UNIQUE INDEX changes_position ON newterm.changes (position) WHERE position IS NOT NULL;
CREATE INDEX changes_unnumbered ON newterm.changes (uuid) WHERE position IS NULL;
COMMENT ON TABLE newterm.changes IS 'what there is to tell about signals: a row a change; read it by a subscription';
COMMENT ON COLUMN newterm.changes.uuid IS 'identity of the change, by which consumers de-duplicate; sorts by time, and one transaction''s together';
COMMENT ON COLUMN newterm.changes.kind IS 'new, update, amend or retract';
COMMENT ON COLUMN newterm.changes.signal_id IS 'the signal';
COMMENT ON COLUMN newterm.changes.severity IS 'severity of the signal';
COMMENT ON COLUMN newterm.changes.rule IS 'name of the rule at that time';
COMMENT ON COLUMN newterm.changes.reason IS 'why the signal changed; NULL for a new one';
COMMENT ON COLUMN newterm.changes.changed_at IS 'when its transaction wrote it';
COMMENT ON COLUMN newterm.changes.position IS 'place in the one order of all subscriptions; NULL until somebody reads';
