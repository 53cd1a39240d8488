-- The first picture of a log.

-- A table that is not watched is read as newterm.watch() would read it.
CREATE OR REPLACE FUNCTION newterm.log_query(events regclass, since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	root constant regclass := newterm.watched_with(log_query.events);
	reading record;
	shape record;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = log_query.events AND c.relkind IN ('r', 'p', 'f', 'v', 'm')) THEN
		RAISE EXCEPTION 'which table holds the log? % is none', coalesce(log_query.events::text, 'NULL') USING ERRCODE = 'undefined_table';
	ELSIF root IS NOT NULL THEN
		SELECT r.* INTO reading FROM newterm.watched w
		CROSS JOIN LATERAL newterm.row_reading(w.events, w.event_column, w.time_column, w.document) r WHERE w.events = root;
	ELSE
		SELECT s.* INTO shape FROM newterm.choose_shape(log_query.events, NULL, NULL) s;
		reading := newterm.row_reading(log_query.events, shape.event_column, NULL,
			CASE WHEN shape.event_column IS NULL THEN newterm.document_expression(shape.columns, shape.members) END);
	END IF;
	RETURN format('SELECT %s FROM %s%s', reading.columns, log_query.events, newterm.rows_between(reading.row_time, since, until));
END
$$;
COMMENT ON FUNCTION newterm.log_query(regclass, timestamptz, timestamptz) IS 'the query that reads the events of a table, watched or not, with its partitions and children';

CREATE OR REPLACE FUNCTION newterm.summary(events regclass, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
	RETURNS TABLE (section text, item text, count bigint, first_seen timestamptz, last_seen timestamptz, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	fields constant text[] := '{recipientAccountId,$caller_account,awsRegion,eventSource,userIdentity.type,$principal,userIdentity.accessKeyId,product(userAgent)}';
	lines constant integer := 20;	-- of a section
BEGIN
	RETURN QUERY EXECUTE format($query$
	WITH record AS (
		SELECT v.seen_at, CASE WHEN v.seen_at IS NULL THEN coalesce(v.cause, 'no_record') END AS cause,
			(v.seen_at AT TIME ZONE 'UTC')::date AS day,
			-- different identities of the same hash: 1 in 4,000 logs of 100,000,000 events has two of them
			hashtextextended(v.event_id COLLATE "C", 0) AS identity,
			v.values[1] AS account, v.values[2] AS caller, v.values[3] AS region, v.values[4] AS service, v.values[5] AS type,
			v.values[6] AS principal, CASE WHEN v.values[7] LIKE 'AKIA%%' THEN v.values[7] END AS key, v.values[8] AS client
		FROM (%s) e
		LEFT JOIN LATERAL newterm.stored_values($1, e.event, e.event_text, e.event_time, e.has_time) v ON true
		WHERE v.seen_at IS NULL OR (v.seen_at >= $2 AND v.seen_at < $3)
	), found AS MATERIALIZED (
		-- one pass: each set of columns is counted by itself
		SELECT GROUPING(r.day, r.account, r.region, r.service, r.type, r.client, r.identity) AS of,
			r.cause, r.day, r.account, r.caller, r.region, r.service, r.type, r.principal, r.key, r.client,
			count(*) AS events, min(r.seen_at) AS first_seen, max(r.seen_at) AS last_seen
		FROM record r
		GROUP BY GROUPING SETS ((r.cause, r.day), (r.cause, r.account, r.caller), (r.cause, r.region), (r.cause, r.service),
			(r.cause, r.type, r.principal, r.key), (r.cause, r.client), (r.cause, r.identity))
		-- the set of identities is large: what came once needs no look
		HAVING GROUPING(r.identity) = 1 OR (count(*) > 1 AND r.identity IS NOT NULL AND r.cause IS NULL)
	), day AS (
		SELECT f.day, lead(f.day) OVER (ORDER BY f.day) AS next, f.events, f.first_seen, f.last_seen
		FROM found f WHERE f.of = b'0111111'::integer AND f.cause IS NULL
	), gap AS (
		SELECT d.next - d.day - 1 AS days, row_number() OVER (ORDER BY d.day) AS n, count(*) OVER () AS gaps,
			concat_ws(' to ', to_char(d.day + 1, 'YYYY-MM-DD'), CASE WHEN d.next > d.day + 2 THEN to_char(d.next - 1, 'YYYY-MM-DD') END) AS text
		FROM day d WHERE d.next > d.day + 1
	), coverage (rank, item, events, first_seen, last_seen, detail) AS (
		SELECT 1, 'events', coalesce(sum(d.events), 0)::bigint, min(d.first_seen), max(d.last_seen), format('on %%s days', count(*)) FROM day d
		UNION ALL
		SELECT 2, 'days missing', coalesce(sum(g.days), 0)::bigint, NULL, NULL,
			string_agg(g.text, ', ' ORDER BY g.n) FILTER (WHERE g.n <= 5) || CASE WHEN max(g.gaps) > 5 THEN format(' and %%s more times', max(g.gaps) - 5) ELSE '' END
		FROM gap g
		UNION ALL
		SELECT 3, 'duplicates', coalesce(sum(f.events - 1), 0)::bigint, NULL, NULL, 'events with the identity of another one: they change nothing'
		FROM found f WHERE f.of = b'1111110'::integer
		UNION ALL
		SELECT 4, f.cause, f.events, NULL, NULL, CASE f.cause WHEN 'no_record' THEN 'rows that hold none' ELSE 'unreadable: not evaluated' END
		FROM found f WHERE f.of = b'0111111'::integer AND f.cause IS NOT NULL
	), account AS (
		SELECT f.account, f.caller, f.events, f.first_seen, f.last_seen FROM found f WHERE f.of = b'1011111'::integer AND f.cause IS NULL
	), identity AS (
		SELECT f.type, f.principal, f.key, f.events, f.first_seen, f.last_seen FROM found f WHERE f.of = b'1111011'::integer AND f.cause IS NULL
	), listed (rank, item, events, first_seen, last_seen, detail) AS (
		SELECT 2, a.account, sum(a.events), min(a.first_seen), max(a.last_seen),
			coalesce((SELECT coalesce(o.name, 'yours') FROM newterm.own_accounts o WHERE o.own AND o.account_id = a.account),
				'not in newterm.own_accounts' || left(a.account, 0))	-- NULL where there is none
		FROM account a GROUP BY a.account
		UNION ALL
		SELECT 3, f.region, f.events, f.first_seen, f.last_seen, NULL
		FROM found f WHERE f.of = b'1101111'::integer AND f.cause IS NULL
		UNION ALL
		SELECT 4, f.service, f.events, f.first_seen, f.last_seen, NULL
		FROM found f WHERE f.of = b'1110111'::integer AND f.cause IS NULL
		UNION ALL
		SELECT 5, i.type, sum(i.events), min(i.first_seen), max(i.last_seen),
			concat_ws(', the busiest ', format('%%s principals', count(i.principal)), (array_agg(i.principal ORDER BY i.events DESC, i.principal))[1])
		FROM (SELECT i.type, i.principal, sum(i.events) AS events, min(i.first_seen) AS first_seen, max(i.last_seen) AS last_seen
			  FROM identity i GROUP BY i.type, i.principal) i GROUP BY i.type
		UNION ALL
		SELECT 6, a.caller, sum(a.events), min(a.first_seen), max(a.last_seen),
			concat_ws(', ', coalesce((SELECT k.name FROM newterm.known_accounts k WHERE k.account_id = a.caller), 'not in newterm.known_accounts'),
				'in ' || string_agg(a.account, ', ' ORDER BY a.account))
		FROM account a
		WHERE a.caller ~ '^\d{12}$' AND a.caller NOT IN (SELECT o.account_id FROM newterm.own_accounts o WHERE o.own)
			AND NOT EXISTS (SELECT FROM account own WHERE own.account = a.caller)
		GROUP BY a.caller
		UNION ALL
		SELECT 7, i.key, sum(i.events), min(i.first_seen), max(i.last_seen),
			concat_ws(', ', CASE i.type WHEN 'Root' THEN 'of root' END, i.principal)
		FROM identity i WHERE i.key IS NOT NULL GROUP BY i.key, i.type, i.principal
		UNION ALL
		SELECT 8, f.client, f.events, f.first_seen, f.last_seen, NULL
		FROM found f WHERE f.of = b'1111101'::integer AND f.cause IS NULL
	), numbered AS (
		SELECT s.rank, s.section, l.item, coalesce(l.events, 0) AS events, l.first_seen, l.last_seen, l.detail,
			row_number() OVER (PARTITION BY s.rank ORDER BY l.events DESC, l.item) AS n
		FROM (VALUES (2, 'accounts'), (3, 'regions'), (4, 'services'), (5, 'principals'), (6, 'foreign accounts'), (7, 'long-term keys'), (8, 'clients'))
			s(rank, section)
		LEFT JOIN listed l USING (rank)
	), page (rank, n, section, item, events, first_seen, last_seen, detail) AS (
		SELECT 1, c.rank::bigint, 'coverage', c.item, c.events, c.first_seen, c.last_seen, c.detail FROM coverage c
		UNION ALL
		SELECT n.rank, n.n, n.section, coalesce(n.item, '(none)'), n.events, n.first_seen, n.last_seen, n.detail FROM numbered n WHERE n.n <= $4
		UNION ALL
		SELECT n.rank, $4 + 1, n.section, format('… %%s more', count(*)), sum(n.events), min(n.first_seen), max(n.last_seen), NULL
		FROM numbered n WHERE n.n > $4 GROUP BY n.rank, n.section
	)
	SELECT p.section, p.item, p.events::bigint, p.first_seen, p.last_seen, p.detail FROM page p ORDER BY p.rank, p.n, p.item
	$query$, newterm.log_query(summary.events, summary.since, summary.until))
	USING fields, coalesce(summary.since, '-infinity'), coalesce(summary.until, 'infinity'), lines;
END
$$;
COMMENT ON FUNCTION newterm.summary(regclass, timestamptz, timestamptz)
	IS 'the first picture of a log: its coverage, accounts, regions, services, principals, foreign accounts, long-term keys and clients';
