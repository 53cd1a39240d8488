-- Views for users.

CREATE OR REPLACE VIEW newterm.baseline AS
	SELECT r.name AS rule,
		newterm.term_object(v.group_by, s.entity) AS entity,
		newterm.term_object(v.fields, s.term) AS term,
		s.first_seen,
		greatest(s.last_granule, s.first_seen) AS last_seen,
		s.learned,
		v.version AS rule_version,
		s.event_id,
		CASE WHEN s.backfilled THEN 'backfill' ELSE 'live' END AS origin
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
COMMENT ON COLUMN newterm.baseline.event_id IS 'identity of the event of the first sighting';
COMMENT ON COLUMN newterm.baseline.origin IS 'how the first sighting was learned: live, or backfill: by reading stored events';

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
	SELECT id, rule, entity, term, first_seen, event_id, status, origin, signal_id, suppression, version_id
	FROM newterm.detection_log;
COMMENT ON VIEW newterm.detections IS 'every start of a run outside learning';
COMMENT ON COLUMN newterm.detections.id IS 'number of the detection';
COMMENT ON COLUMN newterm.detections.rule IS 'name of the rule at that time';
COMMENT ON COLUMN newterm.detections.entity IS 'the scope in which the term was new';
COMMENT ON COLUMN newterm.detections.term IS 'the term that was new';
COMMENT ON COLUMN newterm.detections.first_seen IS 'start of the run';
COMMENT ON COLUMN newterm.detections.event_id IS 'identity of the event that starts it';
COMMENT ON COLUMN newterm.detections.status IS 'live, or retracted by a late event or changed learning';
COMMENT ON COLUMN newterm.detections.origin IS 'live or backfill';
COMMENT ON COLUMN newterm.detections.signal_id IS 'the signal that tells of it; NULL where there is none: mode observe, a suppression, a backfill without signals';
COMMENT ON COLUMN newterm.detections.suppression IS 'the suppression that muted it';
COMMENT ON COLUMN newterm.detections.version_id IS 'the rule version, as in newterm.rule_versions';

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
			SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = l.pid AND (a.backend_start = l.backend_start) IS NOT FALSE)	-- hidden from some
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

CREATE OR REPLACE VIEW newterm.health AS
	WITH term AS (
		SELECT s.version_id, s.digest, max(greatest(s.last_granule, s.first_seen)) AS last_event,
			bool_or(s.learned) AS learned, bool_and(s.last_granule <= s.first_seen) AS is_brief
		FROM newterm.runs s GROUP BY s.version_id, s.digest
	), known AS (
		SELECT t.version_id, count(*) AS terms, max(t.last_event) AS last_event,
			count(*) FILTER (WHERE t.learned) AS learned, count(*) FILTER (WHERE t.is_brief) AS brief
		FROM term t GROUP BY t.version_id
	), found AS (
		SELECT v.rule_id,
			count(*) FILTER (WHERE d.first_seen > pg_catalog.now() - interval '1 day') AS detections_day,
			count(*) FILTER (WHERE d.first_seen > pg_catalog.now() - interval '7 days') AS detections_week,
			count(*) AS detections_month,
			count(DISTINCT d.signal_id) FILTER (WHERE d.first_seen > pg_catalog.now() - interval '1 day') AS signals_day,
			count(DISTINCT d.signal_id) FILTER (WHERE d.first_seen > pg_catalog.now() - interval '7 days') AS signals_week
		FROM newterm.detection_log d JOIN newterm.rule_versions v ON v.id = d.version_id
		WHERE d.status = 'live' AND d.first_seen > pg_catalog.now() - interval '30 days'
		GROUP BY v.rule_id
	), clock AS MATERIALIZED (
		-- once, and not for each rule: there may be a clock for each of many entities
		SELECT c.rule, c.learning_until FROM newterm.clocks c WHERE c.entity IS NULL
	), rule AS (
		SELECT r.id, r.name, r.enabled, r.mode, r.learning_from IS NOT NULL AS clock_given, v.learning_from, v.created_at, k.last_event, k.learned, k.brief,
			coalesce(k.terms, 0) AS terms, c.learning_until,
			coalesce(f.detections_day, 0) AS detections_day, coalesce(f.detections_week, 0) AS detections_week,
			coalesce(f.detections_month, 0) AS detections_month, coalesce(f.signals_day, 0) AS signals_day, coalesce(f.signals_week, 0) AS signals_week,
			(SELECT p.observe_reason FROM newterm.pack_rules p WHERE p.rule_id = r.id AND p.observe_reason IS NOT NULL LIMIT 1) AS observe_reason,
			pg_catalog.format('SELECT advice FROM newterm.backtest_summary(%L);', pg_catalog.to_jsonb(r.name)) AS ask
		FROM newterm.rules r
		JOIN newterm.rule_versions v ON v.rule_id = r.id AND v.version = r.version
		LEFT JOIN clock c ON c.rule = r.name
		LEFT JOIN known k ON k.version_id = v.id
		LEFT JOIN found f ON f.rule_id = r.id
	), rule_warning (id, warning, remedy) AS (
		SELECT r.id, CASE WHEN r.learning_from IS NULL THEN 'no event was evaluated so far'
				ELSE pg_catalog.format('no event has shown it a term since %s', r.learning_from) END, r.ask
		FROM rule r WHERE r.enabled AND r.terms = 0
		UNION ALL
		SELECT r.id, pg_catalog.format('learns in silence until %s', r.learning_until), pg_catalog.format('CALL newterm.backfill(%L);', r.name)
		FROM rule r WHERE r.enabled AND r.learning_until > pg_catalog.now()
		UNION ALL
		SELECT r.id, pg_catalog.format('noisy: %s detections in 7 days', r.detections_week) || CASE WHEN n.knows_nothing THEN
				pg_catalog.format('; it learned nothing by %s, as where a stray old event sets the clock', r.learning_until) ELSE '' END,
			pg_catalog.format(CASE WHEN n.knows_nothing THEN 'SELECT newterm.alter_rule(%L, pg_catalog.jsonb_build_object(''learning_from'', pg_catalog.now()));'
				ELSE 'SELECT newterm.alter_rule(%L, ''{"mode": "observe"}'');' END, r.name)
		FROM rule r CROSS JOIN LATERAL (SELECT NOT r.clock_given AND r.learning_until < r.created_at AND r.learned = 0 AS knows_nothing) n
		WHERE r.enabled AND r.mode = 'alert' AND r.detections_week > 7
		UNION ALL
		SELECT r.id, 'its detections make no signals' || coalesce(': ' || r.observe_reason, ''),
			pg_catalog.format('SELECT newterm.alter_rule(%L, ''{"mode": "alert"}'');', r.name)
		FROM rule r WHERE r.enabled AND r.mode = 'observe'
		UNION ALL
		SELECT r.id, pg_catalog.format('%s of its %s terms were seen within one granule only: a key may be new in nearly every event', r.brief, r.terms), r.ask
		FROM rule r WHERE r.enabled AND r.terms >= 1000 AND r.brief > 0.9 * r.terms
		UNION ALL
		SELECT r.id, 'full: it has newterm.max_terms_per_rule terms, and takes no new ones', r.ask
		FROM rule r WHERE r.enabled AND r.terms >= nullif(pg_catalog.current_setting('newterm.max_terms_per_rule', true)::bigint, 0)
	), watch AS (
		SELECT newterm.qualified_name(w.events) AS name, t.newest, t.longest_gap, t.events
		FROM newterm.watched w CROSS JOIN LATERAL newterm.recent_times(w.events, w.event_column, w.time_column, w.document) t
	), watch_warning (name, warning, remedy) AS (
		SELECT c.events, c.problem, c.remedy FROM newterm.check() c
		UNION ALL
		SELECT w.name, pg_catalog.format('nothing is newer than %s, and before that there was nothing for %s at most: has the trail stopped?', w.newest, w.longest_gap), NULL
		FROM watch w WHERE w.events >= 10 AND w.newest < pg_catalog.now() - greatest(10 * w.longest_gap, interval '1 hour')
		UNION ALL
		SELECT w.name, CASE WHEN w.events IS NULL THEN 'you have no right to read it: whether it is silent is not known' ELSE 'it holds no event yet' END, NULL
		FROM watch w WHERE w.newest IS NULL
	), failed AS (
		SELECT coalesce(newterm.qualified_name(newterm.watched_with(newterm.relation_named(e.source))), e.source) AS name, sum(e.events)::bigint AS errors
		FROM newterm.event_errors e WHERE e.occurred_at > pg_catalog.now() - interval '1 day' GROUP BY 1
	), line (rank, kind, name, state, last_event, terms, learning_until, detections_day, detections_week, detections_month, signals_day, signals_week,
			errors_day, warning, remedy) AS (
		SELECT 3, 'rule', r.name, CASE WHEN NOT r.enabled THEN 'disabled' WHEN r.terms = 0 THEN 'never matched' WHEN r.mode = 'observe' THEN 'observe'
				WHEN r.learning_until > pg_catalog.now() THEN 'learning' ELSE 'active' END,
			r.last_event, r.terms, r.learning_until, r.detections_day, r.detections_week, r.detections_month, r.signals_day, r.signals_week,
			NULL::bigint, w.warning, w.remedy
		FROM rule r LEFT JOIN (SELECT x.id, pg_catalog.string_agg(x.warning, '; ') AS warning, pg_catalog.string_agg(x.remedy, ' ') AS remedy
			FROM rule_warning x GROUP BY x.id) w ON w.id = r.id
		UNION ALL
		SELECT 2, 'table', coalesce(t.name, w.name), CASE WHEN w.is_broken THEN 'broken' WHEN w.name IS NULL OR t.events IS NULL THEN 'watched' ELSE 'silent' END,
			t.newest, NULL, NULL, NULL, NULL, NULL, NULL, NULL, coalesce(f.errors, 0), w.warning, w.remedy
		FROM watch t FULL JOIN (SELECT x.name, pg_catalog.string_agg(x.warning, '; ') AS warning, pg_catalog.string_agg(x.remedy, ' ') AS remedy,
			bool_or(x.remedy IS NOT NULL) AS is_broken FROM watch_warning x GROUP BY x.name) w ON w.name = t.name
		LEFT JOIN failed f ON f.name = coalesce(t.name, w.name)
		UNION ALL
		SELECT 1, 'merge', 'postponed', CASE WHEN p.sightings + c.changes = 0 THEN 'nothing waits' ELSE 'waiting' END,
			NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, (SELECT coalesce(sum(f.errors), 0) FROM failed f
				WHERE NOT EXISTS (SELECT FROM watch w WHERE w.name = f.name) AND NOT EXISTS (SELECT FROM watch_warning w WHERE w.name = f.name)),
			CASE WHEN p.sightings + c.changes > 0 THEN pg_catalog.concat_ws('; ', pg_catalog.format('%s sightings and %s changes wait', p.sightings, c.changes),
				coalesce(p.error, c.error)) END,
			CASE WHEN p.sightings + c.changes > 0 THEN 'SELECT newterm.merge_postponed();' END
		FROM (SELECT count(*) AS sightings, max(x.error) AS error FROM newterm.postponed x) p,
			(SELECT count(*) AS changes, max(x.error) AS error FROM newterm.postponed_changes x) c
		UNION ALL
		SELECT 4, 'subscription', d.subscription, CASE WHEN d.parked > 0 OR d.lapsed > 0 THEN 'failing' ELSE 'delivering' END, d.last_success,
			NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
			nullif(pg_catalog.concat_ws('; ', CASE WHEN d.parked > 0 THEN pg_catalog.format('%s changes are given up', d.parked) END,
				CASE WHEN d.lapsed > 0 THEN pg_catalog.format('%s changes were purged before they were acknowledged', d.lapsed) END,
				CASE WHEN d.parked > 0 THEN d.last_error END), ''),
			CASE WHEN d.parked > 0 THEN pg_catalog.format('SELECT newterm.unpark(%L);', d.subscription) END
		FROM newterm.delivery d
		UNION ALL
		SELECT 5, p.command, coalesce(p.rule, p.events, 'all'), 'interrupted', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
			pg_catalog.format('interrupted after %s of %s events', p.events_done, p.events_total),
			pg_catalog.format('CALL newterm.%s(%s);', p.command, pg_catalog.concat_ws(', ', 'rule => ' || pg_catalog.quote_literal(p.rule),
				'events => ' || pg_catalog.quote_literal(p.events)))
		FROM newterm.progress p
		WHERE p.phase LIKE '%interrupted' AND NOT EXISTS (SELECT FROM newterm.progress l WHERE l.started_at > p.started_at AND l.command = p.command
			AND l.rule IS NOT DISTINCT FROM p.rule AND l.events IS NOT DISTINCT FROM p.events)
	)
	SELECT l.kind, l.name, l.state, l.last_event, l.terms, l.learning_until, l.detections_day, l.detections_week, l.detections_month,
		l.signals_day, l.signals_week, l.errors_day, l.warning, l.remedy
	FROM line l ORDER BY l.rank, l.name;
COMMENT ON VIEW newterm.health IS 'how newterm is: a row a rule, a watched table, a subscription, an interrupted backfill, and one for what is postponed';
COMMENT ON COLUMN newterm.health.kind IS 'merge, table, rule, subscription, or an interrupted command';
COMMENT ON COLUMN newterm.health.name IS 'of what';
COMMENT ON COLUMN newterm.health.state IS 'of a rule: active, learning, observe, never matched, disabled; of a table: watched, silent, broken';
COMMENT ON COLUMN newterm.health.last_event IS 'time of the last event that showed a rule a term, to the granule; of a table the newest one among its last 1,000 rows; of a subscription when something was acknowledged';
COMMENT ON COLUMN newterm.health.terms IS 'terms that a rule knows, of each entity';
COMMENT ON COLUMN newterm.health.learning_until IS 'end of the rule''s learning window';
COMMENT ON COLUMN newterm.health.detections_day IS 'detections of the last 24 hours, by event time, muted ones too';
COMMENT ON COLUMN newterm.health.detections_week IS 'of the last 7 days';
COMMENT ON COLUMN newterm.health.detections_month IS 'of the last 30 days';
COMMENT ON COLUMN newterm.health.signals_day IS 'signals of the last 24 hours';
COMMENT ON COLUMN newterm.health.signals_week IS 'of the last 7 days';
COMMENT ON COLUMN newterm.health.errors_day IS 'events of the last 24 hours that are in newterm.event_errors; in the row of kind merge, those of no watched table';
COMMENT ON COLUMN newterm.health.warning IS 'what is not as it should be, in words; NULL: nothing';
COMMENT ON COLUMN newterm.health.remedy IS 'statements that mend it';
