-- What rules would have meant for those who read their signals.

-- A first look at 1,000 events spares most fields the pass over all of them.
CREATE OR REPLACE FUNCTION newterm.dead_paths(paths text[], since timestamptz, until timestamptz, events regclass) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	part text;
	alive text[];
BEGIN
	FOREACH part IN ARRAY '{LIMIT 1000,""}'::text[] LOOP
		EXIT WHEN cardinality(paths) = 0;
		EXECUTE format('SELECT array_agg(DISTINCT u.path) FROM (SELECT * FROM (%s) s %s) e'
			' CROSS JOIN LATERAL newterm.stored_values($1, e.event, e.event_text, e.event_time, e.has_time) v'
			' CROSS JOIN LATERAL unnest($1, v."values") u(path, value)'
			' WHERE u.value IS NOT NULL AND v.seen_at >= $2 AND v.seen_at < $3', newterm.stored_events(events, since, until), part)
		INTO alive USING paths, coalesce(since, '-infinity'), coalesce(until, 'infinity');
		paths := ARRAY(SELECT p FROM unnest(paths) p WHERE p <> ALL (coalesce(alive, '{}')));
	END LOOP;
	RETURN paths;
END
$$;
COMMENT ON FUNCTION newterm.dead_paths(text[], timestamptz, timestamptz, regclass) IS 'those fields that no stored event of an interval has a value at';

-- The functions that take out what varies without meaning, the gentlest first.  One is proposed for a column of which the
-- pattern holds, that has values enough, and of whose values it leaves between the two bounds.
CREATE OR REPLACE FUNCTION newterm.normalisers() RETURNS TABLE (expression text, of_columns text, at_least integer, leaves_at_least integer, leaves_at_most numeric)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	VALUES ('lower(%s)', '', 4, 1, 0.6), ('principal(%s)', '', 4, 1, 0.6), ('network(%s, 24, 48)', '', 4, 1, 0.6), ('product(%s)', 'agent', 4, 1, 0.6),
		('prefix(%s, ''/'', 3)', '', 20, 2, 0.2), ('prefix(%s, ''/'', 2)', '', 20, 2, 0.2), ('prefix(%s, ''/'', 1)', '', 20, 2, 0.2),
		('prefix(%s, ''-'', 2)', '', 20, 2, 0.2), ('prefix(%s, ''-'', 1)', '', 20, 2, 0.2), ('prefix(%s, ''.'', 1)', '', 20, 2, 0.2),
		('prefix(%s, ''_'', 1)', '', 20, 2, 0.2)
$$;
COMMENT ON FUNCTION newterm.normalisers() IS 'functions of fields that may calm a rule, for which columns, and how many values they may leave';

-- `terms` is an array of arrays: the values of each column, as the rule has them in group_by and fields.
CREATE OR REPLACE FUNCTION newterm.calming_field(columns text[], terms jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	candidate record;
	found record;
BEGIN
	FOR candidate IN SELECT c.n, c.name, f.*
		FROM newterm.normalisers() WITH ORDINALITY f(expression, of_columns, at_least, leaves_at_least, leaves_at_most, rank)
		JOIN unnest(columns) WITH ORDINALITY c(name, n) ON c.name ~* f.of_columns
		ORDER BY f.rank, c.n
	LOOP
		SELECT count(DISTINCT x.before) AS before, count(DISTINCT x.after) AS after, count(*) AS terms, count(DISTINCT x.term) AS calmed
		INTO found
		FROM (SELECT v.before, v.after, jsonb_set(t, ARRAY[(candidate.n - 1)::text], coalesce(v.after, 'null')) AS term
			  FROM jsonb_array_elements(terms) t
			  CROSS JOIN LATERAL (SELECT t -> (candidate.n - 1)::integer AS before,
				newterm.value(format(candidate.expression, 'v'), jsonb_build_object('v', t -> (candidate.n - 1)::integer)) AS after) v) x;
		IF found.before >= candidate.at_least AND found.after >= candidate.leaves_at_least
			AND found.after <= found.before * candidate.leaves_at_most AND found.calmed <= found.terms * 0.6 THEN
			RETURN format('%s would leave %s of %s terms', format(candidate.expression, candidate.name), found.calmed, found.terms);
		END IF;
	END LOOP;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION newterm.calming_field(text[], jsonb) IS 'a function of one of a rule''s fields with which there would be far fewer terms, and how many; NULL: none';

CREATE OR REPLACE FUNCTION newterm.varied_field(columns text[], terms jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('%s has %s values in %s terms', c.name, count(DISTINCT t -> (c.n - 1)::integer), count(*))
	FROM unnest(columns) WITH ORDINALITY c(name, n) CROSS JOIN LATERAL jsonb_array_elements(terms) t
	GROUP BY c.name, c.n ORDER BY count(DISTINCT t -> (c.n - 1)::integer) DESC, c.n LIMIT 1
$$;
COMMENT ON FUNCTION newterm.varied_field(text[], jsonb) IS 'the field of a rule with the most values';

-- What a backtest showed of a rule: `days` are those behind learning, NULL: there is none; `dead` are the filter's paths that
-- no event has; `missing` are events without a value, of each column; `terms` are some of them, as calming_field takes them.
CREATE OR REPLACE FUNCTION newterm.backtest_advice(r newterm.rules, events bigint, matched bigint, lacking bigint, missing bigint[],
	starts bigint, detections bigint, days numeric, dead text[], terms jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	columns constant text[] := r.group_by || r.fields;
	advice text[] := '{}';
	place record;
	blamed boolean := false;
BEGIN
	IF events = 0 THEN
		RETURN 'there is no event in this time';
	ELSIF matched = 0 THEN
		advice := advice || 'matches nothing'::text;
	END IF;
	IF cardinality(dead) > 0 THEN
		advice := advice || format('no event has %s, which the filter asks for', array_to_string(dead, ', '));
	END IF;
	FOR place IN SELECT c.name, CASE WHEN c.n <= cardinality(r.group_by) THEN 'group_by' ELSE 'field' END AS kind, missing[c.n] AS missing
		FROM unnest(columns) WITH ORDINALITY c(name, n)
		WHERE missing[c.n] * 2 > matched AND NOT (r.optional_group_by AND c.n <= cardinality(r.group_by)) ORDER BY c.n
	LOOP
		blamed := true;
		advice := advice || CASE WHEN place.missing = matched THEN format('%s %s is missing everywhere: no event shows a term', place.kind, place.name)
			ELSE format('%s %s is missing in %s of %s events, which show no term', place.kind, place.name, place.missing, matched) END;
	END LOOP;
	IF lacking = matched AND matched > 0 AND NOT blamed THEN
		advice := advice || 'no event shows a term: a suppression or unlearning makes all of them void, or each lacks another field'::text;
	END IF;
	IF matched > 0 AND days IS NULL THEN
		advice := advice || 'these events lie inside the learning window: they say nothing about noise'::text;
	END IF;
	IF starts >= 20 AND starts * 2 > matched - lacking THEN
		advice := advice || format('new in nearly every event (%s in %s): %s; %s', starts, matched - lacking, newterm.varied_field(columns, terms),
			coalesce(newterm.calming_field(columns, terms), 'leave out what is different each time'));
	ELSIF detections > days THEN
		advice := advice || coalesce(newterm.calming_field(columns, terms),
			'more than one a day: narrow the filter, or suppress what is normal');
	END IF;
	RETURN nullif(array_to_string(advice, '; '), '');
END
$$;
COMMENT ON FUNCTION newterm.backtest_advice(newterm.rules, bigint, bigint, bigint, bigint[], bigint, bigint, numeric, text[], jsonb)
	IS 'what to change about a rule, by what a backtest showed; NULL: nothing';

CREATE OR REPLACE FUNCTION newterm.backtest_summary(rules jsonb DEFAULT NULL, since timestamptz DEFAULT NULL,
	until timestamptz DEFAULT NULL, events regclass DEFAULT NULL)
	RETURNS TABLE (rule text, matched bigint, terms bigint, detections bigint, muted bigint, per_day numeric, on_days bigint, worst_day date, on_worst_day bigint,
		noisiest_terms jsonb, noisiest_entities jsonb, advice text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	described constant newterm.rules[] := newterm.described_rules(rules);
	clocks constant timestamptz[] := newterm.rule_clocks(described);
	dead constant text[] := newterm.dead_paths(ARRAY(
		SELECT DISTINCT p.part FROM unnest(described) d CROSS JOIN LATERAL newterm.rule_paths(d.filter, '{}', d.language) p ORDER BY 1),
		backtest_summary.since, backtest_summary.until, backtest_summary.events);
BEGIN
	RETURN QUERY
	WITH passes AS MATERIALIZED (
		SELECT * FROM newterm.replay_events(described, backtest_summary.since, backtest_summary.until, backtest_summary.events)
	), total AS (
		-- each pass counts all events
		SELECT coalesce(p.events, 0) AS events, p.earliest, p.latest, p.matched, p.lacking, p.missing FROM passes p LIMIT 1
	), rule AS (
		SELECT d.ordinality::integer AS n, described[d.ordinality] AS r, t.events, t.latest,
			coalesce(t.matched[d.ordinality], 0) AS matched, coalesce(t.lacking[d.ordinality], 0) AS lacking,
			ARRAY(SELECT t.missing[d.ordinality][c] FROM generate_series(1, array_length(t.missing, 2)) c) AS missing,
			-- where a window has one end for the whole rule, detections are behind it
			CASE WHEN d.learning_values IS NOT NULL OR d.learning_scope = 'entity' THEN t.earliest
				ELSE coalesce(d.learning_from, least(clocks[d.ordinality], t.earliest)) + make_interval(secs => EXTRACT(epoch FROM d.learning)::float8)
			END AS learned_until
		FROM total t CROSS JOIN unnest(described) WITH ORDINALITY d
	), start AS MATERIALIZED (
		SELECT s.rule AS n, s.entity, s.term, s.first_seen, NOT s.learned AND s.suppression IS NULL AS told,
			NOT s.learned AND s.suppression IS NOT NULL AS muted
		FROM passes p CROSS JOIN LATERAL unnest(p.starts) s
	), term AS MATERIALIZED (
		SELECT s.n, s.entity, s.term, min(s.first_seen) AS first_seen, count(*) AS starts, count(*) FILTER (WHERE s.told) AS told,
			count(*) FILTER (WHERE s.muted) AS muted
		FROM start s GROUP BY s.n, s.entity, s.term
	), counted AS (
		SELECT t.n, count(*) AS terms, sum(t.starts)::bigint AS starts, sum(t.told)::bigint AS told, sum(t.muted)::bigint AS muted FROM term t GROUP BY t.n
	), day AS (
		SELECT s.n, (s.first_seen AT TIME ZONE 'UTC')::date AS day, count(*) AS told FROM start s WHERE s.told GROUP BY 1, 2
	), worst AS (
		SELECT DISTINCT ON (d.n) d.n, d.day, d.told, count(*) OVER (PARTITION BY d.n) AS days FROM day d ORDER BY d.n, d.told DESC, d.day
	), noisy_terms AS (
		SELECT x.n, jsonb_agg(jsonb_build_object('term', x.term, 'detections', x.told) ORDER BY x.rank) AS list
		FROM (SELECT t.n, t.term, sum(t.told) AS told, row_number() OVER (PARTITION BY t.n ORDER BY sum(t.told) DESC, min(t.first_seen), t.term) AS rank
			  FROM term t WHERE t.told > 0 GROUP BY t.n, t.term) x
		WHERE x.rank <= 3 GROUP BY x.n
	), noisy_entities AS (
		SELECT x.n, jsonb_agg(jsonb_build_object('entity', x.entity, 'detections', x.told) ORDER BY x.rank) AS list
		FROM (SELECT t.n, t.entity, sum(t.told) AS told, row_number() OVER (PARTITION BY t.n ORDER BY sum(t.told) DESC, min(t.first_seen), t.entity) AS rank
			  FROM term t WHERE t.told > 0 AND t.entity <> '{}' GROUP BY t.n, t.entity) x
		WHERE x.rank <= 3 GROUP BY x.n
	), sample AS (
		SELECT x.n, jsonb_agg(x.columns) AS terms
		FROM (SELECT t.n, row_number() OVER (PARTITION BY t.n ORDER BY t.first_seen, t.entity, t.term) AS rank,
				(SELECT jsonb_agg(coalesce(t.entity -> c, t.term -> c) ORDER BY o)
				 FROM unnest(described[t.n].group_by || described[t.n].fields) WITH ORDINALITY u(c, o)) AS columns
			  FROM term t) x
		WHERE x.rank <= 1000 GROUP BY x.n
	)
	SELECT (r.r).name, r.matched, coalesce(c.terms, 0), coalesce(c.told, 0), coalesce(c.muted, 0), round(coalesce(c.told, 0) / d.days, 2),
		coalesce(w.days, 0), w.day, w.told, y.list, e.list,
		newterm.backtest_advice(r.r, r.events, r.matched, r.lacking, r.missing, coalesce(c.starts, 0), coalesce(c.told, 0), d.days,
			ARRAY(SELECT DISTINCT p.part FROM newterm.rule_paths((r.r).filter, '{}', (r.r).language) p WHERE p.part = ANY (dead) ORDER BY 1), coalesce(s.terms, '[]'))
	FROM rule r
	CROSS JOIN LATERAL (SELECT CASE WHEN r.latest > r.learned_until THEN
		greatest(EXTRACT(epoch FROM r.latest - r.learned_until) / 86400, 1) END AS days) d
	LEFT JOIN counted c ON c.n = r.n
	LEFT JOIN worst w ON w.n = r.n
	LEFT JOIN noisy_terms y ON y.n = r.n
	LEFT JOIN noisy_entities e ON e.n = r.n
	LEFT JOIN sample s ON s.n = r.n
	ORDER BY r.n;
END
$$;
COMMENT ON FUNCTION newterm.backtest_summary(jsonb, timestamptz, timestamptz, regclass)
	IS 'what rules, stored or only described, would have meant: events, terms, detections a day behind learning, what is noisiest, and advice; leaves nothing behind';
