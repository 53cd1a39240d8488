-- Rules, their versions, and what they refer to.

CREATE SEQUENCE newterm.rule_id;
COMMENT ON SEQUENCE newterm.rule_id IS 'numbers of rules';

CREATE TABLE newterm.rules (
	id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('newterm.rule_id'),
	name text NOT NULL UNIQUE,
	version integer NOT NULL DEFAULT 1,
	fields text[] NOT NULL,
	filter text NOT NULL DEFAULT '',
	group_by text[] NOT NULL DEFAULT '{}',
	language text NOT NULL DEFAULT 'datadog',
	learning interval NOT NULL DEFAULT '7 days',
	learning_values integer,
	learning_scope text NOT NULL DEFAULT 'rule',
	learning_from timestamptz,
	forget_after interval DEFAULT '90 days',
	granule interval NOT NULL DEFAULT '1 hour',
	severity text NOT NULL DEFAULT 'medium',
	title text,
	message text,
	tags text[] NOT NULL DEFAULT '{}',
	keep_alive interval NOT NULL DEFAULT '0',
	max_duration interval NOT NULL DEFAULT '24 hours',
	group_signals_by text[],
	optional_group_by boolean NOT NULL DEFAULT false,
	enabled boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	mode text NOT NULL DEFAULT 'alert',
	own_accounts text
);
COMMENT ON TABLE newterm.rules IS 'what to watch for: a row a rule; written by create_rule, alter_rule, drop_rule';
COMMENT ON COLUMN newterm.rules.id IS 'number of the rule';
COMMENT ON COLUMN newterm.rules.name IS 'name, by which functions take the rule';
COMMENT ON COLUMN newterm.rules.version IS 'grows when filter, fields, group_by or language change';
COMMENT ON COLUMN newterm.rules.fields IS 'fields whose values make the term';
COMMENT ON COLUMN newterm.rules.filter IS 'which events count';
COMMENT ON COLUMN newterm.rules.group_by IS 'fields whose values make the entity: the scope in which terms are new';
COMMENT ON COLUMN newterm.rules.language IS 'language of the filter and names of the fields: datadog or kql';
COMMENT ON COLUMN newterm.rules.learning IS 'length of the learning window';
COMMENT ON COLUMN newterm.rules.learning_values IS 'instead of a window: learn the first n distinct terms';
COMMENT ON COLUMN newterm.rules.learning_scope IS 'rule: one clock; entity: each entity has its own';
COMMENT ON COLUMN newterm.rules.learning_from IS 'start of learning as given; the clock in force is in newterm.clocks';
COMMENT ON COLUMN newterm.rules.forget_after IS 'a term unseen for longer is new again; NULL: never forget';
COMMENT ON COLUMN newterm.rules.granule IS 'grain in which last sightings are recorded';
COMMENT ON COLUMN newterm.rules.severity IS 'info, low, medium, high or critical';
COMMENT ON COLUMN newterm.rules.title IS 'template of the signals'' title';
COMMENT ON COLUMN newterm.rules.message IS 'template of the signals'' message';
COMMENT ON COLUMN newterm.rules.tags IS 'tags of the signals';
COMMENT ON COLUMN newterm.rules.keep_alive IS 'how far apart in event time detections of a group may be to share a signal; 0: each detection has a signal of its own';
COMMENT ON COLUMN newterm.rules.max_duration IS 'how much event time a signal may span';
COMMENT ON COLUMN newterm.rules.group_signals_by IS 'what detections of one signal have in common, some of group_by; NULL: all of it; {}: the rule alone';
COMMENT ON COLUMN newterm.rules.optional_group_by IS 'a missing group_by value counts as JSON null instead of making the event ignored';
COMMENT ON COLUMN newterm.rules.enabled IS 'whether events are evaluated';
COMMENT ON COLUMN newterm.rules.created_at IS 'when the rule was created';
COMMENT ON COLUMN newterm.rules.updated_at IS 'when the rule was changed last';
COMMENT ON COLUMN newterm.rules.mode IS 'alert, or observe: detections are stored without signals';
COMMENT ON COLUMN newterm.rules.own_accounts IS 'join: an account that the rule sees is entered into newterm.own_accounts; depart: its entry ends; NULL: neither';

CREATE SEQUENCE newterm.rule_version_id AS integer;
COMMENT ON SEQUENCE newterm.rule_version_id IS 'numbers of rule versions';

CREATE TABLE newterm.rule_versions (
	id integer PRIMARY KEY DEFAULT pg_catalog.nextval('newterm.rule_version_id'),
	rule_id bigint NOT NULL,
	version integer NOT NULL,
	fields text[] NOT NULL,
	filter text NOT NULL,
	group_by text[] NOT NULL,
	language text NOT NULL,
	learning_from timestamptz,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	UNIQUE (rule_id, version)
);
COMMENT ON TABLE newterm.rule_versions IS 'every version of every rule, with its clock; baselines belong to a version';
COMMENT ON COLUMN newterm.rule_versions.id IS 'number of the version, which stored runs refer to';
COMMENT ON COLUMN newterm.rule_versions.rule_id IS 'the rule';
COMMENT ON COLUMN newterm.rule_versions.version IS '1, 2, … within the rule';
COMMENT ON COLUMN newterm.rule_versions.fields IS 'fields of this version';
COMMENT ON COLUMN newterm.rule_versions.filter IS 'filter of this version';
COMMENT ON COLUMN newterm.rule_versions.group_by IS 'group_by of this version';
COMMENT ON COLUMN newterm.rule_versions.language IS 'language of this version';
COMMENT ON COLUMN newterm.rule_versions.learning_from IS 'the rule''s clock; NULL until the first transaction that it evaluates';
COMMENT ON COLUMN newterm.rule_versions.created_at IS 'when this version began';

CREATE TABLE newterm.digest_key (
	key uuid NOT NULL,
	sole boolean PRIMARY KEY DEFAULT true CHECK (sole)
);
COMMENT ON TABLE newterm.digest_key IS 'secret under which terms are digested; drawn with the first rule';
COMMENT ON COLUMN newterm.digest_key.key IS 'the secret';
COMMENT ON COLUMN newterm.digest_key.sole IS 'always true: there is one row';

CREATE TABLE newterm.known_accounts (
	account_id text PRIMARY KEY,
	name text NOT NULL,
	type text
);
COMMENT ON TABLE newterm.known_accounts IS 'AWS accounts and the vendors they belong to, for $vendor';
COMMENT ON COLUMN newterm.known_accounts.account_id IS 'AWS account id';
COMMENT ON COLUMN newterm.known_accounts.name IS 'who owns it';
COMMENT ON COLUMN newterm.known_accounts.type IS 'what kind of owner, for your own use';
