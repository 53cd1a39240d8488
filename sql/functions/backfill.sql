-- Learning from stored events.

CREATE OR REPLACE FUNCTION newterm.backfill_event(event jsonb, event_text text, event_time timestamptz, has_time boolean,
	versions integer[], since timestamptz, until timestamptz, source regclass) RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_backfill_event' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.backfill_event(jsonb, text, timestamptz, boolean, integer[], timestamptz, timestamptz, regclass)
	IS 'shows a stored event of a table to the rules of these versions; true where its time lies in the interval';
REVOKE ALL ON FUNCTION newterm.backfill_event(jsonb, text, timestamptz, boolean, integer[], timestamptz, timestamptz, regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.merge_as_backfill(signals boolean) RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_merge_as_backfill' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION newterm.merge_as_backfill(boolean) IS 'what this transaction merges has origin backfill: nobody is notified, and there are signals only where asked for';
REVOKE ALL ON FUNCTION newterm.merge_as_backfill(boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.move_clock(version integer, earliest timestamptz) RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_move_clock' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION newterm.move_clock(integer, timestamptz) IS 'moves the clock of a rule version back, and decides again; false where it stands no later';
REVOKE ALL ON FUNCTION newterm.move_clock(integer, timestamptz) FROM PUBLIC;

-- Adds what is stored to the baselines of rule versions, and moves back the clocks of those that are `moving`: to the
-- earliest event, but to no time before not_before.
-- A procedure that commits cannot have a SET clause, so all names are qualified.
CREATE OR REPLACE PROCEDURE newterm.read_history(run bigint, versions integer[], moving integer[], since timestamptz, until timestamptz,
	events regclass, signals boolean, not_before timestamptz, INOUT counted newterm.replayed)
LANGUAGE plpgsql AS $$
DECLARE
	command text;
	stored record;
	chunk bigint := 8192;
	block bigint;
	blocks bigint;
	added bigint;
	unlearned bigint;			-- the newest unlearning that a chunk obeys
	done bigint := 0;
	told timestamptz := pg_catalog.clock_timestamp();
	number integer;
	clock timestamptz;
BEGIN
	-- Count the events and find the earliest one.
	SELECT * INTO counted FROM newterm.replay_events('{}', since, until, events);
	IF coalesce(counted.events, 0) = 0 THEN
		PERFORM newterm.tell_outside_interval(since, until, events);
	END IF;
	UPDATE newterm.progress_log l SET phase = 'reading', events_total = coalesce(counted.events, 0),
		updated_at = pg_catalog.clock_timestamp() WHERE l.id = run RETURNING l.command INTO command;
	clock := CASE WHEN counted.earliest IS NOT NULL THEN greatest(counted.earliest, not_before) END;
	-- A version without runs gets its clock now, so that its runs are decided as they are read.
	PERFORM newterm.move_clock(id, clock) FROM pg_catalog.unnest(moving) id
	WHERE NOT EXISTS (SELECT FROM newterm.runs s WHERE s.version_id = id);
	COMMIT;

	FOR stored IN SELECT t.leaf, t.columns FROM newterm.stored_tables(events) t LOOP
		blocks := pg_catalog.pg_relation_size(stored.leaf) / pg_catalog.current_setting('block_size')::bigint;
		block := 0;
		WHILE block < blocks LOOP
			unlearned := (SELECT pg_catalog.max(u.id) FROM newterm.unlearnings u);
			PERFORM newterm.merge_as_backfill(coalesce(signals, false));
			EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM (SELECT %s FROM ONLY %s WHERE ctid >= $4 AND ctid < $5) e'
				' WHERE newterm.backfill_event(e.event, e.event_text, e.event_time, e.has_time, $1, $2, $3, $6)', stored.columns, stored.leaf)
			INTO added
			USING versions, since, until, pg_catalog.format('(%s,0)', block)::tid, pg_catalog.format('(%s,0)', block + chunk)::tid, stored.leaf;
			UPDATE newterm.progress_log l SET events_done = done + added, updated_at = pg_catalog.clock_timestamp() WHERE l.id = run;
			-- An unlearning that was committed meanwhile is judged by the events, which pending runs do not keep: read them again.
			PERFORM newterm.hold_merges();
			IF unlearned IS DISTINCT FROM (SELECT pg_catalog.max(u.id) FROM newterm.unlearnings u) THEN
				ROLLBACK;
				CONTINUE;
			END IF;
			COMMIT;
			block := block + chunk;
			done := done + added;
			IF pg_catalog.clock_timestamp() - told > '5 seconds' THEN
				told := pg_catalog.clock_timestamp();
				RAISE NOTICE '%: % of % events', command, done, counted.events;
			END IF;
		END LOOP;
	END LOOP;

	UPDATE newterm.progress_log l SET phase = 'deciding', updated_at = pg_catalog.clock_timestamp() WHERE l.id = run;
	COMMIT;
	FOREACH number IN ARRAY moving LOOP
		PERFORM newterm.merge_as_backfill(coalesce(signals, false));
		PERFORM newterm.move_clock(number, clock);
		COMMIT;
	END LOOP;
	UPDATE newterm.progress_log l SET phase = 'done', events_done = done, updated_at = pg_catalog.clock_timestamp() WHERE l.id = run;
	COMMIT;
END
$$;
COMMENT ON PROCEDURE newterm.read_history(bigint, integer[], integer[], timestamptz, timestamptz, regclass, boolean, timestamptz, newterm.replayed)
	IS 'adds what stored events show to the baselines of rule versions, as newterm.progress_log run; for backfill and rebuild';
REVOKE ALL ON PROCEDURE newterm.read_history(bigint, integer[], integer[], timestamptz, timestamptz, regclass, boolean, timestamptz, newterm.replayed) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.begin_progress(command text, rule text, events text) RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO newterm.progress_log (pid, backend_start, command, rule, events, phase)
	SELECT a.pid, a.backend_start, begin_progress.command, begin_progress.rule, begin_progress.events, 'counting'
	FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()
	RETURNING id
$$;
COMMENT ON FUNCTION newterm.begin_progress(text, text, text) IS 'enters long work into newterm.progress_log; returns its number';
REVOKE ALL ON FUNCTION newterm.begin_progress(text, text, text) FROM PUBLIC;

-- The last NOTICE of a backfill or rebuild.
CREATE OR REPLACE FUNCTION newterm.end_of_history(command text, rule text, counted newterm.replayed) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat_ws('; ', format('%s: %s events', command, coalesce(counted.events, 0))
			|| CASE WHEN counted.events > 0 THEN format(' from %s to %s', counted.earliest, counted.latest) ELSE '' END,
		(SELECT string_agg(format('%s %s', r.name, CASE
			WHEN c.rule IS NULL THEN 'has not begun to learn'
			WHEN c.learning_until IS NULL THEN 'is active'
			WHEN c.learning_until <= now() THEN format('is active since %s', c.learning_until)
			ELSE format('learns until %s', c.learning_until) END), ', ' ORDER BY r.name)
		 FROM newterm.rules r LEFT JOIN newterm.clocks c ON c.rule = r.name AND c.entity IS NULL
		 WHERE r.name = end_of_history.rule))
$$;
COMMENT ON FUNCTION newterm.end_of_history(text, text, newterm.replayed) IS 'what a backfill or rebuild says when it is done';
REVOKE ALL ON FUNCTION newterm.end_of_history(text, text, newterm.replayed) FROM PUBLIC;

-- Raises if there is no such rule, or it is disabled and so learns nothing.
CREATE OR REPLACE FUNCTION newterm.check_enabled(rule text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT (newterm.rule_row(rule)).enabled THEN
		RAISE EXCEPTION 'rule "%" is disabled', rule USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = format('SELECT newterm.enable_rule(%L); a rule learns while it is enabled.', rule);
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.check_enabled(text) IS 'raises where there is no such rule, or it is disabled';
REVOKE ALL ON FUNCTION newterm.check_enabled(text) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE newterm.backfill(rule text DEFAULT NULL, since timestamptz DEFAULT NULL,
	until timestamptz DEFAULT NULL, events regclass DEFAULT NULL, signals boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
	versions integer[];
	moving integer[];			-- those whose clock is not given
	counted newterm.replayed;
	run bigint;
BEGIN
	IF rule IS NOT NULL THEN
		PERFORM newterm.check_enabled(rule);
	END IF;
	SELECT pg_catalog.array_agg(v.id ORDER BY v.id),
		coalesce(pg_catalog.array_agg(v.id ORDER BY v.id) FILTER (WHERE r.learning_from IS NULL), '{}')
	INTO versions, moving
	FROM newterm.rules r JOIN newterm.rule_versions v ON v.rule_id = r.id AND v.version = r.version
	WHERE r.enabled AND (backfill.rule IS NULL OR r.name = backfill.rule);
	IF versions IS NULL THEN
		RAISE NOTICE 'no rule is enabled: there is nothing to do';
		RETURN;
	END IF;
	-- raises if the table is not watched
	PERFORM newterm.stored_tables(events);
	run := newterm.begin_progress('backfill', rule, events::text);
	COMMIT;
	CALL newterm.read_history(run, versions, moving, since, until, events, signals, NULL, counted);
	RAISE NOTICE '%', newterm.end_of_history('backfill', rule, counted);
END
$$;
COMMENT ON PROCEDURE newterm.backfill(text, timestamptz, timestamptz, regclass, boolean)
	IS 'learns from stored events, one rule or all enabled ones, and moves their clocks back; commits as it goes, can be cancelled and started again; see newterm.progress';

CREATE OR REPLACE FUNCTION newterm.shorten_runs(version integer, terms uuid[], piece_terms uuid[], first_seen timestamptz[],
	last_seen timestamptz[], event_ids text[], decide boolean, reason text) RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_shorten_runs' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION newterm.shorten_runs(integer, uuid[], uuid[], timestamptz[], timestamptz[], text[], boolean, text)
	IS 'leaves of what is stored of these terms only the pieces of runs that are given; what signals told stays told';
REVOKE ALL ON FUNCTION newterm.shorten_runs(integer, uuid[], uuid[], timestamptz[], timestamptz[], text[], boolean, text) FROM PUBLIC;

-- Drops the runs, and parts of runs, that stored events do not show.  Merges go on while the events are read, and are held
-- only while the runs are written.  What merges added in between stays; sightings inside a run are added by the reading that
-- follows.
CREATE OR REPLACE FUNCTION newterm.drop_unshown(r newterm.rules, version integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found record;
	grown record;
BEGIN
	WITH stored AS MATERIALIZED (
		-- read by this statement's snapshot, which is older than the one that reads the events
		SELECT s.digest, s.first_seen, s.last_granule, newterm.term_object(r.group_by, s.entity) AS entity,
			newterm.term_object(r.fields, s.term) AS term
		FROM newterm.runs s WHERE s.version_id = drop_unshown.version
	), shown AS MATERIALIZED (
		SELECT c.entity, c.term, c.first_seen, c.last_granule, c.event_id
		FROM newterm.replay_events(ARRAY[r], NULL, NULL, NULL) p
		CROSS JOIN LATERAL unnest(p.starts) c
	), unshown AS MATERIALIZED (
		SELECT s.digest, count(*) AS runs FROM stored s
		WHERE NOT EXISTS (SELECT FROM shown c WHERE c.entity = s.entity AND c.term = s.term
			AND c.first_seen <= s.first_seen AND c.last_granule >= s.last_granule)
		GROUP BY 1
	), pieces AS (
		SELECT s.digest, greatest(c.first_seen, s.first_seen) AS first_seen, least(c.last_granule, s.last_granule) AS last_seen, c.event_id
		FROM unshown u
		JOIN stored s ON s.digest = u.digest
		JOIN shown c ON c.entity = s.entity AND c.term = s.term
			AND c.first_seen < s.last_granule + r.granule AND c.last_granule + r.granule > s.first_seen
	)
	SELECT u.terms, u.runs, p.terms AS piece_terms, p.first_seen, p.last_seen, p.event_ids,
		s.terms AS stored_terms, s.first_seen AS stored_first_seen, s.last_granule AS stored_last
	INTO found
	FROM (SELECT array_agg(x.digest) AS terms, sum(x.runs) AS runs FROM unshown x) u,
		(SELECT coalesce(array_agg(x.digest), '{}') AS terms, coalesce(array_agg(x.first_seen), '{}') AS first_seen,
			coalesce(array_agg(x.last_seen), '{}') AS last_seen, coalesce(array_agg(x.event_id), '{}') AS event_ids FROM pieces x) p,
		(SELECT array_agg(x.digest) AS terms, array_agg(x.first_seen) AS first_seen, array_agg(x.last_granule) AS last_granule
		 FROM stored x JOIN unshown y ON y.digest = x.digest) s;
	IF found.terms IS NULL THEN
		RETURN 0;
	END IF;
	PERFORM newterm.hold_merges();
	WITH before AS MATERIALIZED (
		SELECT * FROM unnest(found.stored_terms, found.stored_first_seen, found.stored_last) x (digest, first_seen, last_granule)
	)
	SELECT coalesce(array_agg(s.digest), '{}') AS terms, coalesce(array_agg(t.seen_at), '{}') AS seen_at INTO grown
	FROM unnest(found.terms) k (digest)
	JOIN newterm.runs s ON s.digest = k.digest
	CROSS JOIN LATERAL (
		SELECT s.first_seen WHERE NOT EXISTS (SELECT FROM before b WHERE b.digest = s.digest AND b.first_seen = s.first_seen)
		UNION ALL
		SELECT greatest(s.last_granule, s.first_seen) WHERE NOT EXISTS (SELECT FROM before b WHERE b.digest = s.digest AND b.last_granule = s.last_granule)
	) t (seen_at);
	PERFORM newterm.merge_as_backfill(false);
	PERFORM newterm.shorten_runs(drop_unshown.version, found.terms, found.piece_terms || grown.terms, found.first_seen || grown.seen_at,
		found.last_seen || grown.seen_at, found.event_ids || array_fill(NULL::text, ARRAY[cardinality(grown.terms)]), true, 'rebuilt: no stored event shows it');
	RETURN found.runs;
END
$$;
COMMENT ON FUNCTION newterm.drop_unshown(newterm.rules, integer) IS 'takes from the baseline of a rule version what stored events do not show; returns how many runs that were';
REVOKE ALL ON FUNCTION newterm.drop_unshown(newterm.rules, integer) FROM PUBLIC;

-- The clock of the version before a rule's current one.
CREATE OR REPLACE FUNCTION newterm.clock_before(r newterm.rules) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT v.learning_from FROM newterm.rule_versions v
	WHERE v.rule_id = r.id AND v.version <= r.version AND v.learning_from IS NOT NULL
	ORDER BY v.version = r.version, v.version DESC LIMIT 1
$$;
COMMENT ON FUNCTION newterm.clock_before(newterm.rules) IS 'the clock of the version before a rule''s current one, or its own where there is none';
REVOKE ALL ON FUNCTION newterm.clock_before(newterm.rules) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE newterm.rebuild(rule text)
LANGUAGE plpgsql AS $$
DECLARE
	r newterm.rules;
	version integer;
	clock timestamptz;
	not_before timestamptz;
	counted newterm.replayed;
	run bigint;
	dropped bigint;
BEGIN
	PERFORM newterm.check_enabled(rule);
	SELECT * INTO r FROM newterm.rule_row(rule);
	SELECT v.id, v.learning_from INTO version, clock FROM newterm.rule_versions v WHERE v.rule_id = r.id AND v.version = r.version;
	IF pg_catalog.current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION 'rebuild sees what others have committed only at READ COMMITTED' USING ERRCODE = 'feature_not_supported';
	END IF;
	PERFORM newterm.stored_tables(NULL);
	not_before := newterm.clock_before(r);
	run := newterm.begin_progress('rebuild', rule, NULL);
	COMMIT;
	dropped := newterm.drop_unshown(r, version);
	COMMIT;
	IF dropped > 0 THEN
		RAISE NOTICE 'rebuild: % runs are forgotten, as stored events do not show all of them', dropped;
	END IF;
	CALL newterm.read_history(run, ARRAY[version], CASE WHEN clock = r.learning_from THEN '{}' ELSE ARRAY[version] END,
		NULL, NULL, NULL, false, not_before, counted);
	RAISE NOTICE '%', newterm.end_of_history('rebuild', rule, counted);
END
$$;
COMMENT ON PROCEDURE newterm.rebuild(text)
	IS 'the baseline of a rule again from stored events, with the clock that the rule had; commits as it goes, can be cancelled and started again; see newterm.progress';
