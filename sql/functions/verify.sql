-- The state computed again from stored events, in SQL alone.

-- The runs of a rule's terms over stored events, by contract: a run is a maximal chain of
-- sightings with no gap, taken between granules, longer than forget_after.
CREATE OR REPLACE FUNCTION newterm.computed_runs(r newterm.rules)
	RETURNS TABLE (entity jsonb, term jsonb, first_seen timestamptz, last_granule timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH sightings AS (
			-- one row a granule: within it only the earliest sighting matters
			SELECT s.entity, s.term, floor(EXTRACT(epoch FROM s.seen_at)::double precision / $2) AS granule, min(s.seen_at) AS seen_at
			FROM (%s) e
			CROSS JOIN LATERAL newterm.evaluate($1, e.event, e.event_text, e.event_time, e.has_time) s
			GROUP BY 1, 2, 3
		), starts AS (
			SELECT s.*, lag(s.granule) OVER w IS NULL
				OR coalesce((s.granule - lag(s.granule) OVER w) * $2 > $3, false) AS starts
			FROM sightings s
			WINDOW w AS (PARTITION BY s.entity, s.term ORDER BY s.granule)
		), chains AS (
			SELECT s.*, count(*) FILTER (WHERE s.starts) OVER (PARTITION BY s.entity, s.term ORDER BY s.granule) AS chain
			FROM starts s
		)
		SELECT c.entity, c.term, min(c.seen_at), to_timestamp(max(c.granule) * $2)
		FROM chains c
		GROUP BY c.entity, c.term, c.chain
		$query$, newterm.stored_events(NULL, NULL, NULL))
	USING r, EXTRACT(epoch FROM r.granule)::double precision, EXTRACT(epoch FROM r.forget_after)::double precision;
END
$$;
COMMENT ON FUNCTION newterm.computed_runs(newterm.rules) IS 'what stored events show to a rule, as runs; for newterm.verify()';

CREATE OR REPLACE FUNCTION newterm.verify(rule text)
	RETURNS TABLE (difference text, entity jsonb, term jsonb, stored jsonb, expected jsonb)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	r newterm.rules := newterm.rule_row(verify.rule);
	v newterm.rule_versions;
	waiting bigint;
BEGIN
	SELECT x.* INTO v FROM newterm.rule_versions x WHERE x.rule_id = r.id AND x.version = r.version;
	FOR difference, entity, term, stored, expected IN
	WITH computed AS MATERIALIZED (
		SELECT * FROM newterm.computed_runs(r)
	), live AS MATERIALIZED (
		SELECT newterm.term_object(v.group_by, s.entity) AS entity, newterm.term_object(v.fields, s.term) AS term,
			s.first_seen, s.last_granule, s.learned
		FROM newterm.runs s WHERE s.version_id = v.id
	), live_detections AS MATERIALIZED (
		SELECT d.entity, d.term, d.first_seen, d.id
		FROM newterm.detection_log d WHERE d.version_id = v.id AND d.status = 'live'
	),
	-- every computed run lies in a stored one
	missing AS (
		SELECT c.* FROM computed c
		WHERE NOT EXISTS (
			SELECT FROM live l
			WHERE l.entity = c.entity AND l.term = c.term
				AND l.first_seen <= c.first_seen AND l.last_granule >= c.last_granule)
	),
	-- clocks: an entity's is its earliest sighting
	entity_clocks AS (
		SELECT newterm.term_object(v.group_by, e.entity) AS entity, e.learning_from
		FROM newterm.entity_clocks e WHERE e.version_id = v.id AND r.learning_scope = 'entity'
	), late_clocks AS (
		SELECT e.entity, e.learning_from, min(c.first_seen) AS earliest
		FROM computed c LEFT JOIN entity_clocks e ON e.entity = c.entity
		WHERE r.learning_scope = 'entity'
		GROUP BY c.entity, e.entity, e.learning_from
		HAVING e.learning_from IS NULL OR e.learning_from > min(c.first_seen)
	),
	-- learned is what starts inside the window, or is one of the first n terms of its scope
	ranked AS (
		SELECT l.*, row_number() OVER (PARTITION BY l.entity, l.term ORDER BY l.first_seen) AS run
		FROM live l
	), numbered AS (
		SELECT x.entity, x.term, row_number() OVER (
			PARTITION BY CASE r.learning_scope WHEN 'entity' THEN x.entity END
			ORDER BY x.first_seen, x.term, x.entity) AS number
		FROM ranked x WHERE x.run = 1
	), decided AS (
		SELECT l.*, CASE
			WHEN r.learning_values IS NOT NULL THEN l.run = 1 AND n.number <= r.learning_values
			ELSE l.first_seen < coalesce(CASE r.learning_scope WHEN 'entity' THEN e.learning_from ELSE v.learning_from END, 'infinity')
				+ make_interval(secs => EXTRACT(epoch FROM r.learning)::double precision) END AS expected
		FROM ranked l
		LEFT JOIN numbered n ON n.entity = l.entity AND n.term = l.term
		LEFT JOIN entity_clocks e ON e.entity = l.entity
	)
	SELECT 'a run is missing, or shorter than events show', m.entity, m.term,
		(SELECT jsonb_agg(jsonb_build_object('first_seen', l.first_seen, 'last_granule', l.last_granule) ORDER BY l.first_seen)
		 FROM live l WHERE l.entity = m.entity AND l.term = m.term),
		jsonb_build_object('first_seen', m.first_seen, 'last_granule', m.last_granule)
	FROM missing m
	UNION ALL
	SELECT 'the entity''s clock is later than its earliest event', c.entity, NULL,
		jsonb_build_object('learning_from', c.learning_from), jsonb_build_object('learning_from', c.earliest)
	FROM late_clocks c
	UNION ALL
	SELECT 'a run is learned, or not, against the clock', d.entity, d.term,
		jsonb_build_object('first_seen', d.first_seen, 'learned', d.learned), jsonb_build_object('learned', d.expected)
	FROM decided d WHERE d.learned IS DISTINCT FROM d.expected
	UNION ALL
	SELECT 'a run outside learning has no detection', l.entity, l.term,
		NULL, jsonb_build_object('first_seen', l.first_seen)
	FROM live l WHERE NOT l.learned AND NOT EXISTS (
		SELECT FROM live_detections d WHERE d.entity = l.entity AND d.term = l.term AND d.first_seen = l.first_seen)
	UNION ALL
	SELECT 'a detection is of no run', d.entity, d.term, jsonb_build_object('first_seen', d.first_seen, 'detection', d.id), NULL
	FROM live_detections d WHERE NOT EXISTS (
		SELECT FROM live l WHERE l.entity = d.entity AND l.term = d.term AND l.first_seen = d.first_seen AND NOT l.learned)
	UNION ALL
	SELECT 'a run has several detections', d.entity, d.term, jsonb_build_object('first_seen', d.first_seen, 'detections', jsonb_agg(d.id)), NULL
	FROM live_detections d GROUP BY d.entity, d.term, d.first_seen HAVING count(*) > 1
	UNION ALL
	-- no difference, but to be told
	SELECT NULL, NULL, NULL, to_jsonb(count(*)), NULL
	FROM live l WHERE NOT EXISTS (
		SELECT FROM computed c WHERE c.entity = l.entity AND c.term = l.term AND c.first_seen = l.first_seen)
	HAVING count(*) > 0
	LOOP
		IF difference IS NULL THEN
			RAISE NOTICE '% runs are known from events that are no longer stored', stored;
		ELSE
			RETURN NEXT;
		END IF;
	END LOOP;
	SELECT count(*) INTO waiting FROM newterm.postponed p WHERE p.version_id = v.id;
	IF waiting > 0 THEN
		RAISE NOTICE '% sightings are postponed: SELECT newterm.merge_postponed() merges them', waiting;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.verify(text) IS 'the rule''s state computed again from stored events: a row for every difference; no row is the proof';
