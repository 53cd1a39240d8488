-- Views for users.

CREATE OR REPLACE VIEW newterm.baseline AS
	SELECT r.name AS rule,
		newterm.term_object(v.group_by, s.entity) AS entity,
		newterm.term_object(v.fields, s.term) AS term,
		s.first_seen,
		greatest(s.last_granule, s.first_seen) AS last_seen,
		s.learned,
		v.version AS rule_version
	FROM newterm.runs s
	JOIN newterm.rule_versions v ON v.id = s.version_id
	JOIN newterm.rules r ON r.id = v.rule_id AND r.version = v.version;
COMMENT ON VIEW newterm.baseline IS 'what the rules know: a row a run of a term';
COMMENT ON COLUMN newterm.baseline.rule IS 'the rule';
COMMENT ON COLUMN newterm.baseline.entity IS 'the scope in which the term is known';
COMMENT ON COLUMN newterm.baseline.term IS 'the term';
COMMENT ON COLUMN newterm.baseline.first_seen IS 'first sighting of the run';
COMMENT ON COLUMN newterm.baseline.last_seen IS 'last sighting of the run, to the granule';
COMMENT ON COLUMN newterm.baseline.learned IS 'whether the run starts inside learning, so that nobody was alerted';
COMMENT ON COLUMN newterm.baseline.rule_version IS 'version of the rule';

CREATE OR REPLACE VIEW newterm.clocks AS
	SELECT r.name AS rule,
		NULL::jsonb AS entity,
		v.learning_from,
		CASE WHEN r.learning_values IS NULL AND r.learning_scope = 'rule'
			THEN v.learning_from + pg_catalog.make_interval(secs => EXTRACT(epoch FROM r.learning)::double precision)
		END AS learning_until
	FROM newterm.rules r
	JOIN newterm.rule_versions v ON v.rule_id = r.id AND v.version = r.version
	WHERE v.learning_from IS NOT NULL
	UNION ALL
	SELECT r.name,
		newterm.term_object(v.group_by, c.entity),
		c.learning_from,
		CASE WHEN r.learning_values IS NULL
			THEN c.learning_from + pg_catalog.make_interval(secs => EXTRACT(epoch FROM r.learning)::double precision)
		END
	FROM newterm.entity_clocks c
	JOIN newterm.rule_versions v ON v.id = c.version_id
	JOIN newterm.rules r ON r.id = v.rule_id AND r.version = v.version
	WHERE r.learning_scope = 'entity';
COMMENT ON VIEW newterm.clocks IS 'when rules and entities began to learn and until when they do';
COMMENT ON COLUMN newterm.clocks.rule IS 'the rule';
COMMENT ON COLUMN newterm.clocks.entity IS 'the entity; NULL for the rule''s own clock';
COMMENT ON COLUMN newterm.clocks.learning_from IS 'start of learning';
COMMENT ON COLUMN newterm.clocks.learning_until IS 'end of learning; NULL where no window decides';

CREATE OR REPLACE VIEW newterm.detections AS
	SELECT id, rule, entity, term, first_seen, event_id, status, origin, signal_id, suppression
	FROM newterm.detection_log;
COMMENT ON VIEW newterm.detections IS 'every start of a run outside learning';
COMMENT ON COLUMN newterm.detections.id IS 'number of the detection';
COMMENT ON COLUMN newterm.detections.rule IS 'the rule';
COMMENT ON COLUMN newterm.detections.entity IS 'the scope in which the term was new';
COMMENT ON COLUMN newterm.detections.term IS 'the term that was new';
COMMENT ON COLUMN newterm.detections.first_seen IS 'start of the run';
COMMENT ON COLUMN newterm.detections.event_id IS 'identity of the event that starts it';
COMMENT ON COLUMN newterm.detections.status IS 'live, or retracted by a late event or changed learning';
COMMENT ON COLUMN newterm.detections.origin IS 'live or backfill';
COMMENT ON COLUMN newterm.detections.signal_id IS 'the signal that tells of it; NULL where the rule was in mode observe';
COMMENT ON COLUMN newterm.detections.suppression IS 'the suppression that muted it';

CREATE OR REPLACE VIEW newterm.watched AS
	SELECT t.tgrelid::regclass AS events,
		c.event_column,
		c.time_column,
		CASE t.tgenabled
			WHEN 'O' THEN 'origin' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE 'never'
		END AS fires,
		coalesce(w.shape, CASE WHEN c.event_column IS NULL THEN 'columns' ELSE 'record' END) AS shape,
		t.tgtype & 16 <> 0 AS updates,
		c.document
	FROM pg_catalog.pg_trigger t
	CROSS JOIN LATERAL newterm.watch_columns(t.tgrelid::regclass) c
	LEFT JOIN newterm.watches w ON w.events = newterm.qualified_name(t.tgrelid)
	WHERE t.tgfoid = 'newterm.merge()'::regprocedure AND t.tgparentid = 0;
COMMENT ON VIEW newterm.watched IS 'the watched tables';
COMMENT ON COLUMN newterm.watched.events IS 'the table; partitions of it are not listed';
COMMENT ON COLUMN newterm.watched.event_column IS 'the column that holds the record; NULL: several columns are members of it';
COMMENT ON COLUMN newterm.watched.time_column IS 'the column that holds its time; NULL: the record''s eventTime';
COMMENT ON COLUMN newterm.watched.fires IS 'for which inserts: origin, replica or always; never: the trigger is disabled';
COMMENT ON COLUMN newterm.watched.shape IS 'how the record is stored: as itself, in an envelope, or in columns';
COMMENT ON COLUMN newterm.watched.document IS 'the expression that gives a row''s document, for newterm.records()';
COMMENT ON COLUMN newterm.watched.updates IS 'whether a row whose event is changed by UPDATE counts too';

CREATE OR REPLACE VIEW newterm.inbox AS
	SELECT NULL::text AS document WHERE false;
COMMENT ON VIEW newterm.inbox IS 'takes log files by COPY … FROM … WITH (FORMAT csv, QUOTE e''\x01'', DELIMITER e''\x02''), a document or record a line; who inserts needs the rights on the watched table';
COMMENT ON COLUMN newterm.inbox.document IS 'a log file, an envelope or a record';

CREATE OR REPLACE VIEW newterm.progress AS
	SELECT l.command, l.rule, l.events,
		CASE WHEN l.phase = 'done' OR EXISTS (
			SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = l.pid AND a.backend_start = l.backend_start)
			THEN l.phase ELSE l.phase || ', then interrupted' END AS phase,
		l.events_done, l.events_total,
		pg_catalog.round(100.0 * l.events_done / nullif(l.events_total, 0), 1) AS percent,
		pg_catalog.round(l.events_done / nullif(EXTRACT(epoch FROM l.updated_at - l.started_at), 0)) AS events_per_second,
		CASE WHEN l.phase <> 'done' AND l.events_done > 0 THEN
			pg_catalog.date_trunc('second', (l.updated_at - l.started_at) * ((l.events_total - l.events_done)::double precision / l.events_done))
		END AS time_left,
		l.started_at, l.updated_at, l.pid
	FROM newterm.progress_log l;
COMMENT ON VIEW newterm.progress IS 'backfills and rebuilds: how far they are, and how long they will take';
COMMENT ON COLUMN newterm.progress.command IS 'backfill or rebuild';
COMMENT ON COLUMN newterm.progress.rule IS 'the rule; NULL: all enabled ones';
COMMENT ON COLUMN newterm.progress.events IS 'the table; NULL: all watched ones';
COMMENT ON COLUMN newterm.progress.phase IS 'counting, reading, deciding, done; interrupted: its session is gone';
COMMENT ON COLUMN newterm.progress.events_done IS 'events read so far';
COMMENT ON COLUMN newterm.progress.events_total IS 'of how many';
COMMENT ON COLUMN newterm.progress.percent IS 'how much that is';
COMMENT ON COLUMN newterm.progress.events_per_second IS 'since it began';
COMMENT ON COLUMN newterm.progress.time_left IS 'at that rate';
COMMENT ON COLUMN newterm.progress.started_at IS 'when it began';
COMMENT ON COLUMN newterm.progress.updated_at IS 'when it last said so';
COMMENT ON COLUMN newterm.progress.pid IS 'process that does it';

CREATE OR REPLACE VIEW newterm.delivery AS
	SELECT s.name AS subscription, s.min_severity, s.rules,
		d.waiting + n.waiting AS waiting,
		coalesce((SELECT c.changed_at FROM newterm.changes c WHERE c.position = d.first), n.oldest) AS oldest,
		d.in_flight, d.parked, s.last_success, s.last_error, s.last_error_at, s.lapsed, s.lapsed_at
	FROM newterm.subscriptions s
	CROSS JOIN LATERAL (
		SELECT pg_catalog.count(*) FILTER (WHERE w.parked_at IS NULL AND w.leased IS NOT TRUE) AS waiting,
			pg_catalog.count(*) FILTER (WHERE w.parked_at IS NULL AND w.leased) AS in_flight,
			pg_catalog.count(w.parked_at) AS parked,
			pg_catalog.min(w.position) FILTER (WHERE w.parked_at IS NULL) AS first
		FROM (SELECT d.position, d.parked_at,
				d.epoch IS NOT NULL AND d.free_at > pg_catalog.clock_timestamp() AS leased
			  FROM newterm.deliveries d WHERE d.subscription = s.name) w) d
	CROSS JOIN LATERAL (
		SELECT pg_catalog.count(*) AS waiting, pg_catalog.min(c.changed_at) AS oldest
		FROM newterm.changes c
		WHERE c.position IS NULL AND newterm.is_concerned(s.min_severity, s.rules, c.severity, c.rule)) n;
COMMENT ON VIEW newterm.delivery IS 'how far the subscriptions are: what waits, what fails, what was missed';
COMMENT ON COLUMN newterm.delivery.subscription IS 'the subscription';
COMMENT ON COLUMN newterm.delivery.min_severity IS 'changes of signals that are at least so severe';
COMMENT ON COLUMN newterm.delivery.rules IS 'changes of signals of these rules; NULL: of all';
COMMENT ON COLUMN newterm.delivery.waiting IS 'changes to be handed out, those that wait for another attempt included';
COMMENT ON COLUMN newterm.delivery.oldest IS 'time of the oldest change that is neither acknowledged nor parked';
COMMENT ON COLUMN newterm.delivery.in_flight IS 'changes that a worker has, with a lease that runs';
COMMENT ON COLUMN newterm.delivery.parked IS 'changes given up after 10 attempts, or refused; newterm.unpark() tries them again';
COMMENT ON COLUMN newterm.delivery.last_success IS 'when something was acknowledged last';
COMMENT ON COLUMN newterm.delivery.last_error IS 'what went wrong last';
COMMENT ON COLUMN newterm.delivery.last_error_at IS 'when it did';
COMMENT ON COLUMN newterm.delivery.lapsed IS 'changes that were purged before they were acknowledged: the subscription missed them';
COMMENT ON COLUMN newterm.delivery.lapsed_at IS 'when that happened last';
