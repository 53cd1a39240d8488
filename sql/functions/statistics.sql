-- What newterm counts.

CREATE OR REPLACE FUNCTION newterm.events_passed_over() RETURNS bigint
	AS 'MODULE_PATHNAME', 'newterm_events_passed_over' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION newterm.events_passed_over() IS 'events that this session inserted which had no usable time and passed no rule''s filter, so that newterm.event_errors does not tell of them';
