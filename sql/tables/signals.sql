-- What was found: detections, signals, and events that could not be evaluated.

CREATE SEQUENCE newterm.detection_id;
COMMENT ON SEQUENCE newterm.detection_id IS 'numbers of detections';

CREATE TABLE newterm.detection_log (
	id bigint PRIMARY KEY,
	version_id integer NOT NULL,
	rule text NOT NULL,
	digest uuid NOT NULL,
	entity jsonb NOT NULL,
	term jsonb NOT NULL,
	first_seen timestamptz NOT NULL,
	event_id text,
	status text NOT NULL,
	origin text NOT NULL,
	signal_id bigint,
	suppression text
);
CREATE INDEX detection_log_digest ON newterm.detection_log (digest);
CREATE INDEX detection_log_signal ON newterm.detection_log (signal_id, id) WHERE signal_id IS NOT NULL;
COMMENT ON TABLE newterm.detection_log IS 'every detection there was; see newterm.detections';
COMMENT ON COLUMN newterm.detection_log.id IS 'number of the detection';
COMMENT ON COLUMN newterm.detection_log.version_id IS 'the rule version';
COMMENT ON COLUMN newterm.detection_log.rule IS 'name of the rule at that time';
COMMENT ON COLUMN newterm.detection_log.digest IS 'digest of the term, as in newterm.runs';
COMMENT ON COLUMN newterm.detection_log.entity IS 'the entity';
COMMENT ON COLUMN newterm.detection_log.term IS 'the term';
COMMENT ON COLUMN newterm.detection_log.first_seen IS 'start of the run';
COMMENT ON COLUMN newterm.detection_log.event_id IS 'identity of the event that starts it';
COMMENT ON COLUMN newterm.detection_log.status IS 'live or retracted';
COMMENT ON COLUMN newterm.detection_log.origin IS 'live, or backfill: made without notifying';
COMMENT ON COLUMN newterm.detection_log.signal_id IS 'the signal that tells of it; NULL where there is none: mode observe, a suppression, a backfill without signals';
COMMENT ON COLUMN newterm.detection_log.suppression IS 'the suppression that muted it';

CREATE SEQUENCE newterm.signal_id;
COMMENT ON SEQUENCE newterm.signal_id IS 'numbers of signals';

CREATE TABLE newterm.signals (
	id bigint PRIMARY KEY,
	rule text NOT NULL,
	rule_version integer NOT NULL,
	severity text NOT NULL,
	status text NOT NULL DEFAULT 'open',
	archive_reason text,
	assignee text,
	title text NOT NULL,
	message text,
	tags text[] NOT NULL DEFAULT '{}',
	entity jsonb NOT NULL,
	term jsonb NOT NULL,
	terms jsonb NOT NULL,
	detections integer NOT NULL,
	first_seen timestamptz NOT NULL,
	last_seen timestamptz NOT NULL,
	event_id text,
	event jsonb,
	origin text NOT NULL DEFAULT 'live',
	retracted_at timestamptz,
	change_reason text,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	previous bigint,
	context jsonb,
	group_digest uuid,
	rule_id bigint,
	source text
)
-- Two rows a page, whole: compressing an event takes longer than all else of a signal.
WITH (toast_tuple_target = 4080);
CREATE INDEX signals_group ON newterm.signals (group_digest, id) WHERE group_digest IS NOT NULL;
COMMENT ON TABLE newterm.signals IS 'what a person is alerted to';
COMMENT ON COLUMN newterm.signals.id IS 'number of the signal';
COMMENT ON COLUMN newterm.signals.rule IS 'name of the rule at that time';
COMMENT ON COLUMN newterm.signals.rule_version IS 'version of the rule at that time';
COMMENT ON COLUMN newterm.signals.severity IS 'info, low, medium, high or critical';
COMMENT ON COLUMN newterm.signals.status IS 'open, under_review or archived';
COMMENT ON COLUMN newterm.signals.archive_reason IS 'why it was archived';
COMMENT ON COLUMN newterm.signals.assignee IS 'who looks at it';
COMMENT ON COLUMN newterm.signals.title IS 'the rule''s title, rendered; never blank';
COMMENT ON COLUMN newterm.signals.message IS 'the rule''s message, rendered';
COMMENT ON COLUMN newterm.signals.tags IS 'the rule''s tags';
COMMENT ON COLUMN newterm.signals.entity IS 'in which scope the term was new';
COMMENT ON COLUMN newterm.signals.term IS 'what was new: the term of its first detection';
COMMENT ON COLUMN newterm.signals.terms IS 'terms of its detections, each once: the first 100';
COMMENT ON COLUMN newterm.signals.detections IS 'how many detections the signal tells of; of a retracted one: that it told of last';
COMMENT ON COLUMN newterm.signals.first_seen IS 'event time of the first detection';
COMMENT ON COLUMN newterm.signals.last_seen IS 'event time of the last detection';
COMMENT ON COLUMN newterm.signals.event_id IS 'identity of the event: sharedEventID, else eventID';
COMMENT ON COLUMN newterm.signals.event IS 'the event itself, as a sample';
COMMENT ON COLUMN newterm.signals.origin IS 'live, or backfill: made without notifying';
COMMENT ON COLUMN newterm.signals.retracted_at IS 'when a late event or changed learning showed that the term was known';
COMMENT ON COLUMN newterm.signals.change_reason IS 'why the signal was updated, amended or retracted last';
COMMENT ON COLUMN newterm.signals.created_at IS 'when the signal was made';
COMMENT ON COLUMN newterm.signals.updated_at IS 'when the signal was changed last';
COMMENT ON COLUMN newterm.signals.previous IS 'the signal that the term had before, of the same version of the rule and entity';
COMMENT ON COLUMN newterm.signals.context IS 'what was known before its first detection: known_terms and new_terms_30_days of the entity, other_entities that know the term, entity_since; counts end at 100';
COMMENT ON COLUMN newterm.signals.group_digest IS 'digest of the rule and the values of group_signals_by, where keep_alive is not 0';
COMMENT ON COLUMN newterm.signals.rule_id IS 'number of the rule, whatever it is called now';
COMMENT ON COLUMN newterm.signals.source IS 'qualified name of the table that the event was inserted into, of the partitioned one where it went into a partition; NULL where that is not known, as of a backfill';

CREATE SEQUENCE newterm.event_error_id;
COMMENT ON SEQUENCE newterm.event_error_id IS 'numbers of event errors';

CREATE TABLE newterm.event_errors (
	id bigint PRIMARY KEY,
	source text,
	event_id text,
	event_time timestamptz,
	cause text NOT NULL,
	detail text,
	occurred_at timestamptz NOT NULL,
	events bigint NOT NULL DEFAULT 1,
	counts_until timestamptz
);
CREATE INDEX event_errors_source ON newterm.event_errors (source, cause, occurred_at);
COMMENT ON TABLE newterm.event_errors IS 'events that could not be evaluated as they are, a row a transaction, table and cause; their inserts went on';
COMMENT ON COLUMN newterm.event_errors.id IS 'number of the error';
COMMENT ON COLUMN newterm.event_errors.source IS 'qualified name of the table that the events were inserted into';
COMMENT ON COLUMN newterm.event_errors.event_id IS 'identity of the first event, where it could be read';
COMMENT ON COLUMN newterm.event_errors.event_time IS 'eventTime as the first event has it, where it could be read';
COMMENT ON COLUMN newterm.event_errors.cause IS 'invalid_json, not_an_object, no_event_time, past_event_time, future_event_time, too_many_terms, rule_full, internal_error, and of load_log not_a_record or invalid_unicode';
COMMENT ON COLUMN newterm.event_errors.detail IS 'more about the cause, as the first event met it';
COMMENT ON COLUMN newterm.event_errors.occurred_at IS 'when it happened';
COMMENT ON COLUMN newterm.event_errors.events IS 'how many events; after 1,000 rows in an hour for a table and cause the newest row counts on';
COMMENT ON COLUMN newterm.event_errors.counts_until IS 'of a row that counts on: until when it does, as the hour before has its 1,000 rows';
