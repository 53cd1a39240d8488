-- Bringing log files in.

CREATE OR REPLACE FUNCTION newterm.only_watched_table() RETURNS regclass
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	tables regclass[];
BEGIN
	SELECT pg_catalog.array_agg(t.tgrelid::pg_catalog.regclass ORDER BY t.tgrelid) INTO tables
	FROM pg_catalog.pg_trigger t
	WHERE t.tgfoid = 'newterm.merge()'::pg_catalog.regprocedure AND t.tgparentid = 0
		AND (pg_catalog.has_table_privilege(t.tgrelid, 'INSERT') OR pg_catalog.has_any_column_privilege(t.tgrelid, 'INSERT'));
	IF tables IS NULL THEN
		RAISE EXCEPTION 'there is no watched table that you may insert into'
			USING ERRCODE = 'undefined_table',
				  HINT = 'Watch one with newterm.watch().';
	ELSIF pg_catalog.cardinality(tables) > 1 THEN
		RAISE EXCEPTION 'which table is meant? You may insert into %', pg_catalog.array_to_string(tables, ', ')
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = pg_catalog.format('Name it: newterm.load_log(…, %1$L), or SET newterm.log_table = %1$L.', tables[1]);
	END IF;
	RETURN tables[1];
END
$$;
COMMENT ON FUNCTION newterm.only_watched_table() IS 'the watched table that the caller may insert into; an error where there is none, or several';

CREATE OR REPLACE FUNCTION newterm.load_log(document text, events regclass DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'newterm_load_log' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.load_log(text, regclass) IS 'inserts the records of an AWS log file, of an envelope, or records one after another, into a watched table; returns how many rows';

CREATE OR REPLACE FUNCTION newterm.load_log(document bytea, events regclass DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'newterm_load_log' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.load_log(bytea, regclass) IS 'the same for the bytes of a file, which may be compressed by gzip';

CREATE OR REPLACE FUNCTION newterm.load_log(document jsonb, events regclass DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'newterm_load_log_jsonb' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.load_log(jsonb, regclass) IS 'the same for a document that is jsonb already';

CREATE OR REPLACE FUNCTION newterm.inbox() RETURNS trigger
	AS 'MODULE_PATHNAME', 'newterm_inbox' LANGUAGE C;
COMMENT ON FUNCTION newterm.inbox() IS 'trigger function of the view newterm.inbox: loads the lines of a statement';
REVOKE ALL ON FUNCTION newterm.inbox() FROM PUBLIC;
