-- Fields and filters tried on an event.

CREATE OR REPLACE FUNCTION newterm.value(field text, event jsonb, language text DEFAULT 'datadog') RETURNS jsonb
	AS 'MODULE_PATHNAME', 'newterm_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION newterm.value(text, jsonb, text) IS 'the value of a field in an event, several ones as an array, NULL for none; fit for indexes';

CREATE OR REPLACE FUNCTION newterm.principal(event jsonb) RETURNS text
	AS 'MODULE_PATHNAME', 'newterm_principal' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION newterm.principal(jsonb) IS 'who calls, whatever the session: $principal; fit for indexes';
