-- What reading the documents of all products needs.

CREATE OR REPLACE FUNCTION newterm.import_member(document jsonb, key text, kind text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	member jsonb := document -> key;
BEGIN
	IF member IS NULL OR jsonb_typeof(member) = 'null' THEN
		RETURN NULL;
	ELSIF jsonb_typeof(member) IS DISTINCT FROM kind THEN
		RAISE EXCEPTION '"%" must be of type %, not %', key, kind, jsonb_typeof(member)
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN member;
END
$$;
COMMENT ON FUNCTION newterm.import_member(jsonb, text, text) IS 'a member of a rule''s document; NULL where it is missing or null, an error where it is of another JSON type';

CREATE OR REPLACE FUNCTION newterm.import_text(document jsonb, key text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT newterm.import_member(document, key, 'string') #>> '{}'
$$;
COMMENT ON FUNCTION newterm.import_text(jsonb, text) IS 'a string of a rule''s document; NULL where it is missing';

CREATE OR REPLACE FUNCTION newterm.import_number(document jsonb, key text) RETURNS numeric
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT (newterm.import_member(document, key, 'number') #>> '{}')::numeric
$$;
COMMENT ON FUNCTION newterm.import_number(jsonb, text) IS 'a number of a rule''s document; NULL where it is missing';

CREATE OR REPLACE FUNCTION newterm.import_boolean(document jsonb, key text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT (newterm.import_member(document, key, 'boolean') #>> '{}')::boolean
$$;
COMMENT ON FUNCTION newterm.import_boolean(jsonb, text) IS 'a boolean of a rule''s document; NULL where it is missing';

CREATE OR REPLACE FUNCTION newterm.import_texts(document jsonb, key text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	members jsonb := newterm.import_member(document, key, 'array');
BEGIN
	IF EXISTS (SELECT FROM jsonb_array_elements(members) m WHERE jsonb_typeof(m) <> 'string') THEN
		RAISE EXCEPTION '"%" must be an array of strings', key USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN (SELECT coalesce(array_agg(m ORDER BY n), '{}')
			FROM jsonb_array_elements_text(members) WITH ORDINALITY AS a (m, n));
END
$$;
COMMENT ON FUNCTION newterm.import_texts(jsonb, text) IS 'an array of strings of a rule''s document; empty where it is missing';

CREATE OR REPLACE FUNCTION newterm.import_objects(document jsonb, key text) RETURNS SETOF jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	members jsonb := newterm.import_member(document, key, 'array');
BEGIN
	IF EXISTS (SELECT FROM jsonb_array_elements(members) m WHERE jsonb_typeof(m) <> 'object') THEN
		RAISE EXCEPTION '"%" must be an array of objects', key USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN QUERY SELECT m FROM jsonb_array_elements(members) m;
END
$$;
COMMENT ON FUNCTION newterm.import_objects(jsonb, text) IS 'the elements of an array of objects of a rule''s document; none where it is missing';

-- Is a placeholder a path, as Datadog writes them: @userIdentity.arn?
CREATE OR REPLACE FUNCTION newterm.import_is_field(name text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF name !~ '^@' THEN
		RETURN false;
	END IF;
	PERFORM newterm.terms(ARRAY[name], '{}');
	RETURN true;
EXCEPTION WHEN SQLSTATE 'NT001' OR invalid_parameter_value THEN
	-- NT001: newterm's own syntax errors
	RETURN false;
END
$$;
COMMENT ON FUNCTION newterm.import_is_field(text) IS 'whether a name is @ and a path that newterm can read';

-- A text of another product as a template: {{@path}} stays; what means nothing here
-- loses a brace and is shown as text.
CREATE OR REPLACE FUNCTION newterm.import_template(template text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	limit_length CONSTANT integer := 100000;
	rest text := template;
	result text := '';
	opened integer;
	closed integer;
	name text;
BEGIN
	IF length(template) > limit_length THEN
		RAISE EXCEPTION 'a text of % characters is too long for a rule', length(template)
			USING ERRCODE = 'program_limit_exceeded',
				  HINT = format('Titles and messages are imported up to %s characters.', limit_length);
	END IF;
	LOOP
		opened := strpos(rest, '{{');
		closed := CASE WHEN opened > 0 THEN strpos(substr(rest, opened + 2), '}}') ELSE 0 END;
		EXIT WHEN closed = 0;
		name := btrim(substr(rest, opened + 2, closed - 1));
		result := result || left(rest, opened - 1)
			|| CASE WHEN newterm.import_is_field(name) THEN '{{' || replace(name, '@$', '$') || '}}' ELSE '{' || name || '}' END;
		rest := substr(rest, opened + closed + 3);
	END LOOP;
	RETURN result || rest;
END
$$;
COMMENT ON FUNCTION newterm.import_template(text) IS 'a text with its placeholders {{@path}}; others are left as {text}';

-- Queries that are taken apart piece by piece.
CREATE OR REPLACE FUNCTION newterm.import_check_query(query text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF length(query) > 100000 THEN
		RAISE EXCEPTION 'a query of % characters is too long to be translated', length(query)
			USING ERRCODE = 'program_limit_exceeded';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.import_check_query(text) IS 'raises where a query is too long to be translated';
