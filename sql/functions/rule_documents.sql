-- Rules as JSON: described, stored from a description, exported.

CREATE OR REPLACE FUNCTION newterm.rule_settings(OUT setting text, OUT type regtype, OUT required boolean, OUT default_value text) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT a.attname, a.atttypid::regtype, a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
	FROM pg_attribute a
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid = 'newterm.rules'::regclass AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attname NOT IN ('id', 'version', 'created_at', 'updated_at')
	ORDER BY a.attnum
$$;
COMMENT ON FUNCTION newterm.rule_settings() IS 'the settings of a rule: the columns of newterm.rules that a user decides';

-- Which settings a rule has that is described so: what is not named has its default.
CREATE OR REPLACE FUNCTION newterm.described_rule(description jsonb) RETURNS newterm.rules
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wrong text;
BEGIN
	SELECT string_agg(k, ', ' ORDER BY k) INTO wrong FROM jsonb_object_keys(description) k
	WHERE k NOT IN (SELECT s.setting FROM newterm.rule_settings() s);
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'a rule has no setting %', wrong
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'The settings are the arguments of newterm.create_rule().';
	END IF;
	SELECT string_agg(format('"%s"', s.setting), ', ') INTO wrong FROM newterm.rule_settings() s
	WHERE s.required AND CASE WHEN description ? s.setting THEN jsonb_typeof(description -> s.setting) = 'null'
		ELSE s.default_value IS NULL END;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'the rule does not say its %', wrong USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- not whatever can be read so: 7 would be seven seconds
	SELECT string_agg(format('"%s" must be %s', s.setting, k.words), ', ') INTO wrong
	FROM newterm.rule_settings() s
	JOIN (VALUES ('text'::regtype, 'string', 'a string'), ('text[]', 'array', 'an array of strings'),
			('boolean', 'boolean', 'true or false'), ('integer', 'number', 'a number'),
			('interval', 'string', 'a string such as "7 days"'),
			('timestamptz', 'string', 'a string such as "2025-06-01T00:00:00Z"')) k (type, kind, words) ON k.type = s.type
	WHERE jsonb_typeof(description -> s.setting) NOT IN (k.kind, 'null')
		OR (jsonb_typeof(description -> s.setting) = 'array'
			AND jsonb_path_exists(description -> s.setting, '$[*] ? (@.type() != "string")'));
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION '%', wrong USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN jsonb_populate_record(newterm.default_rule(), description);
END
$$;
COMMENT ON FUNCTION newterm.described_rule(jsonb) IS 'a rule as its settings describe it, with the defaults of those that they leave out';

CREATE OR REPLACE FUNCTION newterm.rule_definition(rule newterm.rules) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET intervalstyle = 'postgres' SET timezone = 'UTC' AS $$
	SELECT jsonb_object_agg(d.key, d.value) FROM jsonb_each(to_jsonb(rule)) d
	WHERE d.key IN (SELECT s.setting FROM newterm.rule_settings() s)
$$;
COMMENT ON FUNCTION newterm.rule_definition(newterm.rules) IS 'all settings of a rule as a JSON object';

-- Creates the rule or changes the one of this name, and says what it did.
CREATE OR REPLACE FUNCTION newterm.store_rule(description jsonb) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted newterm.rules := newterm.described_rule(description);
	stored newterm.rules;
	changes jsonb;
BEGIN
	SELECT * INTO stored FROM newterm.rules r WHERE r.name = wanted.name;
	IF NOT FOUND THEN
		EXECUTE (SELECT format('INSERT INTO newterm.rules (%s) SELECT %s', string_agg(quote_ident(s.setting), ', '), string_agg(format('($1).%I', s.setting), ', '))
				 FROM newterm.rule_settings() s) USING wanted;
		RETURN 'new rule';
	END IF;
	SELECT jsonb_object_agg(d.key, d.value) INTO changes
	FROM jsonb_each(newterm.rule_definition(wanted)) d
	WHERE d.value <> newterm.rule_definition(stored) -> d.key;
	IF changes IS NULL THEN
		RETURN 'unchanged';
	END IF;
	PERFORM newterm.alter_rule(wanted.name, changes);
	RETURN 'changed: ' || (SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(changes) k);
END
$$;
COMMENT ON FUNCTION newterm.store_rule(jsonb) IS 'creates a rule, or gives the rule of this name these settings; says which';

CREATE OR REPLACE FUNCTION newterm.export_rules(rules text[] DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing text;
BEGIN
	SELECT coalesce(n, 'NULL') INTO missing FROM unnest(rules) n
	WHERE NOT EXISTS (SELECT FROM newterm.rules r WHERE r.name = n) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', missing USING ERRCODE = 'undefined_object';
	END IF;
	RETURN jsonb_build_object('newterm', 1, 'rules', coalesce(
		(SELECT jsonb_agg(newterm.rule_definition(r) ORDER BY r.name)
		 FROM newterm.rules r WHERE export_rules.rules IS NULL OR r.name = ANY (export_rules.rules)), '[]'));
END
$$;
COMMENT ON FUNCTION newterm.export_rules(text[]) IS 'rules as a document that import_rules makes the same rules of; without names, all';
