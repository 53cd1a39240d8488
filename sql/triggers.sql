-- Triggers on newterm's own tables.

CREATE OR REPLACE TRIGGER check_settings BEFORE INSERT OR UPDATE ON newterm.rules
	FOR EACH ROW EXECUTE FUNCTION newterm.check_settings();
COMMENT ON TRIGGER check_settings ON newterm.rules IS 'refuses rules that make no sense';
CREATE OR REPLACE TRIGGER check_texts BEFORE INSERT OR UPDATE ON newterm.rules
	FOR EACH ROW EXECUTE FUNCTION newterm.check_texts();
COMMENT ON TRIGGER check_texts ON newterm.rules IS 'refuses rules whose filter, fields or templates do not parse';
CREATE OR REPLACE TRIGGER number_version BEFORE UPDATE ON newterm.rules
	FOR EACH ROW EXECUTE FUNCTION newterm.number_version();
COMMENT ON TRIGGER number_version ON newterm.rules IS 'makes a changed definition a version';
CREATE OR REPLACE TRIGGER rules_locked BEFORE DELETE OR UPDATE OF learning, learning_values, learning_scope, learning_from
	ON newterm.rules FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_locked();
COMMENT ON TRIGGER rules_locked ON newterm.rules IS 'keeps merges out before a row is locked';
CREATE OR REPLACE TRIGGER rule_written AFTER INSERT OR UPDATE OR DELETE ON newterm.rules
	FOR EACH ROW EXECUTE FUNCTION newterm.rules_written();
COMMENT ON TRIGGER rule_written ON newterm.rules IS 'does what follows from a change of a rule';
CREATE OR REPLACE TRIGGER rules_written AFTER INSERT OR UPDATE OR DELETE ON newterm.rules
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_written();
COMMENT ON TRIGGER rules_written ON newterm.rules IS 'makes every session compile its rules anew';
CREATE OR REPLACE TRIGGER refuse_write BEFORE TRUNCATE ON newterm.rules
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.refuse_write('Use DELETE, or newterm.drop_rule().');
COMMENT ON TRIGGER refuse_write ON newterm.rules IS 'refuses to drop rules and leave their baselines';

CREATE OR REPLACE TRIGGER version_restored BEFORE INSERT ON newterm.rule_versions
	FOR EACH ROW EXECUTE FUNCTION newterm.version_restored();
COMMENT ON TRIGGER version_restored ON newterm.rule_versions IS 'makes way for a version that is restored';
CREATE OR REPLACE TRIGGER refuse_write BEFORE UPDATE OR DELETE OR TRUNCATE ON newterm.rule_versions
	FOR EACH STATEMENT WHEN (pg_catalog.pg_trigger_depth() = 0)
	EXECUTE FUNCTION newterm.refuse_write('Versions follow newterm.rules: use newterm.alter_rule() or newterm.drop_rule().');
COMMENT ON TRIGGER refuse_write ON newterm.rule_versions IS 'refuses versions that do not fit their rules';
CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT ON newterm.rule_versions
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.rule_versions IS 'makes every session compile its rules anew';

CREATE OR REPLACE TRIGGER secret_restored BEFORE INSERT ON newterm.digest_key
	FOR EACH ROW EXECUTE FUNCTION newterm.secret_restored();
COMMENT ON TRIGGER secret_restored ON newterm.digest_key IS 'makes way for a secret that is restored';
CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.digest_key
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.digest_key IS 'makes every session compile its rules anew';

CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.known_accounts
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.known_accounts IS 'makes every session read the accounts anew';
CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.own_accounts
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.own_accounts IS 'makes every session read the accounts anew';
CREATE OR REPLACE TRIGGER account_entered BEFORE INSERT ON newterm.own_accounts
	FOR EACH ROW EXECUTE FUNCTION newterm.account_entered();
COMMENT ON TRIGGER account_entered ON newterm.own_accounts IS 'lets an entry made by hand take the place of one that events made';
CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.lists
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.lists IS 'makes every session read the lists anew';

CREATE OR REPLACE TRIGGER collect_begin BEFORE INSERT ON newterm.inbox
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.inbox();
COMMENT ON TRIGGER collect_begin ON newterm.inbox IS 'makes room for the lines of a statement';
CREATE OR REPLACE TRIGGER collect INSTEAD OF INSERT ON newterm.inbox
	FOR EACH ROW EXECUTE FUNCTION newterm.inbox();
COMMENT ON TRIGGER collect ON newterm.inbox IS 'takes a line, and loads them when there are many';
CREATE OR REPLACE TRIGGER collect_end AFTER INSERT ON newterm.inbox
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.inbox();
COMMENT ON TRIGGER collect_end ON newterm.inbox IS 'loads the lines that are left';

CREATE OR REPLACE TRIGGER baseline_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.runs
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.baseline_changed();
COMMENT ON TRIGGER baseline_changed ON newterm.runs IS 'makes every session forget what it knew to be known';

CREATE OR REPLACE TRIGGER baseline_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.entity_clocks
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.baseline_changed();
COMMENT ON TRIGGER baseline_changed ON newterm.entity_clocks IS 'makes every session forget what it knew to be known';

CREATE OR REPLACE TRIGGER baseline_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.learned_values
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.baseline_changed();
COMMENT ON TRIGGER baseline_changed ON newterm.learned_values IS 'makes every session forget what it knew to be known';

CREATE OR REPLACE TRIGGER signal_triaged AFTER UPDATE OF status, archive_reason, assignee ON newterm.signals
	FOR EACH ROW WHEN (NEW.origin = 'live'
		AND (OLD.status, OLD.archive_reason, OLD.assignee) IS DISTINCT FROM (NEW.status, NEW.archive_reason, NEW.assignee))
	EXECUTE FUNCTION newterm.signal_triaged();
COMMENT ON TRIGGER signal_triaged ON newterm.signals IS 'triage of a signal is a change, too';

CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.suppressions
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.suppressions IS 'makes every session compile its rules anew';
CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.unlearnings
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.unlearnings IS 'makes every session compile its rules anew';
CREATE OR REPLACE TRIGGER check_suppression BEFORE INSERT OR UPDATE ON newterm.suppressions
	FOR EACH ROW EXECUTE FUNCTION newterm.check_suppression();
COMMENT ON TRIGGER check_suppression ON newterm.suppressions IS 'refuses suppressions that make no sense';
CREATE OR REPLACE TRIGGER check_suppression BEFORE INSERT OR UPDATE ON newterm.unlearnings
	FOR EACH ROW EXECUTE FUNCTION newterm.check_suppression();
COMMENT ON TRIGGER check_suppression ON newterm.unlearnings IS 'refuses unlearnings that make no sense';
CREATE OR REPLACE TRIGGER refuse_write BEFORE DELETE OR TRUNCATE ON newterm.suppressions
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.refuse_write('Suppressions are never deleted: newterm.drop_suppression() ends one.');
COMMENT ON TRIGGER refuse_write ON newterm.suppressions IS 'keeps what decided about events';
CREATE OR REPLACE TRIGGER refuse_write BEFORE DELETE OR TRUNCATE ON newterm.unlearnings
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.refuse_write('Unlearnings are never deleted.');
COMMENT ON TRIGGER refuse_write ON newterm.unlearnings IS 'keeps what decided about events';
