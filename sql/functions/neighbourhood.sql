-- What else happened around a signal.

CREATE OR REPLACE FUNCTION newterm.neighbourhood(signal bigint, field text DEFAULT '$principal', around interval DEFAULT '1 hour',
	events regclass DEFAULT NULL) RETURNS TABLE (event_time text, event_source text, event_name text, principal text, region text,
	source_ip text, user_agent text, error_code text, event_id text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	asked newterm.signals;
	watched newterm.watched;
	event text;
	in_time text;
BEGIN
	SELECT * INTO asked FROM newterm.signals s WHERE s.id = signal;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no signal %', signal USING ERRCODE = 'undefined_object';
	ELSIF asked.event IS NULL THEN
		RAISE EXCEPTION 'signal % has no event to compare others with', signal
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	events := coalesce(events, to_regclass(asked.source),
		(SELECT min(w.events::oid) FROM newterm.watched w HAVING count(*) = 1)::regclass);
	SELECT * INTO watched FROM newterm.watched w WHERE w.events = neighbourhood.events;
	IF watched.event_column IS NULL THEN
		RAISE EXCEPTION 'neighbourhood needs the name of a watched table that holds records in a column'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'newterm.neighbourhood(signal, events => ''table'')';
	END IF;
	event := format('(e.%I)::jsonb', watched.event_column);
	-- times of records sort as texts
	in_time := CASE WHEN watched.time_column IS NULL
		THEN format('%s ->> ''eventTime'' BETWEEN to_char($3 - $4, ''YYYY-MM-DD"T"HH24:MI:SS"Z"'') AND to_char($3 + $4, ''YYYY-MM-DD"T"HH24:MI:SS"Z"'')', event)
		ELSE format('e.%I BETWEEN $3 - $4 AND $3 + $4', watched.time_column) END;
	RETURN QUERY EXECUTE format('SELECT v ->> ''eventTime'', v ->> ''eventSource'', v ->> ''eventName'','
		' (SELECT p ->> ''$principal'' FROM newterm.terms(ARRAY[''$principal''], v) p LIMIT 1), v ->> ''awsRegion'', v ->> ''sourceIPAddress'','
		' v ->> ''userAgent'', v ->> ''errorCode'', v ->> ''eventID'''
		' FROM %s e, LATERAL (SELECT %s) AS r (v)'
		' WHERE %s AND jsonb_typeof(v) = ''object'' AND EXISTS (SELECT FROM newterm.terms(ARRAY[$1], v) t WHERE t IN (SELECT newterm.terms(ARRAY[$1], $2)))'
		' ORDER BY 1, 9', events, event, in_time)
		USING field, asked.event, asked.first_seen, around;
END
$$;
COMMENT ON FUNCTION newterm.neighbourhood(bigint, text, interval, regclass) IS 'the stored events around a signal that show the same value of a field as its event';
