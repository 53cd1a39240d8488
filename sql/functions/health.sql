-- What newterm.health looks at.

CREATE OR REPLACE FUNCTION newterm.recent_times(table_name regclass, event_column name, time_column name, document text,
	OUT newest timestamptz, OUT longest_gap interval, OUT events bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	reading constant text := (newterm.row_reading(table_name, event_column, time_column, document)).columns;
	recent record;
	times timestamptz[] := '{}';
	found timestamptz[];
BEGIN
	FOR recent IN SELECT b.* FROM newterm.recent_blocks(table_name) b LOOP
		EXIT WHEN cardinality(times) >= 1000;
		EXECUTE format('SELECT array_agg(v.seen_at) FROM (SELECT %s FROM ONLY %s WHERE ctid >= %L::tid ORDER BY ctid DESC LIMIT %s) e'
			' CROSS JOIN LATERAL newterm.stored_values(''{}'', e.event, e.event_text, e.event_time, e.has_time) v WHERE v.seen_at IS NOT NULL',
			reading, recent.part, recent.first_row, 1000 - cardinality(times))
		INTO found;
		times := times || found;
	END LOOP;
	SELECT max(t.at), max(t.at - t.before), count(*) INTO newest, longest_gap, events
	FROM (SELECT u.at, lag(u.at) OVER (ORDER BY u.at) AS before FROM unnest(times) u(at)) t;
EXCEPTION WHEN insufficient_privilege THEN
	-- who may not read the table cannot look at its rows: all are NULL
	RETURN;
END
$$;
COMMENT ON FUNCTION newterm.recent_times(regclass, name, name, text) IS 'of the last stored rows of a table: the newest event time, the longest time between two events, and how many there are';
