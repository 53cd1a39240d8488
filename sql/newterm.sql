-- newterm: first-seen detection on logs, on the insert path.

\echo Use "CREATE EXTENSION newterm" to load this file. \quit

DO $$
BEGIN
	IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
		RAISE EXCEPTION 'newterm needs a database in UTF8, not %',
			pg_catalog.current_setting('server_encoding')
			USING ERRCODE = 'feature_not_supported',
				  HINT = 'CREATE DATABASE … ENCODING ''UTF8'' TEMPLATE template0.';
	END IF;
END
$$;

COMMENT ON SCHEMA newterm IS 'first-seen detection: rules, what they learned, and the signals they gave';

-- ---------------------------------------------------------------- rules

CREATE SEQUENCE newterm.rule_id;
COMMENT ON SEQUENCE newterm.rule_id IS 'numbers of rules';

CREATE TABLE newterm.rules (
	id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('newterm.rule_id'),
	name text NOT NULL UNIQUE,
	version integer NOT NULL DEFAULT 1,
	fields text[] NOT NULL,
	filter text NOT NULL DEFAULT '',
	group_by text[] NOT NULL DEFAULT '{}',
	language text NOT NULL DEFAULT 'datadog',
	learning interval NOT NULL DEFAULT '7 days',
	learning_values integer,
	learning_scope text NOT NULL DEFAULT 'rule',
	learning_from timestamptz,
	forget_after interval DEFAULT '90 days',
	granule interval NOT NULL DEFAULT '1 hour',
	severity text NOT NULL DEFAULT 'medium',
	title text,
	message text,
	tags text[] NOT NULL DEFAULT '{}',
	keep_alive interval NOT NULL DEFAULT '0',
	max_duration interval NOT NULL DEFAULT '24 hours',
	group_signals_by text[],
	optional_group_by boolean NOT NULL DEFAULT false,
	enabled boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	updated_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE newterm.rules IS 'what to watch for: a row a rule; written by create_rule, alter_rule, drop_rule';
COMMENT ON COLUMN newterm.rules.id IS 'number of the rule';
COMMENT ON COLUMN newterm.rules.name IS 'name, by which functions take the rule';
COMMENT ON COLUMN newterm.rules.version IS 'grows when filter, fields, group_by or language change';
COMMENT ON COLUMN newterm.rules.fields IS 'fields whose values make the term';
COMMENT ON COLUMN newterm.rules.filter IS 'which events count';
COMMENT ON COLUMN newterm.rules.group_by IS 'fields whose values make the entity: the scope in which terms are new';
COMMENT ON COLUMN newterm.rules.language IS 'language of the filter and names of the fields: datadog or kql';
COMMENT ON COLUMN newterm.rules.learning IS 'length of the learning window';
COMMENT ON COLUMN newterm.rules.learning_values IS 'instead of a window: learn the first n distinct terms';
COMMENT ON COLUMN newterm.rules.learning_scope IS 'rule: one clock; entity: each entity has its own';
COMMENT ON COLUMN newterm.rules.learning_from IS 'start of learning as given; the clock in force is in newterm.clocks';
COMMENT ON COLUMN newterm.rules.forget_after IS 'a term unseen for longer is new again; NULL: never forget';
COMMENT ON COLUMN newterm.rules.granule IS 'grain in which last sightings are recorded';
COMMENT ON COLUMN newterm.rules.severity IS 'info, low, medium, high or critical';
COMMENT ON COLUMN newterm.rules.title IS 'template of the signals'' title';
COMMENT ON COLUMN newterm.rules.message IS 'template of the signals'' message';
COMMENT ON COLUMN newterm.rules.tags IS 'tags of the signals';
COMMENT ON COLUMN newterm.rules.keep_alive IS 'not in this version: must be 0';
COMMENT ON COLUMN newterm.rules.max_duration IS 'not in this version: has no effect while keep_alive is 0';
COMMENT ON COLUMN newterm.rules.group_signals_by IS 'not in this version: must be NULL';
COMMENT ON COLUMN newterm.rules.optional_group_by IS 'a missing group_by value counts as JSON null instead of making the event ignored';
COMMENT ON COLUMN newterm.rules.enabled IS 'whether events are evaluated';
COMMENT ON COLUMN newterm.rules.created_at IS 'when the rule was created';
COMMENT ON COLUMN newterm.rules.updated_at IS 'when the rule was changed last';

CREATE SEQUENCE newterm.rule_version_id AS integer;
COMMENT ON SEQUENCE newterm.rule_version_id IS 'numbers of rule versions';

CREATE TABLE newterm.rule_versions (
	id integer PRIMARY KEY DEFAULT pg_catalog.nextval('newterm.rule_version_id'),
	rule_id bigint NOT NULL,
	version integer NOT NULL,
	fields text[] NOT NULL,
	filter text NOT NULL,
	group_by text[] NOT NULL,
	language text NOT NULL,
	learning_from timestamptz,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	UNIQUE (rule_id, version)
);
COMMENT ON TABLE newterm.rule_versions IS 'every version of every rule, with its clock; baselines belong to a version';
COMMENT ON COLUMN newterm.rule_versions.id IS 'number of the version, which stored runs refer to';
COMMENT ON COLUMN newterm.rule_versions.rule_id IS 'the rule';
COMMENT ON COLUMN newterm.rule_versions.version IS '1, 2, … within the rule';
COMMENT ON COLUMN newterm.rule_versions.fields IS 'fields of this version';
COMMENT ON COLUMN newterm.rule_versions.filter IS 'filter of this version';
COMMENT ON COLUMN newterm.rule_versions.group_by IS 'group_by of this version';
COMMENT ON COLUMN newterm.rule_versions.language IS 'language of this version';
COMMENT ON COLUMN newterm.rule_versions.learning_from IS 'the rule''s clock; NULL until the first transaction that it evaluates';
COMMENT ON COLUMN newterm.rule_versions.created_at IS 'when this version began';

CREATE TABLE newterm.digest_key (
	key uuid NOT NULL,
	sole boolean PRIMARY KEY DEFAULT true CHECK (sole)
);
COMMENT ON TABLE newterm.digest_key IS 'secret under which terms are digested; drawn with the first rule';
COMMENT ON COLUMN newterm.digest_key.key IS 'the secret';
COMMENT ON COLUMN newterm.digest_key.sole IS 'always true: there is one row';

CREATE TABLE newterm.known_accounts (
	account_id text PRIMARY KEY,
	name text NOT NULL,
	type text
);
COMMENT ON TABLE newterm.known_accounts IS 'AWS accounts and the vendors they belong to, for $vendor';
COMMENT ON COLUMN newterm.known_accounts.account_id IS 'AWS account id';
COMMENT ON COLUMN newterm.known_accounts.name IS 'who owns it';
COMMENT ON COLUMN newterm.known_accounts.type IS 'what kind of owner, for your own use';

-- ---------------------------------------------------------------- what is known

CREATE TABLE newterm.runs (
	first_seen timestamptz NOT NULL,
	last_granule timestamptz NOT NULL,
	digest uuid NOT NULL,
	version_id integer NOT NULL,
	learned boolean NOT NULL,
	term jsonb NOT NULL,
	entity jsonb
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX runs_digest ON newterm.runs (digest);
COMMENT ON TABLE newterm.runs IS 'the stored baseline, a row a run of a term; see newterm.baseline';
COMMENT ON COLUMN newterm.runs.first_seen IS 'first sighting of the run, exact';
COMMENT ON COLUMN newterm.runs.last_granule IS 'start of the granule of its last sighting';
COMMENT ON COLUMN newterm.runs.digest IS 'digest of rule version, entity and term';
COMMENT ON COLUMN newterm.runs.version_id IS 'the rule version';
COMMENT ON COLUMN newterm.runs.learned IS 'whether the run starts inside learning';
COMMENT ON COLUMN newterm.runs.term IS 'values of fields, in order';
COMMENT ON COLUMN newterm.runs.entity IS 'values of group_by, in order';

CREATE TABLE newterm.entity_clocks (
	digest uuid PRIMARY KEY,
	version_id integer NOT NULL,
	entity jsonb,
	learning_from timestamptz NOT NULL
);
COMMENT ON TABLE newterm.entity_clocks IS 'clocks of entities, for rules with learning_scope entity; see newterm.clocks';
COMMENT ON COLUMN newterm.entity_clocks.digest IS 'digest of rule version and entity';
COMMENT ON COLUMN newterm.entity_clocks.version_id IS 'the rule version';
COMMENT ON COLUMN newterm.entity_clocks.entity IS 'values of group_by, in order';
COMMENT ON COLUMN newterm.entity_clocks.learning_from IS 'when the entity began to learn';

CREATE TABLE newterm.learned_values (
	scope uuid NOT NULL,
	version_id integer NOT NULL,
	digest uuid NOT NULL,
	first_seen timestamptz NOT NULL,
	term jsonb NOT NULL,
	entity jsonb,
	event jsonb
);
CREATE INDEX learned_values_scope ON newterm.learned_values (scope);
COMMENT ON TABLE newterm.learned_values IS 'the first n terms of each scope, for rules with learning_values';
COMMENT ON COLUMN newterm.learned_values.scope IS 'digest of the rule version, or of it and the entity';
COMMENT ON COLUMN newterm.learned_values.version_id IS 'the rule version';
COMMENT ON COLUMN newterm.learned_values.digest IS 'digest of the term, as in newterm.runs';
COMMENT ON COLUMN newterm.learned_values.first_seen IS 'first sighting of the term';
COMMENT ON COLUMN newterm.learned_values.term IS 'values of fields, in order';
COMMENT ON COLUMN newterm.learned_values.entity IS 'values of group_by, in order';
COMMENT ON COLUMN newterm.learned_values.event IS 'the event of the first sighting, should the term become a detection';

CREATE TABLE newterm.postponed (
	version_id integer,
	digest uuid,
	entity jsonb,
	term jsonb,
	first_seen timestamptz,
	last_granule timestamptz,
	event jsonb,
	signal_id bigint,
	retracted boolean,
	reason text
);
COMMENT ON TABLE newterm.postponed IS 'what prepared transactions showed, and changes of signals that somebody had locked, until the next merge takes them';
COMMENT ON COLUMN newterm.postponed.version_id IS 'the rule version; NULL for a change of a signal';
COMMENT ON COLUMN newterm.postponed.digest IS 'digest of the term; NULL where the row is about the rule''s clock';
COMMENT ON COLUMN newterm.postponed.entity IS 'values of group_by, in order';
COMMENT ON COLUMN newterm.postponed.term IS 'values of fields, in order';
COMMENT ON COLUMN newterm.postponed.first_seen IS 'first sighting';
COMMENT ON COLUMN newterm.postponed.last_granule IS 'start of the granule of the last sighting';
COMMENT ON COLUMN newterm.postponed.event IS 'the event of the first sighting';
COMMENT ON COLUMN newterm.postponed.signal_id IS 'the signal to be changed';
COMMENT ON COLUMN newterm.postponed.retracted IS 'whether it is retracted; else it is amended';
COMMENT ON COLUMN newterm.postponed.reason IS 'why it changes';

-- ---------------------------------------------------------------- what was found

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
COMMENT ON COLUMN newterm.detection_log.origin IS 'live or backfill';
COMMENT ON COLUMN newterm.detection_log.signal_id IS 'the signal that tells of it';
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
	updated_at timestamptz NOT NULL DEFAULT pg_catalog.now()
)
-- Two rows a page, whole: compressing an event takes longer than all else of a signal.
WITH (toast_tuple_target = 4080);
COMMENT ON TABLE newterm.signals IS 'what a person is alerted to';
COMMENT ON COLUMN newterm.signals.id IS 'number of the signal';
COMMENT ON COLUMN newterm.signals.rule IS 'name of the rule at that time';
COMMENT ON COLUMN newterm.signals.rule_version IS 'version of the rule at that time';
COMMENT ON COLUMN newterm.signals.severity IS 'info, low, medium, high or critical';
COMMENT ON COLUMN newterm.signals.status IS 'open, under_review or archived';
COMMENT ON COLUMN newterm.signals.archive_reason IS 'why it was archived';
COMMENT ON COLUMN newterm.signals.assignee IS 'who looks at it';
COMMENT ON COLUMN newterm.signals.title IS 'the rule''s title, rendered';
COMMENT ON COLUMN newterm.signals.message IS 'the rule''s message, rendered';
COMMENT ON COLUMN newterm.signals.tags IS 'the rule''s tags';
COMMENT ON COLUMN newterm.signals.entity IS 'in which scope the term was new';
COMMENT ON COLUMN newterm.signals.term IS 'what was new';
COMMENT ON COLUMN newterm.signals.terms IS 'all terms of the signal';
COMMENT ON COLUMN newterm.signals.detections IS 'how many detections the signal tells of';
COMMENT ON COLUMN newterm.signals.first_seen IS 'event time of the first detection';
COMMENT ON COLUMN newterm.signals.last_seen IS 'event time of the last detection';
COMMENT ON COLUMN newterm.signals.event_id IS 'identity of the event: sharedEventID, else eventID';
COMMENT ON COLUMN newterm.signals.event IS 'the event itself, as a sample';
COMMENT ON COLUMN newterm.signals.origin IS 'live, or backfill: made without notifying';
COMMENT ON COLUMN newterm.signals.retracted_at IS 'when a late event showed that the term was known';
COMMENT ON COLUMN newterm.signals.change_reason IS 'why the signal was amended or retracted';
COMMENT ON COLUMN newterm.signals.created_at IS 'when the signal was made';
COMMENT ON COLUMN newterm.signals.updated_at IS 'when the signal was changed last';

CREATE SEQUENCE newterm.event_error_id;
COMMENT ON SEQUENCE newterm.event_error_id IS 'numbers of event errors';

CREATE TABLE newterm.event_errors (
	id bigint PRIMARY KEY,
	source regclass,
	event_id text,
	event_time timestamptz,
	cause text NOT NULL,
	detail text,
	occurred_at timestamptz NOT NULL
);
COMMENT ON TABLE newterm.event_errors IS 'events that could not be evaluated as they are; their inserts went on';
COMMENT ON COLUMN newterm.event_errors.id IS 'number of the error';
COMMENT ON COLUMN newterm.event_errors.source IS 'table that the event was inserted into';
COMMENT ON COLUMN newterm.event_errors.event_id IS 'identity of the event, where it could be read';
COMMENT ON COLUMN newterm.event_errors.event_time IS 'eventTime as the event has it, where it could be read';
COMMENT ON COLUMN newterm.event_errors.cause IS 'invalid_json, not_an_object, no_event_time, future_event_time, too_many_terms, rule_full or internal_error';
COMMENT ON COLUMN newterm.event_errors.detail IS 'more about the cause';
COMMENT ON COLUMN newterm.event_errors.occurred_at IS 'when it happened';

-- ---------------------------------------------------------------- the library's functions

CREATE FUNCTION newterm.observe(event "any", event_time "any", source oid, place tid) RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_observe' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION newterm.observe("any", "any", oid, tid) IS 'does the event bring news? The WHEN clause of a watched table''s trigger';

CREATE FUNCTION newterm.merge() RETURNS trigger
	AS 'MODULE_PATHNAME', 'newterm_merge' LANGUAGE C;
COMMENT ON FUNCTION newterm.merge() IS 'trigger function of watched tables: collects what a row shows, to be merged at commit';
-- who may watch a table may write the baseline
REVOKE ALL ON FUNCTION newterm.merge() FROM PUBLIC;

-- not in a parallel query: both read the accounts of $vendor with the newest snapshot
CREATE FUNCTION newterm.test_filter(filter text, event jsonb, language text DEFAULT 'datadog') RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_test_filter' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION newterm.test_filter(text, jsonb, text) IS 'does the filter match the event?';

CREATE FUNCTION newterm.terms(fields text[], event jsonb, language text DEFAULT 'datadog') RETURNS SETOF jsonb
	AS 'MODULE_PATHNAME', 'newterm_terms' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION newterm.terms(text[], jsonb, text) IS 'the terms that an event shows for these fields';

CREATE FUNCTION newterm.check_rule(fields text[], filter text, group_by text[], language text, title text, message text) RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_check_rule' LANGUAGE C STABLE;
COMMENT ON FUNCTION newterm.check_rule(text[], text, text[], text, text, text) IS 'raises an error where one of a rule''s texts is wrong';

CREATE FUNCTION newterm.check_rules_memory() RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_check_rules_memory' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.check_rules_memory() IS 'raises an error where compiled rules take more of a session than newterm.rules_memory';

CREATE FUNCTION newterm.rules_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'newterm_rules_changed' LANGUAGE C;
COMMENT ON FUNCTION newterm.rules_changed() IS 'trigger function: makes every session compile its rules anew';

CREATE FUNCTION newterm.knowledge_changed() RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_knowledge_changed' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.knowledge_changed() IS 'makes every session forget what it knew to be known';
REVOKE ALL ON FUNCTION newterm.knowledge_changed() FROM PUBLIC;

CREATE FUNCTION newterm.lock_knowledge() RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_lock_knowledge' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.lock_knowledge() IS 'keeps other transactions from merging until this one ends';
REVOKE ALL ON FUNCTION newterm.lock_knowledge() FROM PUBLIC;

CREATE FUNCTION newterm.redecide(version_id integer) RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_redecide' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION newterm.redecide(integer) IS 'decides again about the stored runs of a rule version, after its learning changed';
REVOKE ALL ON FUNCTION newterm.redecide(integer) FROM PUBLIC;

CREATE FUNCTION newterm.merge_postponed() RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_merge_postponed' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.merge_postponed() IS 'merges at commit what prepared transactions left behind';

CREATE FUNCTION newterm.term_object(fields text[], "values" jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'newterm_term_object' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION newterm.term_object(text[], jsonb) IS 'stored values as an object keyed by the fields';

CREATE FUNCTION newterm.watch_columns(events regclass, OUT event_column text, OUT time_column text)
	AS 'MODULE_PATHNAME', 'newterm_watch_columns' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION newterm.watch_columns(regclass) IS 'the columns that a watched table''s trigger observes';

-- ---------------------------------------------------------------- views

CREATE VIEW newterm.baseline AS
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

CREATE VIEW newterm.clocks AS
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

CREATE VIEW newterm.detections AS
	SELECT id, rule, entity, term, first_seen, event_id, status, origin, signal_id, suppression
	FROM newterm.detection_log;
COMMENT ON VIEW newterm.detections IS 'every start of a run outside learning';
COMMENT ON COLUMN newterm.detections.id IS 'number of the detection';
COMMENT ON COLUMN newterm.detections.rule IS 'the rule';
COMMENT ON COLUMN newterm.detections.entity IS 'the scope in which the term was new';
COMMENT ON COLUMN newterm.detections.term IS 'the term that was new';
COMMENT ON COLUMN newterm.detections.first_seen IS 'start of the run';
COMMENT ON COLUMN newterm.detections.event_id IS 'identity of the event that starts it';
COMMENT ON COLUMN newterm.detections.status IS 'live, or retracted by a late event';
COMMENT ON COLUMN newterm.detections.origin IS 'live or backfill';
COMMENT ON COLUMN newterm.detections.signal_id IS 'the signal that tells of it';
COMMENT ON COLUMN newterm.detections.suppression IS 'the suppression that muted it';

CREATE VIEW newterm.watched AS
	SELECT t.tgrelid::regclass AS events,
		c.event_column,
		c.time_column,
		CASE t.tgenabled
			WHEN 'O' THEN 'origin' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE 'never'
		END AS fires
	FROM pg_catalog.pg_trigger t
	CROSS JOIN LATERAL newterm.watch_columns(t.tgrelid::regclass) c
	WHERE t.tgfoid = 'newterm.merge()'::regprocedure AND t.tgparentid = 0;
COMMENT ON VIEW newterm.watched IS 'the watched tables';
COMMENT ON COLUMN newterm.watched.events IS 'the table; partitions of it are not listed';
COMMENT ON COLUMN newterm.watched.event_column IS 'the column that holds the record';
COMMENT ON COLUMN newterm.watched.time_column IS 'the column that holds its time; NULL: the record''s eventTime';
COMMENT ON COLUMN newterm.watched.fires IS 'for which inserts: origin, replica or always';

-- ---------------------------------------------------------------- watching

CREATE FUNCTION newterm.watch(events regclass, event_column name DEFAULT NULL, time_column name DEFAULT NULL,
	fires text DEFAULT 'origin') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	kind "char";
	candidates text[];
	column_type oid;
	time_argument text := 'NULL::pg_catalog.timestamptz';
BEGIN
	SELECT c.relkind INTO kind FROM pg_catalog.pg_class c WHERE c.oid = watch.events;
	IF kind NOT IN ('r', 'p') THEN
		RAISE EXCEPTION '% cannot be watched: it is a %', watch.events,
			CASE kind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
				WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence'
				WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'relation of kind ' || kind::text END
			USING ERRCODE = 'wrong_object_type',
				  HINT = 'Watch a table, or a partitioned table, that events are inserted into.';
	END IF;
	IF NOT pg_catalog.has_function_privilege('newterm.merge()', 'EXECUTE') THEN
		RAISE EXCEPTION 'you have no right to watch tables'
			USING ERRCODE = 'insufficient_privilege',
				  HINT = 'Who may watch a table may teach the rules: GRANT EXECUTE ON FUNCTION newterm.merge() TO ….';
	ELSIF fires NOT IN ('origin', 'replica', 'always') THEN
		RAISE EXCEPTION 'fires must be origin, replica or always, not "%"', fires
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF EXISTS (SELECT FROM pg_catalog.pg_trigger t
			   WHERE t.tgrelid = watch.events AND t.tgfoid = 'newterm.merge()'::pg_catalog.regprocedure) THEN
		RAISE EXCEPTION '% is watched already', watch.events
			USING ERRCODE = 'duplicate_object',
				  HINT = 'Use newterm.unwatch() first to change what is observed.';
	END IF;

	IF event_column IS NULL THEN
		-- the only jsonb column, or the only json one, or the only text one
		FOREACH column_type IN ARRAY ARRAY['jsonb', 'json', 'text']::pg_catalog.regtype[]::oid[] LOOP
			SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) INTO candidates
			FROM pg_catalog.pg_attribute a
			WHERE a.attrelid = watch.events AND a.attnum > 0 AND NOT a.attisdropped
				AND a.atttypid = column_type;
			EXIT WHEN candidates IS NOT NULL;
		END LOOP;
		IF candidates IS NULL THEN
			RAISE EXCEPTION '% has no column of type jsonb, json or text', watch.events
				USING ERRCODE = 'undefined_column';
		ELSIF pg_catalog.cardinality(candidates) > 1 THEN
			RAISE EXCEPTION '% has several columns that may hold the event: %', watch.events,
				pg_catalog.array_to_string(candidates, ', ')
				USING ERRCODE = 'ambiguous_column',
					  HINT = pg_catalog.format('Name one: newterm.watch(%L, event_column => %L).', watch.events::text, candidates[1]);
		END IF;
		event_column := candidates[1];
	ELSE
		SELECT a.atttypid INTO column_type FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = watch.events AND a.attname = event_column AND a.attnum > 0 AND NOT a.attisdropped;
		IF NOT FOUND THEN
			RAISE EXCEPTION '% has no column "%"', watch.events, event_column
				USING ERRCODE = 'undefined_column';
		ELSIF column_type NOT IN ('jsonb'::pg_catalog.regtype, 'json'::pg_catalog.regtype, 'text'::pg_catalog.regtype) THEN
			RAISE EXCEPTION 'column "%" of % is of type %', event_column, watch.events, column_type::pg_catalog.regtype
				USING ERRCODE = 'datatype_mismatch',
					  HINT = 'An event column is of type jsonb, json or text.';
		END IF;
	END IF;

	IF time_column IS NOT NULL THEN
		SELECT a.atttypid INTO column_type FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = watch.events AND a.attname = time_column AND a.attnum > 0 AND NOT a.attisdropped;
		IF NOT FOUND THEN
			RAISE EXCEPTION '% has no column "%"', watch.events, time_column
				USING ERRCODE = 'undefined_column';
		ELSIF column_type NOT IN ('timestamptz'::pg_catalog.regtype, 'timestamp'::pg_catalog.regtype) THEN
			RAISE EXCEPTION 'column "%" of % is of type %', time_column, watch.events, column_type::pg_catalog.regtype
				USING ERRCODE = 'datatype_mismatch',
					  HINT = 'A time column is of type timestamptz, or timestamp in UTC.';
		END IF;
		time_argument := pg_catalog.format('NEW.%I', time_column);
	END IF;

	EXECUTE pg_catalog.format('CREATE CONSTRAINT TRIGGER newterm_observe AFTER INSERT ON %s'
		' DEFERRABLE INITIALLY DEFERRED FOR EACH ROW'
		' WHEN (newterm.observe(NEW.%I, %s, NEW.tableoid, NEW.ctid)) EXECUTE FUNCTION newterm.merge()',
		watch.events, event_column, time_argument);
	IF fires <> 'origin' THEN
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE %s TRIGGER newterm_observe',
			watch.events, pg_catalog.upper(fires));
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.watch(regclass, name, name, text) IS 'show every row that is inserted into the table to the rules';

CREATE FUNCTION newterm.unwatch(events regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	trigger_name name;
BEGIN
	SELECT t.tgname INTO trigger_name FROM pg_catalog.pg_trigger t
	WHERE t.tgrelid = unwatch.events AND t.tgfoid = 'newterm.merge()'::pg_catalog.regprocedure;
	IF NOT FOUND THEN
		RAISE EXCEPTION '% is not watched', unwatch.events
			USING ERRCODE = 'undefined_object';
	END IF;
	EXECUTE pg_catalog.format('DROP TRIGGER %I ON %s', trigger_name, unwatch.events);
END
$$;
COMMENT ON FUNCTION newterm.unwatch(regclass) IS 'stop showing the table''s rows to the rules; what was learned stays';

CREATE FUNCTION newterm.load_log_into(document text, events regclass) RETURNS bigint
	AS 'MODULE_PATHNAME', 'newterm_load_log' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION newterm.load_log_into(text, regclass) IS 'inserts the records of an AWS log file into a watched table';

CREATE FUNCTION newterm.load_log(document text, events regclass DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	tables regclass[];
BEGIN
	IF events IS NULL THEN
		SELECT pg_catalog.array_agg(w.events) INTO tables FROM newterm.watched w;
		IF tables IS NULL OR pg_catalog.cardinality(tables) <> 1 THEN
			RAISE EXCEPTION 'load_log needs the name of a watched table: there are %',
				coalesce(pg_catalog.cardinality(tables), 0)
				USING ERRCODE = 'invalid_parameter_value',
					  HINT = 'newterm.load_log(document, ''table'')';
		END IF;
		events := tables[1];
	END IF;
	RETURN newterm.load_log_into(document, events);
END
$$;
COMMENT ON FUNCTION newterm.load_log(text, regclass) IS 'inserts the records of an AWS log file ({"Records": […]}, or one record after another) into a watched table; returns how many';

-- ---------------------------------------------------------------- changing rules

-- Raises where a rule's settings are wrong; texts are checked by the library.
CREATE FUNCTION newterm.check_settings() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.name = '' THEN
		RAISE EXCEPTION 'a rule needs a name' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning < '0' THEN
		RAISE EXCEPTION 'learning must not be negative' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_values < 0 THEN
		RAISE EXCEPTION 'learning_values must not be negative' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_scope NOT IN ('rule', 'entity') THEN
		RAISE EXCEPTION 'learning_scope must be rule or entity, not "%"', NEW.learning_scope
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF greatest(EXTRACT(epoch FROM NEW.learning), EXTRACT(epoch FROM NEW.forget_after),
				   EXTRACT(epoch FROM NEW.granule)) > 1e11 THEN
		RAISE EXCEPTION 'learning, forget_after and granule must be shorter than 3000 years'
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'forget_after NULL never forgets; learning_values 0 alerts on everything new.';
	ELSIF NEW.granule <= '0' THEN
		RAISE EXCEPTION 'granule must be positive' USING ERRCODE = 'invalid_parameter_value';
	ELSIF EXTRACT(epoch FROM NEW.granule) > EXTRACT(epoch FROM NEW.forget_after) THEN
		RAISE EXCEPTION 'granule (%) must not be longer than forget_after (%)', NEW.granule, NEW.forget_after
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Make the granule shorter, or forget_after longer or NULL.';
	ELSIF NEW.severity NOT IN ('info', 'low', 'medium', 'high', 'critical') THEN
		RAISE EXCEPTION 'severity must be info, low, medium, high or critical, not "%"', NEW.severity
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_from IN ('infinity', '-infinity') THEN
		RAISE EXCEPTION 'learning_from must be finite' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_scope = 'entity' AND NEW.group_by = '{}' THEN
		RAISE EXCEPTION 'learning_scope entity needs group_by' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.keep_alive <> '0' OR NEW.group_signals_by IS NOT NULL THEN
		RAISE EXCEPTION 'merging detections into one signal (keep_alive, group_signals_by) is not in this version'
			USING ERRCODE = 'feature_not_supported',
				  HINT = 'Leave keep_alive at 0 and group_signals_by NULL: each detection is a signal.';
	END IF;
	PERFORM newterm.check_rule(NEW.fields, NEW.filter, NEW.group_by, NEW.language, NEW.title, NEW.message);
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION newterm.check_settings() IS 'trigger function: refuses rules that make no sense';

CREATE TRIGGER check_settings BEFORE INSERT OR UPDATE ON newterm.rules
	FOR EACH ROW EXECUTE FUNCTION newterm.check_settings();
COMMENT ON TRIGGER check_settings ON newterm.rules IS 'refuses rules that make no sense';
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.rules
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.rules IS 'makes every session compile its rules anew';
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.rule_versions
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.rule_versions IS 'makes every session compile its rules anew';
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.known_accounts
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.known_accounts IS 'makes every session read the accounts anew';

CREATE FUNCTION newterm.create_rule(name text, fields text[], filter text DEFAULT '', group_by text[] DEFAULT '{}',
	learning interval DEFAULT '7 days', learning_values integer DEFAULT NULL,
	learning_scope text DEFAULT 'rule', learning_from timestamptz DEFAULT NULL,
	forget_after interval DEFAULT '90 days', granule interval DEFAULT '1 hour',
	severity text DEFAULT 'medium', title text DEFAULT NULL, message text DEFAULT NULL, tags text[] DEFAULT '{}',
	keep_alive interval DEFAULT '0', max_duration interval DEFAULT '24 hours', group_signals_by text[] DEFAULT NULL,
	optional_group_by boolean DEFAULT false, enabled boolean DEFAULT true, language text DEFAULT 'datadog') RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	rule_id bigint;
BEGIN
	IF EXISTS (SELECT FROM newterm.rules r WHERE r.name = create_rule.name) THEN
		RAISE EXCEPTION 'rule "%" exists already', create_rule.name
			USING ERRCODE = 'unique_violation',
				  HINT = 'Use newterm.alter_rule() to change it.';
	END IF;
	-- of two first rules at once the second waits here, so that there is one secret
	INSERT INTO newterm.digest_key (key) SELECT pg_catalog.gen_random_uuid()
	WHERE NOT EXISTS (SELECT FROM newterm.digest_key)
	ON CONFLICT DO NOTHING;
	INSERT INTO newterm.rules (name, fields, filter, group_by, learning, learning_values, learning_scope,
		learning_from, forget_after, granule, severity, title, message, tags, keep_alive, max_duration,
		group_signals_by, optional_group_by, enabled, language)
	VALUES (create_rule.name, create_rule.fields, create_rule.filter, create_rule.group_by, create_rule.learning,
		create_rule.learning_values, create_rule.learning_scope, create_rule.learning_from,
		create_rule.forget_after, create_rule.granule, create_rule.severity, create_rule.title,
		create_rule.message, create_rule.tags, create_rule.keep_alive, create_rule.max_duration,
		create_rule.group_signals_by, create_rule.optional_group_by, create_rule.enabled, create_rule.language)
	RETURNING rules.id INTO rule_id;
	INSERT INTO newterm.rule_versions (rule_id, version, fields, filter, group_by, language, learning_from)
	VALUES (rule_id, 1, create_rule.fields, create_rule.filter, create_rule.group_by, create_rule.language,
		create_rule.learning_from);
	IF create_rule.enabled THEN
		PERFORM newterm.check_rules_memory();
	END IF;
	RETURN rule_id;
END
$$;
COMMENT ON FUNCTION newterm.create_rule(text, text[], text, text[], interval, integer, text, timestamptz, interval, interval, text, text, text, text[], interval, interval, text[], boolean, boolean, text)
	IS 'creates a rule; returns its number';

CREATE FUNCTION newterm.alter_rule(name text, changes jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	before newterm.rules;
	after newterm.rules;
	unknown text;
	current_version integer;
	learning_changed boolean;
BEGIN
	IF changes IS NULL OR pg_catalog.jsonb_typeof(changes) <> 'object' THEN
		RAISE EXCEPTION 'changes must be a JSON object, such as {"severity": "high"}'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT pg_catalog.string_agg(k, ', ' ORDER BY k) INTO unknown
	FROM pg_catalog.jsonb_object_keys(changes) k
	WHERE k NOT IN ('name', 'fields', 'filter', 'group_by', 'learning', 'learning_values', 'learning_scope',
		'learning_from', 'forget_after', 'granule', 'severity', 'title', 'message', 'tags', 'keep_alive',
		'max_duration', 'group_signals_by', 'optional_group_by', 'enabled', 'language');
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'a rule has no setting %', unknown
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'The settings are the arguments of newterm.create_rule().';
	END IF;
	SELECT * INTO before FROM newterm.rules r WHERE r.name = alter_rule.name FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', alter_rule.name USING ERRCODE = 'undefined_object';
	END IF;
	after := pg_catalog.jsonb_populate_record(before, changes);
	after.updated_at := pg_catalog.now();

	IF (after.fields, after.filter, after.group_by, after.language)
		IS DISTINCT FROM (before.fields, before.filter, before.group_by, before.language) THEN
		after.version := before.version + 1;
	END IF;
	learning_changed := (after.learning, after.learning_values, after.learning_scope)
			IS DISTINCT FROM (before.learning, before.learning_values, before.learning_scope)
		OR (changes ? 'learning_from' AND after.learning_from IS NOT NULL);
	IF learning_changed THEN
		-- merges must not decide by the old settings meanwhile
		PERFORM newterm.lock_knowledge();
	END IF;
	UPDATE newterm.rules r SET
		name = after.name, version = after.version, fields = after.fields, filter = after.filter,
		group_by = after.group_by, language = after.language, learning = after.learning,
		learning_values = after.learning_values, learning_scope = after.learning_scope,
		learning_from = after.learning_from, forget_after = after.forget_after, granule = after.granule,
		severity = after.severity, title = after.title, message = after.message, tags = after.tags,
		keep_alive = after.keep_alive, max_duration = after.max_duration,
		group_signals_by = after.group_signals_by, optional_group_by = after.optional_group_by,
		enabled = after.enabled, updated_at = after.updated_at
	WHERE r.id = before.id;

	IF after.version <> before.version THEN
		INSERT INTO newterm.rule_versions (rule_id, version, fields, filter, group_by, language, learning_from)
		VALUES (before.id, after.version, after.fields, after.filter, after.group_by, after.language,
			CASE WHEN changes ? 'learning_from' THEN after.learning_from END);
	ELSE
		SELECT v.id INTO current_version FROM newterm.rule_versions v
		WHERE v.rule_id = before.id AND v.version = before.version;
		IF changes ? 'learning_from' AND after.learning_from IS NOT NULL THEN
			UPDATE newterm.rule_versions v SET learning_from = after.learning_from WHERE v.id = current_version;
		END IF;
		IF learning_changed THEN
			DELETE FROM newterm.learned_values l WHERE l.version_id = current_version;
			PERFORM newterm.redecide(current_version);
		END IF;
	END IF;
	IF after.enabled THEN
		PERFORM newterm.check_rules_memory();
	END IF;
	IF after.version <> before.version THEN
		RAISE NOTICE 'rule "%" is now version %: its baseline is empty and learning starts anew',
			after.name, after.version;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.alter_rule(text, jsonb) IS 'changes settings of a rule: {"setting": value, …}; what a setting means for the baseline is in the README';

CREATE FUNCTION newterm.drop_rule(name text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	dropped bigint;
BEGIN
	PERFORM newterm.lock_knowledge();
	DELETE FROM newterm.rules r WHERE r.name = drop_rule.name RETURNING r.id INTO dropped;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', drop_rule.name USING ERRCODE = 'undefined_object';
	END IF;
	DELETE FROM newterm.runs s USING newterm.rule_versions v
	WHERE v.rule_id = dropped AND s.version_id = v.id;
	DELETE FROM newterm.entity_clocks c USING newterm.rule_versions v
	WHERE v.rule_id = dropped AND c.version_id = v.id;
	DELETE FROM newterm.learned_values l USING newterm.rule_versions v
	WHERE v.rule_id = dropped AND l.version_id = v.id;
	DELETE FROM newterm.rule_versions v WHERE v.rule_id = dropped;
END
$$;
COMMENT ON FUNCTION newterm.drop_rule(text) IS 'drops a rule and its baselines; its detections and signals stay';

CREATE FUNCTION newterm.enable_rule(name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE newterm.rules r SET enabled = true, updated_at = pg_catalog.now() WHERE r.name = enable_rule.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', enable_rule.name USING ERRCODE = 'undefined_object';
	END IF;
	PERFORM newterm.check_rules_memory();
END
$$;
COMMENT ON FUNCTION newterm.enable_rule(text) IS 'evaluates the rule again, with the baseline it had';

CREATE FUNCTION newterm.disable_rule(name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE newterm.rules r SET enabled = false, updated_at = pg_catalog.now() WHERE r.name = disable_rule.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', disable_rule.name USING ERRCODE = 'undefined_object';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.disable_rule(text) IS 'stops evaluating the rule; its baseline stays';

-- ---------------------------------------------------------------- dump and restore, rights

SELECT pg_catalog.pg_extension_config_dump('newterm.rule_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.rules', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.rule_version_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.rule_versions', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.digest_key', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.known_accounts', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.runs', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.entity_clocks', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.learned_values', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.postponed', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.detection_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.detection_log', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.signal_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.signals', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.event_error_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.event_errors', '');

-- loaders evaluate newterm.observe in the trigger of a watched table
GRANT USAGE ON SCHEMA newterm TO PUBLIC;
