-- Fifty rules that can be said in SQL as well, and functions that write what people
-- would use instead of newterm from them.
CREATE TABLE work.rules (
	n integer PRIMARY KEY,
	field text NOT NULL,			-- a path, or the paths of two fields
	source text,					-- eventSource demanded, without .amazonaws.com
	names text[],					-- eventName demanded: one of them
	extra text NOT NULL DEFAULT '',	-- 'write', 'failed' or 'worked'
	entity text NOT NULL DEFAULT 'recipientAccountId'
);
INSERT INTO work.rules VALUES
	(1, 'userIdentity.accountId', 'sts', '{AssumeRole}', '', DEFAULT),
	(2, 'eventName', NULL, NULL, '', 'userIdentity.arn'),
	(3, 'awsRegion', NULL, NULL, 'write', DEFAULT),
	(4, 'eventSource', NULL, NULL, 'failed', DEFAULT),
	(5, 'userIdentity.sessionContext.sessionIssuer.arn', NULL, NULL, '', DEFAULT),
	(6, 'sourceIPAddress', NULL, '{ConsoleLogin}', '', 'userIdentity.arn'),
	(7, 'requestParameters.bucketName', 's3', NULL, '', 'userIdentity.sessionContext.sessionIssuer.arn'),
	(8, 'requestParameters.keyId', 'kms', '{Decrypt,Encrypt}', '', DEFAULT),
	(9, 'requestParameters.roleArn', 'sts', '{AssumeRole,AssumeRoleWithSAML,AssumeRoleWithWebIdentity}', '', 'userIdentity.accountId'),
	(10, 'eventName', 'iam', NULL, 'write', DEFAULT),
	(11, 'errorCode', NULL, NULL, 'failed', 'eventSource'),
	(12, 'userIdentity.userName', NULL, '{GetCallerIdentity,GetSessionToken}', '', DEFAULT),
	(13, 'requestParameters.name', 'secretsmanager', '{GetSecretValue}', '', 'userIdentity.arn'),
	(14, 'userIdentity.type', NULL, NULL, '', 'eventSource'),
	(15, 'awsRegion', NULL, '{RunInstances,CreateSnapshot,CreateKeyPair}', '', 'userIdentity.accountId'),
	(16, 'userIdentity.arn', NULL, '{StopLogging,DeleteTrail,UpdateTrail,PutEventSelectors}', '', DEFAULT),
	(17, 'userIdentity.arn', NULL, '{CreateAccessKey,CreateLoginProfile,UpdateLoginProfile}', 'worked', DEFAULT),
	(18, 'userAgent', NULL, '{GetCallerIdentity}', '', 'userIdentity.arn'),
	(19, 'userIdentity.arn', NULL, '{GetCallerIdentity}', '', DEFAULT),
	(20, 'requestParameters.policyArn', 'iam', '{AttachRolePolicy,AttachUserPolicy}', '', DEFAULT);
-- The rest watch ten services, three rules each.
INSERT INTO work.rules
SELECT 20 + row_number() OVER (ORDER BY s.kind, service), s.field, service, NULL, s.extra, s.entity
FROM (VALUES
	('a', 'eventName', 'write', 'recipientAccountId'),
	('b', 'userIdentity.sessionContext.sessionIssuer.arn', '', 'recipientAccountId'),
	('c', 'awsRegion', 'failed', 'userIdentity.arn')
) AS s (kind, field, extra, entity),
unnest('{ec2,s3,kms,ssm,lambda,iam,dynamodb,ecs,ecr,rds}'::text[]) AS service;

-- A path as SQL on the event.
CREATE FUNCTION work.path_sql(event text, path text) RETURNS text LANGUAGE sql AS $$
	SELECT event || CASE WHEN strpos(path, '.') = 0 THEN format('->>%L', path)
		ELSE format('#>>%L', '{' || replace(path, '.', ',') || '}') END
$$;

CREATE FUNCTION work.filter_of(r work.rules) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', 'eventSource:' || r.source || '.amazonaws.com',
		'eventName:(' || array_to_string(r.names, ' OR ') || ')',
		CASE r.extra WHEN 'write' THEN 'readOnly:false' WHEN 'failed' THEN 'errorCode:*' WHEN 'worked' THEN '-errorCode:*' END)
$$;

-- The filter as SQL, on variables of the trigger function or, with its name, on the event.
CREATE FUNCTION work.condition_of(r work.rules, event text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(nullif(concat_ws(' AND ',
		CASE WHEN r.source IS NOT NULL THEN
			CASE WHEN event = '' THEN 'source' ELSE '(' || event || '->>''eventSource'')' END ||
			format(' = %L', r.source || '.amazonaws.com')
		END,
		CASE WHEN r.names IS NOT NULL THEN
			CASE WHEN event = '' THEN 'name' ELSE '(' || event || '->>''eventName'')' END ||
			CASE WHEN cardinality(r.names) = 1 THEN format(' = %L', r.names[1]) ELSE format(' = ANY (%L)', r.names) END
		END,
		CASE r.extra
			WHEN 'write' THEN CASE WHEN event = '' THEN 'NOT read_only' ELSE '(' || event || '->>''readOnly'') = ''false''' END
			WHEN 'failed' THEN CASE WHEN event = '' THEN 'error' ELSE '(' || event || '->>''errorCode'')' END || ' IS NOT NULL'
			WHEN 'worked' THEN CASE WHEN event = '' THEN 'error' ELSE '(' || event || '->>''errorCode'')' END || ' IS NULL'
		END), ''), 'true')
$$;

-- What triggers know, and what they found; learning ends at a set time.
CREATE TABLE work.known (
	rule integer,
	entity text,
	term text,
	first_seen timestamptz NOT NULL,
	last_seen timestamptz NOT NULL,
	PRIMARY KEY (rule, entity, term)
) WITH (fillfactor = 90);
CREATE TABLE work.found (rule integer, entity text, term text, first_seen timestamptz);
CREATE TABLE work.learning (until timestamptz NOT NULL);

-- (a) The row trigger: the fields that many filters look at are read once; last_seen
-- moves once an hour, so that known terms are not written each time.
CREATE FUNCTION work.make_row_trigger(count integer) RETURNS void LANGUAGE plpgsql AS $make$
BEGIN
	EXECUTE 'CREATE OR REPLACE FUNCTION work.row_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	event jsonb := NEW.event;
	source text := event->>''eventSource'';
	name text := event->>''eventName'';
	error text := event->>''errorCode'';
	read_only boolean := event->>''readOnly'';
	seen timestamptz := event->>''eventTime'';
	hour timestamptz := date_trunc(''hour'', seen);
	is_new boolean;
	e text;
	t text;
BEGIN
' || (SELECT string_agg(format($rule$
	IF %s THEN
		e := %s;
		t := %s;
		IF e IS NOT NULL AND t IS NOT NULL THEN
			INSERT INTO work.known AS k VALUES (%s, e, t, seen, hour)
			ON CONFLICT (rule, entity, term) DO UPDATE SET last_seen = EXCLUDED.last_seen,
				first_seen = CASE WHEN EXCLUDED.last_seen - k.last_seen > '14 days' THEN EXCLUDED.first_seen ELSE k.first_seen END
			WHERE k.last_seen < EXCLUDED.last_seen
			RETURNING first_seen = seen INTO is_new;
			IF is_new AND seen >= (SELECT until FROM work.learning) THEN
				INSERT INTO work.found VALUES (%s, e, t, seen);
			END IF;
		END IF;
	END IF;
$rule$, work.condition_of(r, ''), work.path_sql('event', r.entity), work.path_sql('event', r.field), r.n, r.n), '' ORDER BY n)
	FROM work.rules r WHERE n <= count) || '
	RETURN NULL;
END $$';
END $make$;

-- (b) The same by statement: each rule's new terms of the whole statement.
CREATE FUNCTION work.make_statement_trigger(count integer) RETURNS void LANGUAGE plpgsql AS $make$
BEGIN
	EXECUTE 'CREATE OR REPLACE FUNCTION work.statement_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
' || (SELECT string_agg(format($rule$
	WITH shown AS (
		SELECT %2$s AS entity, %3$s AS term, min((n.event->>'eventTime')::timestamptz) AS first_seen,
			max((n.event->>'eventTime')::timestamptz) AS last_seen
		FROM new_rows n WHERE %1$s AND %2$s IS NOT NULL AND %3$s IS NOT NULL GROUP BY 1, 2
	), changed AS (
		INSERT INTO work.known AS k
		SELECT %4$s, entity, term, first_seen, date_trunc('hour', last_seen) FROM shown
		ON CONFLICT (rule, entity, term) DO UPDATE SET last_seen = EXCLUDED.last_seen,
			first_seen = CASE WHEN date_trunc('hour', EXCLUDED.first_seen) - k.last_seen > '14 days' THEN EXCLUDED.first_seen ELSE k.first_seen END
		WHERE k.last_seen < EXCLUDED.last_seen
		RETURNING entity, term, first_seen
	)
	INSERT INTO work.found
	SELECT %4$s, s.entity, s.term, s.first_seen FROM shown s JOIN changed c USING (entity, term, first_seen)
	WHERE s.first_seen >= (SELECT until FROM work.learning);
$rule$, work.condition_of(r, 'n.event'), '(' || work.path_sql('n.event', r.entity) || ')',
		'(' || work.path_sql('n.event', r.field) || ')', r.n), '' ORDER BY n)
	FROM work.rules r WHERE n <= count) || '
	RETURN NULL;
END $$';
END $make$;

-- (c) The scheduled query: the terms of the last minute that the fourteen days before
-- do not hold.  Each rule has an index for it, on the events that pass its filter.
CREATE FUNCTION work.make_scheduled(events text, count integer) RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
	r work.rules;
	condition text;
BEGIN
	FOR r IN SELECT * FROM work.rules WHERE n <= count ORDER BY n LOOP
		condition := work.condition_of(r, 'event');
		EXECUTE format('CREATE INDEX ON %s ((%s), (%s), seen)', events,
			work.path_sql('event', r.entity), work.path_sql('event', r.field)) ||
			CASE WHEN condition <> 'true' THEN ' WHERE ' || condition ELSE '' END;
	END LOOP;
	EXECUTE 'CREATE OR REPLACE FUNCTION ' || events || '_query(since timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
' || (SELECT string_agg(format($rule$
	INSERT INTO work.found
	SELECT %1$s, entity, term, first_seen FROM (
		SELECT %3$s AS entity, %4$s AS term, min(n.seen) AS first_seen
		FROM %2$s n WHERE n.seen >= since AND n.seen < since + '1 minute' AND %5$s
			AND %3$s IS NOT NULL AND %4$s IS NOT NULL
		GROUP BY 1, 2
	) AS shown
	WHERE coalesce((SELECT max(h.seen) FROM %2$s h WHERE %6$s AND %7$s = entity AND %8$s = term
		AND h.seen < since), '-infinity') < date_trunc('hour', first_seen) - interval '14 days';
$rule$, rule.n, events,
		'(' || work.path_sql('n.event', rule.entity) || ')', '(' || work.path_sql('n.event', rule.field) || ')',
		work.condition_of(rule, 'n.event'), work.condition_of(rule, 'h.event'),
		'(' || work.path_sql('h.event', rule.entity) || ')', '(' || work.path_sql('h.event', rule.field) || ')'), '' ORDER BY n)
	FROM work.rules rule WHERE n <= count) || '
END $$';
END $make$;

-- What newterm found, in the form of work.found.
CREATE VIEW work.detected AS
SELECT substring(d.rule FROM '[0-9]+$')::integer AS rule, e.value AS entity, t.value AS term, d.first_seen
FROM newterm.detections d, jsonb_each_text(d.entity) AS e, jsonb_each_text(d.term) AS t
WHERE d.status = 'live';
