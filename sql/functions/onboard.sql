-- From a table of records to rules in force.

-- What history says against letting a rule alert; NULL: nothing.  One bad day, as when somebody broke in, is not noise.
CREATE OR REPLACE FUNCTION newterm.noise_reason(per_day numeric, on_days bigint, worst_day date, on_worst_day bigint, advice text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN per_day > 1 AND on_days >= 3 THEN
		format('history has %s detections a day, on %s days, and %s on %s', per_day, on_days, on_worst_day, to_char(worst_day, 'YYYY-MM-DD'))
		|| coalesce('; ' || advice, '') END
$$;
COMMENT ON FUNCTION newterm.noise_reason(numeric, bigint, date, bigint, text)
	IS 'why a rule is to begin in mode observe: it would have made more than one detection a day, on three days at least; NULL: it need not';

-- The rules of a pack that installing it would create.
CREATE OR REPLACE FUNCTION newterm.uninstalled_rules(pack text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(jsonb_agg(r.rule ORDER BY r.n), '[]')
	FROM jsonb_array_elements(newterm.pack_document(pack) -> 'rules') WITH ORDINALITY r(rule, n)
	WHERE NOT EXISTS (SELECT FROM newterm.pack_rules p WHERE p.pack = uninstalled_rules.pack AND p.rule = r.rule ->> 'name')
		AND NOT EXISTS (SELECT FROM newterm.rules o WHERE o.name = r.rule ->> 'name')
$$;
COMMENT ON FUNCTION newterm.uninstalled_rules(text) IS 'the rules of a pack that were never installed';

-- All in one transaction, so that no event meets a noisy rule in mode alert.
CREATE OR REPLACE FUNCTION newterm.install_judged_rules(pack text, since timestamptz, events regclass, OUT judged bigint, OUT installed bigint, OUT observed text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	fresh constant jsonb := newterm.uninstalled_rules(pack);
	verdicts jsonb;
	done record;
BEGIN
	IF fresh <> '[]' THEN
		SELECT count(*) FILTER (WHERE s.matched > 0),
			jsonb_object_agg(s.rule, newterm.noise_reason(s.per_day, s.on_days, s.worst_day, s.on_worst_day, s.advice))
		INTO judged, verdicts FROM newterm.backtest_summary(fresh, since, NULL, events) s;
	END IF;
	installed := 0;
	FOR done IN SELECT i.rule, verdicts ->> i.rule AS reason FROM newterm.install_rules(pack) i WHERE i.outcome = 'installed' LOOP
		installed := installed + 1;
		CONTINUE WHEN done.reason IS NULL;
		observed := concat_ws(', ', observed, done.rule);
		PERFORM newterm.alter_rule(done.rule, '{"mode": "observe"}');
		UPDATE newterm.pack_rules p SET observe_reason = done.reason WHERE p.pack = install_judged_rules.pack AND p.rule = done.rule;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.install_judged_rules(text, timestamptz, regclass) IS 'installs a pack; rules that stored events show to be noisy come in mode observe';

-- A procedure that commits cannot have a SET clause, so all names are qualified.
CREATE OR REPLACE PROCEDURE newterm.onboard(events regclass, pack text DEFAULT 'aws-cloudtrail', history interval DEFAULT '30 days')
LANGUAGE plpgsql AS $$
DECLARE
	since constant timestamptz := pg_catalog.now() - history;
	root regclass;
	done record;
	outside record;
	states text;
BEGIN
	IF since > pg_catalog.now() THEN
		RAISE EXCEPTION 'history must not be negative' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- raises if there is no such pack, before anything is done
	PERFORM newterm.pack_document(pack);
	root := newterm.watched_with(events);
	IF root IS NULL THEN
		PERFORM newterm.watch(events);
		RAISE NOTICE 'onboard: % is watched now', events;
		root := events;
		COMMIT;
	END IF;

	RAISE NOTICE 'onboard: trying the rules of % on %', pack, coalesce('the last ' || history::text, 'all that is stored');
	done := newterm.install_judged_rules(pack, since, root);
	IF coalesce(done.judged, 0) = 0 THEN
		outside := newterm.outside_interval(since, NULL, root);
		IF outside.message IS NOT NULL THEN
			ROLLBACK;
			RAISE NOTICE 'onboard: nothing is done, as %', outside.message
				USING HINT = pg_catalog.format('CALL newterm.onboard(%L, %L, history => NULL) reads all of them, history => now() - %L the last %s.',
					events, pack, outside.newest - history, history);
			RETURN;
		END IF;
	END IF;
	COMMIT;
	RAISE NOTICE 'onboard: %', CASE done.installed WHEN 0 THEN 'all rules were there before'
		ELSE pg_catalog.concat_ws('; ', pg_catalog.format('%s rules installed, %s match stored events', done.installed, coalesce(done.judged, 0)),
			'noisy, and so in mode observe: ' || done.observed) END;

	CALL newterm.backfill(NULL, since, NULL, root, false);
	SELECT pg_catalog.string_agg(s.text, ', ' ORDER BY s.text) INTO states
	FROM (SELECT pg_catalog.format('%s: %s', h.state, pg_catalog.count(*)) AS text
		  FROM newterm.health h JOIN newterm.rules r ON r.name = h.name JOIN newterm.pack_rules p ON p.rule_id = r.id
		  WHERE h.kind = 'rule' AND p.pack = onboard.pack GROUP BY h.state) s;
	RAISE NOTICE 'onboard: the rules of % are %', pack, states
		USING HINT = 'SELECT name, state, warning, remedy FROM newterm.health says more.';
END
$$;
COMMENT ON PROCEDURE newterm.onboard(regclass, text, interval)
	IS 'watches a table, installs a pack, noisy rules in mode observe, and backfills all enabled rules; commits as it goes; again, it does what is left';
