-- Functions of the library that no user calls by name.

CREATE OR REPLACE FUNCTION newterm.observe(event "any", event_time "any", source oid, place tid) RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_observe' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION newterm.observe("any", "any", oid, tid) IS 'the WHEN clause of a watched table''s trigger: notes what the row shows, and is false; by hand: does the event bring news?';

CREATE OR REPLACE FUNCTION newterm.observe_columns(members text[], event_time "any", source oid, place tid, VARIADIC columns "any") RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_observe_columns' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION newterm.observe_columns(text[], "any", oid, tid, "any") IS 'the same for a table whose columns are members of the record';

CREATE OR REPLACE FUNCTION newterm.merge() RETURNS trigger
	AS 'MODULE_PATHNAME', 'newterm_merge' LANGUAGE C;
COMMENT ON FUNCTION newterm.merge() IS 'trigger function of watched tables, by which their trigger is known: newterm.observe in its WHEN clause does the work';
-- who may watch a table may write the baseline
REVOKE ALL ON FUNCTION newterm.merge() FROM PUBLIC;

-- not in a parallel query: both may read accounts and lists with the newest snapshot
CREATE OR REPLACE FUNCTION newterm.test_filter(filter text, event jsonb, language text DEFAULT 'datadog') RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_test_filter' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION newterm.test_filter(text, jsonb, text) IS 'does the filter match the event?';

CREATE OR REPLACE FUNCTION newterm.terms(fields text[], event jsonb, language text DEFAULT 'datadog') RETURNS SETOF jsonb
	AS 'MODULE_PATHNAME', 'newterm_terms' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION newterm.terms(text[], jsonb, text) IS 'the terms that an event shows for these fields';

CREATE OR REPLACE FUNCTION newterm.check_texts() RETURNS trigger
	AS 'MODULE_PATHNAME', 'newterm_check_texts' LANGUAGE C;
COMMENT ON FUNCTION newterm.check_texts() IS 'trigger function of newterm.rules: raises an error where one of a rule''s texts is wrong';
REVOKE ALL ON FUNCTION newterm.check_texts() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.rules_locked() RETURNS trigger
	AS 'MODULE_PATHNAME', 'newterm_rules_locked' LANGUAGE C;
COMMENT ON FUNCTION newterm.rules_locked() IS 'trigger function of newterm.rules: keeps merges out before a row is locked';
REVOKE ALL ON FUNCTION newterm.rules_locked() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.rules_written() RETURNS trigger
	AS 'MODULE_PATHNAME', 'newterm_rules_written' LANGUAGE C;
COMMENT ON FUNCTION newterm.rules_written() IS 'trigger function of newterm.rules: does what follows from a change, versions, clocks, baselines';
REVOKE ALL ON FUNCTION newterm.rules_written() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.rules_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'newterm_rules_changed' LANGUAGE C;
COMMENT ON FUNCTION newterm.rules_changed() IS 'trigger function of tables that rules are compiled from: makes every session compile them anew';
REVOKE ALL ON FUNCTION newterm.rules_changed() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.baseline_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'newterm_baseline_changed' LANGUAGE C;
COMMENT ON FUNCTION newterm.baseline_changed() IS 'trigger function of the tables of what is known: makes every session forget what it knew to be known';
REVOKE ALL ON FUNCTION newterm.baseline_changed() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.merge_postponed() RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_merge_postponed' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.merge_postponed() IS 'merges at commit what prepared transactions left behind';

CREATE OR REPLACE FUNCTION newterm.term_object(fields text[], "values" jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'newterm_term_object' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION newterm.term_object(text[], jsonb) IS 'stored values as an object keyed by the fields';

-- Functions that write with the owner's rights call this first.  These rights would be lent by
-- the function of a trigger, unless it has its owner's, by a trigger's condition, and before
-- PostgreSQL 18 by the triggers of a table that a foreign key changes along.  Whoever owns a
-- function can change it after we looked, so only the owner's and superusers' are let be.
CREATE OR REPLACE FUNCTION newterm.refuse_triggers(VARIADIC tables regclass[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	written regclass;
	culprit text;
BEGIN
	FOREACH written IN ARRAY tables LOOP
		-- no trigger or foreign key can be made from here on
		EXECUTE format('LOCK TABLE %s IN ROW EXCLUSIVE MODE', written);
		SELECT t.tgname INTO culprit
		FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_roles o ON o.oid = p.proowner
		WHERE t.tgrelid = written AND NOT t.tgisinternal AND t.tgenabled <> 'D'
			AND NOT (t.tgqual IS NULL AND p.prosecdef AND (o.rolsuper OR o.rolname = current_user)
				AND EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%'))
		ORDER BY 1 LIMIT 1;
		IF culprit IS NOT NULL THEN
			RAISE EXCEPTION 'trigger "%" on table % would run with the rights of newterm''s owner', culprit, written
				USING ERRCODE = 'insufficient_privilege',
					  HINT = 'Drop it. To react to signals, subscribe, or put a trigger on newterm.signals. A trigger here has no WHEN condition, and its function is a superuser''s or the owner''s, SECURITY DEFINER SET search_path = pg_catalog, pg_temp.';
		END IF;
		SELECT format('"%s" of table %s', f.conname, f.conrelid::regclass) INTO culprit
		FROM pg_constraint f
		WHERE f.confrelid = written AND f.contype = 'f' AND (f.confdeltype IN ('c', 'n', 'd') OR f.confupdtype IN ('c', 'n', 'd'))
		ORDER BY 1 LIMIT 1;
		IF culprit IS NOT NULL THEN
			RAISE EXCEPTION 'foreign key % would change that table with the rights of newterm''s owner', culprit
				USING ERRCODE = 'insufficient_privilege',
					  HINT = 'Drop it, or make it one with neither ON DELETE nor ON UPDATE.';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.refuse_triggers(regclass[]) IS 'raises an error where a trigger of these tables, or a foreign key to one of them, would lend the owner''s rights to its author';
REVOKE ALL ON FUNCTION newterm.refuse_triggers(regclass[]) FROM PUBLIC;
