-- Why an event was told of, or was not.

CREATE OR REPLACE FUNCTION newterm.filter_steps(filter text, event jsonb, language text)
	RETURNS TABLE (clause text, passed boolean, seen jsonb)
	AS 'MODULE_PATHNAME', 'newterm_filter_steps' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION newterm.filter_steps(text, jsonb, text) IS 'each clause that a filter demands, whether the event passes it, and the values it looked at';

CREATE OR REPLACE FUNCTION newterm.evaluate(rule newterm.rules, event jsonb, event_text text, event_time timestamptz,
	has_time boolean) RETURNS TABLE (seen_at timestamptz, event_id text, entity jsonb, term jsonb)
	AS 'MODULE_PATHNAME', 'newterm_evaluate' LANGUAGE C STABLE PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION newterm.evaluate(newterm.rules, jsonb, text, timestamptz, boolean) IS 'what an event shows to a rule, whose filter it passes';
REVOKE ALL ON FUNCTION newterm.evaluate(newterm.rules, jsonb, text, timestamptz, boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.rule_row(name text) RETURNS newterm.rules
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	result newterm.rules;
BEGIN
	SELECT r.* INTO result FROM newterm.rules r WHERE r.name = rule_row.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule %', coalesce('"' || name || '"', 'without a name')
			USING ERRCODE = 'undefined_object', HINT = 'SELECT name FROM newterm.rules lists them.';
	END IF;
	RETURN result;
END
$$;
COMMENT ON FUNCTION newterm.rule_row(text) IS 'a rule by its name; an error where there is none';

-- What is known of one term at a time, for explain.
CREATE OR REPLACE FUNCTION newterm.explain_term(r newterm.rules, seen_at timestamptz, event_id text, entity jsonb, term jsonb)
	RETURNS TABLE (step text, looked_at text, outcome text, detail jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	clock record;
	run record;
	found_detection record;
	grain double precision := EXTRACT(epoch FROM r.granule);
	forget double precision := EXTRACT(epoch FROM r.forget_after);
	here double precision := floor(EXTRACT(epoch FROM seen_at) / grain) * grain;
	what text := concat(term::text, CASE WHEN entity <> '{}' THEN ' for ' || entity::text END);
BEGIN
	SELECT c.learning_from, c.learning_until INTO clock FROM newterm.clocks c
	WHERE c.rule = r.name AND c.entity IS NOT DISTINCT FROM CASE r.learning_scope WHEN 'entity' THEN explain_term.entity END;
	step := 'learning';
	looked_at := CASE r.learning_scope WHEN 'entity' THEN 'clock of ' || entity::text ELSE 'the rule''s clock' END;
	detail := jsonb_build_object('learning_from', clock.learning_from, 'learning_until', clock.learning_until,
		'learning_values', r.learning_values);
	outcome := CASE
		WHEN r.learning_values = 0 THEN 'nothing is learned: everything new is a detection'
		WHEN r.learning_values IS NOT NULL THEN format('the first %s terms are learned', r.learning_values)
		WHEN clock.learning_from IS NULL THEN 'not begun: no event was evaluated so far'
		WHEN seen_at < clock.learning_until THEN format('inside the learning window, which ends %s: learned in silence', clock.learning_until)
		ELSE format('the learning window ended %s', clock.learning_until) END;
	RETURN NEXT;

	step := 'known';
	looked_at := what;
	-- the run that holds the time, or that the sighting would go on with
	SELECT b.first_seen, b.last_seen, b.learned, b.event_id, b.origin INTO run FROM newterm.baseline b
	WHERE b.rule = r.name AND b.entity = explain_term.entity AND b.term = explain_term.term AND b.first_seen <= seen_at
	ORDER BY b.first_seen DESC LIMIT 1;
	IF run.first_seen IS NULL THEN
		SELECT b.first_seen, b.last_seen, b.learned, b.event_id, b.origin INTO run FROM newterm.baseline b
		WHERE b.rule = r.name AND b.entity = explain_term.entity AND b.term = explain_term.term
		ORDER BY b.first_seen LIMIT 1;
		outcome := CASE WHEN run.first_seen IS NULL THEN 'never seen'
			ELSE format('seen first %s, later than this event', run.first_seen) END;
		detail := jsonb_build_object('known_since', run.first_seen);
		RETURN NEXT;
		step := 'verdict';
		outcome := CASE WHEN seen_at < clock.learning_until THEN 'would be learned' ELSE 'would be a detection' END;
		detail := '{}';
		RETURN NEXT;
		RETURN;
	END IF;
	detail := jsonb_build_object('known_since', run.first_seen, 'last_seen', run.last_seen, 'learned', run.learned,
		'event_id', run.event_id, 'origin', run.origin);
	IF forget IS NOT NULL AND here - floor(EXTRACT(epoch FROM run.last_seen) / grain) * grain > forget THEN
		outcome := format('forgotten: seen last %s, more than forget_after (%s) before', run.last_seen, r.forget_after);
		RETURN NEXT;
		step := 'verdict';
		outcome := CASE WHEN seen_at < clock.learning_until THEN 'would be learned' ELSE 'would be a detection' END;
		RETURN NEXT;
		RETURN;
	END IF;
	outcome := CASE WHEN run.first_seen = seen_at THEN 'this is its first sighting' ELSE concat(format('known since %s', run.first_seen), ' by event ' || run.event_id, ' (' || run.origin || ')') END;
	RETURN NEXT;

	step := 'verdict';
	SELECT d.* INTO found_detection FROM newterm.detections d
	WHERE d.version_id IN (SELECT v.id FROM newterm.rule_versions v WHERE v.rule_id = r.id) AND d.entity = explain_term.entity AND d.term = explain_term.term
		AND d.first_seen = run.first_seen AND d.status = 'live'
	ORDER BY d.id DESC LIMIT 1;
	detail := to_jsonb(found_detection) - 'version_id';
	outcome := CASE
		WHEN run.first_seen < seen_at THEN 'nothing to tell: the term is known'
		WHEN run.learned THEN 'learned in silence'
		WHEN found_detection.signal_id IS NOT NULL THEN format('a detection, told in signal %s', found_detection.signal_id)
		WHEN found_detection.suppression IS NOT NULL THEN format('a detection, muted by suppression "%s"', found_detection.suppression)
		WHEN found_detection.id IS NOT NULL THEN format('a detection without a signal (origin %s, mode %s)', found_detection.origin, r.mode)
		ELSE 'a detection that is stored nowhere: newterm.verify() shows it' END;
	IF detail = 'null' OR detail IS NULL THEN
		detail := '{}';
	END IF;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION newterm.explain_term(newterm.rules, timestamptz, text, jsonb, jsonb) IS 'the steps of newterm.explain() for one term';

CREATE OR REPLACE FUNCTION newterm.explain(rule text, event jsonb)
	RETURNS TABLE (step text, looked_at text, outcome text, detail jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r newterm.rules := newterm.rule_row(rule);
	clause record;
	field text;
	shown record;
	found jsonb;
	passed boolean := true;
	any_term boolean := false;
	all_there boolean := true;
BEGIN
	IF event IS NULL OR jsonb_typeof(event) <> 'object' THEN
		RAISE EXCEPTION 'the event is no JSON object' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'newterm.explain(''rule'', event) takes one record, as the event column holds it.';
	END IF;
	step := 'rule';
	looked_at := r.name;
	outcome := concat_ws(', ', format('version %s', r.version), CASE WHEN r.enabled THEN 'enabled' ELSE 'disabled: no event is evaluated' END,
		CASE WHEN r.mode <> 'alert' THEN format('mode %s: detections make no signals', r.mode) END);
	detail := jsonb_build_object('filter', r.filter, 'fields', r.fields, 'group_by', r.group_by);
	RETURN NEXT;

	FOR clause IN SELECT * FROM newterm.filter_steps(r.filter, event, r.language) LOOP
		step := 'filter';
		looked_at := coalesce(nullif(clause.clause, ''), '(no filter)');
		outcome := CASE WHEN clause.passed THEN 'passes' ELSE 'does not pass: the event has ' || clause.seen::text END;
		detail := clause.seen;
		passed := passed AND clause.passed;
		RETURN NEXT;
	END LOOP;
	IF NOT passed THEN
		step := 'verdict';
		looked_at := 'filter';
		outcome := 'the event does not concern the rule';
		detail := '{}';
		RETURN NEXT;
		RETURN;
	END IF;

	FOREACH field IN ARRAY r.group_by || r.fields LOOP
		SELECT jsonb_agg(t.value -> field) INTO found FROM newterm.terms(ARRAY[field], event, r.language) AS t(value);
		step := CASE WHEN field = ANY (r.fields) THEN 'field' ELSE 'group_by' END;
		looked_at := field;
		detail := coalesce(found, '[]');
		outcome := CASE WHEN found IS NULL THEN 'the event has no value there'
			ELSE (SELECT string_agg(e #>> '{}', ', ') FROM jsonb_array_elements(found) e) END;
		all_there := all_there AND (found IS NOT NULL OR (step = 'group_by' AND r.optional_group_by));
		RETURN NEXT;
	END LOOP;
	IF all_there THEN
		FOR shown IN SELECT * FROM newterm.evaluate(r, event, NULL, NULL, false) LOOP
			any_term := true;
			RETURN QUERY SELECT * FROM newterm.explain_term(r, shown.seen_at, shown.event_id, shown.entity, shown.term);
		END LOOP;
	END IF;
	IF NOT any_term THEN
		step := 'verdict';
		looked_at := CASE WHEN all_there THEN 'eventTime' ELSE 'fields' END;
		outcome := CASE WHEN all_there THEN 'the event has no usable time: it is not evaluated'
			ELSE 'the event shows no term: a value is missing' END;
		detail := jsonb_build_object('eventTime', event -> 'eventTime');
		RETURN NEXT;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.explain(text, jsonb) IS 'step by step, what the rule makes of an event, stored or not, and why it is told of or is not';

CREATE OR REPLACE FUNCTION newterm.rule_of(signal newterm.signals) RETURNS newterm.rules
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT r FROM newterm.rules r WHERE r.id = signal.rule_id OR r.name = signal.rule
	ORDER BY r.id = signal.rule_id DESC LIMIT 1
$$;
COMMENT ON FUNCTION newterm.rule_of(newterm.signals) IS 'the rule that made a signal, whatever it is called now; where that is gone, the one of its name';

CREATE OR REPLACE FUNCTION newterm.explain(signal bigint)
	RETURNS TABLE (step text, looked_at text, outcome text, detail jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s newterm.signals;
	r newterm.rules;
BEGIN
	SELECT x.* INTO s FROM newterm.signals x WHERE x.id = explain.signal;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no signal %', coalesce(signal::text, 'without a number') USING ERRCODE = 'undefined_object';
	END IF;
	r := newterm.rule_of(s);
	step := 'signal';
	looked_at := s.id::text;
	outcome := concat_ws('; ', s.title, CASE WHEN s.retracted_at IS NOT NULL THEN 'retracted' END, s.change_reason);
	detail := jsonb_build_object('first_seen', s.first_seen, 'status', s.status, 'origin', s.origin, 'detections', s.detections);
	RETURN NEXT;
	IF s.event IS NULL THEN
		step := 'event';
		looked_at := s.event_id;
		outcome := 'no sample of the event is stored';
		detail := '{}';
		RETURN NEXT;
		IF r.id IS NOT NULL THEN
			RETURN QUERY SELECT * FROM newterm.explain_term(r, s.first_seen, s.event_id, s.entity, s.term);
		END IF;
	ELSIF r.id IS NOT NULL THEN
		RETURN QUERY SELECT * FROM newterm.explain(r.name, s.event);
	ELSE
		step := 'rule';
		looked_at := s.rule;
		outcome := 'there is no such rule any more';
		detail := '{}';
		RETURN NEXT;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.explain(bigint) IS 'step by step, why there is this signal';
