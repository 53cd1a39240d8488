-- Datadog's rules (security_monitoring/rules) in our words.

-- A number of seconds or days that Datadog writes as a bare number.
CREATE OR REPLACE FUNCTION newterm.import_span(document jsonb, key text, unit text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	number numeric := newterm.import_number(document, key);
BEGIN
	IF number < 0 OR number > 1e10 OR number <> trunc(number) THEN
		RAISE EXCEPTION '"%" must be a whole number of %, not %', key, unit, number
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN trunc(number) || ' ' || unit;
END
$$;
COMMENT ON FUNCTION newterm.import_span(jsonb, text, text) IS 'a number of a rule''s document as an interval''s text';

CREATE OR REPLACE FUNCTION newterm.import_datadog_learning(options jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	method text := coalesce(newterm.import_text(options, 'learningMethod'), 'duration');
	days numeric := newterm.import_number(options, 'learningDuration');
	count numeric := coalesce(newterm.import_number(options, 'learningThreshold'), 0);
BEGIN
	IF method = 'threshold' THEN
		RETURN jsonb_build_object('learning_values', count);
	ELSIF method <> 'duration' THEN
		RAISE EXCEPTION 'learningMethod "%" is not known', method USING ERRCODE = 'feature_not_supported';
	ELSIF coalesce(days, 0) = 0 THEN
		-- the first value is learned, the second is new
		RETURN jsonb_build_object('learning_values', 1);
	END IF;
	RETURN jsonb_build_object('learning', newterm.import_span(options, 'learningDuration', 'days'));
END
$$;
COMMENT ON FUNCTION newterm.import_datadog_learning(jsonb) IS 'Datadog''s newValueOptions as settings of learning';

-- A rule's query and its filters: what passes both.
CREATE OR REPLACE FUNCTION newterm.import_datadog_filter(rule jsonb, query jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	clauses text[] := ARRAY[newterm.import_text(query, 'query')];
	item jsonb;
	action text;
	clause text;
BEGIN
	FOR item IN SELECT newterm.import_objects(rule, 'filters') LOOP
		action := coalesce(newterm.import_text(item, 'action'), '');
		clause := coalesce(newterm.import_text(item, 'query'), '');
		IF action NOT IN ('require', 'suppress') THEN
			RAISE EXCEPTION 'a filter''s action must be require or suppress, not "%"', action
				USING ERRCODE = 'invalid_parameter_value';
		ELSIF btrim(clause) <> '' THEN
			clauses := clauses || (CASE action WHEN 'suppress' THEN '-(' || clause || ')' ELSE clause END);
		END IF;
	END LOOP;
	FOR item IN SELECT newterm.import_objects(rule, 'suppressions') LOOP
		item := coalesce(newterm.import_member(item, 'attributes', 'object'), item);
		clause := coalesce(newterm.import_text(item, 'data_exclusion_query'), newterm.import_text(item, 'dataExclusionQuery'));
		IF coalesce(newterm.import_boolean(item, 'enabled'), true) AND btrim(clause) <> '' THEN
			clauses := clauses || ('-(' || clause || ')');
		END IF;
	END LOOP;
	FOR item IN SELECT newterm.import_objects(rule, 'referenceTables') LOOP
		clauses := clauses || (CASE WHEN newterm.import_boolean(item, 'checkPresence') THEN '' ELSE '-' END
			|| format('LIST(%s, %s)', newterm.import_text(item, 'logFieldPath'), newterm.import_text(item, 'tableName')));
	END LOOP;
	clauses := array_remove(ARRAY(SELECT btrim(c) FROM unnest(clauses) WITH ORDINALITY AS u (c, n) ORDER BY n), '');
	IF cardinality(array_remove(clauses, NULL)) < 2 THEN
		RETURN coalesce(array_to_string(clauses, ''), '');
	END IF;
	RETURN (SELECT string_agg(CASE WHEN c LIKE '-(%' OR c ~ '^-?LIST' THEN c ELSE '(' || c || ')' END, ' AND ' ORDER BY n)
			FROM unnest(clauses) WITH ORDINALITY AS u (c, n) WHERE c IS NOT NULL);
END
$$;
COMMENT ON FUNCTION newterm.import_datadog_filter(jsonb, jsonb) IS 'the filter of a Datadog rule: its query, filters, excluded data and reference tables';

-- What a Datadog rule does that the imported one does not.
CREATE OR REPLACE FUNCTION newterm.import_datadog_remarks(rule jsonb, query jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	remarks text[] := '{}';
	options jsonb := coalesce(newterm.import_member(rule, 'options', 'object'), '{}');
	cases jsonb[] := ARRAY(SELECT newterm.import_objects(rule, 'cases'));
	notified text;
	item jsonb;
BEGIN
	IF cardinality(cases) > 1 THEN
		remarks := remarks || format('of %s cases the first gives the severity', cardinality(cases));
	ELSIF cardinality(cases) = 0 THEN
		remarks := remarks || 'without cases the severity is medium'::text;
	END IF;
	SELECT string_agg(DISTINCT n, ', ' ORDER BY n) INTO notified
	FROM unnest(cases) c, unnest(newterm.import_texts(c, 'notifications')) n;
	IF notified IS NOT NULL THEN
		remarks := remarks || format('notifications to %s are not sent: use newterm.subscribe()', notified);
	END IF;
	IF newterm.import_boolean(options, 'decreaseCriticalityBasedOnEnv') THEN
		remarks := remarks || 'the severity is not lowered by environment'::text;
	END IF;
	IF newterm.import_boolean(coalesce(options -> 'newValueOptions', '{}'), 'instantaneousBaseline') THEN
		remarks := remarks || format('for a baseline from stored events: CALL newterm.backfill(%L)',
			coalesce(newterm.import_text(rule, 'customName'), newterm.import_text(rule, 'name')));
	END IF;
	IF options -> 'newValueOptions' -> 'forgetAfter' IS NULL THEN
		remarks := remarks || 'without forgetAfter values are forgotten after 90 days'::text;
	END IF;
	IF newterm.import_text(query, 'index') NOT IN ('*', 'main', '') THEN
		remarks := remarks || format('index "%s" is not asked for: every watched table is', query ->> 'index');
	END IF;
	IF rule ->> 'message' ~ '\{\{[#^/]' OR rule ->> 'customMessage' ~ '\{\{[#^/]' THEN
		remarks := remarks || 'conditionals in the message are shown as text'::text;
	END IF;
	IF NOT newterm.import_texts(query, 'groupByFields') @> newterm.import_texts(rule, 'groupSignalsBy') THEN
		remarks := remarks || format('signals are not grouped by %s, which groupByFields lacks',
			array_to_string(newterm.import_texts(rule, 'groupSignalsBy'), ', '));
	END IF;
	FOR item IN SELECT newterm.import_objects(rule, 'referenceTables') LOOP
		remarks := remarks || format('fill newterm.lists with the values of table %s', item ->> 'tableName');
	END LOOP;
	RETURN remarks;
END
$$;
COMMENT ON FUNCTION newterm.import_datadog_remarks(jsonb, jsonb) IS 'what the import of a Datadog rule leaves out or changes';

-- Milliseconds, as Datadog writes times.
CREATE OR REPLACE FUNCTION newterm.import_millis(document jsonb, key text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT to_timestamp((newterm.import_number(document, key) / 1000)::double precision)
$$;
COMMENT ON FUNCTION newterm.import_millis(jsonb, text) IS 'a time of a rule''s document in milliseconds since 1970; NULL where it is missing';

-- Suppressions are never changed: one that says something else now is ended, and another one takes its place.
CREATE OR REPLACE FUNCTION newterm.import_datadog_suppression(item jsonb, rule text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	query constant text := btrim(coalesce(newterm.import_text(item, 'suppression_query'), newterm.import_text(item, 'suppressionQuery')));
	wanted constant text := format('%s (%s)', coalesce(nullif(newterm.import_text(item, 'name'), ''), 'suppression'), rule);
	ends constant timestamptz := coalesce(newterm.import_millis(item, 'expiration_date'), newterm.import_millis(item, 'expirationDate'));
	-- without a start it holds for all events there are
	starts constant timestamptz := coalesce(newterm.import_millis(item, 'start_date'), newterm.import_millis(item, 'startDate'), to_timestamp(0));
	active newterm.suppressions;
	number integer;
BEGIN
	IF coalesce(query, '') = '' OR NOT coalesce(newterm.import_boolean(item, 'enabled'), true) OR ends <= now() THEN
		RETURN NULL;
	END IF;
	SELECT s.* INTO active FROM newterm.suppressions s
	WHERE (s.name = wanted OR starts_with(s.name, wanted || ', ')) AND (s.expires_at IS NULL OR s.expires_at > now()) ORDER BY s.created_at DESC, s.name DESC LIMIT 1;
	IF active.filter = query AND active.expires_at IS NOT DISTINCT FROM ends THEN
		RETURN NULL;
	ELSIF active.name IS NOT NULL THEN
		PERFORM newterm.drop_suppression(active.name);
	END IF;
	SELECT count(*) + 1 INTO number FROM newterm.suppressions s WHERE s.name = wanted OR starts_with(s.name, wanted || ', ');
	PERFORM newterm.create_suppression(wanted || CASE WHEN number > 1 THEN ', ' || number ELSE '' END, query, ARRAY[rule],
		reason => coalesce(newterm.import_text(item, 'description'), 'imported with the rule'), starts_at => starts, expires_at => ends);
	RETURN format('suppression "%s" mutes what passes %s', wanted, query);
END
$$;
COMMENT ON FUNCTION newterm.import_datadog_suppression(jsonb, text) IS 'makes the suppression of a Datadog rule''s document, unless it is there; says what it did, NULL: nothing';

CREATE OR REPLACE FUNCTION newterm.import_datadog_suppressions(document jsonb, rule text) RETURNS text[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(array_agg(made) FILTER (WHERE made IS NOT NULL), '{}')
	FROM newterm.import_objects(coalesce(newterm.import_member(document, 'attributes', 'object'), document), 'suppressions') item
	CROSS JOIN LATERAL newterm.import_datadog_suppression(coalesce(newterm.import_member(item, 'attributes', 'object'), item), rule) made
$$;
COMMENT ON FUNCTION newterm.import_datadog_suppressions(jsonb, text) IS 'makes the suppressions of a Datadog rule''s document; says what it did';

-- Raises for what newterm does not do.
CREATE OR REPLACE FUNCTION newterm.import_datadog_check(rule jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	options jsonb := coalesce(newterm.import_member(rule, 'options', 'object'), '{}');
	type text := coalesce(newterm.import_text(rule, 'type'), 'log_detection');
	method text := coalesce(newterm.import_text(options, 'detectionMethod'),
		CASE WHEN options ? 'newValueOptions' THEN 'new_value' ELSE 'threshold' END);
BEGIN
	IF type <> 'log_detection' THEN
		RAISE EXCEPTION 'rules of type % are not about logs', type USING ERRCODE = 'feature_not_supported';
	ELSIF method <> 'new_value' THEN
		RAISE EXCEPTION 'detection method % is not new_value, the one that newterm has', method
			USING ERRCODE = 'feature_not_supported';
	ELSIF newterm.import_boolean(rule, 'isDeleted') THEN
		RAISE EXCEPTION 'the rule is deleted' USING ERRCODE = 'feature_not_supported';
	ELSIF EXISTS (SELECT newterm.import_objects(rule, 'calculatedFields')) THEN
		RAISE EXCEPTION 'calculated fields are not in newterm' USING ERRCODE = 'feature_not_supported';
	ELSIF NOT EXISTS (SELECT newterm.import_objects(rule, 'queries')) THEN
		RAISE EXCEPTION 'the rule has no queries' USING ERRCODE = 'invalid_parameter_value';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.import_datadog_check(jsonb) IS 'raises where a Datadog rule is none for newterm';

-- The paths whose values a query looks at.
CREATE OR REPLACE FUNCTION newterm.import_datadog_fields(query jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	fields text[] := newterm.import_texts(query, 'metrics');
BEGIN
	IF coalesce(newterm.import_text(query, 'aggregation'), 'new_value') <> 'new_value' THEN
		RAISE EXCEPTION 'aggregation % is not new_value', query ->> 'aggregation' USING ERRCODE = 'feature_not_supported';
	ELSIF coalesce(newterm.import_text(query, 'dataSource'), 'logs') <> 'logs' THEN
		RAISE EXCEPTION 'the query is about %, not logs', query ->> 'dataSource' USING ERRCODE = 'feature_not_supported';
	END IF;
	IF fields = '{}' THEN
		fields := array_remove(ARRAY[nullif(newterm.import_text(query, 'metric'), '')], NULL);
	END IF;
	IF fields = '{}' THEN
		RAISE EXCEPTION 'the query has no metric: no value that could be new' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN fields;
END
$$;
COMMENT ON FUNCTION newterm.import_datadog_fields(jsonb) IS 'the fields of a Datadog query of new values';

CREATE OR REPLACE FUNCTION newterm.import_datadog(document jsonb, OUT description jsonb, OUT remarks text[]) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rule jsonb := coalesce(newterm.import_member(document, 'attributes', 'object'), document);
	options jsonb := coalesce(newterm.import_member(rule, 'options', 'object'), '{}');
	new_value jsonb := coalesce(newterm.import_member(options, 'newValueOptions', 'object'), '{}');
	queries jsonb[] := ARRAY(SELECT newterm.import_objects(rule, 'queries'));
	name text := coalesce(newterm.import_text(rule, 'customName'), newterm.import_text(rule, 'name'));
	grouped text[];
	signals_by text[] := newterm.import_texts(rule, 'groupSignalsBy');
	query jsonb;
BEGIN
	PERFORM newterm.import_datadog_check(rule);
	FOREACH query IN ARRAY queries LOOP
		grouped := newterm.import_texts(query, 'groupByFields');
		description := jsonb_strip_nulls(jsonb_build_object(
			'name', name || CASE WHEN cardinality(queries) > 1
				THEN format(' (%s)', coalesce(nullif(newterm.import_text(query, 'name'), ''), array_position(queries, query)::text)) ELSE '' END,
			'fields', newterm.import_datadog_fields(query),
			'filter', newterm.import_datadog_filter(rule, query),
			'group_by', grouped,
			'optional_group_by', newterm.import_boolean(query, 'hasOptionalGroupByFields'),
			'forget_after', newterm.import_span(new_value, 'forgetAfter', 'days'),
			'keep_alive', newterm.import_span(options, 'keepAlive', 'seconds'),
			'max_duration', newterm.import_span(options, 'maxSignalDuration', 'seconds'),
			'group_signals_by', CASE WHEN signals_by <> '{}' AND grouped @> signals_by THEN signals_by END,
			'severity', lower(newterm.import_text((SELECT c FROM newterm.import_objects(rule, 'cases') c LIMIT 1), 'status')),
			'message', newterm.import_template(coalesce(newterm.import_text(rule, 'customMessage'), newterm.import_text(rule, 'message'))),
			'tags', newterm.import_texts(rule, 'tags'),
			'enabled', newterm.import_boolean(rule, 'isEnabled'))
			|| newterm.import_datadog_learning(new_value));
		IF description ? 'learning_values' AND grouped <> '{}' THEN
			-- each group learns its own first values
			description := description || '{"learning_scope": "entity"}';
		END IF;
		remarks := newterm.import_datadog_remarks(rule, query);
		IF cardinality(queries) > 1 THEN
			remarks := remarks || format('one of the %s queries of "%s"', cardinality(queries), name);
		END IF;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.import_datadog(jsonb) IS 'a Datadog rule of new values as settings of newterm: a row a query';
