-- Watching tables.

CREATE OR REPLACE FUNCTION newterm.watch(events regclass, event_column name DEFAULT NULL, time_column name DEFAULT NULL,
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

CREATE OR REPLACE FUNCTION newterm.unwatch(events regclass) RETURNS void
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
