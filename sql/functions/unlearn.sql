-- Taking back what was learned.

CREATE OR REPLACE FUNCTION newterm.hold_merges() RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_hold_merges' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.hold_merges() IS 'keeps merges out until this transaction ends; loaders do not wait, but postpone';
REVOKE ALL ON FUNCTION newterm.hold_merges() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.take_back(version integer, terms uuid[], piece_terms uuid[], first_seen timestamptz[],
	last_seen timestamptz[], event_ids text[], decide boolean, reason text, unlearning bigint) RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_take_back' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION newterm.take_back(integer, uuid[], uuid[], timestamptz[], timestamptz[], text[], boolean, text, bigint)
	IS 'leaves of what is stored of these terms only the pieces of runs that are given, and decides again';
REVOKE ALL ON FUNCTION newterm.take_back(integer, uuid[], uuid[], timestamptz[], timestamptz[], text[], boolean, text, bigint) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.has_values(object jsonb, wanted jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT wanted IS NULL OR NOT EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(wanted) WHEN 'object' THEN wanted ELSE '{}' END) w
		WHERE object -> w.key IS DISTINCT FROM w.value)
$$;
COMMENT ON FUNCTION newterm.has_values(jsonb, jsonb) IS 'has the object all members of the other one, with the same values? NULL wants none';
REVOKE ALL ON FUNCTION newterm.has_values(jsonb, jsonb) FROM PUBLIC;

-- The versions of a rule that have the fields which an unlearning names, as rules.
CREATE OR REPLACE FUNCTION newterm.versions_as_rules(r newterm.rules, entity jsonb, term jsonb)
	RETURNS TABLE (version_id integer, "current" boolean, version newterm.rules)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	v newterm.rule_versions;
BEGIN
	FOR v IN SELECT x.* FROM newterm.rule_versions x WHERE x.rule_id = r.id ORDER BY x.id LOOP
		CONTINUE WHEN NOT v.group_by @> coalesce(ARRAY(SELECT jsonb_object_keys(entity)), '{}')
			OR NOT v.fields @> coalesce(ARRAY(SELECT jsonb_object_keys(term)), '{}');
		version_id := v.id;
		"current" := v.version = r.version;
		version := jsonb_populate_record(r, to_jsonb(v) - 'id' - 'learning_from' - 'created_at' - 'rule_id');
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.versions_as_rules(newterm.rules, jsonb, jsonb) IS 'the versions of a rule that have fields of these names, as rules that can be evaluated';
REVOKE ALL ON FUNCTION newterm.versions_as_rules(newterm.rules, jsonb, jsonb) FROM PUBLIC;

-- What is left of the stored runs of a version that an unlearning touches.  `shown` is what stored events
-- show without it, `kept` what they show with it.  A stretch of a run that no stored event shows is known by the
-- run alone: it is left where the unlearning does not touch it, and void where the unlearning covers all of it
-- whatever the event.  Else nothing tells ('unknown').
CREATE OR REPLACE FUNCTION newterm.remaining_pieces(u newterm.unlearnings, version_id integer, r newterm.rules, number integer,
	shown newterm.replayed_start[], kept newterm.replayed_start[])
	RETURNS TABLE (digest uuid, entity jsonb, term jsonb, run timestamptz, run_end timestamptz, kind text, first_seen timestamptz, last_seen timestamptz,
		event_id text, backfilled boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH matching AS (
		SELECT s.digest, s.first_seen, s.last_granule, s.event_id, s.backfilled,
			newterm.term_object(r.group_by, s.entity) AS entity, newterm.term_object(r.fields, s.term) AS term,
			s.first_seen < u.until AND (u.since IS NULL OR s.last_granule + r.granule > u.since) AS touched
		FROM newterm.runs s
		WHERE s.version_id = remaining_pieces.version_id
			AND (u.entity IS NULL OR newterm.has_values(newterm.term_object(r.group_by, s.entity), u.entity))
			AND (u.term IS NULL OR newterm.has_values(newterm.term_object(r.fields, s.term), u.term))
	), held AS (
		SELECT m.* FROM matching m WHERE m.touched
	), stored AS (
		SELECT h.digest, h.first_seen AS run, greatest(c.first_seen, h.first_seen) AS low, least(c.last_granule, h.last_granule) AS high
		FROM held h
		JOIN unnest(shown) c ON c.rule = number AND c.entity = h.entity AND c.term = h.term
			AND c.first_seen < h.last_granule + r.granule AND c.last_granule + r.granule > h.first_seen
	), stretches AS (
		-- from one stored event to the next, with the time that a piece of a run between them has
		SELECT s.digest, s.run, lag(s.high) OVER w AS gone_from, s.low AS gone_to, s.low AS covered_to,
			lag(s.high) OVER w + r.granule - interval '1 microsecond' AS first_seen, s.low AS last_seen
		FROM stored s WINDOW w AS (PARTITION BY s.digest, s.run ORDER BY s.low)
		UNION ALL
		SELECT h.digest, h.first_seen, coalesce(s.high, h.first_seen), h.last_granule + r.granule, h.last_granule,
			coalesce(s.high + r.granule - interval '1 microsecond', h.first_seen), h.last_granule
		FROM held h
		LEFT JOIN (SELECT x.digest, x.run, max(x.high) AS high FROM stored x GROUP BY 1, 2) s ON s.digest = h.digest AND s.run = h.first_seen
		WHERE s.high IS NULL OR s.high < h.last_granule
	), judged AS (
		SELECT x.digest, x.run, coalesce(x.first_seen, x.run) AS first_seen, x.last_seen, CASE
			WHEN u.until <= x.gone_from OR u.since > x.gone_to THEN 'remains'
			WHEN u.filter IS NULL AND (u.since IS NULL OR u.since <= x.gone_from)
				-- up to now covers the granule that has not ended
				AND (u.until >= x.gone_to OR (u.until >= u.created_at AND u.until > x.covered_to)) THEN 'void'
			ELSE 'unknown' END AS kind
		FROM (SELECT y.digest, y.run, coalesce(y.gone_from, y.run) AS gone_from, y.gone_to, y.covered_to, y.first_seen, y.last_seen
			  FROM stretches y WHERE y.gone_from IS NOT NULL OR y.gone_to > y.run) x
	), parts AS (
		SELECT h.digest, h.first_seen AS run, greatest(c.first_seen, h.first_seen) AS low, least(c.last_granule, h.last_granule) AS high, c.event_id
		FROM held h
		JOIN unnest(kept) c ON c.rule = number AND c.entity = h.entity AND c.term = h.term
			AND c.first_seen < h.last_granule + r.granule AND c.last_granule + r.granule > h.first_seen
	), changed AS MATERIALIZED (
		-- the others are not touched at all
		(SELECT s.digest FROM (SELECT digest, run, low, high FROM stored EXCEPT SELECT digest, run, low, high FROM parts) s)
		UNION
		(SELECT s.digest FROM (SELECT digest, run, low, high FROM parts EXCEPT SELECT digest, run, low, high FROM stored) s)
		UNION
		SELECT j.digest FROM judged j WHERE j.kind <> 'remains'
	)
	SELECT h.digest, h.entity, h.term, h.first_seen, h.last_granule, j.kind, j.first_seen, j.last_seen, h.event_id, h.backfilled
	FROM changed c JOIN held h ON h.digest = c.digest JOIN judged j ON j.digest = h.digest AND j.run = h.first_seen
	UNION ALL
	SELECT h.digest, h.entity, h.term, h.first_seen, h.last_granule, 'remains', p.low, p.high, p.event_id, true
	FROM changed c JOIN held h ON h.digest = c.digest JOIN parts p ON p.digest = h.digest AND p.run = h.first_seen
	UNION ALL
	SELECT h.digest, h.entity, h.term, h.first_seen, h.last_granule, 'touched', NULL, NULL, h.event_id, h.backfilled
	FROM changed c JOIN held h ON h.digest = c.digest
	UNION ALL
	-- other runs of the same terms
	SELECT m.digest, m.entity, m.term, m.first_seen, m.last_granule, 'remains', m.first_seen, m.last_granule, m.event_id, m.backfilled
	FROM changed c JOIN matching m ON m.digest = c.digest WHERE NOT m.touched
$$;
COMMENT ON FUNCTION newterm.remaining_pieces(newterm.unlearnings, integer, newterm.rules, integer, newterm.replayed_start[], newterm.replayed_start[])
	IS 'what an unlearning leaves of the stored runs that it touches, by stored events and, where they are gone, by the runs themselves';
REVOKE ALL ON FUNCTION newterm.remaining_pieces(newterm.unlearnings, integer, newterm.rules, integer, newterm.replayed_start[], newterm.replayed_start[]) FROM PUBLIC;

-- The runs that stored events show, of the terms that an unlearning is about.
CREATE OR REPLACE FUNCTION newterm.shown_starts(u newterm.unlearnings, rules newterm.rules[]) RETURNS newterm.replayed_start[]
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(array_agg(s), '{}')
	FROM newterm.replay_events(rules, NULL, NULL, NULL) p
	CROSS JOIN LATERAL unnest(p.starts) s
	WHERE (u.entity IS NULL OR newterm.has_values(s.entity, u.entity)) AND (u.term IS NULL OR newterm.has_values(s.term, u.term))
$$;
COMMENT ON FUNCTION newterm.shown_starts(newterm.unlearnings, newterm.rules[]) IS 'the runs that stored events show to rules, of the terms of an unlearning';
REVOKE ALL ON FUNCTION newterm.shown_starts(newterm.unlearnings, newterm.rules[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.alerts_when(r newterm.rules, version_id integer, entity jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	learned bigint;
	until timestamptz;
BEGIN
	IF r.learning_values IS NOT NULL THEN
		SELECT count(*) INTO learned FROM newterm.learned_values l
		WHERE l.version_id = alerts_when.version_id
			AND (r.learning_scope = 'rule' OR newterm.term_object(r.group_by, l.entity) = alerts_when.entity);
		IF learned < r.learning_values THEN
			RETURN format('not while it is among the first %s terms, of which there are %s', r.learning_values, learned);
		END IF;
		RETURN 'when it is seen again';
	END IF;
	SELECT c.learning_until INTO until FROM newterm.clocks c
	WHERE c.rule = r.name AND c.entity IS NOT DISTINCT FROM CASE r.learning_scope WHEN 'entity' THEN alerts_when.entity END;
	RETURN CASE WHEN until IS NULL THEN 'not at once: learning begins anew with the next event'
		WHEN until > now() THEN format('when it is seen from %s on: until then it is learned', until)
		ELSE 'when it is seen again' END;
END
$$;
COMMENT ON FUNCTION newterm.alerts_when(newterm.rules, integer, jsonb) IS 'when a term that is not known would be a detection, in words';
REVOKE ALL ON FUNCTION newterm.alerts_when(newterm.rules, integer, jsonb) FROM PUBLIC;

-- Raises an error if the unlearning makes no sense or cannot be made.
CREATE OR REPLACE FUNCTION newterm.check_unlearning(r newterm.rules, u newterm.unlearnings) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION 'unlearn sees what others have committed only at READ COMMITTED' USING ERRCODE = 'feature_not_supported';
	ELSIF u.term IS NULL AND u.entity IS NULL AND u.since IS NULL AND u.filter IS NULL THEN
		RAISE EXCEPTION 'unlearning all that a rule knows is refused' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Give term, entity, since or by; since => ''-infinity'' takes all.';
	ELSIF jsonb_typeof(u.entity) <> 'object' OR jsonb_typeof(u.term) <> 'object' THEN
		RAISE EXCEPTION 'entity and term are JSON objects, keyed as the rule writes its fields'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"recipientAccountId": "111122223333"}.';
	ELSIF u.until > clock_timestamp() THEN
		RAISE EXCEPTION 'what was learned lies in the past: until must not be later than now' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'newterm.create_suppression(…, kind => ''exclude'') keeps coming events from being learned.';
	ELSIF u.since >= u.until THEN
		RAISE EXCEPTION 'the unlearning would end before it begins' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NOT EXISTS (SELECT FROM newterm.versions_as_rules(r, u.entity, u.term)) THEN
		RAISE EXCEPTION 'no version of rule "%" has these fields', r.name USING ERRCODE = 'invalid_parameter_value',
			HINT = format('term has some of the keys %s, entity some of %s.', to_jsonb(r.fields), to_jsonb(r.group_by));
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.check_unlearning(newterm.rules, newterm.unlearnings) IS 'raises what speaks against an unlearning';
REVOKE ALL ON FUNCTION newterm.check_unlearning(newterm.rules, newterm.unlearnings) FROM PUBLIC;

-- Takes back from the runs of one version what the unlearning covers.
CREATE OR REPLACE FUNCTION newterm.unlearn_version(u newterm.unlearnings, version_id integer, r newterm.rules, number integer,
	"current" boolean, shown newterm.replayed_start[], kept newterm.replayed_start[]) RETURNS SETOF newterm.unlearned_term
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	changed record;
	forget constant numeric := EXTRACT(epoch FROM r.forget_after);
BEGIN
	SELECT array_agg(p.digest ORDER BY p.run, p.term, p.entity) FILTER (WHERE p.kind = 'touched') AS terms,
		coalesce(array_agg(p.digest) FILTER (WHERE p.kind = 'remains'), '{}') AS pieces,
		coalesce(array_agg(p.first_seen) FILTER (WHERE p.kind = 'remains'), '{}') AS first_seen,
		coalesce(array_agg(p.last_seen) FILTER (WHERE p.kind = 'remains'), '{}') AS last_seen,
		coalesce(array_agg(p.event_id) FILTER (WHERE p.kind = 'remains'), '{}') AS event_ids,
		array_agg(p.digest ORDER BY p.digest, p.run) FILTER (WHERE p.kind = 'touched') AS digests,
		array_agg(ROW(r.name, p.entity, p.term, p.run, greatest(p.run_end, p.run), NULL, p.event_id,
				CASE WHEN p.backfilled THEN 'backfill' ELSE 'live' END)::newterm.unlearned_term
			ORDER BY p.digest, p.run) FILTER (WHERE p.kind = 'touched') AS runs,
		count(DISTINCT (p.digest, p.run)) FILTER (WHERE p.kind = 'unknown') AS unknown,
		max(p.last_seen) FILTER (WHERE p.kind = 'unknown') AS unknown_until,
		(array_agg(p.term ORDER BY p.last_seen DESC, p.run, p.term, p.entity) FILTER (WHERE p.kind = 'unknown'))[1] AS unknown_term,
		(array_agg(p.run ORDER BY p.last_seen DESC, p.run, p.term, p.entity) FILTER (WHERE p.kind = 'unknown'))[1] AS unknown_run,
		(array_agg(p.event_id ORDER BY p.last_seen DESC, p.run, p.term, p.entity) FILTER (WHERE p.kind = 'unknown'))[1] AS unknown_event
	INTO changed
	FROM newterm.remaining_pieces(u, version_id, r, number, shown, kept) p;
	-- a replaced version forgets what nothing tells
	IF "current" AND changed.unknown > 0 THEN
		RAISE EXCEPTION 'nothing tells what is left of % of the runs: the events that taught them are no longer stored', changed.unknown
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = format('One of them is that of %s, known since %s%s.', changed.unknown_term, changed.unknown_run,
					' by event ' || changed.unknown_event),
				HINT = concat_ws(' ', CASE WHEN u.filter IS NOT NULL THEN 'Without "by" whole runs are unlearned, whoever taught them.'
						ELSE 'An interval that covers whole runs needs no events.' END,
					format('since => %L leaves these as they are.', changed.unknown_until + r.granule));
	ELSIF changed.terms IS NULL THEN
		RETURN;
	END IF;
	PERFORM newterm.take_back(version_id, changed.terms, changed.pieces, changed.first_seen, changed.last_seen, changed.event_ids, "current",
		concat_ws(': ', 'unlearned by ' || u.created_by, u.reason), u.id);
	RETURN QUERY
	SELECT t.rule, t.entity, t.term, t.known_since, t.last_seen,
		CASE WHEN l.first_seen IS NULL THEN newterm.alerts_when(r, version_id, t.entity)
			ELSE format('now: other events show it since %s, outside learning', l.first_seen) END,
		t.event_id, t.origin
	FROM (SELECT DISTINCT ON (x.digest) x.*
		  FROM unnest(changed.digests, changed.runs) x (digest, rule, entity, term, known_since, last_seen, alerts, event_id, origin)
		  ORDER BY x.digest, x.known_since DESC) t
	-- what is known of it still, as it was seen last
	LEFT JOIN LATERAL (
		SELECT s.first_seen, s.learned FROM newterm.runs s
		WHERE s.digest = t.digest AND (forget IS NULL OR EXTRACT(epoch FROM t.last_seen - s.last_granule) <= forget)
		ORDER BY s.first_seen DESC LIMIT 1) l ON true
	WHERE "current" AND (l.first_seen IS NULL
		OR (NOT l.learned AND l.first_seen > t.known_since AND l.first_seen < t.last_seen + r.granule))
	ORDER BY t.known_since, t.entity, t.term;
END
$$;
COMMENT ON FUNCTION newterm.unlearn_version(newterm.unlearnings, integer, newterm.rules, integer, boolean, newterm.replayed_start[], newterm.replayed_start[])
	IS 'makes an unlearning of one rule version; what alerts again';
REVOKE ALL ON FUNCTION newterm.unlearn_version(newterm.unlearnings, integer, newterm.rules, integer, boolean, newterm.replayed_start[], newterm.replayed_start[]) FROM PUBLIC;

-- Must stored events be read to tell what the unlearning leaves?
CREATE OR REPLACE FUNCTION newterm.unlearning_reads(u newterm.unlearnings, versions integer[], rules newterm.rules[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (SELECT FROM newterm.watched) AND EXISTS (
		SELECT FROM unnest(versions) WITH ORDINALITY v (id, number)
		CROSS JOIN LATERAL newterm.remaining_pieces(u, v.id, rules[v.number], v.number::integer, '{}', '{}') p
		WHERE p.kind = 'unknown')
$$;
COMMENT ON FUNCTION newterm.unlearning_reads(newterm.unlearnings, integer[], newterm.rules[]) IS 'does it take stored events to tell what an unlearning leaves?';
REVOKE ALL ON FUNCTION newterm.unlearning_reads(newterm.unlearnings, integer[], newterm.rules[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.unlearn(rule text, term jsonb DEFAULT NULL, entity jsonb DEFAULT NULL, since timestamptz DEFAULT NULL,
	until timestamptz DEFAULT NULL, by text DEFAULT NULL, dry_run boolean DEFAULT false, reason text DEFAULT NULL)
	RETURNS SETOF newterm.unlearned_term
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r newterm.rules := newterm.rule_row(unlearn.rule);
	u newterm.unlearnings;
	versions integer[];
	currents boolean[];
	rules newterm.rules[];
	shown newterm.replayed_start[] := '{}';
	kept newterm.replayed_start[] := '{}';
	reads boolean;
	result newterm.unlearned_term[] := '{}';
BEGIN
	-- Hold merges before anything is read.  A dry run holds them too, as it does all of it and undoes it.
	PERFORM newterm.hold_merges();
	BEGIN
		u.rule_id := r.id;
		u.rule := r.name;
		u.entity := unlearn.entity;
		u.term := unlearn.term;
		u.since := unlearn.since;
		u.until := coalesce(unlearn.until, clock_timestamp());
		u.filter := unlearn.by;
		u.language := r.language;
		u.reason := unlearn.reason;
		u.created_at := now();
		PERFORM newterm.check_unlearning(r, u);
		SELECT array_agg(v.version_id), array_agg(v."current"), array_agg(v.version) INTO versions, currents, rules
		FROM newterm.versions_as_rules(r, u.entity, u.term) v;
		reads := newterm.unlearning_reads(u, versions, rules);
		IF reads THEN
			shown := newterm.shown_starts(u, rules);
		END IF;
		INSERT INTO newterm.unlearnings (rule_id, rule, entity, term, since, until, filter, language, reason)
		VALUES (u.rule_id, u.rule, u.entity, u.term, u.since, u.until, u.filter, u.language, u.reason)
		RETURNING * INTO u;
		IF reads THEN
			kept := newterm.shown_starts(u, rules);
		END IF;
		FOR number IN 1 .. cardinality(versions) LOOP
			result := result || ARRAY(SELECT x FROM newterm.unlearn_version(u, versions[number], rules[number], number,
				currents[number], shown, kept) x);
		END LOOP;
		IF dry_run THEN
			RAISE EXCEPTION 'a dry run' USING ERRCODE = 'NTDRY';
		END IF;
	EXCEPTION WHEN SQLSTATE 'NTDRY' THEN
		NULL;	-- all of it is undone
	END;
	RETURN QUERY SELECT * FROM unnest(result);
END
$$;
COMMENT ON FUNCTION newterm.unlearn(text, jsonb, jsonb, timestamptz, timestamptz, text, boolean, text)
	IS 'takes back what sightings taught a rule, by term, entity, event time and by (a filter of the events that taught it), up to now; returns what alerts again';

-- A rule that was dropped, or no longer has these fields, has nothing to unlearn.
CREATE OR REPLACE FUNCTION newterm.unlearn_signal(signal newterm.signals) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	told jsonb;
	entity constant jsonb := nullif(signal.entity, '{}');
	r constant newterm.rules := newterm.rule_of(signal);
BEGIN
	FOR told IN SELECT DISTINCT t FROM jsonb_array_elements(signal.terms) t LOOP
		IF EXISTS (SELECT FROM newterm.versions_as_rules(r, entity, told)) THEN
			PERFORM newterm.unlearn(r.name, told, entity, reason => format('signal %s is malicious', signal.id));
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.unlearn_signal(newterm.signals) IS 'unlearns the terms of a signal, for its entity, up to now';
REVOKE ALL ON FUNCTION newterm.unlearn_signal(newterm.signals) FROM PUBLIC;
