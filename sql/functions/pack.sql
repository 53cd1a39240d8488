-- Rule packs: installing, bringing up to date, uninstalling.

-- Settings that mean something only together: a change of one keeps the user's others.
CREATE OR REPLACE FUNCTION newterm.setting_group(setting text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE
		WHEN setting IN ('fields', 'filter', 'group_by', 'language', 'optional_group_by') THEN 'filter'
		WHEN setting IN ('learning', 'learning_values', 'learning_scope') THEN 'learning'
		WHEN setting IN ('forget_after', 'granule') THEN 'forget_after'
		WHEN setting IN ('keep_alive', 'max_duration', 'group_signals_by') THEN 'keep_alive'
		ELSE setting END
$$;
COMMENT ON FUNCTION newterm.setting_group(text) IS 'the setting that stands for those which are upgraded together';

-- Of three definitions of a rule: what an upgrade changes, and which of the pack's
-- changes it leaves out because the user changed the same.
CREATE OR REPLACE FUNCTION newterm.merge_definitions(before jsonb, pack jsonb, users jsonb, OUT changes jsonb, OUT kept text[])
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH settings AS (
		SELECT p.key, newterm.setting_group(p.key) AS "group", p.value AS new,
			p.value IS DISTINCT FROM before -> p.key AS by_pack,
			users -> p.key IS DISTINCT FROM before -> p.key AND users -> p.key IS DISTINCT FROM p.value AS by_user
		FROM jsonb_each(pack) p
	), groups AS (
		SELECT s."group", bool_or(s.by_pack) AS by_pack, bool_or(s.by_user) AS by_user
		FROM settings s GROUP BY s."group"
	)
	SELECT (SELECT coalesce(jsonb_object_agg(s.key, s.new), '{}') FROM settings s JOIN groups g USING ("group")
			WHERE g.by_pack AND NOT g.by_user AND s.new IS DISTINCT FROM users -> s.key),
		ARRAY(SELECT g."group" FROM groups g WHERE g.by_pack AND g.by_user ORDER BY 1)
$$;
COMMENT ON FUNCTION newterm.merge_definitions(jsonb, jsonb, jsonb) IS 'a rule as it was in the pack, as it is there now, as it is in use: what to change, and what of it is the user''s to decide';

-- One rule of a pack, new or known; says what it did.
CREATE OR REPLACE FUNCTION newterm.install_rule(pack_name text, description jsonb, OUT outcome text, OUT detail text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted jsonb := newterm.rule_definition(newterm.described_rule(description));
	installed newterm.pack_rules;
	stored newterm.rules;
	merged record;
BEGIN
	SELECT * INTO installed FROM newterm.pack_rules p WHERE p.pack = pack_name AND p.rule = wanted ->> 'name';
	IF NOT FOUND AND EXISTS (SELECT FROM newterm.rules r WHERE r.name = wanted ->> 'name') THEN
		outcome := 'kept';
		detail := 'a rule of this name was there before';
		RETURN;
	ELSIF NOT FOUND THEN
		PERFORM newterm.store_rule(description);
		INSERT INTO newterm.pack_rules (pack, rule, rule_id, definition)
		SELECT pack_name, r.name, r.id, wanted FROM newterm.rules r WHERE r.name = wanted ->> 'name';
		outcome := 'installed';
		RETURN;
	END IF;
	SELECT * INTO stored FROM newterm.rules r WHERE r.id = installed.rule_id;
	IF NOT FOUND THEN
		outcome := 'kept';
		detail := 'you dropped it';
		RETURN;
	END IF;
	merged := newterm.merge_definitions(installed.definition, wanted, newterm.rule_definition(stored));
	outcome := CASE WHEN merged.changes <> '{}' THEN 'updated' ELSE 'unchanged' END;
	detail := nullif(concat_ws('; ', (SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(merged.changes) k),
		'yours stays: ' || nullif(array_to_string(merged.kept, ', '), '')), '');
	IF outcome = 'updated' THEN
		PERFORM newterm.alter_rule(stored.name, merged.changes);
	END IF;
	UPDATE newterm.pack_rules p SET definition = wanted, installed_at = now()
	WHERE p.pack = pack_name AND p.rule = installed.rule AND p.definition <> wanted;
END
$$;
COMMENT ON FUNCTION newterm.install_rule(text, jsonb) IS 'installs a rule of a pack or brings it up to date; says which';

-- What a pack no longer has goes, unless the user made it his own.
CREATE OR REPLACE FUNCTION newterm.retire_rule(installed newterm.pack_rules, OUT outcome text, OUT detail text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	stored newterm.rules;
BEGIN
	outcome := 'removed';
	detail := 'no longer in the pack';
	SELECT * INTO stored FROM newterm.rules r WHERE r.id = installed.rule_id;
	IF FOUND AND newterm.rule_definition(stored) = installed.definition THEN
		PERFORM newterm.drop_rule(stored.name);
	ELSIF FOUND THEN
		outcome := 'kept';
		detail := 'no longer in the pack, but you changed it: it is yours now';
	END IF;
	DELETE FROM newterm.pack_rules p WHERE p.pack = installed.pack AND p.rule = installed.rule;
END
$$;
COMMENT ON FUNCTION newterm.retire_rule(newterm.pack_rules) IS 'drops a rule that a pack no longer has, unless it was changed; says which';

CREATE OR REPLACE FUNCTION newterm.pack_document(pack text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rules jsonb;
	names text;
BEGIN
	SELECT p.document INTO rules FROM newterm.packs p WHERE p.pack = pack_document.pack;
	IF NOT FOUND THEN
		SELECT string_agg(p.pack, ', ' ORDER BY p.pack) INTO names FROM newterm.packs p;
		RAISE EXCEPTION 'there is no rule pack "%"', pack
			USING ERRCODE = 'undefined_object', HINT = format('There is: %s.', names);
	END IF;
	RETURN rules;
END
$$;
COMMENT ON FUNCTION newterm.pack_document(text) IS 'the rules of a pack of this version';

CREATE OR REPLACE FUNCTION newterm.install_rules(pack text DEFAULT 'aws-cloudtrail') RETURNS TABLE (rule text, outcome text, detail text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	document jsonb := newterm.pack_document(pack);
BEGIN
	IF document::text ~ '\$own_account|external\(' AND NOT EXISTS (SELECT FROM newterm.own_accounts o WHERE o.own) THEN
		RAISE NOTICE 'newterm.own_accounts is empty: rules on foreign accounts take yours for foreign'
			USING HINT = 'INSERT INTO newterm.own_accounts (account_id) VALUES (''111122223333''), …';
	END IF;
	RETURN QUERY
		SELECT i.description ->> 'name', d.outcome, d.detail
		FROM jsonb_array_elements(document -> 'rules') WITH ORDINALITY AS r (rule, n),
			newterm.import_newterm(r.rule) i, newterm.install_rule(pack, i.description) d
		ORDER BY r.n;
	RETURN QUERY
		SELECT p.rule, d.outcome, d.detail
		FROM newterm.pack_rules p, newterm.retire_rule(p) d
		WHERE p.pack = install_rules.pack AND NOT document -> 'rules' @> jsonb_build_array(jsonb_build_object('name', p.rule));
END
$$;
COMMENT ON FUNCTION newterm.install_rules(text) IS 'installs the rules of a pack, or brings them up to date without touching what you changed; a row a rule: installed, updated, unchanged, kept, removed';

CREATE OR REPLACE FUNCTION newterm.uninstall_rules(pack text DEFAULT 'aws-cloudtrail') RETURNS TABLE (rule text, outcome text, detail text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	installed newterm.pack_rules;
	stored newterm.rules;
BEGIN
	IF NOT EXISTS (SELECT FROM newterm.pack_rules p WHERE p.pack = uninstall_rules.pack) THEN
		PERFORM newterm.pack_document(pack);
	END IF;
	FOR installed IN SELECT * FROM newterm.pack_rules p WHERE p.pack = uninstall_rules.pack ORDER BY p.rule_id LOOP
		SELECT * INTO stored FROM newterm.rules r WHERE r.id = installed.rule_id;
		IF FOUND THEN
			PERFORM newterm.drop_rule(stored.name);
			RETURN QUERY SELECT stored.name, 'removed'::text, 'with your changes of ' || (
				SELECT string_agg(d.key, ', ' ORDER BY d.key) FROM jsonb_each(newterm.rule_definition(stored)) d
				WHERE d.value IS DISTINCT FROM installed.definition -> d.key);
		END IF;
	END LOOP;
	DELETE FROM newterm.pack_rules p WHERE p.pack = uninstall_rules.pack;
END
$$;
COMMENT ON FUNCTION newterm.uninstall_rules(text) IS 'drops the rules that a pack installed, with their baselines; signals stay; a row a rule';
