-- What parses but is probably a mistake.

CREATE OR REPLACE FUNCTION newterm.rule_paths(filter text, fields text[], language text)
	RETURNS TABLE (part text, path text[], operator text, value text)
	AS 'MODULE_PATHNAME', 'newterm_rule_paths' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION newterm.rule_paths(text, text[], text) IS 'the paths of the record that a filter''s leaves and fields read, and what leaves compare them with';

CREATE OR REPLACE FUNCTION newterm.name_distance(a text, b text) RETURNS integer
	AS 'MODULE_PATHNAME', 'newterm_name_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION newterm.name_distance(text, text) IS 'how many characters differ between two names; NULL where one has more than 255';

-- The one of some names that was probably meant.
CREATE OR REPLACE FUNCTION newterm.nearest_name(name text, names text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT n FROM (SELECT n, newterm.name_distance(lower(replace(n, '_', '')), lower(replace(name, '_', ''))) AS distance FROM unnest(names) n) d
	WHERE d.distance <= least(2, length(name) / 4) AND n <> name ORDER BY d.distance, n LIMIT 1
$$;
COMMENT ON FUNCTION newterm.nearest_name(text, text[]) IS 'the name that differs least from another: in case, underscores, and one character in four, two at most; NULL: none does';

-- As deep as newterm follows arrays in each other would be too much for a look at names.
CREATE OR REPLACE FUNCTION newterm.path_names(events jsonb[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE down (path, value, depth) AS (
		SELECT '{}'::text[], e, 0 FROM unnest(events) e
		UNION ALL
		SELECT s.path, s.value, d.depth + 1 FROM down d CROSS JOIN LATERAL (
			SELECT d.path, a.value FROM jsonb_array_elements(CASE jsonb_typeof(d.value) WHEN 'array' THEN d.value END) a
			UNION ALL
			SELECT d.path || o.key, o.value FROM jsonb_each(CASE jsonb_typeof(d.value) WHEN 'object' THEN d.value END) o) s
		WHERE d.depth < 12
	)
	SELECT coalesce(jsonb_object_agg(k.parent, k.names), '{}') FROM (
		SELECT to_jsonb(path[:cardinality(path) - 1])::text AS parent, jsonb_agg(DISTINCT path[cardinality(path)]) AS names
		FROM down WHERE path <> '{}' GROUP BY 1) k
$$;
COMMENT ON FUNCTION newterm.path_names(jsonb[]) IS 'the keys that events have, by the path at which they have them (a JSON array as text)';

CREATE OR REPLACE FUNCTION newterm.names_at(names jsonb, path text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT ARRAY(SELECT jsonb_array_elements_text(coalesce(names -> to_jsonb(path)::text, '[]')))
$$;
COMMENT ON FUNCTION newterm.names_at(jsonb, text[]) IS 'the keys at a path, of what path_names() gave';

-- The last records of watched tables that the caller may read; huge ones would take long.
CREATE OR REPLACE FUNCTION newterm.recent_records(most integer DEFAULT 1000) RETURNS jsonb[]
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	watched record;
	recent record;
	found jsonb[];
	result jsonb[] := '{}';
BEGIN
	FOR watched IN SELECT w.events, w.document FROM newterm.watched w LOOP
		BEGIN
			EXECUTE format('LOCK TABLE %s IN ACCESS SHARE MODE NOWAIT', watched.events);
			FOR recent IN SELECT b.* FROM newterm.recent_blocks(watched.events) b LOOP
				EXIT WHEN cardinality(result) >= most;
				EXECUTE format('SELECT array_agg(r.record) FROM (SELECT newterm.records(%s) AS record FROM ONLY %s WHERE ctid >= %L::tid ORDER BY ctid DESC LIMIT %s) r'
					' WHERE jsonb_typeof(r.record) = ''object'' AND pg_column_size(r.record) <= 16384', watched.document, recent.part, recent.first_row,
					most - cardinality(result)) INTO found;
				result := result || coalesce(found, '{}');
			END LOOP;
		EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
			-- a table that somebody has locked is not worth waiting for
			NULL;
		END;
	END LOOP;
	RETURN result;
END
$$;
COMMENT ON FUNCTION newterm.recent_records(integer) IS 'the last stored records of watched tables, as far as the caller may read them';

-- Settings that do not go together, or do not do what they seem to.
CREATE OR REPLACE FUNCTION newterm.lint_settings(r newterm.rules) RETURNS TABLE (finding text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT f.finding, f.hint FROM (VALUES
		(r.learning_values IS NULL AND r.learning > '0' AND r.learning < '1 minute', format('the learning window is %s long', r.learning),
			'An interval without a unit counts seconds: ''7 days''. learning => ''0'' alerts from the first event on.'),
		(r.learning_values IS NOT NULL AND r.learning <> '7 days', 'learning is not used: learning_values decides', 'Leave one of them out.'),
		(r.learning_values IS NULL AND r.forget_after < r.learning, format('what is learned is forgotten (forget_after %s) before learning ends (learning %s)', r.forget_after, r.learning),
			'Make forget_after longer than learning.'),
		(r.learning_scope = 'entity' AND r.learning_from IS NOT NULL, 'learning_from decides nothing with learning_scope entity', 'Each entity learns from its first event on.'),
		(r.optional_group_by AND r.group_by = '{}', 'optional_group_by without group_by does nothing', NULL),
		(r.group_signals_by IS NOT NULL AND r.keep_alive = '0', 'group_signals_by does nothing without keep_alive', 'keep_alive says how long a signal takes in what follows.'),
		(r.mode = 'observe' AND r.keep_alive > '0', 'keep_alive does nothing in mode observe, which makes no signals', NULL)
	) AS f (applies, finding, hint) WHERE f.applies
$$;
COMMENT ON FUNCTION newterm.lint_settings(newterm.rules) IS 'settings of a rule that exclude each other or are probably not meant';

-- A value that is compared as it stands, and looks as if it were to be read otherwise.
CREATE OR REPLACE FUNCTION newterm.lint_value(field text, operator text, value text) RETURNS TABLE (finding text, hint text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('%s is compared with the text "%s", which looks like %s', field, left(value, 100), f.looks), f.hint
	FROM (VALUES
		(value ~ ',\s*-?@?[A-Za-z_][\w.]*:', 'several conditions in one value', 'Conditions are separated by spaces, AND or OR, not by commas.'),
		(field !~* 'cidr|range|network|block|prefix' AND (value ~ '^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$' OR value ~ '^[0-9A-Fa-f:]*:[0-9A-Fa-f:]*/[0-9]{1,3}$'),
			'a network', format('CIDR(%s, %s)', field, value)),
		(value ~ '^/.+/$' OR (operator = 'equals' AND value ~ '\.\*') OR value ~ '^\^|[^\\][$]$|^\.\*|\.\+|\\[dwsb]|\[[^\]]*-[^\]]*\]|\([^()]*\|[^()]*\)', 'a regular expression',
			'There are none: * stands for any characters, ? for one, (a OR b) for either.'),
		(operator = 'equals' AND value ~ '^[A-Za-z]+\*$', 'a pattern in quotes', format('Without quotes * is any text: %s:%s', field, value))
	) AS f (applies, looks, hint) WHERE f.applies LIMIT 1
$$;
COMMENT ON FUNCTION newterm.lint_value(text, text, text) IS 'whether a literal of a filter looks like a network, an expression, a pattern or further conditions';

-- A name that no record has at the top, or that is new in every record.
CREATE OR REPLACE FUNCTION newterm.lint_names(r newterm.rules, paths jsonb, events jsonb[], names jsonb, all_names boolean) RETURNS TABLE (finding text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH asked AS (
		SELECT DISTINCT p.path ->> 0 AS name FROM jsonb_to_recordset(paths) p (path jsonb) WHERE p.path ->> 0 IS NOT NULL
	), known AS (
		SELECT newterm.names_at(names, '{}') AS keys
	)
	SELECT format('no CloudTrail record has "%s" at its top%s', n.name, CASE WHEN events <> '{}' THEN format(', nor has one of the last %s stored ones', cardinality(events)) ELSE '' END),
		'Is it ' || coalesce(newterm.record_member(n.name), newterm.nearest_name(n.name, k.keys)) || '?'
	FROM asked n, known k
	WHERE newterm.record_member(n.name) IS DISTINCT FROM n.name AND n.name NOT IN ('eventId', 'eventContext') AND n.name <> ALL (k.keys)
		AND (all_names OR events <> '{}' OR newterm.record_member(n.name) IS NOT NULL)
	UNION ALL
	SELECT format('%s is another one in every event: each is new', key), 'Take what the event is about: eventName, $principal, awsRegion.'
	FROM unnest(r.group_by || r.fields) key WHERE ltrim(key, '@') IN ('eventID', 'requestID', 'eventTime', 'sharedEventID', 'event.id', '@timestamp', 'aws.cloudtrail.request_id')
$$;
COMMENT ON FUNCTION newterm.lint_names(newterm.rules, jsonb, jsonb[], jsonb, boolean) IS 'top-level names that CloudTrail does not know, and keys that no two events share';

-- The paths that a rule reads: of its filter, its keys, its templates.
CREATE OR REPLACE FUNCTION newterm.lint_paths(r newterm.rules) RETURNS TABLE (kind text, part text, path jsonb, operator text, value text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN p.operator IS NULL THEN 'field' ELSE 'filter' END, p.part, to_jsonb(p.path), p.operator, p.value
	FROM newterm.rule_paths(r.filter, r.group_by || r.fields, r.language) p
	UNION ALL
	SELECT 'template', p.part, to_jsonb(p.path), p.operator, p.value
	FROM newterm.rule_paths('', ARRAY(
		SELECT DISTINCT btrim(m[1]) FROM regexp_matches(left(concat_ws(' ', r.title, r.message), 100000), '\{\{((?:[^}]|\}(?!\}))*)\}\}', 'g') m
		WHERE btrim(m[1]) !~ '^((rule|term|entity)\.|term$|entity$)'), 'datadog') p
$$;
COMMENT ON FUNCTION newterm.lint_paths(newterm.rules) IS 'the paths of the record that a rule''s filter, keys and templates read';

-- What the last stored events say.  A path that they lack is told with the name that they have in
-- its place; without one only where enough of them pass the filter, and none has it.
CREATE OR REPLACE FUNCTION newterm.lint_events(r newterm.rules, paths jsonb, events jsonb[], names jsonb) RETURNS TABLE (finding text, hint text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
DECLARE
	enough constant integer := 20;
	concerned jsonb[] := ARRAY(SELECT e FROM unnest(events) e WHERE newterm.test_filter(r.filter, e, r.language));
	-- what these hold depends on the call: those of other calls are no measure
	of_call constant text[] := '{requestParameters,responseElements,additionalEventData,serviceEventDetails}';
	concerned_names constant jsonb := newterm.path_names(concerned);
	asked record;
	near text;
	shown bigint;
	different bigint;
BEGIN
	FOR asked IN
		SELECT DISTINCT ON (p.part, p.path) p.kind, p.part, s.path, s.missing, s.present FROM jsonb_to_recordset(paths) p (kind text, part text, path jsonb)
		CROSS JOIN LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(CASE jsonb_typeof(p.path) WHEN 'array' THEN p.path END)) AS steps) a
		CROSS JOIN LATERAL (
			-- the first step that no event has
			SELECT a.steps[:n - 1] AS path, a.steps[n] AS missing, m.present FROM generate_subscripts(a.steps, 1) n
			CROSS JOIN LATERAL newterm.names_at(CASE WHEN a.steps[1] = ANY (of_call) THEN concerned_names ELSE names END, a.steps[:n - 1]) m (present)
			WHERE n > 1 AND a.steps[n] <> ALL (m.present) ORDER BY n LIMIT 1) s
		ORDER BY p.part, p.path
	LOOP
		near := newterm.nearest_name(asked.missing, asked.present);
		IF near IS NOT NULL THEN
			finding := format('none of the last %s events has "%s" in %s (%s)', cardinality(events), asked.missing, array_to_string(asked.path, '.'), asked.part);
			hint := format('They have "%s".', near);
			RETURN NEXT;
		ELSIF cardinality(concerned) >= enough AND asked.kind <> 'filter' AND asked.part !~ '\$(vendor|own_account)|(external|country|asn|as_org) *\('
			AND NOT EXISTS (SELECT FROM unnest(concerned) e, newterm.terms(ARRAY[asked.part], e, CASE asked.kind WHEN 'template' THEN 'datadog' ELSE r.language END)) THEN
			finding := format('none of the %s events that pass the filter, of the last %s, has a value at %s', cardinality(concerned), cardinality(events), asked.part);
			hint := (SELECT 'In its place they have ' || string_agg(format('"%s"', k), ', ' ORDER BY k) FROM (
				SELECT k FROM unnest(asked.present) k ORDER BY k LIMIT 10) keys) || '.';
			RETURN NEXT;
		END IF;
	END LOOP;
	SELECT count(*), count(DISTINCT t) INTO shown, different
	FROM unnest(concerned) e, newterm.terms(ARRAY(SELECT DISTINCT k FROM unnest(r.group_by || r.fields) k LIMIT 8), e, r.language) t;
	IF shown >= 100 AND different >= 0.9 * shown THEN
		finding := format('of the last %s terms %s differ: nearly every event brings a new one', shown, different);
		hint := 'Leave out ids, times and session names, or normalise: principal(), product(), network(…, 24), prefix(), basename().';
		RETURN NEXT;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.lint_events(newterm.rules, jsonb, jsonb[], jsonb) IS 'what is wrong with a rule by the last stored events';

CREATE OR REPLACE FUNCTION newterm.lint_rule(r newterm.rules, events jsonb[], names jsonb, all_names boolean) RETURNS TABLE (finding text, hint text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	paths constant jsonb := coalesce((SELECT jsonb_agg(to_jsonb(p)) FROM newterm.lint_paths(r) p), '[]');
BEGIN
	RETURN QUERY SELECT * FROM newterm.lint_settings(r);
	RETURN QUERY SELECT DISTINCT v.finding, v.hint FROM jsonb_to_recordset(paths) p (part text, operator text, value text), newterm.lint_value(p.part, p.operator, p.value) v
		ORDER BY 1;
	RETURN QUERY SELECT * FROM newterm.lint_names(r, paths, events, names, all_names) ORDER BY 1;
	IF events <> '{}' THEN
		RETURN QUERY SELECT DISTINCT e.finding, e.hint FROM newterm.lint_events(r, paths, events, names) e ORDER BY 1;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.lint_rule(newterm.rules, jsonb[], jsonb, boolean) IS 'what is probably a mistake in a rule, by itself and by some events';

CREATE OR REPLACE FUNCTION newterm.lint(rule text DEFAULT NULL) RETURNS TABLE (rule_name text, finding text, hint text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	events constant jsonb[] := newterm.recent_records();
	names constant jsonb := newterm.path_names(events);
BEGIN
	IF lint.rule IS NOT NULL THEN
		PERFORM newterm.rule_row(lint.rule);
	END IF;
	RETURN QUERY SELECT r.name, f.finding, f.hint
		FROM newterm.rules r CROSS JOIN LATERAL newterm.lint_rule(r, events, names, true) f WHERE lint.rule IS NULL OR r.name = lint.rule ORDER BY r.name;
END
$$;
COMMENT ON FUNCTION newterm.lint(text) IS 'what parses but is probably a mistake in a rule, or in all: a row a finding, with what to do';

-- For those who create, alter and import rules.
CREATE OR REPLACE FUNCTION newterm.lint_notice(rule text, sampled boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	events jsonb[] := '{}';
	told record;
BEGIN
	IF current_setting('newterm.lint', true) = 'off' THEN
		RETURN;
	ELSIF sampled THEN
		events := newterm.recent_records();
	END IF;
	FOR told IN SELECT f.* FROM newterm.rules r CROSS JOIN LATERAL newterm.lint_rule(r, events, newterm.path_names(events), false) f
		WHERE r.name = lint_notice.rule LOOP
		IF told.hint IS NULL THEN
			RAISE NOTICE 'rule "%": %', rule, told.finding;
		ELSE
			RAISE NOTICE 'rule "%": %', rule, told.finding USING HINT = told.hint;
		END IF;
	END LOOP;
EXCEPTION WHEN OTHERS THEN
	-- whatever is wrong with stored rows, the rule is right
	RAISE WARNING 'rule "%" was not looked over: %', rule, SQLERRM;
END
$$;
COMMENT ON FUNCTION newterm.lint_notice(text, boolean) IS 'a NOTICE for each probable mistake in a rule; without events a name that CloudTrail does not know only where it looks like another';
