-- What does not count, and what is not told.

CREATE TABLE newterm.suppressions (
	name text PRIMARY KEY,
	kind text NOT NULL DEFAULT 'mute' CHECK (kind IN ('mute', 'exclude')),
	rules text[],
	filter text,
	language text NOT NULL DEFAULT 'datadog',
	entity jsonb,
	term jsonb,
	starts_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	expires_at timestamptz,
	reason text,
	created_by text NOT NULL DEFAULT CURRENT_USER,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE newterm.suppressions IS 'what does not count for rules, or is not told; never deleted: to drop one is to end it now';
COMMENT ON COLUMN newterm.suppressions.name IS 'name, which a muted detection shows';
COMMENT ON COLUMN newterm.suppressions.kind IS 'exclude: what it covers is void, not learned and not told; mute: learned and listed, but no signal';
COMMENT ON COLUMN newterm.suppressions.rules IS 'names of the rules; NULL: all';
COMMENT ON COLUMN newterm.suppressions.filter IS 'which events; NULL: any';
COMMENT ON COLUMN newterm.suppressions.language IS 'language of the filter: datadog or kql';
COMMENT ON COLUMN newterm.suppressions.entity IS 'values that the entity has to have, keyed as the rule writes its group_by; NULL: any';
COMMENT ON COLUMN newterm.suppressions.term IS 'values that the term has to have, keyed as the rule writes its fields; NULL: any';
COMMENT ON COLUMN newterm.suppressions.starts_at IS 'from which event time on';
COMMENT ON COLUMN newterm.suppressions.expires_at IS 'up to before which event time; NULL: for ever';
COMMENT ON COLUMN newterm.suppressions.reason IS 'why';
COMMENT ON COLUMN newterm.suppressions.created_by IS 'who made it';
COMMENT ON COLUMN newterm.suppressions.created_at IS 'when';

CREATE SEQUENCE newterm.unlearning_id;
COMMENT ON SEQUENCE newterm.unlearning_id IS 'numbers of unlearnings';

CREATE TABLE newterm.unlearnings (
	id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('newterm.unlearning_id'),
	rule_id bigint NOT NULL,
	entity jsonb,
	term jsonb,
	since timestamptz,
	until timestamptz,
	filter text,
	language text NOT NULL DEFAULT 'datadog',
	rule text NOT NULL,
	reason text,
	created_by text NOT NULL DEFAULT CURRENT_USER,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE newterm.unlearnings IS 'what was taken back of what rules learned; never deleted';
COMMENT ON COLUMN newterm.unlearnings.id IS 'number of the unlearning';
COMMENT ON COLUMN newterm.unlearnings.rule_id IS 'the rule';
COMMENT ON COLUMN newterm.unlearnings.entity IS 'of which entities, by values that they have; NULL: any';
COMMENT ON COLUMN newterm.unlearnings.term IS 'which terms, by values that they have; NULL: any';
COMMENT ON COLUMN newterm.unlearnings.since IS 'from which event time on; NULL: from the beginning';
COMMENT ON COLUMN newterm.unlearnings.until IS 'up to before which event time; NULL: for ever';
COMMENT ON COLUMN newterm.unlearnings.filter IS 'by which events; NULL: any';
COMMENT ON COLUMN newterm.unlearnings.language IS 'language of the filter';
COMMENT ON COLUMN newterm.unlearnings.rule IS 'name of the rule at that time';
COMMENT ON COLUMN newterm.unlearnings.reason IS 'why';
COMMENT ON COLUMN newterm.unlearnings.created_by IS 'who did it';
COMMENT ON COLUMN newterm.unlearnings.created_at IS 'when';
