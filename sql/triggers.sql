-- Triggers on newterm's own tables.

CREATE OR REPLACE TRIGGER check_settings BEFORE INSERT OR UPDATE ON newterm.rules
	FOR EACH ROW EXECUTE FUNCTION newterm.check_settings();
COMMENT ON TRIGGER check_settings ON newterm.rules IS 'refuses rules that make no sense';
CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.rules
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.rules IS 'makes every session compile its rules anew';
CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.rule_versions
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.rule_versions IS 'makes every session compile its rules anew';
CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newterm.known_accounts
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.rules_changed();
COMMENT ON TRIGGER rules_changed ON newterm.known_accounts IS 'makes every session read the accounts anew';

CREATE OR REPLACE TRIGGER collect_begin BEFORE INSERT ON newterm.inbox
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.inbox();
COMMENT ON TRIGGER collect_begin ON newterm.inbox IS 'makes room for the lines of a statement';
CREATE OR REPLACE TRIGGER collect INSTEAD OF INSERT ON newterm.inbox
	FOR EACH ROW EXECUTE FUNCTION newterm.inbox();
COMMENT ON TRIGGER collect ON newterm.inbox IS 'takes a line, and loads them when there are many';
CREATE OR REPLACE TRIGGER collect_end AFTER INSERT ON newterm.inbox
	FOR EACH STATEMENT EXECUTE FUNCTION newterm.inbox();
COMMENT ON TRIGGER collect_end ON newterm.inbox IS 'loads the lines that are left';
