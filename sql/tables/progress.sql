-- How far long work has come.

CREATE SEQUENCE newterm.progress_id;
COMMENT ON SEQUENCE newterm.progress_id IS 'numbers of backfills and rebuilds';

CREATE TABLE newterm.progress_log (
	id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('newterm.progress_id'),
	pid integer NOT NULL,
	backend_start timestamptz,
	command text NOT NULL,
	rule text,
	events text,
	phase text NOT NULL,
	events_done bigint NOT NULL DEFAULT 0,
	events_total bigint,
	started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE newterm.progress_log IS 'backfills and rebuilds, running and past; see newterm.progress';
COMMENT ON COLUMN newterm.progress_log.id IS 'number of the run';
COMMENT ON COLUMN newterm.progress_log.pid IS 'process that does it';
COMMENT ON COLUMN newterm.progress_log.backend_start IS 'when that process began: a later one may have its number; NULL: it hides that from the role that it had, after SET ROLE';
COMMENT ON COLUMN newterm.progress_log.command IS 'backfill or rebuild';
COMMENT ON COLUMN newterm.progress_log.rule IS 'the rule; NULL: all enabled ones';
COMMENT ON COLUMN newterm.progress_log.events IS 'the table; NULL: all watched ones';
COMMENT ON COLUMN newterm.progress_log.phase IS 'counting, reading, deciding, done';
COMMENT ON COLUMN newterm.progress_log.events_done IS 'events read so far';
COMMENT ON COLUMN newterm.progress_log.events_total IS 'of how many';
COMMENT ON COLUMN newterm.progress_log.started_at IS 'when it began';
COMMENT ON COLUMN newterm.progress_log.updated_at IS 'when it last said so';
