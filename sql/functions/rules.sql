-- Creating and changing rules.

-- Raises where a rule's settings are wrong; texts are checked by the library.
CREATE OR REPLACE FUNCTION newterm.check_settings() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.name = '' THEN
		RAISE EXCEPTION 'a rule needs a name' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning < '0' THEN
		RAISE EXCEPTION 'learning must not be negative' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_values < 0 THEN
		RAISE EXCEPTION 'learning_values must not be negative' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_scope NOT IN ('rule', 'entity') THEN
		RAISE EXCEPTION 'learning_scope must be rule or entity, not "%"', NEW.learning_scope
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF greatest(EXTRACT(epoch FROM NEW.learning), EXTRACT(epoch FROM NEW.forget_after),
				   EXTRACT(epoch FROM NEW.granule)) > 1e11 THEN
		RAISE EXCEPTION 'learning, forget_after and granule must be shorter than 3000 years'
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'forget_after NULL never forgets; learning_values 0 alerts on everything new.';
	ELSIF NEW.granule <= '0' THEN
		RAISE EXCEPTION 'granule must be positive' USING ERRCODE = 'invalid_parameter_value';
	ELSIF EXTRACT(epoch FROM NEW.granule) > EXTRACT(epoch FROM NEW.forget_after) THEN
		RAISE EXCEPTION 'granule (%) must not be longer than forget_after (%)', NEW.granule, NEW.forget_after
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Make the granule shorter, or forget_after longer or NULL.';
	ELSIF NEW.severity NOT IN ('info', 'low', 'medium', 'high', 'critical') THEN
		RAISE EXCEPTION 'severity must be info, low, medium, high or critical, not "%"', NEW.severity
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.mode NOT IN ('alert', 'observe') THEN
		RAISE EXCEPTION 'mode must be alert or observe, not "%"', NEW.mode
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_from IN ('infinity', '-infinity') THEN
		RAISE EXCEPTION 'learning_from must be finite' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_scope = 'entity' AND NEW.group_by = '{}' THEN
		RAISE EXCEPTION 'learning_scope entity needs group_by' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.keep_alive <> '0' OR NEW.group_signals_by IS NOT NULL THEN
		RAISE EXCEPTION 'merging detections into one signal (keep_alive, group_signals_by) is not in this version'
			USING ERRCODE = 'feature_not_supported',
				  HINT = 'Leave keep_alive at 0 and group_signals_by NULL: each detection is a signal.';
	END IF;
	PERFORM newterm.check_rule(NEW.fields, NEW.filter, NEW.group_by, NEW.language, NEW.title, NEW.message);
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION newterm.check_settings() IS 'trigger function: refuses rules that make no sense';

CREATE OR REPLACE FUNCTION newterm.create_rule(name text, fields text[], filter text DEFAULT '', group_by text[] DEFAULT '{}',
	learning interval DEFAULT '7 days', learning_values integer DEFAULT NULL,
	learning_scope text DEFAULT 'rule', learning_from timestamptz DEFAULT NULL,
	forget_after interval DEFAULT '90 days', granule interval DEFAULT '1 hour',
	severity text DEFAULT 'medium', title text DEFAULT NULL, message text DEFAULT NULL, tags text[] DEFAULT '{}',
	keep_alive interval DEFAULT '0', max_duration interval DEFAULT '24 hours', group_signals_by text[] DEFAULT NULL,
	optional_group_by boolean DEFAULT false, enabled boolean DEFAULT true, language text DEFAULT 'datadog',
	mode text DEFAULT 'alert') RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	rule_id bigint;
BEGIN
	IF EXISTS (SELECT FROM newterm.rules r WHERE r.name = create_rule.name) THEN
		RAISE EXCEPTION 'rule "%" exists already', create_rule.name
			USING ERRCODE = 'unique_violation',
				  HINT = 'Use newterm.alter_rule() to change it.';
	END IF;
	-- of two first rules at once the second waits here, so that there is one secret
	INSERT INTO newterm.digest_key (key) SELECT pg_catalog.gen_random_uuid()
	WHERE NOT EXISTS (SELECT FROM newterm.digest_key)
	ON CONFLICT DO NOTHING;
	INSERT INTO newterm.rules (name, fields, filter, group_by, learning, learning_values, learning_scope,
		learning_from, forget_after, granule, severity, title, message, tags, keep_alive, max_duration,
		group_signals_by, optional_group_by, enabled, language, mode)
	VALUES (create_rule.name, create_rule.fields, create_rule.filter, create_rule.group_by, create_rule.learning,
		create_rule.learning_values, create_rule.learning_scope, create_rule.learning_from,
		create_rule.forget_after, create_rule.granule, create_rule.severity, create_rule.title,
		create_rule.message, create_rule.tags, create_rule.keep_alive, create_rule.max_duration,
		create_rule.group_signals_by, create_rule.optional_group_by, create_rule.enabled, create_rule.language,
		create_rule.mode)
	RETURNING rules.id INTO rule_id;
	INSERT INTO newterm.rule_versions (rule_id, version, fields, filter, group_by, language, learning_from)
	VALUES (rule_id, 1, create_rule.fields, create_rule.filter, create_rule.group_by, create_rule.language,
		create_rule.learning_from);
	IF create_rule.enabled THEN
		PERFORM newterm.check_rules_memory();
	END IF;
	RETURN rule_id;
END
$$;
COMMENT ON FUNCTION newterm.create_rule(text, text[], text, text[], interval, integer, text, timestamptz, interval, interval, text, text, text, text[], interval, interval, text[], boolean, boolean, text, text)
	IS 'creates a rule; returns its number';

CREATE OR REPLACE FUNCTION newterm.alter_rule(name text, changes jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	before newterm.rules;
	after newterm.rules;
	unknown text;
	current_version integer;
	learning_changed boolean;
BEGIN
	IF changes IS NULL OR pg_catalog.jsonb_typeof(changes) <> 'object' THEN
		RAISE EXCEPTION 'changes must be a JSON object, such as {"severity": "high"}'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT pg_catalog.string_agg(k, ', ' ORDER BY k) INTO unknown
	FROM pg_catalog.jsonb_object_keys(changes) k
	WHERE k NOT IN ('name', 'fields', 'filter', 'group_by', 'learning', 'learning_values', 'learning_scope',
		'learning_from', 'forget_after', 'granule', 'severity', 'title', 'message', 'tags', 'keep_alive',
		'max_duration', 'group_signals_by', 'optional_group_by', 'enabled', 'language', 'mode');
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'a rule has no setting %', unknown
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'The settings are the arguments of newterm.create_rule().';
	END IF;
	SELECT * INTO before FROM newterm.rules r WHERE r.name = alter_rule.name FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', alter_rule.name USING ERRCODE = 'undefined_object';
	END IF;
	after := pg_catalog.jsonb_populate_record(before, changes);
	after.updated_at := pg_catalog.now();

	IF (after.fields, after.filter, after.group_by, after.language)
		IS DISTINCT FROM (before.fields, before.filter, before.group_by, before.language) THEN
		after.version := before.version + 1;
	END IF;
	learning_changed := (after.learning, after.learning_values, after.learning_scope)
			IS DISTINCT FROM (before.learning, before.learning_values, before.learning_scope)
		OR (changes ? 'learning_from' AND after.learning_from IS NOT NULL);
	IF learning_changed THEN
		-- merges must not decide by the old settings meanwhile
		PERFORM newterm.lock_merges();
	END IF;
	UPDATE newterm.rules r SET
		name = after.name, version = after.version, fields = after.fields, filter = after.filter,
		group_by = after.group_by, language = after.language, learning = after.learning,
		learning_values = after.learning_values, learning_scope = after.learning_scope,
		learning_from = after.learning_from, forget_after = after.forget_after, granule = after.granule,
		severity = after.severity, title = after.title, message = after.message, tags = after.tags,
		keep_alive = after.keep_alive, max_duration = after.max_duration,
		group_signals_by = after.group_signals_by, optional_group_by = after.optional_group_by,
		enabled = after.enabled, mode = after.mode, updated_at = after.updated_at
	WHERE r.id = before.id;

	IF after.version <> before.version THEN
		INSERT INTO newterm.rule_versions (rule_id, version, fields, filter, group_by, language, learning_from)
		VALUES (before.id, after.version, after.fields, after.filter, after.group_by, after.language,
			CASE WHEN changes ? 'learning_from' THEN after.learning_from END);
	ELSE
		SELECT v.id INTO current_version FROM newterm.rule_versions v
		WHERE v.rule_id = before.id AND v.version = before.version;
		IF changes ? 'learning_from' AND after.learning_from IS NOT NULL THEN
			UPDATE newterm.rule_versions v SET learning_from = after.learning_from WHERE v.id = current_version;
		END IF;
		IF learning_changed THEN
			PERFORM newterm.redecide(current_version);
		END IF;
	END IF;
	IF after.enabled THEN
		PERFORM newterm.check_rules_memory();
	END IF;
	IF after.version <> before.version THEN
		RAISE NOTICE 'rule "%" is now version %: its baseline is empty and learning starts anew',
			after.name, after.version;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.alter_rule(text, jsonb) IS 'changes settings of a rule: {"setting": value, …}; what a setting means for the baseline is in the README';

CREATE OR REPLACE FUNCTION newterm.drop_rule(name text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	dropped bigint;
BEGIN
	PERFORM newterm.lock_merges();
	DELETE FROM newterm.rules r WHERE r.name = drop_rule.name RETURNING r.id INTO dropped;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', drop_rule.name USING ERRCODE = 'undefined_object';
	END IF;
	DELETE FROM newterm.runs s USING newterm.rule_versions v
	WHERE v.rule_id = dropped AND s.version_id = v.id;
	DELETE FROM newterm.entity_clocks c USING newterm.rule_versions v
	WHERE v.rule_id = dropped AND c.version_id = v.id;
	DELETE FROM newterm.learned_values l USING newterm.rule_versions v
	WHERE v.rule_id = dropped AND l.version_id = v.id;
	DELETE FROM newterm.rule_versions v WHERE v.rule_id = dropped;
END
$$;
COMMENT ON FUNCTION newterm.drop_rule(text) IS 'drops a rule and its baselines; its detections and signals stay';

CREATE OR REPLACE FUNCTION newterm.enable_rule(name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE newterm.rules r SET enabled = true, updated_at = pg_catalog.now() WHERE r.name = enable_rule.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', enable_rule.name USING ERRCODE = 'undefined_object';
	END IF;
	PERFORM newterm.check_rules_memory();
END
$$;
COMMENT ON FUNCTION newterm.enable_rule(text) IS 'evaluates the rule again, with the baseline it had';

CREATE OR REPLACE FUNCTION newterm.disable_rule(name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE newterm.rules r SET enabled = false, updated_at = pg_catalog.now() WHERE r.name = disable_rule.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', disable_rule.name USING ERRCODE = 'undefined_object';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.disable_rule(text) IS 'stops evaluating the rule; its baseline stays';
