-- What is known: runs of terms, and clocks.

CREATE TABLE newterm.runs (
	first_seen timestamptz NOT NULL,
	last_granule timestamptz NOT NULL,
	digest uuid NOT NULL,
	version_id integer NOT NULL,
	learned boolean NOT NULL,
	term jsonb NOT NULL,
	entity jsonb,
	entity_digest uuid,
	event_id text,
	backfilled boolean NOT NULL DEFAULT false,
	entity_key bigint,
	term_key bigint
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX runs_digest ON newterm.runs (digest);
-- A publication FOR ALL TABLES has our tables too, and what we write passes by the executor's check.
ALTER TABLE newterm.runs REPLICA IDENTITY FULL;
-- Rules with learning_scope rule store NULL, which takes no room, and are not in the index.
CREATE INDEX runs_entity ON newterm.runs (entity_digest) WHERE entity_digest IS NOT NULL;
-- What signals say of an entity and a term (context).  Equal keys share room in an index: some 7 bytes a run.
CREATE INDEX runs_entity_key ON newterm.runs (entity_key);
CREATE INDEX runs_term_key ON newterm.runs (term_key) WHERE term_key IS NOT NULL;
COMMENT ON TABLE newterm.runs IS 'the stored baseline, a row a run of a term; see newterm.baseline';
COMMENT ON COLUMN newterm.runs.first_seen IS 'first sighting of the run, exact';
COMMENT ON COLUMN newterm.runs.last_granule IS 'start of the granule of its last sighting';
COMMENT ON COLUMN newterm.runs.digest IS 'digest of rule version, entity and term';
COMMENT ON COLUMN newterm.runs.version_id IS 'the rule version';
COMMENT ON COLUMN newterm.runs.learned IS 'whether the run starts inside learning';
COMMENT ON COLUMN newterm.runs.term IS 'values of fields, in order';
COMMENT ON COLUMN newterm.runs.entity IS 'values of group_by, in order';
COMMENT ON COLUMN newterm.runs.entity_digest IS 'with learning_scope entity: digest of rule version and entity, as in newterm.entity_clocks';
COMMENT ON COLUMN newterm.runs.event_id IS 'identity of the event of the first sighting, where it has one';
COMMENT ON COLUMN newterm.runs.backfilled IS 'whether the start was found by reading stored events, and not as they came';
COMMENT ON COLUMN newterm.runs.entity_key IS 'hash of rule version and entity, by which a signal finds what the entity knows';
COMMENT ON COLUMN newterm.runs.term_key IS 'with group_by: hash of rule version and term, by which a signal finds other entities that know it';

CREATE TABLE newterm.entity_clocks (
	digest uuid PRIMARY KEY,
	version_id integer NOT NULL,
	entity jsonb,
	learning_from timestamptz NOT NULL
);
COMMENT ON TABLE newterm.entity_clocks IS 'clocks of entities, for rules with learning_scope entity; see newterm.clocks';
COMMENT ON COLUMN newterm.entity_clocks.digest IS 'digest of rule version and entity';
COMMENT ON COLUMN newterm.entity_clocks.version_id IS 'the rule version';
COMMENT ON COLUMN newterm.entity_clocks.entity IS 'values of group_by, in order';
COMMENT ON COLUMN newterm.entity_clocks.learning_from IS 'earliest sighting of the entity: when it began to learn';

CREATE TABLE newterm.learned_values (
	scope uuid NOT NULL,
	version_id integer NOT NULL,
	digest uuid NOT NULL,
	first_seen timestamptz NOT NULL,
	term jsonb NOT NULL,
	entity jsonb,
	event jsonb
);
CREATE INDEX learned_values_scope ON newterm.learned_values (scope);
ALTER TABLE newterm.learned_values REPLICA IDENTITY FULL;
COMMENT ON TABLE newterm.learned_values IS 'the first n terms of each scope, for rules with learning_values';
COMMENT ON COLUMN newterm.learned_values.scope IS 'digest of the rule version, or of it and the entity';
COMMENT ON COLUMN newterm.learned_values.version_id IS 'the rule version';
COMMENT ON COLUMN newterm.learned_values.digest IS 'digest of the term, as in newterm.runs';
COMMENT ON COLUMN newterm.learned_values.first_seen IS 'first sighting of the term';
COMMENT ON COLUMN newterm.learned_values.term IS 'values of fields, in order';
COMMENT ON COLUMN newterm.learned_values.entity IS 'values of group_by, in order';
COMMENT ON COLUMN newterm.learned_values.event IS 'the event of the first sighting, should the term become a detection';
