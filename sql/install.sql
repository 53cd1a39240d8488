-- Begins the install script; the Makefile puts the other files behind it.

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
