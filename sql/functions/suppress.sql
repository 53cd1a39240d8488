-- What does not count, and what is not told.

CREATE OR REPLACE FUNCTION newterm.check_suppression() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_RELID NOT IN ('newterm.suppressions'::regclass, 'newterm.unlearnings'::regclass) THEN
		RAISE EXCEPTION 'newterm.check_suppression is the trigger function of newterm.suppressions and newterm.unlearnings'
			USING ERRCODE = 'trigger_protocol_violated';
	ELSIF jsonb_typeof(NEW.entity) <> 'object' OR jsonb_typeof(NEW.term) <> 'object' THEN
		RAISE EXCEPTION 'entity and term are JSON objects, keyed as the rule writes its fields'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"recipientAccountId": "111122223333"}.';
	END IF;
	-- raises what is wrong with the filter
	PERFORM newterm.test_filter(coalesce(NEW.filter, ''), '{}', NEW.language);
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION newterm.check_suppression() IS 'trigger function: refuses suppressions and unlearnings that make no sense';
REVOKE ALL ON FUNCTION newterm.check_suppression() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.create_suppression(name text, filter text DEFAULT NULL, rules text[] DEFAULT NULL,
	kind text DEFAULT 'mute', reason text DEFAULT NULL, starts_at timestamptz DEFAULT now(), expires_at timestamptz DEFAULT NULL,
	entity jsonb DEFAULT NULL, term jsonb DEFAULT NULL, language text DEFAULT 'datadog') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	unknown text;
BEGIN
	starts_at := coalesce(starts_at, now());
	IF coalesce(name, '') = '' THEN
		RAISE EXCEPTION 'a suppression needs a name' USING ERRCODE = 'invalid_parameter_value';
	ELSIF kind IS NULL OR kind NOT IN ('mute', 'exclude') THEN
		RAISE EXCEPTION 'kind must be mute or exclude, not "%"', kind USING ERRCODE = 'invalid_parameter_value',
			HINT = 'mute: learned and listed, but no signal; exclude: not learned at all.';
	ELSIF filter IS NULL AND entity IS NULL AND term IS NULL AND rules IS NULL THEN
		RAISE EXCEPTION 'a suppression of everything is refused' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Give filter, term, entity or rules.';
	ELSIF expires_at <= starts_at THEN
		RAISE EXCEPTION 'the suppression would end before it begins' USING ERRCODE = 'invalid_parameter_value';
	ELSIF EXISTS (SELECT FROM newterm.suppressions s WHERE s.name = create_suppression.name) THEN
		RAISE EXCEPTION 'suppression "%" exists already', name USING ERRCODE = 'unique_violation',
			HINT = 'Suppressions are never deleted: choose another name.';
	END IF;
	SELECT string_agg(r, ', ') INTO unknown FROM unnest(rules) r
	WHERE NOT EXISTS (SELECT FROM newterm.rules x WHERE x.name = r);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'there is no rule %', unknown USING ERRCODE = 'undefined_object';
	END IF;
	INSERT INTO newterm.suppressions (name, kind, rules, filter, language, entity, term, starts_at, expires_at, reason)
	VALUES (create_suppression.name, create_suppression.kind, create_suppression.rules, create_suppression.filter,
		coalesce(create_suppression.language, 'datadog'), create_suppression.entity, create_suppression.term,
		create_suppression.starts_at, create_suppression.expires_at, create_suppression.reason);
	IF kind = 'exclude' AND starts_at < now() THEN
		RAISE NOTICE 'what was learned from events since % stays learned', starts_at;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.create_suppression(text, text, text[], text, text, timestamptz, timestamptz, jsonb, jsonb, text)
	IS 'makes a suppression: mute (learned, listed, not told) or exclude (not learned at all), by filter, term, entity and rules, from now or starts_at on';

CREATE OR REPLACE FUNCTION newterm.drop_suppression(name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE newterm.suppressions s SET expires_at = greatest(now(), s.starts_at)
	WHERE s.name = drop_suppression.name AND (s.expires_at IS NULL OR s.expires_at > now());
	IF NOT FOUND THEN
		IF EXISTS (SELECT FROM newterm.suppressions s WHERE s.name = drop_suppression.name) THEN
			RAISE NOTICE 'suppression "%" has ended already', name;
			RETURN;
		END IF;
		RAISE EXCEPTION 'there is no suppression "%"', coalesce(name, 'NULL') USING ERRCODE = 'undefined_object',
			HINT = 'SELECT name FROM newterm.suppressions lists them.';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.drop_suppression(text) IS 'ends a suppression now; what it covered stays covered';

CREATE OR REPLACE FUNCTION newterm.triage(signals bigint[], status text DEFAULT NULL, archive_reason text DEFAULT NULL,
	comment text DEFAULT NULL, assignee text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	missing text;
	malicious bigint[];
	done bigint;
BEGIN
	IF triage.status IS NOT NULL AND triage.status NOT IN ('open', 'under_review', 'archived') THEN
		RAISE EXCEPTION 'status must be open, under_review or archived, not "%"', triage.status
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF triage.archive_reason IS NOT NULL AND triage.status IS DISTINCT FROM 'archived' THEN
		RAISE EXCEPTION 'archive_reason goes with status archived' USING ERRCODE = 'invalid_parameter_value';
	ELSIF triage.archive_reason NOT IN ('none', 'testing_or_maintenance', 'false_positive', 'true_positive_benign',
			'true_positive_malicious', 'other') THEN
		RAISE EXCEPTION 'there is no archive reason "%"', triage.archive_reason USING ERRCODE = 'invalid_parameter_value',
			HINT = 'none, testing_or_maintenance, false_positive, true_positive_benign, true_positive_malicious or other.';
	ELSIF coalesce(triage.status, triage.comment, triage.assignee) IS NULL THEN
		RAISE EXCEPTION 'give a status, a comment or an assignee' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT string_agg(coalesce(given.id::text, 'NULL'), ', ') INTO missing FROM unnest(triage.signals) given (id)
	WHERE NOT EXISTS (SELECT FROM newterm.signals s WHERE s.id = given.id);
	IF missing IS NOT NULL OR triage.signals IS NULL THEN
		RAISE EXCEPTION 'there is no signal %', coalesce(missing, 'NULL') USING ERRCODE = 'undefined_object';
	END IF;
	IF triage.archive_reason = 'true_positive_malicious' THEN
		-- before any row is locked
		PERFORM newterm.hold_merges();
		malicious := ARRAY(SELECT s.id FROM newterm.signals s
			WHERE s.id = ANY (triage.signals) AND s.archive_reason IS DISTINCT FROM triage.archive_reason);
	END IF;
	WITH changed AS (
		UPDATE newterm.signals s SET
			status = coalesce(triage.status, s.status),
			archive_reason = CASE WHEN triage.status = 'archived' THEN coalesce(triage.archive_reason, 'none')
				WHEN triage.status IS NULL THEN s.archive_reason END,
			assignee = coalesce(triage.assignee, s.assignee),
			updated_at = now()
		WHERE s.id = ANY (triage.signals)
		RETURNING s.id, s.status, s.archive_reason, s.assignee
	), told AS (
		INSERT INTO newterm.signal_history (signal_id, status, archive_reason, assignee, comment)
		SELECT c.id, c.status, c.archive_reason, c.assignee, triage.comment FROM changed c ORDER BY c.id
		RETURNING 1
	)
	SELECT count(*) INTO done FROM told;
	PERFORM newterm.unlearn_signal(s) FROM newterm.signals s WHERE s.id = ANY (malicious) ORDER BY s.id;
	RETURN done;
END
$$;
COMMENT ON FUNCTION newterm.triage(bigint[], text, text, text, text) IS 'sets status, archive reason and assignee of signals, with a comment, and writes newterm.signal_history; true_positive_malicious unlearns their terms, so that they alert again; returns how many';

CREATE OR REPLACE FUNCTION newterm.accept(signal bigint, reason text DEFAULT NULL, everywhere boolean DEFAULT false,
	expires_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s newterm.signals;
	rule text;
	suppression text := format('accept signal %s', signal);
	accepted record;
	number integer := 0;
BEGIN
	SELECT x.* INTO s FROM newterm.signals x WHERE x.id = accept.signal;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no signal %', coalesce(signal::text, 'NULL') USING ERRCODE = 'undefined_object';
	END IF;
	rule := (newterm.rule_of(s)).name;
	IF rule IS NULL THEN
		RAISE EXCEPTION 'there is no rule "%" any more', s.rule USING ERRCODE = 'undefined_object';
	END IF;
	-- of many detections not all terms are in the signal
	FOR accepted IN
		SELECT DISTINCT CASE WHEN coalesce(everywhere, false) OR d.entity = '{}' THEN NULL ELSE d.entity END AS entity, d.term
		FROM newterm.detection_log d WHERE d.signal_id = accept.signal AND d.status = 'live'
		UNION SELECT CASE WHEN coalesce(everywhere, false) OR s.entity = '{}' THEN NULL ELSE s.entity END, s.term
		ORDER BY 1, 2
	LOOP
		number := number + 1;
		IF number > 100 THEN
			RAISE EXCEPTION 'signal % has more than 100 terms to be accepted', signal
				USING ERRCODE = 'program_limit_exceeded',
					  HINT = 'newterm.create_suppression() mutes by a filter or an entity.';
		END IF;
		PERFORM newterm.create_suppression(CASE WHEN number = 1 THEN suppression ELSE format('%s, %s', suppression, number) END,
			rules => ARRAY[rule], reason => accept.reason, starts_at => least(s.first_seen, now()),
			expires_at => accept.expires_at, term => accepted.term, entity => accepted.entity);
	END LOOP;
	PERFORM newterm.triage(ARRAY[signal], 'archived', 'true_positive_benign', concat_ws(': ', 'accepted', reason));
	RETURN suppression;
END
$$;
COMMENT ON FUNCTION newterm.accept(bigint, text, boolean, timestamptz) IS 'this is normal here: archives the signal and mutes its rule and terms, for their entities or everywhere; returns the suppression''s name';
