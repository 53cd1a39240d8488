-- Watching tables.

CREATE OR REPLACE FUNCTION newterm.watched_with(events regclass) RETURNS regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(parent.tgrelid, t.tgrelid)
	FROM pg_catalog.pg_trigger t
	LEFT JOIN LATERAL (
		WITH RECURSIVE above AS (
			SELECT p.tgrelid, p.tgparentid FROM pg_catalog.pg_trigger p WHERE p.oid = t.tgparentid
			UNION ALL
			SELECT p.tgrelid, p.tgparentid FROM above a JOIN pg_catalog.pg_trigger p ON p.oid = a.tgparentid)
		SELECT a.tgrelid FROM above a WHERE a.tgparentid = 0) parent ON true
	WHERE t.tgrelid = watched_with.events AND t.tgfoid = 'newterm.merge()'::pg_catalog.regprocedure
	ORDER BY t.tgparentid <> 0
	LIMIT 1
$$;
COMMENT ON FUNCTION newterm.watched_with(regclass) IS 'the table by whose watch the table is watched: itself, or the partitioned table that it belongs to; NULL: none';

CREATE OR REPLACE FUNCTION newterm.watch(events regclass, event_column name DEFAULT NULL, time_column name DEFAULT NULL,
	fires text DEFAULT 'origin', updates boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	kind "char";
	candidates text[];
	column_type oid;
	time_argument text := 'NULL::pg_catalog.timestamptz';
	trigger_name text := 'newterm_observe';
	root regclass;
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
	root := newterm.watched_with(watch.events);
	IF root = watch.events THEN
		RAISE EXCEPTION '% is watched already', watch.events
			USING ERRCODE = 'duplicate_object',
				  HINT = 'Use newterm.unwatch() first to change what is observed.';
	ELSIF root IS NOT NULL THEN
		RAISE EXCEPTION '% is watched already, as a partition of %', watch.events, root
			USING ERRCODE = 'duplicate_object';
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

	-- A partition gets a trigger by the name of its parent's: one that is watched by
	-- itself keeps its own beside it.
	IF kind = 'p' THEN
		trigger_name := trigger_name || '_' || watch.events::oid;
	END IF;
	EXECUTE pg_catalog.format('CREATE TRIGGER %I AFTER INSERT%s ON %s FOR EACH ROW'
		' WHEN (newterm.observe(NEW.%I, %s, NEW.tableoid, NEW.ctid)) EXECUTE FUNCTION newterm.merge()',
		trigger_name, CASE WHEN updates THEN pg_catalog.format(' OR UPDATE OF %I', event_column) ELSE '' END,
		watch.events, event_column, time_argument);
	IF fires <> 'origin' THEN
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE %s TRIGGER %I',
			watch.events, pg_catalog.upper(fires), trigger_name);
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.watch(regclass, name, name, text, boolean) IS 'show every row that is inserted into the table to the rules';

CREATE OR REPLACE FUNCTION newterm.unwatch(events regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	root regclass := newterm.watched_with(unwatch.events);
	trigger_name name;
BEGIN
	IF root IS NULL THEN
		RAISE EXCEPTION '% is not watched', unwatch.events
			USING ERRCODE = 'undefined_object';
	ELSIF root <> unwatch.events THEN
		RAISE EXCEPTION '% is watched as a partition of %', unwatch.events, root
			USING ERRCODE = 'wrong_object_type',
				  HINT = pg_catalog.format('Use newterm.unwatch(%L), or detach the partition.', root::text);
	END IF;
	SELECT t.tgname INTO trigger_name FROM pg_catalog.pg_trigger t
	WHERE t.tgrelid = unwatch.events AND t.tgfoid = 'newterm.merge()'::pg_catalog.regprocedure AND t.tgparentid = 0;
	EXECUTE pg_catalog.format('DROP TRIGGER %I ON %s', trigger_name, unwatch.events);
END
$$;
COMMENT ON FUNCTION newterm.unwatch(regclass) IS 'stop showing the table''s rows to the rules; what was learned stays';
