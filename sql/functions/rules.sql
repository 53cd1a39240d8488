-- Creating and changing rules.  What follows from a change is done where newterm.rules is
-- written (newterm.rules_written), so that SQL of your own does what these functions do.

-- Raises where a rule's settings are wrong; its texts are checked by newterm.check_texts().  Intervals are
-- compared as the library counts them, by EXTRACT(epoch): '-4 years 1461 days' is nothing.
CREATE OR REPLACE FUNCTION newterm.check_settings() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing name;
	learning constant numeric := EXTRACT(epoch FROM NEW.learning);
	forget_after constant numeric := EXTRACT(epoch FROM NEW.forget_after);
	granule constant numeric := EXTRACT(epoch FROM NEW.granule);
	keep_alive constant numeric := EXTRACT(epoch FROM NEW.keep_alive);
	max_duration constant numeric := EXTRACT(epoch FROM NEW.max_duration);
BEGIN
	IF TG_RELID <> 'newterm.rules'::regclass THEN
		RAISE EXCEPTION 'newterm.check_settings is the trigger function of newterm.rules'
			USING ERRCODE = 'trigger_protocol_violated';
	END IF;
	SELECT a.attname INTO missing FROM pg_attribute a
	WHERE a.attrelid = TG_RELID AND a.attnotnull AND to_jsonb(NEW) -> a.attname = 'null'
	ORDER BY a.attnum LIMIT 1;
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION '% of a rule must not be null', missing USING ERRCODE = 'null_value_not_allowed';
	ELSIF NEW.name = '' THEN
		RAISE EXCEPTION 'a rule needs a name' USING ERRCODE = 'invalid_parameter_value';
	ELSIF learning < 0 THEN
		RAISE EXCEPTION 'learning must not be negative' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_values < 0 THEN
		RAISE EXCEPTION 'learning_values must not be negative' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_scope NOT IN ('rule', 'entity') THEN
		RAISE EXCEPTION 'learning_scope must be rule or entity, not "%"', NEW.learning_scope
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF greatest(learning, forget_after, granule) > 1e11 THEN
		RAISE EXCEPTION 'learning, forget_after and granule must be shorter than 3000 years'
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'forget_after NULL never forgets; learning_values 0 alerts on everything new.';
	ELSIF granule <= 0 THEN
		RAISE EXCEPTION 'granule must be positive' USING ERRCODE = 'invalid_parameter_value';
	ELSIF granule > forget_after THEN
		RAISE EXCEPTION 'granule (%) must not be longer than forget_after (%)', NEW.granule, NEW.forget_after
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Make the granule shorter, or forget_after longer or NULL.';
	ELSIF NEW.severity NOT IN ('info', 'low', 'medium', 'high', 'critical') THEN
		RAISE EXCEPTION 'severity must be info, low, medium, high or critical, not "%"', NEW.severity
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.mode NOT IN ('alert', 'observe') THEN
		RAISE EXCEPTION 'mode must be alert or observe, not "%"', NEW.mode
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.own_accounts NOT IN ('join', 'depart') THEN
		RAISE EXCEPTION 'own_accounts must be join, depart or NULL, not "%"', NEW.own_accounts
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.own_accounts IS NOT NULL AND (cardinality(NEW.fields) <> 1 OR NEW.group_by <> '{}' OR granule > 1) THEN
		RAISE EXCEPTION 'a rule with own_accounts has one field, no group_by and a granule of at most 1 second'
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Its field gives account ids; which of two events is the later one decides, and the granule is how exactly that is known.';
	ELSIF NEW.learning_from NOT BETWEEN '0001-01-01 00:00+00' AND '9999-12-31 00:00+00' THEN
		RAISE EXCEPTION 'learning_from must be a time between the years 1 and 9999'
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF NEW.learning_scope = 'entity' AND NEW.group_by = '{}' THEN
		RAISE EXCEPTION 'learning_scope entity needs group_by' USING ERRCODE = 'invalid_parameter_value';
	ELSIF least(keep_alive, max_duration) < 0 THEN
		RAISE EXCEPTION 'keep_alive and max_duration must not be negative' USING ERRCODE = 'invalid_parameter_value';
	ELSIF greatest(keep_alive, max_duration) > 1e11 THEN
		RAISE EXCEPTION 'keep_alive and max_duration must be shorter than 3000 years'
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF keep_alive > max_duration THEN
		RAISE EXCEPTION 'keep_alive (%) must not be longer than max_duration (%)', NEW.keep_alive, NEW.max_duration
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'keep_alive is how far apart the detections of a signal may be, max_duration how much they span in all.';
	ELSIF NOT NEW.group_by @> NEW.group_signals_by THEN
		RAISE EXCEPTION 'group_signals_by names %, which group_by does not', (
				SELECT string_agg(coalesce(quote_ident(g), 'NULL'), ', ') FROM unnest(NEW.group_signals_by) g
				WHERE g IS NULL OR g <> ALL (NEW.group_by))
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'It is some of group_by, written as there; NULL: all of it; {}: one group for the rule.';
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION newterm.check_settings() IS 'trigger function of newterm.rules: refuses rules that make no sense';
REVOKE ALL ON FUNCTION newterm.check_settings() FROM PUBLIC;

-- A definition that was in force before is that version again.
CREATE OR REPLACE FUNCTION newterm.number_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NEW.id <> OLD.id OR NEW.version <> OLD.version THEN
		RAISE EXCEPTION 'id and version of a rule are not set by hand'
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'A rule is an earlier version again when it has that one''s fields, filter, group_by and language.';
	END IF;
	IF (NEW.fields, NEW.filter, NEW.group_by, NEW.language)
		IS DISTINCT FROM (OLD.fields, OLD.filter, OLD.group_by, OLD.language) THEN
		SELECT coalesce(max(v.version) FILTER (WHERE (v.fields, v.filter, v.group_by, v.language)
			= (NEW.fields, NEW.filter, NEW.group_by, NEW.language)), max(v.version) + 1)
		INTO NEW.version FROM newterm.rule_versions v WHERE v.rule_id = NEW.id;
	END IF;
	NEW.updated_at := now();
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION newterm.number_version() IS 'trigger function of newterm.rules: the number of the version that an update makes or brings back';
REVOKE ALL ON FUNCTION newterm.number_version() FROM PUBLIC;

-- Only a dump that is restored writes these tables by SQL.  What it brings takes the place of
-- what rules that were restored before it made for themselves.  pg_restore with several jobs
-- brings rules and versions at once: the lock lets one of them end before the other looks.
CREATE OR REPLACE FUNCTION newterm.version_restored() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	LOCK TABLE newterm.rule_versions IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM newterm.rule_versions v
	WHERE v.id = NEW.id OR (v.rule_id = NEW.rule_id AND v.version = NEW.version);
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION newterm.version_restored() IS 'trigger function of newterm.rule_versions: makes way for a version that is restored';
REVOKE ALL ON FUNCTION newterm.version_restored() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.secret_restored() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM newterm.digest_key;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION newterm.secret_restored() IS 'trigger function of newterm.digest_key: makes way for a secret that is restored';
REVOKE ALL ON FUNCTION newterm.secret_restored() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.refuse_write() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RAISE EXCEPTION 'newterm.% does not take %', TG_TABLE_NAME, TG_OP
		USING ERRCODE = 'object_not_in_prerequisite_state', HINT = TG_ARGV[0];
END
$$;
COMMENT ON FUNCTION newterm.refuse_write() IS 'trigger function: refuses a statement, with its argument as the hint';
REVOKE ALL ON FUNCTION newterm.refuse_write() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.create_rule(name text, fields text[], filter text DEFAULT '', group_by text[] DEFAULT '{}',
	learning interval DEFAULT '7 days', learning_values integer DEFAULT NULL,
	learning_scope text DEFAULT 'rule', learning_from timestamptz DEFAULT NULL,
	forget_after interval DEFAULT '90 days', granule interval DEFAULT '1 hour',
	severity text DEFAULT 'medium', title text DEFAULT NULL, message text DEFAULT NULL, tags text[] DEFAULT '{}',
	keep_alive interval DEFAULT '0', max_duration interval DEFAULT '24 hours', group_signals_by text[] DEFAULT NULL,
	optional_group_by boolean DEFAULT false, enabled boolean DEFAULT true, language text DEFAULT 'datadog',
	mode text DEFAULT 'alert', own_accounts text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	rule_id bigint;
BEGIN
	IF EXISTS (SELECT FROM newterm.rules r WHERE r.name = create_rule.name) THEN
		RAISE EXCEPTION 'rule "%" exists already', create_rule.name
			USING ERRCODE = 'unique_violation',
				  HINT = 'Use newterm.alter_rule() to change it.';
	END IF;
	INSERT INTO newterm.rules (name, fields, filter, group_by, learning, learning_values, learning_scope,
		learning_from, forget_after, granule, severity, title, message, tags, keep_alive, max_duration,
		group_signals_by, optional_group_by, enabled, language, mode, own_accounts)
	VALUES (create_rule.name, create_rule.fields, create_rule.filter, create_rule.group_by, create_rule.learning,
		create_rule.learning_values, create_rule.learning_scope, create_rule.learning_from,
		create_rule.forget_after, create_rule.granule, create_rule.severity, create_rule.title,
		create_rule.message, create_rule.tags, create_rule.keep_alive, create_rule.max_duration,
		create_rule.group_signals_by, create_rule.optional_group_by, create_rule.enabled, create_rule.language,
		create_rule.mode, create_rule.own_accounts)
	RETURNING rules.id INTO rule_id;
	PERFORM newterm.lint_notice(create_rule.name);
	RETURN rule_id;
END
$$;
COMMENT ON FUNCTION newterm.create_rule(text, text[], text, text[], interval, integer, text, timestamptz, interval, interval, text, text, text, text[], interval, interval, text[], boolean, boolean, text, text, text)
	IS 'creates a rule; returns its number';

-- The settings are the columns of newterm.rules, but for those that newterm itself writes.
CREATE OR REPLACE FUNCTION newterm.alter_rule(name text, changes jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rule newterm.rules;
	after record;
	newest integer;
	unknown text;
	assignments text;
BEGIN
	IF changes IS NULL OR jsonb_typeof(changes) <> 'object' THEN
		RAISE EXCEPTION 'changes must be a JSON object, such as {"severity": "high"}'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT string_agg(key, ', ' ORDER BY key) FILTER (WHERE a.attname IS NULL),
		string_agg(format('%1$I = ($1).%1$I', key), ', ')
	INTO unknown, assignments
	FROM jsonb_object_keys(changes) key
	LEFT JOIN pg_attribute a ON a.attrelid = 'newterm.rules'::regclass AND a.attname = key
		AND a.attnum > 0 AND a.attname NOT IN ('id', 'version', 'created_at', 'updated_at');
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'a rule has no setting %', unknown
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'The settings are the arguments of newterm.create_rule().';
	END IF;
	SELECT * INTO rule FROM newterm.rules r WHERE r.name = alter_rule.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', alter_rule.name USING ERRCODE = 'undefined_object';
	END IF;
	IF assignments IS NULL THEN
		RETURN;
	END IF;
	SELECT max(v.version) INTO newest FROM newterm.rule_versions v WHERE v.rule_id = rule.id;
	EXECUTE format('UPDATE newterm.rules SET %s WHERE id = ($1).id RETURNING name, version', assignments)
	INTO after USING jsonb_populate_record(rule, changes);
	IF after.version > newest THEN
		IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgfoid = 'newterm.merge()'::regprocedure) THEN
			RAISE NOTICE 'rule "%" is now version %: its baseline is empty and learning starts anew', after.name, after.version
				USING HINT = format('CALL newterm.rebuild(%L); reads its baseline from stored events, and keeps the rule''s clock.', after.name);
		ELSE
			RAISE NOTICE 'rule "%" is now version %: its baseline is empty and learning starts anew', after.name, after.version;
		END IF;
	ELSIF after.version <> rule.version THEN
		RAISE NOTICE 'rule "%" is version % again: its baseline and clock are back', after.name, after.version;
	END IF;
	IF changes - '{name,severity,tags,enabled,mode}'::text[] <> '{}' THEN
		PERFORM newterm.lint_notice(after.name);
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.alter_rule(text, jsonb) IS 'changes settings of a rule: {"setting": value, …}; docs/semantics.md says what that does to the baseline';

CREATE OR REPLACE FUNCTION newterm.drop_rule(name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM newterm.rules r WHERE r.name = drop_rule.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%"', drop_rule.name USING ERRCODE = 'undefined_object';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.drop_rule(text) IS 'drops a rule and its baselines; its detections and signals stay';

CREATE OR REPLACE FUNCTION newterm.enable_rule(name text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	SELECT newterm.alter_rule(name, '{"enabled": true}');
$$;
COMMENT ON FUNCTION newterm.enable_rule(text) IS 'evaluates the rule again, with the baseline it had';

CREATE OR REPLACE FUNCTION newterm.disable_rule(name text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	SELECT newterm.alter_rule(name, '{"enabled": false}');
$$;
COMMENT ON FUNCTION newterm.disable_rule(text) IS 'stops evaluating the rule; its baseline stays';
