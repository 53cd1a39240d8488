-- Types of what reading stored events gives.

CREATE TYPE newterm.replayed_start AS (
	rule integer,
	entity jsonb,
	term jsonb,
	first_seen timestamptz,
	event_id text,
	learned boolean,
	suppression text,
	last_granule timestamptz
);
COMMENT ON TYPE newterm.replayed_start IS 'the start of a run, as newterm.replay finds it; rule: position in the list of rules; suppression: the one that mutes it, should it be a detection';

CREATE TYPE newterm.replayed AS (
	next_key bigint,
	events bigint,
	unusable bigint,
	earliest timestamptz,
	latest timestamptz,
	matched bigint[],
	lacking bigint[],
	missing bigint[],
	starts newterm.replayed_start[]
);
COMMENT ON TYPE newterm.replayed IS 'what newterm.replay gives; next_key: where the next pass begins, NULL where none is needed; matched and lacking: of each rule, events that passed its filter and those of them that showed no term; missing: of each rule and column, group_by first, those of the latter without a value there';

CREATE TYPE newterm.unlearned_term AS (
	rule text,
	entity jsonb,
	term jsonb,
	known_since timestamptz,
	last_seen timestamptz,
	alerts text,
	event_id text,
	origin text
);
COMMENT ON TYPE newterm.unlearned_term IS 'what newterm.unlearn() gives: a term that alerts again, since when and until when it was known, when it alerts, by which event it was known and how that was learned';
