-- Signals in the formats of those who are told: a function a format.
--
-- Each takes the signal's row as jsonb, so that columns which are added come along, and
-- what is told of it: {kind, change, pos, reason, changed_at}.

CREATE OR REPLACE FUNCTION newterm.plain(value text, most integer DEFAULT 1000, lines boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	-- control characters, line separators, bidirectional marks
	hostile text := '[\x01-\x08' || CASE WHEN lines THEN '' ELSE '\t\n' END
		|| '\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]';
	clipped text := CASE WHEN length(value) > most THEN left(value, most - 1) || '…' ELSE value END;
BEGIN
	IF (clipped ~ hostile) IS NOT TRUE THEN
		RETURN clipped;
	END IF;
	RETURN newterm.plain((
		SELECT string_agg(CASE WHEN c !~ hostile THEN c ELSE '\u' || lpad(to_hex(ascii(c)), 4, '0') END, '' ORDER BY n)
		FROM regexp_split_to_table(clipped, '') WITH ORDINALITY AS t (c, n)), most, lines);
END
$$;
COMMENT ON FUNCTION newterm.plain(text, integer, boolean) IS 'a text that moves no cursor: control characters (but tabs and the ends of lines, where asked for) and bidirectional marks as \u001b, at most so many characters';

CREATE OR REPLACE FUNCTION newterm.plain_member(object jsonb, path text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT newterm.plain(nullif(object #>> path, ''))
$$;
COMMENT ON FUNCTION newterm.plain_member(jsonb, text[]) IS 'a member of an object as plain text; NULL where it is missing or empty';

CREATE OR REPLACE FUNCTION newterm.plain_pairs(object jsonb, separator text DEFAULT ', ') RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT string_agg(newterm.plain(key, 200) || ': ' || coalesce(newterm.plain(value #>> '{}', 300), 'null'), separator ORDER BY n)
	FROM jsonb_each(CASE jsonb_typeof(object) WHEN 'object' THEN object END) WITH ORDINALITY AS e (key, value, n)
$$;
COMMENT ON FUNCTION newterm.plain_pairs(jsonb, text) IS 'the members of an object as plain text, key: value; NULL where it has none';

-- One term as its members; of several the first ten, each on a line.
CREATE OR REPLACE FUNCTION newterm.plain_terms(signal jsonb, separator text DEFAULT ', ') RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN count(*) < 2 THEN newterm.plain_pairs(signal -> 'term', separator)
		ELSE string_agg(newterm.plain_pairs(t), E'\n' ORDER BY n) FILTER (WHERE n <= 10)
			|| CASE WHEN count(*) > 10 THEN E'\n…' ELSE '' END END
	FROM jsonb_array_elements(CASE jsonb_typeof(signal -> 'terms') WHEN 'array' THEN signal -> 'terms' END) WITH ORDINALITY AS e (t, n)
$$;
COMMENT ON FUNCTION newterm.plain_terms(jsonb, text) IS 'the terms of a signal as plain text: its one term, or of several the first ten, one a line';

-- Counts end at 100.
CREATE OR REPLACE FUNCTION newterm.plain_count(signal jsonb, count text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT newterm.plain_member(signal, ARRAY['context', count]) || CASE WHEN signal -> 'context' -> count = '100' THEN '+' ELSE '' END
$$;
COMMENT ON FUNCTION newterm.plain_count(jsonb, text) IS 'a count of a signal''s context as plain text, 100+ where it ended';

CREATE OR REPLACE FUNCTION newterm.plain_context(signal jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT nullif(concat_ws('; ',
		'known before: ' || newterm.plain_count(signal, 'known_terms') || coalesce(' since ' || newterm.plain_member(signal, '{context,entity_since}'), ''),
		'new in 30 days before: ' || newterm.plain_count(signal, 'new_terms_30_days'),
		'others that know it: ' || newterm.plain_count(signal, 'other_entities'),
		'signal before: ' || newterm.plain_member(signal, '{previous}')), '')
$$;
COMMENT ON FUNCTION newterm.plain_context(jsonb) IS 'the context of a signal, and the one that its term had before, as plain text; NULL where it has none';

CREATE OR REPLACE FUNCTION newterm.plain_address(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN CASE WHEN value ~ '^[0-9A-Fa-f:.]+$' THEN host(value::inet) END;
EXCEPTION WHEN invalid_text_representation THEN
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION newterm.plain_address(text) IS 'an IP address; NULL for anything else, such as the name of a service';

CREATE OR REPLACE FUNCTION newterm.unix_millis(at text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN isfinite(at::timestamptz) THEN floor(EXTRACT(epoch FROM at::timestamptz) * 1000)::bigint END
$$;
COMMENT ON FUNCTION newterm.unix_millis(text) IS 'milliseconds since 1970';

-- Not the number alone: another database has a signal of that number, too.
CREATE OR REPLACE FUNCTION newterm.signal_key(signal jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT 'newterm-' || (signal ->> 'id') || '-' || newterm.unix_millis(signal ->> 'created_at')
$$;
COMMENT ON FUNCTION newterm.signal_key(jsonb) IS 'what a signal is known by elsewhere, through dumps and promotions';

-- Techniques and tactics of ATT&CK that tags name, as Sigma, Datadog or a person writes
-- them: attack.t1078.004, technique:T1078-valid-accounts, TA0001.
CREATE OR REPLACE FUNCTION newterm.attack_ids(signal jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(array_agg(DISTINCT upper(m[1])), '{}')
	FROM jsonb_array_elements_text(CASE jsonb_typeof(signal -> 'tags') WHEN 'array' THEN signal -> 'tags' END) tag
	CROSS JOIN LATERAL regexp_matches(tag, '(?:^|[^A-Za-z0-9])((?:ta[0-9]{4})|(?:t[0-9]{4}(?:\.[0-9]{3})?))(?![A-Za-z0-9])', 'gi') m
$$;
COMMENT ON FUNCTION newterm.attack_ids(jsonb) IS 'ids of tactics and techniques of MITRE ATT&CK in a signal''s tags';

CREATE OR REPLACE FUNCTION newterm.is_closed(signal jsonb, told jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT told ->> 'kind' = 'retract' OR signal ->> 'retracted_at' IS NOT NULL OR signal ->> 'status' = 'archived'
$$;
COMMENT ON FUNCTION newterm.is_closed(jsonb, jsonb) IS 'is the signal archived or retracted?';

CREATE OR REPLACE FUNCTION newterm.signal_as_newterm(signal jsonb, told jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT told || jsonb_build_object('signal', signal)
$$;
COMMENT ON FUNCTION newterm.signal_as_newterm(jsonb, jsonb) IS 'a signal as next_signals gives it';

CREATE OR REPLACE FUNCTION newterm.signal_as_slack(signal jsonb, told jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	headline text := CASE told ->> 'kind' WHEN 'update' THEN 'Updated: ' WHEN 'amend' THEN 'Amended: '
		WHEN 'retract' THEN 'Retracted: ' ELSE '' END || coalesce(newterm.plain_member(signal, '{title}'), '?');
	message text := newterm.plain(nullif(signal ->> 'message', ''), 3000, true);
	fields jsonb;
BEGIN
	-- plain_text shows what it is given: no mention, link or emoji comes out of an event
	SELECT jsonb_agg(jsonb_build_object('type', 'plain_text', 'emoji', false,
			'text', left(f.name || E'\n' || f.value, 2000)) ORDER BY f.n) INTO fields
	FROM (VALUES
		(1, 'Severity', newterm.plain_member(signal, '{severity}')),
		(2, 'Rule', newterm.plain_member(signal, '{rule}')),
		(3, 'New', newterm.plain_terms(signal, E'\n')),
		(4, 'For', newterm.plain_pairs(signal -> 'entity', E'\n')),
		(5, 'First seen', newterm.plain_member(signal, '{first_seen}')),
		(6, 'Detections', nullif(newterm.plain_member(signal, '{detections}'), '1')),
		(7, 'Source', newterm.plain_member(signal, '{event,sourceIPAddress}')),
		(8, 'Status', nullif(newterm.plain_member(signal, '{status}'), 'open')),
		(9, 'Reason', newterm.plain_member(told, '{reason}')),
		(10, 'Context', newterm.plain_context(signal))) AS f (n, name, value)
	WHERE f.value IS NOT NULL;
	RETURN jsonb_build_object(
		-- shown in notifications of the desktop; this one is Slack's markup
		'text', replace(replace(replace(newterm.plain('[' || coalesce(signal ->> 'severity', '?') || '] ' || headline, 500),
			'&', '&amp;'), '<', '&lt;'), '>', '&gt;'),
		'blocks', jsonb_build_array(
				jsonb_build_object('type', 'header', 'text',
					jsonb_build_object('type', 'plain_text', 'emoji', false, 'text', newterm.plain(headline, 150))))
			|| CASE WHEN message IS NULL THEN '[]' ELSE jsonb_build_array(
				jsonb_build_object('type', 'section', 'text',
					jsonb_build_object('type', 'plain_text', 'emoji', false, 'text', message))) END
			|| jsonb_build_array(
				jsonb_build_object('type', 'section', 'fields', fields),
				jsonb_build_object('type', 'context', 'elements', jsonb_build_array(
					jsonb_build_object('type', 'plain_text', 'emoji', false, 'text',
						newterm.plain('newterm: signal ' || (signal ->> 'id') || coalesce(', event ' || (signal ->> 'event_id'), ''), 500))))));
END
$$;
COMMENT ON FUNCTION newterm.signal_as_slack(jsonb, jsonb) IS 'a signal as a message for an incoming webhook of Slack';

CREATE OR REPLACE FUNCTION newterm.signal_as_pagerduty(signal jsonb, told jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	event jsonb := signal -> 'event';
	action text := CASE WHEN newterm.is_closed(signal, told) THEN 'resolve'
		WHEN signal ->> 'status' = 'under_review' THEN 'acknowledge' ELSE 'trigger' END;
	answer jsonb := jsonb_build_object('event_action', action, 'dedup_key', newterm.signal_key(signal));
BEGIN
	IF action <> 'trigger' THEN
		RETURN answer;
	END IF;
	RETURN answer || jsonb_build_object('client', 'newterm', 'payload', jsonb_strip_nulls(jsonb_build_object(
			'summary', newterm.plain(coalesce(signal ->> 'title', '?'), 1024),
			'source', coalesce(newterm.plain_member(event, '{recipientAccountId}'), newterm.plain(current_database())),
			'severity', CASE signal ->> 'severity' WHEN 'critical' THEN 'critical' WHEN 'high' THEN 'error'
				WHEN 'medium' THEN 'warning' ELSE 'info' END,
			'timestamp', signal ->> 'first_seen',
			'component', newterm.plain_member(event, '{eventSource}'),
			'group', newterm.plain_member(event, '{awsRegion}'),
			'class', newterm.plain_member(signal, '{rule}')))
		|| jsonb_build_object('custom_details', jsonb_strip_nulls(jsonb_build_object(
				'signal', signal -> 'id', 'rule', signal -> 'rule', 'severity', signal -> 'severity',
				'message', newterm.plain(signal ->> 'message', 8000, true),
				'term', newterm.plain_terms(signal), 'entity', newterm.plain_pairs(signal -> 'entity'),
				'detections', signal -> 'detections', 'tags', signal -> 'tags', 'event_id', newterm.plain_member(signal, '{event_id}'),
				'context', signal -> 'context', 'previous', signal -> 'previous', 'reason', newterm.plain_member(told, '{reason}')))
			-- an event of PagerDuty's has at most 512 kB
			|| CASE WHEN length(event::text) <= 100000 THEN jsonb_build_object('event', event) ELSE '{}' END));
END
$$;
COMMENT ON FUNCTION newterm.signal_as_pagerduty(jsonb, jsonb) IS 'a signal as an event of PagerDuty''s Events API v2, without the routing key: trigger, acknowledge where it is under review, resolve where it is archived or retracted';

CREATE OR REPLACE FUNCTION newterm.signal_as_cloudevents(signal jsonb, told jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_build_object(
		'specversion', '1.0',
		'id', coalesce(told ->> 'change', newterm.signal_key(signal) || '-' || (told ->> 'kind')),
		-- a reference of RFC 3986
		'source', '/newterm/' || (
			SELECT string_agg(CASE WHEN chr(b) ~ '[A-Za-z0-9_.~-]' THEN chr(b) ELSE '%' || upper(lpad(to_hex(b), 2, '0')) END, '' ORDER BY n)
			FROM (SELECT get_byte(convert_to(current_database(), 'UTF8'), n) AS b, n
				  FROM generate_series(0, octet_length(current_database()) - 1) n) bytes),
		'type', 'newterm.signal.' || (told ->> 'kind'),
		'subject', 'signal/' || (signal ->> 'id'),
		'time', coalesce(told ->> 'changed_at', signal ->> 'updated_at'),
		'datacontenttype', 'application/json',
		'severity', signal ->> 'severity',
		'data', newterm.signal_as_newterm(signal, told))
$$;
COMMENT ON FUNCTION newterm.signal_as_cloudevents(jsonb, jsonb) IS 'a signal as an event of CloudEvents 1.0, structured';

CREATE OR REPLACE FUNCTION newterm.field_values(object jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_agg(jsonb_build_object('field', newterm.plain(key), 'value', newterm.plain(value)) ORDER BY n)
	FROM jsonb_each_text(CASE jsonb_typeof(object) WHEN 'object' THEN object END) WITH ORDINALITY AS e (key, value, n)
$$;
COMMENT ON FUNCTION newterm.field_values(jsonb) IS 'the members of an object as [{field, value}]; NULL where it has none';

CREATE OR REPLACE FUNCTION newterm.signal_as_ecs(signal jsonb, told jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	event jsonb := signal -> 'event';
	attacks text[] := newterm.attack_ids(signal);
	tactics jsonb := (SELECT jsonb_agg(a) FROM unnest(attacks) a WHERE a LIKE 'TA%');
	techniques jsonb := (SELECT jsonb_agg(DISTINCT split_part(a, '.', 1)) FROM unnest(attacks) a WHERE a NOT LIKE 'TA%');
	subtechniques jsonb := (SELECT jsonb_agg(a) FROM unnest(attacks) a WHERE a LIKE '%.%');
	address text := newterm.plain_member(event, '{sourceIPAddress}');
	failed boolean := newterm.plain_member(event, '{errorCode}') IS NOT NULL OR newterm.plain_member(event, '{errorMessage}') IS NOT NULL
		OR coalesce(newterm.plain_member(event, '{responseElements,ConsoleLogin}') = 'Failure', false);
BEGIN
	RETURN jsonb_strip_nulls(jsonb_build_object(
		'@timestamp', signal ->> 'first_seen',
		'ecs', jsonb_build_object('version', '8.17.0'),
		'message', newterm.plain(coalesce(signal ->> 'title', '?') || coalesce(E'\n' || (signal ->> 'message'), ''), 8000, true),
		'tags', signal -> 'tags',
		'event', jsonb_build_object(
			'kind', 'alert', 'category', '["intrusion_detection"]'::jsonb, 'type', '["info"]'::jsonb,
			'module', 'newterm', 'dataset', 'newterm.signals',
			'id', coalesce(told ->> 'change', newterm.signal_key(signal) || '-' || (told ->> 'kind')),
			'sequence', told -> 'pos',
			'action', newterm.plain_member(event, '{eventName}'),
			'provider', newterm.plain_member(event, '{eventSource}'),
			'outcome', CASE WHEN event IS NOT NULL THEN CASE WHEN failed THEN 'failure' ELSE 'success' END END,
			'severity', CASE signal ->> 'severity' WHEN 'critical' THEN 99 WHEN 'high' THEN 73 WHEN 'medium' THEN 47
				WHEN 'low' THEN 21 ELSE 1 END,
			'start', signal ->> 'first_seen', 'end', signal ->> 'last_seen', 'created', signal ->> 'created_at',
			'reason', newterm.plain_member(told, '{reason}'),
			'original', CASE WHEN length(event::text) <= 100000 THEN event::text END),
		'rule', jsonb_build_object('name', newterm.plain_member(signal, '{rule}'), 'version', signal ->> 'rule_version'),
		'cloud', jsonb_build_object('provider', 'aws', 'account', jsonb_build_object('id', newterm.plain_member(event, '{recipientAccountId}')),
			'region', newterm.plain_member(event, '{awsRegion}')),
		'user', jsonb_build_object('id', newterm.plain_member(event, '{userIdentity,principalId}'),
			'name', coalesce(newterm.plain_member(event, '{userIdentity,userName}'),
				newterm.plain_member(event, '{userIdentity,sessionContext,sessionIssuer,userName}'))),
		'source', jsonb_build_object('address', address, 'ip', newterm.plain_address(address)),
		'user_agent', jsonb_build_object('original', newterm.plain_member(event, '{userAgent}')),
		'error', jsonb_build_object('code', newterm.plain_member(event, '{errorCode}'), 'message', newterm.plain_member(event, '{errorMessage}')),
		'threat', CASE WHEN attacks <> '{}' THEN jsonb_build_object('framework', 'MITRE ATT&CK',
			'tactic', jsonb_build_object('id', tactics),
			'technique', jsonb_build_object('id', techniques, 'subtechnique', jsonb_build_object('id', subtechniques))) END,
		-- names and values apart: each field of a rule would be a field of the index
		'newterm', jsonb_build_object(
			'signal', jsonb_build_object('id', signal -> 'id', 'key', newterm.signal_key(signal), 'severity', signal -> 'severity',
				'status', signal -> 'status', 'archive_reason', signal -> 'archive_reason', 'detections', signal -> 'detections',
				'event_id', signal -> 'event_id', 'retracted_at', signal -> 'retracted_at', 'assignee', signal -> 'assignee', 'previous', signal -> 'previous'),
			'context', signal -> 'context', 'terms', string_to_array(newterm.plain_terms(signal), E'\n'),
			'change', jsonb_build_object('kind', told -> 'kind', 'at', told -> 'changed_at'),
			'term', newterm.field_values(signal -> 'term'), 'entity', newterm.field_values(signal -> 'entity'))));
END
$$;
COMMENT ON FUNCTION newterm.signal_as_ecs(jsonb, jsonb) IS 'a signal as a document of the Elastic Common Schema';

CREATE OR REPLACE FUNCTION newterm.ocsf_evidence(event jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	operation text := newterm.plain_member(event, '{eventName}');
	request text := newterm.plain_member(event, '{requestID}');
	address text := newterm.plain_member(event, '{sourceIPAddress}');
	error text := newterm.plain_member(event, '{errorCode}');
	error_message text := newterm.plain_member(event, '{errorMessage}');
	service text := newterm.plain_member(event, '{eventSource}');
	account text := newterm.plain_member(event, '{userIdentity,accountId}');
	who text := coalesce(newterm.plain_member(event, '{userIdentity,arn}'), newterm.plain_member(event, '{userIdentity,principalId}'));
	name text := coalesce(newterm.plain_member(event, '{userIdentity,userName}'),
		newterm.plain_member(event, '{userIdentity,sessionContext,sessionIssuer,userName}'));
	issuer text := newterm.plain_member(event, '{userIdentity,sessionContext,sessionIssuer,arn}');
	invoker text := newterm.plain_member(event, '{userIdentity,invokedBy}');
	agent text := newterm.plain_member(event, '{userAgent}');
BEGIN
	-- objects whose required members the event lacks are left out
	RETURN jsonb_strip_nulls(jsonb_build_object(
		'api', CASE WHEN operation IS NOT NULL THEN jsonb_build_object(
			'operation', operation,
			'service', CASE WHEN service IS NOT NULL THEN jsonb_build_object('name', service) END,
			'request', CASE WHEN request IS NOT NULL THEN jsonb_build_object('uid', request) END,
			'response', CASE WHEN error IS NOT NULL OR error_message IS NOT NULL THEN
				jsonb_build_object('error', error, 'error_message', error_message) END) END,
		'actor', CASE WHEN coalesce(who, name, account, invoker) IS NOT NULL THEN jsonb_build_object(
			'user', CASE WHEN coalesce(who, name, account) IS NOT NULL THEN jsonb_build_object(
				'uid', who, 'name', name, 'type', coalesce(newterm.plain_member(event, '{userIdentity,type}'), 'Other'), 'type_id', 99,
				'account', CASE WHEN account IS NOT NULL THEN
					jsonb_build_object('uid', account, 'type', 'AWS Account', 'type_id', 10) END) END,
			'session', CASE WHEN issuer IS NOT NULL THEN jsonb_build_object('issuer', issuer) END,
			'app_name', invoker) END,
		'src_endpoint', CASE WHEN newterm.plain_address(address) IS NOT NULL THEN
				jsonb_build_object('ip', newterm.plain_address(address))
			WHEN address IS NOT NULL THEN jsonb_build_object('svc_name', address) END,
		'http_request', CASE WHEN agent IS NOT NULL THEN jsonb_build_object('user_agent', agent) END))
		|| jsonb_build_object('data', event);
END
$$;
COMMENT ON FUNCTION newterm.ocsf_evidence(jsonb) IS 'a CloudTrail record as an evidence of OCSF';

CREATE OR REPLACE FUNCTION newterm.signal_as_ocsf(signal jsonb, told jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	event jsonb := signal -> 'event';
	kind text := told ->> 'kind';
	activity integer := CASE kind WHEN 'new' THEN 1 WHEN 'retract' THEN 3 ELSE 2 END;
	retracted boolean := kind = 'retract' OR signal ->> 'retracted_at' IS NOT NULL;
	status integer := CASE WHEN retracted THEN 4 WHEN signal ->> 'status' = 'under_review' THEN 2
		WHEN signal ->> 'status' = 'archived' THEN 5 ELSE 1 END;
	verdict integer := CASE WHEN retracted THEN 3 ELSE CASE signal ->> 'archive_reason'
		WHEN 'false_positive' THEN 1 WHEN 'true_positive_malicious' THEN 2 WHEN 'remediated' THEN 2
		WHEN 'investigated_case_opened' THEN 4 WHEN 'true_positive_benign' THEN 5
		WHEN 'testing_or_maintenance' THEN 6 WHEN 'other' THEN 99 ELSE 0 END END;
	account text := coalesce(newterm.plain_member(event, '{recipientAccountId}'), newterm.plain_member(event, '{userIdentity,accountId}'));
	region text := newterm.plain_member(event, '{awsRegion}');
	title text := newterm.plain(coalesce(signal ->> 'title', '?'));
	anomalies jsonb;
	attacks jsonb;
BEGIN
	-- each field of the term, with the values it had in the signal's terms
	SELECT jsonb_agg(jsonb_build_object(
			'observation_parameter', newterm.plain(f.field),
			'observation_type', 'First seen',
			'observed_pattern', 'a value that was not known before',
			'observations', f.seen) ORDER BY f.n) INTO anomalies
	FROM (SELECT k.key AS field, min(k.n) AS n,
			jsonb_agg(DISTINCT jsonb_build_object('value', coalesce(newterm.plain(k.value), 'null'))) AS seen
		  FROM jsonb_array_elements(CASE jsonb_typeof(signal -> 'terms') WHEN 'array' THEN signal -> 'terms'
				ELSE jsonb_build_array(signal -> 'term') END) t
		  CROSS JOIN LATERAL jsonb_each_text(CASE jsonb_typeof(t) WHEN 'object' THEN t END) WITH ORDINALITY AS k (key, value, n)
		  GROUP BY k.key) f;

	SELECT jsonb_agg(CASE WHEN a LIKE 'TA%' THEN jsonb_build_object('tactic', jsonb_build_object('uid', a))
			ELSE jsonb_build_object('technique', jsonb_build_object('uid', split_part(a, '.', 1)))
				|| CASE WHEN a LIKE '%.%' THEN jsonb_build_object('sub_technique', jsonb_build_object('uid', a)) ELSE '{}' END
			END ORDER BY a) INTO attacks
	FROM unnest(newterm.attack_ids(signal)) a;

	RETURN jsonb_strip_nulls(jsonb_build_object(
		'activity_id', activity, 'activity_name', (ARRAY['Create', 'Update', 'Close'])[activity],
		'category_uid', 2, 'category_name', 'Findings',
		'class_uid', 2004, 'class_name', 'Detection Finding',
		'type_uid', 200400 + activity, 'type_name', 'Detection Finding: ' || (ARRAY['Create', 'Update', 'Close'])[activity],
		'severity_id', CASE signal ->> 'severity' WHEN 'info' THEN 1 WHEN 'low' THEN 2 WHEN 'medium' THEN 3
			WHEN 'high' THEN 4 WHEN 'critical' THEN 5 ELSE 0 END,
		'severity', CASE signal ->> 'severity' WHEN 'info' THEN 'Informational' ELSE initcap(newterm.plain_member(signal, '{severity}')) END,
		'status_id', status, 'status', (ARRAY['New', 'In Progress', 'Suppressed', 'Resolved', 'Archived'])[status],
		'status_detail', newterm.plain_member(told, '{reason}'),
		'verdict_id', verdict, 'verdict', CASE verdict WHEN 0 THEN 'Unknown' WHEN 99 THEN 'Other'
			ELSE (ARRAY['False Positive', 'True Positive', 'Disregard', 'Suspicious', 'Benign', 'Test'])[verdict] END,
		'is_alert', NOT retracted,
		'time', newterm.unix_millis(coalesce(told ->> 'changed_at', signal ->> 'updated_at')),
		'start_time', newterm.unix_millis(signal ->> 'first_seen'),
		'end_time', newterm.unix_millis(signal ->> 'last_seen'),
		'count', signal -> 'detections',
		'message', title,
		'metadata', jsonb_build_object(
			'version', '1.8.0',
			'product', jsonb_build_object('name', 'newterm', 'vendor_name', 'newterm',
				'version', (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'newterm')),
			'profiles', '["cloud", "incident"]'::jsonb,
			'uid', told ->> 'change', 'sequence', told -> 'pos',
			'original_time', newterm.plain_member(event, '{eventTime}'),
			'original_event_uid', newterm.plain_member(signal, '{event_id}'),
			'log_name', 'AWS CloudTrail', 'log_provider', 'AWS CloudTrail',
			'labels', signal -> 'tags'),
		'cloud', jsonb_build_object('provider', 'AWS', 'region', region,
			'account', CASE WHEN account IS NOT NULL THEN jsonb_build_object('uid', account, 'type', 'AWS Account', 'type_id', 10) END),
		'finding_info', jsonb_build_object(
			'uid', newterm.signal_key(signal), 'title', title, 'desc', newterm.plain(signal ->> 'message', 8000, true),
			'types', '["First seen"]'::jsonb, 'data_sources', '["AWS CloudTrail"]'::jsonb,
			'created_time', newterm.unix_millis(signal ->> 'created_at'),
			'modified_time', newterm.unix_millis(signal ->> 'updated_at'),
			'first_seen_time', newterm.unix_millis(signal ->> 'first_seen'),
			'last_seen_time', newterm.unix_millis(signal ->> 'last_seen'),
			'analytic', jsonb_build_object('type_id', 1, 'type', 'Rule', 'name', newterm.plain_member(signal, '{rule}'),
				'uid', newterm.plain_member(signal, '{rule}'), 'version', signal ->> 'rule_version'),
			'attacks', attacks),
		'anomaly_analyses', CASE WHEN anomalies IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
			'analysis_targets', coalesce(
				(SELECT jsonb_agg(jsonb_build_object('name', coalesce(newterm.plain(e.value), 'null'), 'type', newterm.plain(e.key)))
				 FROM jsonb_each_text(CASE jsonb_typeof(signal -> 'entity') WHEN 'object' THEN signal -> 'entity' END) e),
				jsonb_build_array(jsonb_build_object('name', newterm.plain_member(signal, '{rule}'), 'type', 'rule'))),
			'anomalies', anomalies)) END,
		'unmapped', jsonb_build_object('signal', signal -> 'id', 'archive_reason', signal -> 'archive_reason',
			'assignee', signal -> 'assignee', 'context', signal -> 'context', 'previous', signal -> 'previous')))
		-- the record as it is, nulls included
		|| jsonb_build_object('evidences', jsonb_build_array(
			CASE WHEN jsonb_typeof(event) = 'object' THEN newterm.ocsf_evidence(event)
			ELSE jsonb_build_object('data', jsonb_build_object('term', signal -> 'term', 'entity', signal -> 'entity')) END));
END
$$;
COMMENT ON FUNCTION newterm.signal_as_ocsf(jsonb, jsonb) IS 'a signal as a Detection Finding (class 2004) of OCSF 1.8.0, with the profiles cloud and incident';

REVOKE ALL ON FUNCTION newterm.plain, newterm.plain_member, newterm.plain_pairs, newterm.plain_terms, newterm.plain_count,
	newterm.plain_context, newterm.plain_address, newterm.unix_millis,
	newterm.signal_key, newterm.attack_ids, newterm.is_closed, newterm.field_values, newterm.ocsf_evidence, newterm.signal_as_newterm,
	newterm.signal_as_slack, newterm.signal_as_pagerduty, newterm.signal_as_cloudevents, newterm.signal_as_ecs,
	newterm.signal_as_ocsf FROM PUBLIC;

-- Volatile: called beside next_signals, it must see what that saw.
CREATE OR REPLACE FUNCTION newterm.signal_as(signal bigint, format text, kind text DEFAULT NULL, change uuid DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	it jsonb;
	told jsonb;
BEGIN
	IF kind NOT IN ('new', 'update', 'amend', 'retract') THEN
		RAISE EXCEPTION 'kind must be new, update, amend or retract, not "%"', kind USING ERRCODE = 'invalid_parameter_value';
	ELSIF coalesce(format, 'NULL') NOT IN ('newterm', 'slack', 'pagerduty', 'ocsf', 'ecs', 'cloudevents') THEN
		RAISE EXCEPTION 'there is no format "%"', coalesce(format, 'NULL')
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'The formats are newterm, slack, pagerduty, ocsf, ecs and cloudevents.';
	END IF;
	SELECT to_jsonb(s) - '{group_digest,rule_id}'::text[] INTO it FROM newterm.signals s WHERE s.id = signal_as.signal;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	SELECT jsonb_build_object('change', c.uuid, 'kind', c.kind, 'pos', c.position, 'reason', c.reason, 'changed_at', c.changed_at)
	INTO told FROM newterm.changes c WHERE c.uuid = signal_as.change AND c.signal_id = signal_as.signal;
	told := coalesce(told, jsonb_build_object('change', signal_as.change, 'kind', NULL, 'pos', NULL,
			'reason', it -> 'change_reason', 'changed_at', it -> 'updated_at'))
		|| jsonb_build_object('kind', coalesce(kind, told ->> 'kind', CASE WHEN it ->> 'retracted_at' IS NULL THEN 'new' ELSE 'retract' END));
	RETURN CASE format
		WHEN 'newterm' THEN newterm.signal_as_newterm(it, told)
		WHEN 'slack' THEN newterm.signal_as_slack(it, told)
		WHEN 'pagerduty' THEN newterm.signal_as_pagerduty(it, told)
		WHEN 'ocsf' THEN newterm.signal_as_ocsf(it, told)
		WHEN 'ecs' THEN newterm.signal_as_ecs(it, told)
		ELSE newterm.signal_as_cloudevents(it, told)
	END;
END
$$;
COMMENT ON FUNCTION newterm.signal_as(bigint, text, text, uuid) IS 'a signal as newterm, slack, pagerduty, ocsf (1.8.0, class 2004), ecs or cloudevents has it; kind and change say what is told of it. NULL where there is no such signal';
REVOKE ALL ON FUNCTION newterm.signal_as(bigint, text, text, uuid) FROM PUBLIC;
