-- Levels of access.

-- The one place where it stands who may use what.  A level may what the levels before it
-- may: public, reader, analyst, admin.  What is the owner's is nobody else's, and so is what
-- matches no line.  `name` is a regular expression for the whole name, so that a line may come
-- before its object.
CREATE OR REPLACE FUNCTION newterm.access_rules() RETURNS TABLE (level text, kind text, rights text, name text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	VALUES
	-- loaders, and what gives away nothing that the caller does not bring along
	('public', 'routine', 'EXECUTE', 'observe|load_log|only_watched_table'),
	-- who asks for EXECUTE on newterm.merge() themselves
	('public', 'routine', 'EXECUTE', 'watch|unwatch|note_watch|forget_watch|watch_statement|choose_shape|event_candidates'),
	('public', 'routine', 'EXECUTE', 'observe_columns|member_columns|qualified_name|relation_named|recent_kind|recent_kinds'),
	('public', 'routine', 'EXECUTE', 'lint.*|rule_paths|name_distance|nearest_name|path_names|names_at|recent_records'),
	('public', 'routine', 'EXECUTE', 'document_expression|document_kind|recent_blocks|record_member|records|row_document'),
	('public', 'routine', 'EXECUTE', 'value|principal|terms|test_filter|term_object|watch_columns|watched_with|events_passed_over|is_concerned'),
	('public', 'table', 'INSERT', 'inbox'),

	-- readers: what was found, by which rules, and why
	('reader', 'table', 'SELECT', 'rules|rule_versions|signals|signal_history|suppressions|unlearnings|event_errors|known_accounts|own_accounts|lists'),
	('reader', 'table', 'SELECT', 'baseline|clocks|detections|watched|watches|health|delivery|progress'),
	('reader', 'table', 'SELECT', 'packs|pack_rules'),
	('reader', 'routine', 'EXECUTE', 'explain|explain_term|evaluate|filter_steps|rule_row|rule_of'),
	('reader', 'routine', 'EXECUTE', 'signal_as|report|check|export_rules|neighbourhood|rule_definition|rule_settings'),
	('reader', 'routine', 'EXECUTE', 'summary|recent_times|log_query|row_reading|rows_between|stored_values'),

	-- analysts: what is done about it
	('analyst', 'table', 'UPDATE (status, archive_reason, assignee, updated_at)', 'signals'),
	('analyst', 'table', 'INSERT', 'signal_history|suppressions|unlearnings'),
	('analyst', 'table', 'UPDATE (expires_at)', 'suppressions'),
	('analyst', 'sequence', 'USAGE', 'signal_history_id|unlearning_id'),
	('analyst', 'table', 'SELECT', 'runs|entity_clocks|learned_values|detection_log|postponed|postponed_changes|changes|subscriptions|deliveries'),
	('analyst', 'routine', 'EXECUTE', 'triage|accept|create_suppression|drop_suppression|unlearn|unlearn_version|hold_merges|take_back|has_values|versions_as_rules'),
	('analyst', 'routine', 'EXECUTE', 'unlearn_signal|remaining_pieces|shown_starts|alerts_when|check_unlearning|unlearning_reads'),
	('analyst', 'routine', 'EXECUTE', 'subscribe|unsubscribe|next_signals|acknowledge|fail|unpark'),
	('analyst', 'routine', 'EXECUTE', 'backtest|backtest_summary|backtest_advice|dead_paths|normalisers|calming_field|varied_field|verify|computed_runs|replay|replay_events|outside_interval|tell_outside_interval|stored_tables|stored_events'),
	('analyst', 'routine', 'EXECUTE', 'default_rule|described_rules|described_rule|rule_clocks|import_newterm'),

	-- admins: rules, watched tables, and what rules refer to
	('admin', 'table', 'INSERT, UPDATE, DELETE', 'rules|known_accounts|own_accounts|lists'),
	('admin', 'table', 'TRUNCATE', 'known_accounts|own_accounts|lists'),
	('admin', 'table', 'DELETE, TRUNCATE', 'event_errors'),
	('admin', 'table', 'INSERT, UPDATE', 'progress_log'),
	('admin', 'table', 'SELECT', 'progress_log|access'),
	('admin', 'table', 'INSERT, UPDATE, DELETE', 'packs|pack_rules'),
	('admin', 'sequence', 'USAGE', 'rule_id|progress_id'),
	('admin', 'routine', 'EXECUTE', 'access_rules'),
	('admin', 'routine', 'EXECUTE', 'create_rule|alter_rule|drop_rule|enable_rule|disable_rule'),
	('admin', 'routine', 'EXECUTE', 'follow_organization|unfollow_organization|organization_rules'),
	('admin', 'routine', 'EXECUTE', 'merge|create_log_table|maintain_log_table|make_log_table|add_log_partition|log_partition_name|log_table_unit|merge_postponed|purge_changes'),
	('admin', 'routine', 'EXECUTE', 'backfill|backfill_event|merge_as_backfill|move_clock|rebuild|onboard'),
	('admin', 'routine', 'EXECUTE', 'noise_reason|uninstalled_rules|install_judged_rules'),
	('admin', 'routine', 'EXECUTE', 'read_history|begin_progress|end_of_history|check_enabled|shorten_runs|drop_unshown|clock_before'),
	('admin', 'routine', 'EXECUTE', 'import_(?!newterm$).*|install_rules|uninstall_rules|install_rule|retire_rule|store_rule'),
	('admin', 'routine', 'EXECUTE', 'pack_document|merge_definitions|setting_group'),

	-- the owner: triggers' functions, parts of others, and what would let somebody undo the rest
	('owner', 'table', '', 'digest_key'),
	('owner', 'sequence', '', 'rule_version_id|detection_id|signal_id|event_error_id|change_position|lease_epoch|postponed_id|progress_log_id_seq'),
	('owner', 'routine', '', 'grant_access|revoke_access|access_grants|set_access|role_name|apply_access'),
	('owner', 'routine', '', 'check_settings|check_texts|number_version|rules_locked|rules_written|version_restored|secret_restored|refuse_write'),
	('owner', 'routine', '', 'rules_changed|baseline_changed|runs_changed|signal_triaged|inbox|check_suppression|account_entered'),
	('owner', 'routine', '', 'lock_positions|tell|number_changes|purge_numbered|settle_positions|check_subscription|note_outcome|refuse_triggers'),
	('owner', 'routine', '', 'plain|plain_member|plain_pairs|plain_terms|plain_count|plain_context|plain_address|unix_millis|signal_key|attack_ids|is_closed|signal_as_.*|field_values|ocsf_evidence|report_.*'),
	('owner', 'routine', '', 'replay_(add|combine|serialise|deserialise|final)')
$$;
COMMENT ON FUNCTION newterm.access_rules() IS 'who may use what: levels, kinds of objects, rights, and the objects'' names as regular expressions';
REVOKE ALL ON FUNCTION newterm.access_rules() FROM PUBLIC;

-- The rights of one level on what there is, less those of the levels before it.
CREATE OR REPLACE FUNCTION newterm.access_grants(level text) RETURNS TABLE (rights text, object text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT a.rights, format('%s %s', a.kind, o.object)
	FROM newterm.access_rules() a
	JOIN (SELECT 'routine' AS kind, p.proname AS name, p.oid::regprocedure::text AS object
		  FROM pg_proc p WHERE p.pronamespace = 'newterm'::regnamespace
		  UNION ALL
		  SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, c.relname, c.oid::regclass::text
		  FROM pg_class c WHERE c.relnamespace = 'newterm'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')) o
		ON o.kind = a.kind AND o.name ~ ('^(' || a.name || ')$')
	WHERE a.level = access_grants.level AND a.rights <> ''
$$;
COMMENT ON FUNCTION newterm.access_grants(text) IS 'the rights of a level on the objects that there are, beyond those of the levels before it';
REVOKE ALL ON FUNCTION newterm.access_grants(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.set_access(level text, to_role regrole) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	levels constant text[] := '{reader,analyst,admin}';
	given record;
BEGIN
	FOR given IN SELECT g.rights, g.object FROM unnest(levels) l CROSS JOIN LATERAL newterm.access_grants(l) g LOOP
		EXECUTE format('REVOKE %s ON %s FROM %s', given.rights, given.object, to_role);
	END LOOP;
	FOR given IN SELECT g.rights, g.object
		FROM unnest(levels[:array_position(levels, set_access.level)]) l CROSS JOIN LATERAL newterm.access_grants(l) g
		WHERE set_access.level IS NOT NULL LOOP
		EXECUTE format('GRANT %s ON %s TO %s', given.rights, given.object, to_role);
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.set_access(text, regrole) IS 'gives a role the rights of one level, NULL: of none, and takes those of the others';
REVOKE ALL ON FUNCTION newterm.set_access(text, regrole) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.role_name(named regrole) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	result text;
BEGIN
	SELECT r.rolname INTO result FROM pg_roles r WHERE r.oid = named;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no role %', coalesce(named::oid::text, 'NULL') USING ERRCODE = 'undefined_object';
	END IF;
	RETURN result;
END
$$;
COMMENT ON FUNCTION newterm.role_name(regrole) IS 'the name of a role; an error where there is none';
REVOKE ALL ON FUNCTION newterm.role_name(regrole) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.grant_access(level text, to_role regrole) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	named constant text := newterm.role_name(to_role);
BEGIN
	IF level IS NULL OR level NOT IN ('reader', 'analyst', 'admin') THEN
		RAISE EXCEPTION 'level must be reader, analyst or admin, not %', coalesce('"' || level || '"', 'NULL')
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM newterm.set_access(level, to_role);
	DELETE FROM newterm.access a WHERE a.role = named;
	INSERT INTO newterm.access (role, level) VALUES (named, level);
END
$$;
COMMENT ON FUNCTION newterm.grant_access(text, regrole) IS 'gives a role the rights of a reader, analyst or admin, in place of those that it was given before';
REVOKE ALL ON FUNCTION newterm.grant_access(text, regrole) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.revoke_access(to_role regrole) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	named constant text := newterm.role_name(to_role);
BEGIN
	PERFORM newterm.set_access(NULL, to_role);
	DELETE FROM newterm.access a WHERE a.role = named;
END
$$;
COMMENT ON FUNCTION newterm.revoke_access(regrole) IS 'takes back what newterm.grant_access() gave a role';
REVOKE ALL ON FUNCTION newterm.revoke_access(regrole) FROM PUBLIC;

-- At the end of every installation and upgrade: what is new is for those for whom it is.  A role
-- that has lost its rights since, or is another one of that name, does not get them back.
CREATE OR REPLACE FUNCTION newterm.apply_access() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given record;
	routine regprocedure;
BEGIN
	FOR routine IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'newterm'::regnamespace LOOP
		EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', routine);
	END LOOP;
	FOR given IN SELECT g.rights, g.object FROM newterm.access_grants('public') g LOOP
		EXECUTE format('GRANT %s ON %s TO PUBLIC', given.rights, given.object);
	END LOOP;
	FOR given IN SELECT a.role, a.level, r.oid FROM newterm.access a LEFT JOIN pg_roles r ON r.rolname = a.role LOOP
		IF EXISTS (SELECT FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x
				   WHERE c.oid = 'newterm.signals'::regclass AND x.grantee = given.oid) THEN
			PERFORM newterm.set_access(given.level, given.oid);
		ELSE
			DELETE FROM newterm.access a WHERE a.role = given.role;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.apply_access() IS 'gives everybody the rights that their level has on what there is now';
REVOKE ALL ON FUNCTION newterm.apply_access() FROM PUBLIC;
