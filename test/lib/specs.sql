-- What isolation tests share.  Their runner loads it into each test's database, whose search_path ends with this schema:
-- a test that needs another event() or state defines its own in public.

CREATE SCHEMA fixture;

-- An event so many hours after 2024-03-01.
CREATE FUNCTION fixture.event(name text, hour int) RETURNS jsonb LANGUAGE sql AS
	$$ SELECT jsonb_build_object('eventName', name, 'eventID', name || ' at ' || hour,
		'eventTime', to_char(timestamp '2024-03-01' + hour * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) $$;

CREATE FUNCTION fixture.hour(t timestamptz) RETURNS int LANGUAGE sql AS
	$$ SELECT extract(epoch FROM t - timestamptz '2024-03-01 00:00:00Z')::int / 3600 $$;

-- Runs, detections, signals and errors, in hours.  Tests create and drop the extension for each permutation: so a
-- function in PL/pgSQL, which looks for the tables when it is called, and no view over them.
CREATE FUNCTION fixture.state() RETURNS TABLE (what text, rule text, term text, first int, last int, how text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
		SELECT 'run', rule, term ->> 'eventName', fixture.hour(first_seen), fixture.hour(last_seen),
			CASE WHEN learned THEN 'learned' ELSE 'detected' END FROM newterm.baseline
		UNION ALL
		SELECT 'detection', rule, term ->> 'eventName', fixture.hour(first_seen), NULL, status FROM newterm.detections
		UNION ALL
		SELECT 'signal', rule, term ->> 'eventName', fixture.hour(first_seen), NULL,
			coalesce(event_id, '?') || CASE WHEN retracted_at IS NULL THEN '' ELSE ', retracted' END FROM newterm.signals
		UNION ALL
		SELECT 'error', NULL, event_id, NULL, NULL, cause FROM newterm.event_errors
		ORDER BY 2, 3, 1 DESC, 4;
END $$;

CREATE VIEW fixture.state AS SELECT * FROM fixture.state();
