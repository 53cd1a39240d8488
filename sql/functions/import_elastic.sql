-- Elastic's new_terms rules in our words: Kibana's exports, a rule on a line, and
-- detection-rules' TOML in JSON form.

-- ---- Their query DSL as KQL ----

CREATE OR REPLACE FUNCTION newterm.import_kql_value(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	CASE jsonb_typeof(value)
		WHEN 'string' THEN
			RETURN '"' || replace(replace(value #>> '{}', '\', '\\'), '"', '\"') || '"';
		WHEN 'number', 'boolean' THEN
			RETURN value #>> '{}';
		ELSE
			RAISE EXCEPTION 'a filter''s value must be a string, a number or a boolean, not %', coalesce(jsonb_typeof(value), 'missing')
				USING ERRCODE = 'invalid_parameter_value';
	END CASE;
END
$$;
COMMENT ON FUNCTION newterm.import_kql_value(jsonb) IS 'a JSON value as a literal of KQL';

-- A pattern whose * stands for anything.
CREATE OR REPLACE FUNCTION newterm.import_kql_pattern(pattern text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF pattern IS NULL OR pattern ~ '\?' THEN
		RAISE EXCEPTION 'a pattern with ? cannot be said in KQL: %', coalesce(pattern, 'none')
			USING ERRCODE = 'feature_not_supported', HINT = 'Use * in the rule, or create it in language datadog.';
	END IF;
	RETURN regexp_replace(pattern, '([\\():<>"{}\s])', '\\\1', 'g');
END
$$;
COMMENT ON FUNCTION newterm.import_kql_pattern(text) IS 'a wildcard pattern as KQL writes it';

CREATE OR REPLACE FUNCTION newterm.import_kql_any(field text, "values" jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF jsonb_typeof("values") IS DISTINCT FROM 'array' OR "values" = '[]' THEN
		RAISE EXCEPTION 'a filter on % has no values', field USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN field || ': (' || (SELECT string_agg(newterm.import_kql_value(v), ' or ' ORDER BY n)
		FROM jsonb_array_elements("values") WITH ORDINALITY AS e (v, n)) || ')';
END
$$;
COMMENT ON FUNCTION newterm.import_kql_any(text, jsonb) IS 'KQL for: the field has one of the values';

CREATE OR REPLACE FUNCTION newterm.import_kql_range(field text, bounds jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT '(' || string_agg(field || ' ' || o.operator || ' ' || newterm.import_kql_value(b.value), ' and ' ORDER BY b.key) || ')'
	FROM jsonb_each(bounds) b
	JOIN (VALUES ('gte', '>='), ('gt', '>'), ('lte', '<='), ('lt', '<')) o (key, operator) ON o.key = b.key
	WHERE b.value <> 'null'
$$;
COMMENT ON FUNCTION newterm.import_kql_range(text, jsonb) IS 'KQL for: the field lies within bounds';

-- The clauses of a bool query: must and filter, one of should, none of must_not.
CREATE OR REPLACE FUNCTION newterm.import_elastic_bool(query jsonb, depth integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wrong text;
	clauses text[] := '{}';
	kind text;
	joined text;
BEGIN
	SELECT string_agg(k, ', ' ORDER BY k) INTO wrong FROM jsonb_object_keys(query) k
	WHERE k NOT IN ('must', 'filter', 'should', 'must_not', 'minimum_should_match');
	IF wrong IS NOT NULL OR coalesce(query ->> 'minimum_should_match', '1') <> '1' THEN
		RAISE EXCEPTION 'a bool query with % cannot be said in KQL', coalesce(wrong, 'minimum_should_match ' || (query ->> 'minimum_should_match'))
			USING ERRCODE = 'feature_not_supported';
	END IF;
	FOREACH kind IN ARRAY '{must,filter,should,must_not}'::text[] LOOP
		SELECT string_agg('(' || newterm.import_elastic_query(q, depth + 1) || ')', CASE kind WHEN 'should' THEN ' or ' WHEN 'must_not' THEN ' or ' ELSE ' and ' END ORDER BY n)
		INTO joined
		FROM jsonb_array_elements(CASE jsonb_typeof(query -> kind) WHEN 'array' THEN query -> kind WHEN 'object' THEN jsonb_build_array(query -> kind) ELSE '[]' END)
			WITH ORDINALITY AS e (q, n);
		IF joined IS NOT NULL THEN
			clauses := clauses || (CASE kind WHEN 'must_not' THEN 'not (' ELSE '(' END || joined || ')');
		END IF;
	END LOOP;
	RETURN coalesce(nullif(array_to_string(clauses, ' and '), ''), '*');
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_bool(jsonb, integer) IS 'a bool query of Elasticsearch as KQL';

CREATE OR REPLACE FUNCTION newterm.import_elastic_query(query jsonb, depth integer DEFAULT 0) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	kind text;
	body jsonb;
	field text;
	value jsonb;
BEGIN
	IF jsonb_typeof(query) IS DISTINCT FROM 'object' OR (SELECT count(*) FROM jsonb_object_keys(query)) <> 1 THEN
		RAISE EXCEPTION 'a filter must be one query, not %', left(coalesce(query::text, 'nothing'), 100)
			USING ERRCODE = 'feature_not_supported';
	END IF;
	IF depth > 50 THEN
		RAISE EXCEPTION 'a filter''s queries are nested more than 50 deep' USING ERRCODE = 'program_limit_exceeded';
	END IF;
	SELECT e.key, e.value INTO kind, body FROM jsonb_each(query) e;
	IF jsonb_typeof(body) <> 'object' THEN
		RAISE EXCEPTION 'a query % must be an object', kind USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT e.key, e.value INTO field, value FROM jsonb_each(body) e WHERE e.key <> 'boost' LIMIT 1;
	CASE kind
		WHEN 'bool' THEN
			RETURN newterm.import_elastic_bool(body, depth);
		WHEN 'match_all' THEN
			RETURN '*';
		WHEN 'exists' THEN
			RETURN newterm.import_text(body, 'field') || ': *';
		WHEN 'query_string' THEN
			RETURN newterm.import_lucene(newterm.import_text(body, 'query'));
		WHEN 'terms' THEN
			RETURN newterm.import_kql_any(field, value);
		WHEN 'range' THEN
			RETURN newterm.import_kql_range(field, value);
		WHEN 'term', 'match', 'match_phrase' THEN
			IF jsonb_typeof(value) = 'object' THEN
				value := coalesce(value -> 'value', value -> 'query');
			END IF;
			RETURN field || ': ' || newterm.import_kql_value(value);
		WHEN 'prefix', 'wildcard' THEN
			IF jsonb_typeof(value) = 'object' AND newterm.import_boolean(value, 'case_insensitive') THEN
				RAISE EXCEPTION 'a % filter that ignores case cannot be said in KQL', kind
					USING ERRCODE = 'feature_not_supported', HINT = 'Filters of newterm respect case; lower(field) does not.';
			ELSIF jsonb_typeof(value) = 'object' THEN
				value := coalesce(value -> 'value', value -> 'wildcard', value -> 'prefix');
			END IF;
			RETURN field || ': ' || newterm.import_kql_pattern(value #>> '{}') || CASE kind WHEN 'prefix' THEN '*' ELSE '' END;
		ELSE
			RAISE EXCEPTION 'a filter of kind % cannot be said in KQL', kind USING ERRCODE = 'feature_not_supported';
	END CASE;
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_query(jsonb, integer) IS 'a query of Elasticsearch as KQL';

-- One of a rule's filters; NULL where it is switched off.
CREATE OR REPLACE FUNCTION newterm.import_elastic_filter(filter jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	meta jsonb := coalesce(newterm.import_member(filter, 'meta', 'object'), '{}');
	query jsonb := coalesce(newterm.import_member(filter, 'query', 'object'),
		filter - '{meta,$state,query}'::text[]);
BEGIN
	IF newterm.import_boolean(meta, 'disabled') THEN
		RETURN NULL;
	ELSIF newterm.import_boolean(meta, 'negate') THEN
		RETURN 'not (' || newterm.import_elastic_query(query) || ')';
	END IF;
	RETURN '(' || newterm.import_elastic_query(query) || ')';
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_filter(jsonb) IS 'a filter of a Kibana rule as KQL';

-- ---- Exceptions ----

CREATE OR REPLACE FUNCTION newterm.import_elastic_entry(entry jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	kind text := newterm.import_text(entry, 'type');
	field text := newterm.import_text(entry, 'field');
	clause text;
BEGIN
	CASE kind
		WHEN 'match' THEN clause := field || ': ' || newterm.import_kql_value(entry -> 'value');
		WHEN 'match_any' THEN clause := newterm.import_kql_any(field, entry -> 'value');
		WHEN 'exists' THEN clause := field || ': *';
		WHEN 'wildcard' THEN clause := field || ': ' || newterm.import_kql_pattern(newterm.import_text(entry, 'value'));
		WHEN 'nested' THEN
			clause := field || ': {' || (SELECT string_agg(newterm.import_elastic_entry(e), ' and ')
										 FROM newterm.import_objects(entry, 'entries') e) || '}';
		ELSE
			RAISE EXCEPTION 'an exception of type % cannot be said in KQL', coalesce(kind, 'nothing')
				USING ERRCODE = 'feature_not_supported',
					  HINT = 'Import the rule without it, and create a suppression with LIST(field, name).';
	END CASE;
	RETURN CASE newterm.import_text(entry, 'operator') WHEN 'excluded' THEN 'not (' || clause || ')' ELSE clause END;
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_entry(jsonb) IS 'an entry of an exception item as KQL';

-- What the rule's exception lists let through, from the items in the same text.
CREATE OR REPLACE FUNCTION newterm.import_elastic_exceptions(rule jsonb, items jsonb, OUT clauses text[], OUT remarks text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	list jsonb;
	item jsonb;
	found_any boolean;
BEGIN
	clauses := '{}';
	remarks := '{}';
	FOR list IN SELECT newterm.import_objects(rule, 'exceptions_list') LOOP
		found_any := false;
		FOR item IN
			SELECT i FROM jsonb_array_elements(items) i WHERE i ->> 'list_id' = list ->> 'list_id'
		LOOP
			found_any := true;
			CONTINUE WHEN (newterm.import_text(item, 'expire_time'))::timestamptz < now();
			clauses := clauses || ('not (' || (SELECT string_agg(newterm.import_elastic_entry(e), ' and ')
											   FROM newterm.import_objects(item, 'entries') e) || ')');
			IF item ->> 'expire_time' IS NOT NULL THEN
				remarks := remarks || format('exception "%s" does not expire here', item ->> 'name');
			END IF;
		END LOOP;
		IF NOT found_any THEN
			remarks := remarks || format('exceptions of list "%s" are not in the document', list ->> 'list_id');
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_exceptions(jsonb, jsonb) IS 'the exceptions of an Elastic rule as clauses of KQL';

-- ---- Rules ----

-- Fields and history of Kibana's form and of detection-rules'.
CREATE OR REPLACE FUNCTION newterm.import_elastic_flatten(document jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rule jsonb := coalesce(newterm.import_member(document, 'rule', 'object'), document);
	terms jsonb := newterm.import_member(rule, 'new_terms', 'object');
BEGIN
	IF terms IS NOT NULL THEN
		rule := (rule - 'new_terms') || jsonb_build_object('new_terms_fields', terms -> 'value',
			'history_window_start', (SELECT h -> 'value' FROM newterm.import_objects(terms, 'history_window_start') h LIMIT 1));
	END IF;
	RETURN rule;
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_flatten(jsonb) IS 'a rule of Elastic in Kibana''s form';

CREATE OR REPLACE FUNCTION newterm.import_elastic_history(rule jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	start text := newterm.import_text(rule, 'history_window_start');
	parts text[] := regexp_match(start, '^now-(\d{1,6})([smhdwMy])(?:/[smhdwMy])?$');
BEGIN
	IF parts IS NULL THEN
		RAISE EXCEPTION 'history_window_start must be such as now-14d, not %', coalesce(start, 'missing')
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN parts[1] || ' ' || CASE parts[2] WHEN 's' THEN 'seconds' WHEN 'm' THEN 'minutes' WHEN 'h' THEN 'hours'
		WHEN 'd' THEN 'days' WHEN 'w' THEN 'weeks' WHEN 'M' THEN 'months' ELSE 'years' END;
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_history(jsonb) IS 'how far back an Elastic rule looks for a term, as an interval''s text';

CREATE OR REPLACE FUNCTION newterm.import_elastic_tags(rule jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT newterm.import_texts(rule, 'tags')
		|| ARRAY(SELECT DISTINCT tag
				 FROM newterm.import_objects(rule, 'threat') threat
				 LEFT JOIN LATERAL newterm.import_objects(threat, 'technique') technique ON true
				 LEFT JOIN LATERAL newterm.import_objects(technique, 'subtechnique') sub ON true,
				 LATERAL (VALUES ('tactic:' || (threat #>> '{tactic,id}')), ('technique:' || (technique ->> 'id')),
					('technique:' || (sub ->> 'id'))) t (tag)
				 WHERE tag IS NOT NULL ORDER BY tag)
		|| CASE WHEN newterm.import_number(rule, 'risk_score') IS NOT NULL THEN ARRAY['risk_score:' || (rule ->> 'risk_score')] ELSE '{}' END
$$;
COMMENT ON FUNCTION newterm.import_elastic_tags(jsonb) IS 'tags, ATT&CK tactics and techniques, and risk score of an Elastic rule';

CREATE OR REPLACE FUNCTION newterm.import_elastic_message(rule jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT newterm.import_template(nullif(concat_ws(E'\n\n', newterm.import_text(rule, 'description'), newterm.import_text(rule, 'note'),
		'False positives: ' || nullif(array_to_string(newterm.import_texts(rule, 'false_positives'), E'\n'), ''),
		'Setup: ' || nullif(newterm.import_text(rule, 'setup'), ''),
		'References: ' || nullif(array_to_string(newterm.import_texts(rule, 'references'), ', '), '')), ''))
$$;
COMMENT ON FUNCTION newterm.import_elastic_message(jsonb) IS 'description, guide and references of an Elastic rule as a message';

-- Suppression of alerts: only by fields that are of the term already does a group
-- leave as it is which terms are new.
CREATE OR REPLACE FUNCTION newterm.import_elastic_suppression(rule jsonb, OUT settings jsonb, OUT remarks text[])
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	suppression jsonb := newterm.import_member(rule, 'alert_suppression', 'object');
	grouped text[] := newterm.import_texts(suppression, 'group_by');
	duration jsonb := newterm.import_member(suppression, 'duration', 'object');
	span text := newterm.import_span(duration, 'value', CASE duration ->> 'unit' WHEN 's' THEN 'seconds' WHEN 'm' THEN 'minutes' ELSE 'hours' END);
BEGIN
	settings := '{}';
	remarks := '{}';
	IF suppression IS NULL THEN
		RETURN;
	ELSIF NOT newterm.import_texts(rule, 'new_terms_fields') @> grouped THEN
		remarks := ARRAY[format('alerts are not suppressed by %s, which is not of the new terms: set group_by and keep_alive as you want them',
			array_to_string(grouped, ', '))];
		RETURN;
	END IF;
	IF span IS NULL THEN
		span := '5 minutes';
		remarks := ARRAY['alerts were suppressed within a run of the rule: here within 5 minutes'];
	END IF;
	settings := jsonb_build_object('group_by', grouped, 'keep_alive', span, 'max_duration', span);
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_suppression(jsonb) IS 'the alert suppression of an Elastic rule as settings of grouping';

CREATE OR REPLACE FUNCTION newterm.import_elastic_remarks(rule jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	remarks text[] := '{}';
	key text;
BEGIN
	FOREACH key IN ARRAY '{actions,response_actions}'::text[] LOOP
		IF EXISTS (SELECT newterm.import_objects(rule, key)) THEN
			remarks := remarks || format('%s are not carried out: use newterm.subscribe()', key);
		END IF;
	END LOOP;
	FOREACH key IN ARRAY '{severity_mapping,risk_score_mapping}'::text[] LOOP
		IF EXISTS (SELECT newterm.import_objects(rule, key)) THEN
			remarks := remarks || format('%s is left out: the severity is always %s', key, coalesce(rule ->> 'severity', 'medium'));
		END IF;
	END LOOP;
	IF newterm.import_text(rule, 'rule_name_override') <> '' THEN
		remarks := remarks || 'rule_name_override is left out: set a title'::text;
	END IF;
	IF newterm.import_text(rule, 'building_block_type') IS NOT NULL THEN
		remarks := remarks || 'a building block makes no alerts of its own: mode observe'::text;
	END IF;
	RETURN remarks;
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_remarks(jsonb) IS 'what the import of an Elastic rule leaves out';

CREATE OR REPLACE FUNCTION newterm.import_elastic_clauses(rule jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	language text := coalesce(newterm.import_text(rule, 'language'), 'kuery');
	query text := coalesce(newterm.import_text(rule, 'query'), '');
BEGIN
	IF language NOT IN ('kuery', 'lucene') THEN
		RAISE EXCEPTION 'queries in % are not read', language USING ERRCODE = 'feature_not_supported';
	ELSIF language = 'lucene' AND btrim(query) NOT IN ('', '*') THEN
		query := newterm.import_lucene(query);
	END IF;
	RETURN CASE WHEN btrim(query, E' \t\r\n') IN ('', '*') THEN '{}' ELSE ARRAY['(' || btrim(query, E' \t\r\n') || ')'] END
		|| ARRAY(SELECT c FROM newterm.import_objects(rule, 'filters') f, newterm.import_elastic_filter(f) c WHERE c IS NOT NULL);
END
$$;
COMMENT ON FUNCTION newterm.import_elastic_clauses(jsonb) IS 'query and filters of an Elastic rule as clauses of KQL';

CREATE OR REPLACE FUNCTION newterm.import_elastic(document jsonb, items jsonb, OUT description jsonb, OUT remarks text[]) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rule jsonb := newterm.import_elastic_flatten(document);
	type text := coalesce(newterm.import_text(rule, 'type'), 'nothing');
	history text;
	suppression record;
	exceptions record;
	clauses text[];
BEGIN
	IF document ? 'exported_count' OR (document ? 'list_id' AND NOT document ? 'new_terms_fields') THEN
		RETURN;					-- an export's summary, its exceptions
	ELSIF type <> 'new_terms' THEN
		RAISE EXCEPTION 'type % is not new_terms, the one that newterm has', type USING ERRCODE = 'feature_not_supported';
	END IF;
	history := newterm.import_elastic_history(rule);
	suppression := newterm.import_elastic_suppression(rule);
	exceptions := newterm.import_elastic_exceptions(rule, items);
	clauses := newterm.import_elastic_clauses(rule) || exceptions.clauses;
	description := jsonb_strip_nulls(jsonb_build_object(
		'name', newterm.import_text(rule, 'name'),
		'language', 'kql',
		'fields', newterm.import_texts(rule, 'new_terms_fields'),
		'filter', CASE WHEN clauses[1] LIKE '(%' AND cardinality(clauses) = 1 THEN substr(clauses[1], 2, length(clauses[1]) - 2)
			ELSE array_to_string(clauses, ' and ') END,
		'learning', history,
		'forget_after', history,
		'granule', CASE WHEN history::interval < '1 hour' THEN history END,
		'severity', newterm.import_text(rule, 'severity'),
		'message', newterm.import_elastic_message(rule),
		'tags', newterm.import_elastic_tags(rule),
		'mode', CASE WHEN newterm.import_text(rule, 'building_block_type') IS NOT NULL THEN 'observe' END,
		'enabled', newterm.import_boolean(rule, 'enabled'))) || suppression.settings;
	remarks := exceptions.remarks || suppression.remarks || newterm.import_elastic_remarks(rule);
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION newterm.import_elastic(jsonb, jsonb) IS 'a new_terms rule of Elastic as settings of newterm; nothing for the other lines of an export';
