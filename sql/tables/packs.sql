-- Rule packs: what this version of the extension has, and what was installed of it.

CREATE TABLE newterm.packs (
	pack text PRIMARY KEY,
	document jsonb NOT NULL
);
COMMENT ON TABLE newterm.packs IS 'rule packs of this version of the extension, which install_rules installs';
COMMENT ON COLUMN newterm.packs.pack IS 'name of the pack';
COMMENT ON COLUMN newterm.packs.document IS 'its rules, in the form that import_rules takes';

CREATE TABLE newterm.pack_rules (
	pack text NOT NULL,
	rule text NOT NULL,
	rule_id bigint NOT NULL,
	definition jsonb NOT NULL,
	installed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	observe_reason text,
	PRIMARY KEY (pack, rule)
);
COMMENT ON TABLE newterm.pack_rules IS 'rules that came with a pack, as it described them then: what a user changed since is what differs';
COMMENT ON COLUMN newterm.pack_rules.pack IS 'name of the pack';
COMMENT ON COLUMN newterm.pack_rules.rule IS 'name of the rule in the pack';
COMMENT ON COLUMN newterm.pack_rules.rule_id IS 'the rule, whatever it is called now';
COMMENT ON COLUMN newterm.pack_rules.definition IS 'all its settings as the pack had them';
COMMENT ON COLUMN newterm.pack_rules.installed_at IS 'when the rule was installed or last brought up to date';
COMMENT ON COLUMN newterm.pack_rules.observe_reason IS 'why newterm.onboard() installed it in mode observe; NULL: it did not';
