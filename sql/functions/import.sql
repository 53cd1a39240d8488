-- Bringing log files in.

CREATE OR REPLACE FUNCTION newterm.load_log_into(document text, events regclass) RETURNS bigint
	AS 'MODULE_PATHNAME', 'newterm_load_log' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION newterm.load_log_into(text, regclass) IS 'inserts the records of an AWS log file into a watched table';

CREATE OR REPLACE FUNCTION newterm.load_log(document text, events regclass DEFAULT NULL) RETURNS bigint
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
