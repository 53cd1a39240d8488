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

CREATE TABLE newterm.subscriptions (
	name text PRIMARY KEY,
	min_severity text NOT NULL,
	rules text[],
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	last_success timestamptz,
	last_error text,
	last_error_at timestamptz,
	lapsed bigint NOT NULL DEFAULT 0,
	lapsed_at timestamptz
);
COMMENT ON TABLE newterm.subscriptions IS 'who reads changes, and which; written by subscribe and unsubscribe';
COMMENT ON COLUMN newterm.subscriptions.name IS 'name, by which functions take the subscription';
COMMENT ON COLUMN newterm.subscriptions.min_severity IS 'changes of signals that are at least so severe';
COMMENT ON COLUMN newterm.subscriptions.rules IS 'changes of signals of these rules; NULL: of all';
COMMENT ON COLUMN newterm.subscriptions.created_at IS 'when it was made';
COMMENT ON COLUMN newterm.subscriptions.last_success IS 'when something was acknowledged last';
COMMENT ON COLUMN newterm.subscriptions.last_error IS 'what fail() told last';
COMMENT ON COLUMN newterm.subscriptions.last_error_at IS 'when it did';
COMMENT ON COLUMN newterm.subscriptions.lapsed IS 'how many changes were purged before they were acknowledged';
COMMENT ON COLUMN newterm.subscriptions.lapsed_at IS 'when that happened last';

CREATE SEQUENCE newterm.lease_epoch;
COMMENT ON SEQUENCE newterm.lease_epoch IS 'numbers of leases: each call of next_signals that hands something out has its own';

-- Many rows come and go: they are vacuumed by number, not by a share of the table.
CREATE TABLE newterm.deliveries (
	subscription text,
	position bigint,
	attempt integer NOT NULL DEFAULT 0,
	epoch bigint,
	free_at timestamptz NOT NULL DEFAULT '-infinity',
	parked_at timestamptz,
	error text,
	PRIMARY KEY (subscription, position)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX deliveries_spent ON newterm.deliveries (subscription, position) WHERE attempt >= 10;
COMMENT ON TABLE newterm.deliveries IS 'what a subscription has still to acknowledge: a row a change; see newterm.delivery';
COMMENT ON COLUMN newterm.deliveries.subscription IS 'the subscription';
COMMENT ON COLUMN newterm.deliveries.position IS 'the change, by its position';
COMMENT ON COLUMN newterm.deliveries.attempt IS 'how often it was handed out; after 10 times it is parked';
COMMENT ON COLUMN newterm.deliveries.epoch IS 'the lease under which it is out; NULL: it is not';
COMMENT ON COLUMN newterm.deliveries.free_at IS 'when it may be handed out again: the end of its lease, or of the wait that fail() asked for';
COMMENT ON COLUMN newterm.deliveries.parked_at IS 'when it was given up; unpark() hands it out again';
COMMENT ON COLUMN newterm.deliveries.error IS 'why it failed last';
