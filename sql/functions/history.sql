-- Reading stored events, and what rules would have said about them.

CREATE OR REPLACE FUNCTION newterm.replay_add(internal, jsonb, text, timestamptz, boolean, newterm.rules[],
	timestamptz[], uuid, timestamptz, timestamptz, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'newterm_replay_add' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION newterm.replay_add(internal, jsonb, text, timestamptz, boolean, newterm.rules[], timestamptz[], uuid, timestamptz, timestamptz, bigint)
	IS 'transition function of newterm.replay';
CREATE OR REPLACE FUNCTION newterm.replay_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'newterm_replay_combine' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION newterm.replay_combine(internal, internal) IS 'combine function of newterm.replay';
CREATE OR REPLACE FUNCTION newterm.replay_serialise(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'newterm_replay_serialise' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION newterm.replay_serialise(internal) IS 'serialisation function of newterm.replay';
CREATE OR REPLACE FUNCTION newterm.replay_deserialise(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'newterm_replay_deserialise' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION newterm.replay_deserialise(bytea, internal) IS 'deserialisation function of newterm.replay';
CREATE OR REPLACE FUNCTION newterm.replay_final(internal) RETURNS newterm.replayed
	AS 'MODULE_PATHNAME', 'newterm_replay_final' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION newterm.replay_final(internal) IS 'final function of newterm.replay';

CREATE OR REPLACE AGGREGATE newterm.replay(event jsonb, event_text text, event_time timestamptz, has_time boolean,
	rules newterm.rules[], clocks timestamptz[], secret uuid, since timestamptz, until timestamptz, from_key bigint) (
	SFUNC = newterm.replay_add,
	STYPE = internal,
	FINALFUNC = newterm.replay_final,
	COMBINEFUNC = newterm.replay_combine,
	SERIALFUNC = newterm.replay_serialise,
	DESERIALFUNC = newterm.replay_deserialise,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE newterm.replay(jsonb, text, timestamptz, boolean, newterm.rules[], timestamptz[], uuid, timestamptz, timestamptz, bigint)
	IS 'what rules show over events, as far as their keys lie behind from_key; for newterm.backtest';
REVOKE ALL ON FUNCTION newterm.replay(jsonb, text, timestamptz, boolean, newterm.rules[], timestamptz[], uuid, timestamptz, timestamptz, bigint) FROM PUBLIC;

-- Built from the columns' defaults, so that they are written in one place.
CREATE OR REPLACE FUNCTION newterm.default_rule() RETURNS newterm.rules
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	expressions text;
	result newterm.rules;
BEGIN
	SELECT string_agg(CASE WHEN a.attname = 'id' THEN '0'
						   ELSE coalesce(pg_get_expr(d.adbin, d.adrelid), 'NULL') END, ', ' ORDER BY a.attnum)
	INTO expressions
	FROM pg_attribute a
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid = 'newterm.rules'::regclass AND a.attnum > 0 AND NOT a.attisdropped;
	EXECUTE format('SELECT (ROW(%s)::newterm.rules).*', expressions) INTO result;
	RETURN result;
END
$$;
COMMENT ON FUNCTION newterm.default_rule() IS 'a rule of which nothing is said: every setting''s default';

CREATE OR REPLACE FUNCTION newterm.described_rules(rules jsonb) RETURNS newterm.rules[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	element jsonb;
	described newterm.rules;
	result newterm.rules[] := '{}';
BEGIN
	IF rules IS NULL THEN
		RETURN coalesce((SELECT array_agg(r ORDER BY r.name) FROM newterm.rules r WHERE r.enabled), '{}');
	END IF;
	IF jsonb_typeof(rules) <> 'array' THEN
		rules := jsonb_build_array(rules);
	END IF;
	FOR element IN SELECT jsonb_array_elements(rules) LOOP
		IF jsonb_typeof(element) = 'string' THEN
			SELECT r.* INTO described FROM newterm.rules r WHERE r.name = element #>> '{}';
			IF NOT FOUND THEN
				RAISE EXCEPTION 'there is no rule "%"', element #>> '{}' USING ERRCODE = 'undefined_object';
			END IF;
		ELSIF jsonb_typeof(element) = 'object' THEN
			described := newterm.described_rule(jsonb_build_object('name', format('rule %s', cardinality(result) + 1))
				|| (SELECT i.description FROM newterm.import_newterm(element) i));
		ELSE
			RAISE EXCEPTION 'a rule is the name of a stored one, or an object such as {"fields": ["awsRegion"]}, not %', element
				USING ERRCODE = 'invalid_parameter_value';
		END IF;
		result := result || described;
	END LOOP;
	RETURN result;
END
$$;
COMMENT ON FUNCTION newterm.described_rules(jsonb) IS 'rules by name or by their settings, as rows: NULL gives all enabled ones';

CREATE OR REPLACE FUNCTION newterm.rule_clocks(rules newterm.rules[]) RETURNS timestamptz[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(array_agg(v.learning_from ORDER BY r.ordinality), '{}')
	FROM unnest(rules) WITH ORDINALITY r
	LEFT JOIN newterm.rule_versions v ON v.rule_id = r.id AND v.version = r.version
$$;
COMMENT ON FUNCTION newterm.rule_clocks(newterm.rules[]) IS 'the stored clock of each rule; NULL where none is stored';

-- How the records of a table's rows are read: the columns that newterm.replay, newterm.stored_values and others take, and
-- the time by which rows can be chosen.
CREATE OR REPLACE FUNCTION newterm.row_reading(events regclass, event_column name, time_column name, document text, OUT columns text, OUT row_time text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('%s AS event, %s AS event_text, %s AS event_time, %L::boolean AS has_time',
			CASE WHEN row_reading.event_column IS NULL THEN row_reading.document
				WHEN a.base_type = 'jsonb'::regtype THEN quote_ident(row_reading.event_column) || CASE WHEN a.type = a.base_type THEN '' ELSE '::jsonb' END
				-- bytes may be no text
				WHEN a.base_type = 'bytea'::regtype THEN format('(SELECT jsonb_agg(r) FROM newterm.records(%I) r)', row_reading.event_column)
				ELSE 'NULL::jsonb' END,
			CASE WHEN a.base_type IN ('json'::regtype, 'text'::regtype, 'varchar'::regtype) THEN quote_ident(row_reading.event_column) || '::text' ELSE 'NULL::text' END,
			coalesce(t.expression, 'NULL::timestamptz'), row_reading.time_column IS NOT NULL),
		t.expression
	FROM (VALUES (true)) one
	LEFT JOIN LATERAL newterm.event_candidates(row_reading.events) a ON a.column_name = row_reading.event_column
	LEFT JOIN LATERAL (
		SELECT quote_ident(p.attname) || CASE WHEN p.atttypid = 'timestamp'::regtype THEN ' AT TIME ZONE ''UTC''' ELSE '' END AS expression
		FROM pg_attribute p WHERE p.attrelid = row_reading.events AND p.attname = row_reading.time_column) t ON true
$$;
COMMENT ON FUNCTION newterm.row_reading(regclass, name, name, text) IS 'expressions that read the records of a row, and its time where it has a column for it';

-- A watched table as the tables that hold its rows: its leaf partitions, or itself and the
-- children that have its trigger, as chunks of a hypertable do.
CREATE OR REPLACE FUNCTION newterm.stored_tables(events regclass) RETURNS TABLE (watched regclass, leaf regclass, columns text, time_column text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH RECURSIVE below AS (
		SELECT w.events AS watched, w.events AS leaf FROM newterm.watched w
		WHERE stored_tables.events IS NULL OR w.events = stored_tables.events
		UNION ALL
		SELECT b.watched, i.inhrelid::regclass FROM below b
		JOIN pg_inherits i ON i.inhparent = b.leaf
		WHERE EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = i.inhrelid AND t.tgfoid = 'newterm.merge()'::regprocedure)
	)
	SELECT b.watched, b.leaf, r.columns, r.row_time
	FROM below b
	JOIN newterm.watched w ON w.events = b.watched
	JOIN pg_class c ON c.oid = b.leaf AND c.relkind <> 'p'
	CROSS JOIN LATERAL newterm.row_reading(w.events, w.event_column, w.time_column, w.document) r
	ORDER BY b.watched::text, b.leaf::text;
	IF NOT EXISTS (SELECT FROM newterm.watched w WHERE stored_tables.events IS NULL OR w.events = stored_tables.events) THEN
		IF stored_tables.events IS NOT NULL THEN
			RAISE EXCEPTION '% is not watched', stored_tables.events USING ERRCODE = 'undefined_object',
				HINT = format('SELECT newterm.watch(%L) says which column holds the events.', stored_tables.events);
		END IF;
		RAISE EXCEPTION 'no table is watched' USING ERRCODE = 'undefined_object',
			HINT = 'SELECT newterm.watch(''table'') says where the events are.';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.stored_tables(regclass) IS 'the tables that hold the events of a watched table or of all, and how an event is read from their rows';

CREATE OR REPLACE FUNCTION newterm.rows_between(row_time text, since timestamptz, until timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN row_time IS NOT NULL AND (since IS NOT NULL OR until IS NOT NULL) THEN
		format(' WHERE %1$s >= %2$L AND %1$s < %3$L', row_time, coalesce(since, '-infinity'), coalesce(until, 'infinity')) ELSE '' END
$$;
COMMENT ON FUNCTION newterm.rows_between(text, timestamptz, timestamptz) IS 'the condition that leaves rows of an interval, where their time is in a column; else nothing';

CREATE OR REPLACE FUNCTION newterm.stored_events(events regclass, since timestamptz, until timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(string_agg(format('SELECT %s FROM ONLY %s%s', t.columns, t.leaf, newterm.rows_between(t.time_column, since, until)), ' UNION ALL '),
		'SELECT NULL::jsonb AS event, NULL::text AS event_text, NULL::timestamptz AS event_time, false AS has_time')
	FROM newterm.stored_tables(events) t
$$;
COMMENT ON FUNCTION newterm.stored_events(regclass, timestamptz, timestamptz) IS 'the query that reads the stored events of one watched table or of all';

CREATE OR REPLACE FUNCTION newterm.stored_values(fields text[], event jsonb, event_text text, event_time timestamptz,
	has_time boolean) RETURNS TABLE (seen_at timestamptz, cause text, event_id text, "values" text[])
	AS 'MODULE_PATHNAME', 'newterm_stored_values' LANGUAGE C STABLE PARALLEL SAFE ROWS 1 COST 500;
COMMENT ON FUNCTION newterm.stored_values(text[], jsonb, text, timestamptz, boolean)
	IS 'a row for each record of a stored row: its time, or why it is not evaluated, its identity, and the first value of each field';

-- One pass over the events; more if the runs do not fit into work_mem.
CREATE OR REPLACE FUNCTION newterm.replay_events(rules newterm.rules[], since timestamptz, until timestamptz, events regclass)
	RETURNS SETOF newterm.replayed
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	query text := format('SELECT (r).* FROM (SELECT newterm.replay(e.event, e.event_text, e.event_time, e.has_time, $1, $2, $3, $4, $5, $6) AS r FROM (%s) e OFFSET 0) x',
						 newterm.stored_events(events, since, until));
	clocks timestamptz[] := newterm.rule_clocks(rules);
	secret uuid := gen_random_uuid();
	result newterm.replayed;
	next_key bigint := 0;
BEGIN
	LOOP
		EXECUTE query INTO result USING rules, clocks, secret, since, until, next_key;
		RETURN NEXT result;
		next_key := result.next_key;
		EXIT WHEN next_key IS NULL;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.replay_events(newterm.rules[], timestamptz, timestamptz, regclass) IS 'what rules show over the stored events; a row a pass';

-- The message for an interval that leaves out all stored events; NULL if some are inside, or none is stored.
CREATE OR REPLACE FUNCTION newterm.outside_interval(since timestamptz, until timestamptz, events regclass, OUT message text, OUT newest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	stored newterm.replayed;
BEGIN
	IF (since IS NULL AND until IS NULL)
		OR EXISTS (SELECT FROM newterm.replay_events('{}', since, until, outside_interval.events) p WHERE p.events > 0) THEN
		RETURN;
	END IF;
	SELECT * INTO stored FROM newterm.replay_events('{}', NULL, NULL, outside_interval.events);
	IF stored.events > 0 THEN
		newest := stored.latest;
		message := format('none of the %s stored events is read: they are from %s to %s', stored.events, stored.earliest, stored.latest);
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.outside_interval(timestamptz, timestamptz, regclass)
	IS 'says that all stored events lie outside an interval, and when the newest one was; NULL where some lie inside, or none is stored';

CREATE OR REPLACE FUNCTION newterm.tell_outside_interval(since timestamptz, until timestamptz, events regclass) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	outside constant text := (newterm.outside_interval(since, until, events)).message;
BEGIN
	IF outside IS NOT NULL THEN
		RAISE NOTICE '%', outside USING HINT = 'since => NULL, until => NULL reads all of them.';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.tell_outside_interval(timestamptz, timestamptz, regclass) IS 'tells whoever reads nothing that all stored events lie outside the interval';

CREATE OR REPLACE FUNCTION newterm.backtest(rules jsonb DEFAULT NULL, since timestamptz DEFAULT NULL,
	until timestamptz DEFAULT NULL, events regclass DEFAULT NULL)
	RETURNS TABLE (rule text, entity jsonb, term jsonb, first_seen timestamptz, event_id text, status text, suppression text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	described newterm.rules[] := newterm.described_rules(rules);
BEGIN
	RETURN QUERY
	SELECT described[s.rule].name, s.entity, s.term, s.first_seen, s.event_id,
		CASE WHEN s.learned THEN 'learned' WHEN s.suppression IS NOT NULL THEN 'muted' ELSE 'detection' END,
		CASE WHEN NOT s.learned THEN s.suppression END
	FROM newterm.replay_events(described, since, until, events) p
	CROSS JOIN LATERAL unnest(p.starts) s
	ORDER BY s.first_seen, s.rule, s.entity, s.term;
	IF NOT FOUND THEN
		PERFORM newterm.tell_outside_interval(since, until, events);
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.backtest(jsonb, timestamptz, timestamptz, regclass)
	IS 'what rules, stored or only described, would have said about the stored events: a row for every start of a run; leaves nothing behind';
