-- Learning from stored events.

CREATE OR REPLACE FUNCTION newterm.backfill_event(event jsonb, event_text text, event_time timestamptz, has_time boolean,
	versions integer[], since timestamptz, until timestamptz) RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_backfill_event' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.backfill_event(jsonb, text, timestamptz, boolean, integer[], timestamptz, timestamptz)
	IS 'shows a stored event to the rules of these versions; true where its time lies in the interval';
REVOKE ALL ON FUNCTION newterm.backfill_event(jsonb, text, timestamptz, boolean, integer[], timestamptz, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.merge_as_backfill(signals boolean) RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_merge_as_backfill' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION newterm.merge_as_backfill(boolean) IS 'what this transaction merges has origin backfill: nobody is notified, and there are signals only where asked for';
REVOKE ALL ON FUNCTION newterm.merge_as_backfill(boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.move_clock(version integer, earliest timestamptz) RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_move_clock' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION newterm.move_clock(integer, timestamptz) IS 'moves the clock of a rule version back, and decides again; false where it stands no later';
REVOKE ALL ON FUNCTION newterm.move_clock(integer, timestamptz) FROM PUBLIC;

-- Commits as it goes, so that it can have no settings of its own: all is qualified.
CREATE OR REPLACE PROCEDURE newterm.backfill(rule text DEFAULT NULL, since timestamptz DEFAULT NULL,
	until timestamptz DEFAULT NULL, events regclass DEFAULT NULL, signals boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
	versions integer[];
	moving integer[];			-- those whose clock is not given
	counted newterm.replayed;
	run bigint;
	stored record;
	chunk bigint := 4096;
	block bigint;
	blocks bigint;
	added bigint;
	done bigint := 0;
	told timestamptz := pg_catalog.clock_timestamp();
	number integer;
	active text;
BEGIN
	IF rule IS NOT NULL AND NOT (newterm.rule_row(rule)).enabled THEN
		RAISE EXCEPTION 'rule "%" is disabled', rule USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = pg_catalog.format('SELECT newterm.enable_rule(%L); a rule learns while it is enabled.', rule);
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
	-- refuses what is not watched
	PERFORM newterm.stored_tables(events);
	INSERT INTO newterm.progress_log (pid, backend_start, command, rule, events, phase)
	SELECT a.pid, a.backend_start, 'backfill', backfill.rule, backfill.events::text, 'counting'
	FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid()
	RETURNING id INTO run;
	COMMIT;

	-- read once without rules: how many events there are, and when they begin
	SELECT * INTO counted FROM newterm.replay_events('{}', since, until, events);
	UPDATE newterm.progress_log l SET phase = 'reading', events_total = coalesce(counted.events, 0),
		updated_at = pg_catalog.clock_timestamp() WHERE l.id = run;
	-- what a version without a baseline shows is decided as it is read
	PERFORM newterm.move_clock(id, counted.earliest) FROM pg_catalog.unnest(moving) id
	WHERE NOT EXISTS (SELECT FROM newterm.runs s WHERE s.version_id = id);
	COMMIT;

	FOR stored IN SELECT t.leaf, t.columns FROM newterm.stored_tables(events) t LOOP
		blocks := pg_catalog.pg_relation_size(stored.leaf) / pg_catalog.current_setting('block_size')::bigint;
		block := 0;
		WHILE block < blocks LOOP
			PERFORM newterm.merge_as_backfill(coalesce(signals, false));
			EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM (SELECT %s FROM ONLY %s WHERE ctid >= $4 AND ctid < $5) e'
				' WHERE newterm.backfill_event(e.event, e.event_text, e.event_time, e.has_time, $1, $2, $3)', stored.columns, stored.leaf)
			INTO added
			USING versions, since, until, pg_catalog.format('(%s,0)', block)::tid, pg_catalog.format('(%s,0)', block + chunk)::tid;
			block := block + chunk;
			done := done + added;
			UPDATE newterm.progress_log l SET events_done = done, updated_at = pg_catalog.clock_timestamp() WHERE l.id = run;
			COMMIT;
			IF pg_catalog.clock_timestamp() - told > '5 seconds' THEN
				told := pg_catalog.clock_timestamp();
				RAISE NOTICE 'backfill: % of % events', done, counted.events;
			END IF;
		END LOOP;
	END LOOP;

	UPDATE newterm.progress_log l SET phase = 'deciding', updated_at = pg_catalog.clock_timestamp() WHERE l.id = run;
	COMMIT;
	FOREACH number IN ARRAY moving LOOP
		PERFORM newterm.merge_as_backfill(coalesce(signals, false));
		PERFORM newterm.move_clock(number, counted.earliest);
		COMMIT;
	END LOOP;
	UPDATE newterm.progress_log l SET phase = 'done', events_done = done, updated_at = pg_catalog.clock_timestamp() WHERE l.id = run;
	COMMIT;
	SELECT pg_catalog.string_agg(pg_catalog.format('%s %s', r.name, CASE
			WHEN c.learning_until IS NULL THEN 'is active'
			WHEN c.learning_until <= pg_catalog.now() THEN pg_catalog.format('is active since %s', c.learning_until)
			ELSE pg_catalog.format('learns until %s', c.learning_until) END), ', ' ORDER BY r.name)
	INTO active
	FROM newterm.rules r LEFT JOIN newterm.clocks c ON c.rule = r.name AND c.entity IS NULL
	WHERE r.name = backfill.rule;
	RAISE NOTICE '%', pg_catalog.concat_ws('; ', pg_catalog.format('backfill: %s events from %s to %s', done, counted.earliest, counted.latest), active);
END
$$;
COMMENT ON PROCEDURE newterm.backfill(text, timestamptz, timestamptz, regclass, boolean)
	IS 'learns from stored events, one rule or all enabled ones, and moves their clocks back; commits as it goes, can be cancelled and started again; see newterm.progress';
