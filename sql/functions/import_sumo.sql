-- Sumo Logic's First Seen rules (Cloud SIEM) in our words, as far as they say the same.

-- Sumo's normalised attributes of CloudTrail records, and where they come from.
CREATE OR REPLACE FUNCTION newterm.import_sumo_path(name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	raw text[] := regexp_match(btrim(name), '^fields\[\s*["'']([^"'']+)["'']\s*\]$');
	path text;
BEGIN
	IF raw IS NOT NULL THEN
		RETURN raw[1];
	END IF;
	path := CASE btrim(name)
		WHEN 'action' THEN 'eventName'
		WHEN 'user_username' THEN '$principal'
		WHEN 'user_userId' THEN 'userIdentity.principalId'
		WHEN 'user_role' THEN 'userIdentity.sessionContext.sessionIssuer.userName'
		WHEN 'accountId' THEN 'recipientAccountId'
		WHEN 'srcDevice_ip' THEN 'sourceIPAddress'
		WHEN 'device_ip' THEN 'sourceIPAddress'
		WHEN 'srcDevice_ip_countryCode' THEN '$country'
		WHEN 'srcDevice_ip_asnNumber' THEN '$asn'
		WHEN 'srcDevice_ip_asnOrg' THEN '$as_org'
		WHEN 'http_userAgent' THEN 'userAgent'
		WHEN 'cloud_region' THEN 'awsRegion'
		WHEN 'cloud_service' THEN 'eventSource'
		WHEN 'errorCode' THEN 'errorCode'
		WHEN 'errorText' THEN 'errorMessage'
	END;
	IF path IS NULL THEN
		RAISE EXCEPTION 'attribute "%" has no counterpart in a CloudTrail record', btrim(name)
			USING ERRCODE = 'feature_not_supported', HINT = 'Use fields["path.of.the.record"] in the rule.';
	END IF;
	RETURN path;
END
$$;
COMMENT ON FUNCTION newterm.import_sumo_path(text) IS 'the path of a record behind an attribute of Sumo Logic';

CREATE OR REPLACE FUNCTION newterm.import_sumo_paths(document jsonb, key text) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT ARRAY(SELECT newterm.import_sumo_path(f)
				 FROM unnest(newterm.import_texts(document, key)) WITH ORDINALITY AS u (f, n) ORDER BY n)
$$;
COMMENT ON FUNCTION newterm.import_sumo_paths(jsonb, text) IS 'an array of attributes of Sumo Logic as paths';

-- A value or a pattern of a comparison as Datadog's syntax writes it.
CREATE OR REPLACE FUNCTION newterm.import_datadog_value(value text, pattern boolean) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN pattern THEN regexp_replace(value, '([^[:alnum:]_.*@/-])', '\\\1', 'g')
		WHEN value ~ '^-?[0-9]+(\.[0-9]+)?$' THEN value
		ELSE '"' || replace(replace(value, '\', '\\'), '"', '\"') || '"' END
$$;
COMMENT ON FUNCTION newterm.import_datadog_value(text, boolean) IS 'a text as a literal or a wildcard pattern of a filter';

-- One comparison of a filter expression: a name, an operator, and a value.
CREATE OR REPLACE FUNCTION newterm.import_sumo_comparison(name text, operator text, value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	bare text := CASE WHEN value ~ '^[''"]' THEN substr(value, 2, length(value) - 2) ELSE value END;
	negated boolean := operator IN ('!=', '<>') OR operator ~* '^not';
	clause text;
BEGIN
	clause := CASE
		-- every record here is CloudTrail's
		WHEN btrim(name) IN ('metadata_vendor', 'metadata_product', 'objectType') THEN '*'
		WHEN btrim(name) = 'metadata_deviceEventId' THEN format('(eventType:%s AND eventName:%s)',
			newterm.import_datadog_value(split_part(bare, '-', 1), true), newterm.import_datadog_value(split_part(bare, '-', 2), true))
		WHEN btrim(name) = 'success' THEN '$outcome:' || CASE lower(bare) WHEN 'true' THEN 'success' ELSE 'failure' END
		WHEN operator IN ('=', '==', '!=', '<>') THEN newterm.import_sumo_path(name) || ':' || newterm.import_datadog_value(bare, false)
		WHEN operator ~* 'like$' THEN newterm.import_sumo_path(name) || ':' || newterm.import_datadog_value(replace(bare, '%', '*'), true)
		WHEN operator = 'matchesWildcard' THEN newterm.import_sumo_path(name) || ':' || newterm.import_datadog_value(bare, true)
		ELSE newterm.import_sumo_path(name) || ':' || operator || bare END;
	RETURN CASE WHEN negated THEN '-' ELSE '' END || clause;
END
$$;
COMMENT ON FUNCTION newterm.import_sumo_comparison(text, text, text) IS 'a comparison of Sumo Logic in Datadog''s syntax';

-- The next piece of a filter expression: what it is here, and the rest.
CREATE OR REPLACE FUNCTION newterm.import_sumo_piece(source text, OUT piece text, OUT rest text)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	names CONSTANT text := '((?:fields\[\s*(?:"[^"]*"|''[^'']*'')\s*\]|[[:alpha:]_][[:alnum:]_]*))';
	literals CONSTANT text := '(''(?:[^'']|'''')*''|"[^"]*"|-?[0-9.]+|true|false)';
	m text[];
BEGIN
	m := regexp_match(source, '^(\(|\)|and\M|or\M|not\M)(.*)$', 'i');
	IF m IS NOT NULL THEN
		piece := CASE WHEN m[1] IN ('(', ')') THEN m[1] ELSE upper(m[1]) END;
		rest := m[2];
		RETURN;
	END IF;
	m := regexp_match(source, '^' || names || '\s+is\s+(not\s+)?null\M(.*)$', 'i');
	IF m IS NOT NULL THEN
		piece := CASE WHEN m[2] IS NULL THEN '-' ELSE '' END || newterm.import_sumo_path(m[1]) || ':*';
		rest := m[3];
		RETURN;
	END IF;
	m := regexp_match(source, '^' || names || '\s+(not\s+)?in\s*\(([^()]*)\)(.*)$', 'i');
	IF m IS NOT NULL THEN
		piece := CASE WHEN m[2] IS NULL THEN '' ELSE '-' END || newterm.import_sumo_path(m[1]) || ':('
			|| (SELECT string_agg(newterm.import_datadog_value(substr(v[1], 2, length(v[1]) - 2), false), ' OR ')
				FROM regexp_matches(m[3], '(''[^'']*''|"[^"]*")', 'g') v) || ')';
		rest := m[4];
		RETURN;
	END IF;
	m := regexp_match(source, '^matchesWildcard\s*\(\s*' || names || '\s*,\s*' || literals || '\s*\)(.*)$', 'i');
	IF m IS NOT NULL THEN
		piece := newterm.import_sumo_comparison(m[1], 'matchesWildcard', m[2]);
		rest := m[3];
		RETURN;
	END IF;
	m := regexp_match(source, '^' || names || '\s*(==|=|!=|<>|<=|>=|<|>|not\s+like|like)\s*' || literals || '(.*)$', 'i');
	IF m IS NULL THEN
		RAISE EXCEPTION 'this part of the filter expression is not understood: %', left(source, 60)
			USING ERRCODE = 'feature_not_supported',
				  HINT = 'Comparisons, like, in, is null and matchesWildcard are; match lists and regular expressions are not.';
	END IF;
	piece := newterm.import_sumo_comparison(m[1], m[2], m[3]);
	rest := m[4];
END
$$;
COMMENT ON FUNCTION newterm.import_sumo_piece(text) IS 'the first piece of a filter expression of Sumo Logic in Datadog''s syntax, and what follows';

CREATE OR REPLACE FUNCTION newterm.import_sumo_filter(expression text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rest text := btrim(expression, E' \t\r\n');
	result text := '';
	part record;
BEGIN
	PERFORM newterm.import_check_query(expression);
	WHILE rest <> '' LOOP
		part := newterm.import_sumo_piece(rest);
		result := result || CASE WHEN result IN ('') OR result LIKE '%(' OR part.piece = ')' THEN '' ELSE ' ' END || part.piece;
		rest := ltrim(part.rest, E' \t\r\n');
	END LOOP;
	RETURN result;
END
$$;
COMMENT ON FUNCTION newterm.import_sumo_filter(text) IS 'a filter expression of Sumo Logic in Datadog''s syntax';

CREATE OR REPLACE FUNCTION newterm.import_sumo_severity(score numeric) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN score >= 9 THEN 'critical' WHEN score >= 6 THEN 'high' WHEN score >= 3 THEN 'medium'
		WHEN score >= 1 THEN 'low' WHEN score IS NOT NULL THEN 'info' END
$$;
COMMENT ON FUNCTION newterm.import_sumo_severity(numeric) IS 'a severity of Sumo Logic, from 0 to 10, in words';

CREATE OR REPLACE FUNCTION newterm.import_sumo_template(template text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	name text;
BEGIN
	FOR name IN SELECT DISTINCT m[1] FROM regexp_matches(left(template, 100000), '\{\{\s*([^{}]+?)\s*\}\}', 'g') m LOOP
		BEGIN
			template := regexp_replace(template, '\{\{\s*' || regexp_replace(name, '(\W)', '\\\1', 'g') || '\s*\}\}',
				'{{@' || newterm.import_sumo_path(name) || '}}', 'g');
		EXCEPTION WHEN feature_not_supported THEN
			NULL;				-- shown as text
		END;
	END LOOP;
	RETURN newterm.import_template(template);
END
$$;
COMMENT ON FUNCTION newterm.import_sumo_template(text) IS 'a name or description of Sumo Logic as a template';

-- Terraform and some exports write snake_case, the API camelCase.
CREATE OR REPLACE FUNCTION newterm.import_sumo_keys(document jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_object_agg(CASE WHEN d.key LIKE '%\_%' THEN lower(left(d.key, 1)) || substr(replace(initcap(replace(d.key, '_', ' ')), ' ', ''), 2)
		ELSE d.key END, d.value)
	FROM jsonb_each(document) d
$$;
COMMENT ON FUNCTION newterm.import_sumo_keys(jsonb) IS 'a document of Sumo Logic with the keys of its API';

-- Milliseconds, as a number or a text.
CREATE OR REPLACE FUNCTION newterm.import_sumo_span(rule jsonb, key text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF rule ->> key !~ '^\d{1,15}$' THEN
		RAISE EXCEPTION '"%" must be a number of milliseconds, not %', key, rule ->> key USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN ((rule ->> key)::numeric / 1000) || ' seconds';
END
$$;
COMMENT ON FUNCTION newterm.import_sumo_span(jsonb, text) IS 'a window of Sumo Logic as an interval''s text';

CREATE OR REPLACE FUNCTION newterm.import_sumo_remarks(rule jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	remarks text[] := '{}';
BEGIN
	IF newterm.import_boolean(rule, 'isPrototype') THEN
		remarks := remarks || 'a prototype makes no insights: mode observe'::text;
	END IF;
	IF coalesce(jsonb_array_length(newterm.import_member(rule, 'tuningExpressions', 'array')), 0) > 0 THEN
		remarks := remarks || 'its tuning expressions are yours to add to the filter'::text;
	END IF;
	RETURN remarks;
END
$$;
COMMENT ON FUNCTION newterm.import_sumo_remarks(jsonb) IS 'what the import of a rule of Sumo Logic leaves out';

CREATE OR REPLACE FUNCTION newterm.import_sumo(document jsonb, OUT description jsonb, OUT remarks text[]) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rule jsonb := newterm.import_sumo_keys(document);
	by_entity boolean := coalesce(newterm.import_text(rule, 'baselineType'), 'GLOBAL') = 'PER_ENTITY';
	grouped text[] := newterm.import_sumo_paths(rule, 'groupByFields');
	selector jsonb;
BEGIN
	IF NOT rule ? 'valueFields' THEN
		RAISE EXCEPTION 'the rule has no valueFields: it is no First Seen rule' USING ERRCODE = 'feature_not_supported';
	END IF;
	IF by_entity THEN
		FOR selector IN SELECT newterm.import_objects(rule, 'entitySelectors') LOOP
			selector := newterm.import_sumo_keys(selector);
			grouped := grouped || newterm.import_sumo_path(newterm.import_text(selector, 'expression'));
		END LOOP;
	END IF;
	description := jsonb_strip_nulls(jsonb_build_object(
		'name', newterm.import_text(rule, 'name'),
		'fields', newterm.import_sumo_paths(rule, 'valueFields'),
		'filter', newterm.import_sumo_filter(newterm.import_text(rule, 'filterExpression')),
		'group_by', ARRAY(SELECT g FROM unnest(grouped) WITH ORDINALITY AS u (g, n) GROUP BY g ORDER BY min(n)),
		'learning', newterm.import_sumo_span(rule, 'baselineWindowSize'),
		'forget_after', newterm.import_sumo_span(rule, 'retentionWindowSize'),
		'keep_alive', newterm.import_sumo_span(rule, 'suppressionWindowSize'),
		'severity', newterm.import_sumo_severity(coalesce(newterm.import_number(rule, 'severity'),
			newterm.import_number(newterm.import_member(rule, 'scoreMapping', 'object'), 'default'))),
		'title', newterm.import_sumo_template(newterm.import_text(rule, 'nameExpression')),
		'message', newterm.import_sumo_template(nullif(concat_ws(E'\n\n', newterm.import_text(rule, 'descriptionExpression'),
			newterm.import_text(rule, 'summaryExpression')), '')),
		'tags', newterm.import_texts(rule, 'tags'),
		'mode', CASE WHEN newterm.import_boolean(rule, 'isPrototype') THEN 'observe' END,
		'enabled', newterm.import_boolean(rule, 'enabled')));
	remarks := newterm.import_sumo_remarks(rule);
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION newterm.import_sumo(jsonb) IS 'a First Seen rule of Sumo Logic as settings of newterm';
