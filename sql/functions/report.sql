-- The report: what happened in a period, as one page of HTML that needs nothing else.

-- What the report is about.  Signals belong to a period by the time of their events.  Without settings of its
-- own the function is a part of its caller's query; its callers set the search_path.
CREATE OR REPLACE FUNCTION newterm.report_signals(since timestamptz, until timestamptz) RETURNS SETOF newterm.signals
LANGUAGE sql STABLE AS $$
	SELECT s.* FROM newterm.signals s WHERE s.last_seen >= since AND s.first_seen < until
$$;
COMMENT ON FUNCTION newterm.report_signals(timestamptz, timestamptz) IS 'the signals of a period';

CREATE OR REPLACE FUNCTION newterm.report_severities() RETURNS TABLE (severity text, rank integer)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	VALUES ('critical', 1), ('high', 2), ('medium', 3), ('low', 4), ('info', 5)
$$;
COMMENT ON FUNCTION newterm.report_severities() IS 'severities, the worst first';

CREATE OR REPLACE FUNCTION newterm.report_head(since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	counts record;
	newest timestamptz;
	answer text;
BEGIN
	SELECT count(*) AS signals, count(*) FILTER (WHERE s.retracted_at IS NOT NULL) AS retracted,
		count(*) FILTER (WHERE s.retracted_at IS NULL AND s.status = 'open') AS open,
		count(*) FILTER (WHERE s.retracted_at IS NULL AND s.status = 'under_review') AS reviewed,
		count(*) FILTER (WHERE s.retracted_at IS NULL AND s.status = 'archived') AS archived INTO counts
	FROM newterm.report_signals(since, until) s;
	answer := CASE counts.signals WHEN 0 THEN 'No signal tells of this time.'
		ELSE format('%s %s: %s.', newterm.report_count(counts.signals), CASE counts.signals WHEN 1 THEN 'signal' ELSE 'signals' END,
			concat_ws(', ', newterm.report_count(counts.open) || ' open', newterm.report_count(nullif(counts.reviewed, 0)) || ' under review',
				newterm.report_count(nullif(counts.archived, 0)) || ' archived', newterm.report_count(nullif(counts.retracted, 0)) || ' retracted, as later events showed the term to be known')) END;
	IF counts.signals = 0 THEN
		SELECT max(s.last_seen) INTO newest FROM newterm.signals s;
		answer := answer || CASE WHEN newest IS NOT NULL
			THEN format(' The newest one is of %s: newterm.report(''%s'').', newterm.report_time(newest), newest::date - 7) ELSE '' END;
	END IF;
	RETURN format(E'<header class="top">\n<h1>First seen in %s</h1>\n<p>%s to %s. All times are UTC.</p>\n<p class="answer">%s</p>\n'
		'<nav><a href="#timeline">Timeline</a><a href="#rules">Rules</a><a href="#signals">Signals</a><a href="#terms">Newest terms</a>'
		'<a href="#health">Health</a><a href="#delivery">Delivery</a><a href="#errors">Not evaluated</a></nav>\n</header>\n',
		newterm.report_text(current_database()), newterm.report_time(since), newterm.report_time(until), newterm.report_text(answer));
END
$$;
COMMENT ON FUNCTION newterm.report_head(timestamptz, timestamptz) IS 'the page''s head: of when it tells, and the answer in a sentence';

CREATE OR REPLACE FUNCTION newterm.report_tiles(since timestamptz, until timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT E'<div class="tiles">\n' || string_agg(format(E'<div class="tile %s%s"><b>%s</b><span class="label">%s</span> <span>%s open</span></div>\n',
		v.severity, CASE WHEN n.signals = 0 THEN ' zero' END, newterm.report_count(n.signals), v.severity, newterm.report_count(n.open)), '' ORDER BY v.rank) || E'</div>\n'
	FROM newterm.report_severities() v
	CROSS JOIN LATERAL (SELECT count(*) AS signals, count(*) FILTER (WHERE s.status <> 'archived' AND s.retracted_at IS NULL) AS open
		FROM newterm.report_signals(since, until) s WHERE s.severity = v.severity) n
$$;
COMMENT ON FUNCTION newterm.report_tiles(timestamptz, timestamptz) IS 'how many signals there are of each severity';

-- At most 60 bars.  A period without beginning or end has none: report() takes it for what there is.
CREATE OR REPLACE FUNCTION newterm.report_step(since timestamptz, until timestamptz) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(min(step) FILTER (WHERE EXTRACT(epoch FROM until - since) <= 60 * EXTRACT(epoch FROM step)),
		make_interval(secs => ceil(EXTRACT(epoch FROM until - since) / 60)::double precision))
	FROM unnest('{1 minute,5 minutes,15 minutes,1 hour,3 hours,6 hours,12 hours,24 hours,168 hours,720 hours}'::interval[]) step
$$;
COMMENT ON FUNCTION newterm.report_step(timestamptz, timestamptz) IS 'how much time a bar of the timeline stands for';

CREATE OR REPLACE FUNCTION newterm.report_bars(since timestamptz, until timestamptz) RETURNS TABLE (bar integer, at timestamptz, severity text, rank integer, signals bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH step AS (SELECT newterm.report_step(since, until) AS step), counted AS (
		-- a Monday
		SELECT date_bin(p.step, greatest(s.first_seen, since), '1970-01-05 00:00+00') AS at, s.severity, count(*) AS signals
		FROM newterm.report_signals(since, until) s, step p WHERE s.retracted_at IS NULL GROUP BY 1, 2
	)
	SELECT floor(EXTRACT(epoch FROM c.at - date_bin(p.step, since, '1970-01-05 00:00+00')) / EXTRACT(epoch FROM p.step))::integer, c.at, c.severity, v.rank, c.signals
	FROM counted c JOIN newterm.report_severities() v USING (severity), step p
$$;
COMMENT ON FUNCTION newterm.report_bars(timestamptz, timestamptz) IS 'signals by time and severity';

-- The bars are an SVG that stretches; what there is to read stands beside it, so that it does not.
CREATE OR REPLACE FUNCTION newterm.report_timeline(since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	step constant interval := newterm.report_step(since, until);
	begins constant timestamptz := date_bin(step, since, '1970-01-05 00:00+00');
	bars constant integer := ceil(EXTRACT(epoch FROM until - begins) / EXTRACT(epoch FROM step));
	-- where days can be the marks, they are
	marks constant integer := coalesce((SELECT k FROM unnest('{7,6,5,8,4}'::integer[]) k WHERE EXTRACT(epoch FROM until - begins) % (86400 * k) = 0 LIMIT 1), 6);
	form constant text := CASE WHEN until - since > '40 days' THEN 'YYYY-MM-DD' WHEN until - since > '2 days' THEN 'Mon FMDD' ELSE 'Mon FMDD, HH24:MI' END;
	bar constant text := CASE WHEN step < '1 hour' THEN EXTRACT(epoch FROM step)::integer / 60 || ' min'
		WHEN step < '24 hours' THEN EXTRACT(epoch FROM step)::integer / 3600 || ' h' ELSE round(EXTRACT(epoch FROM step) / 86400) || ' d' END;
	drawn record;
BEGIN
	WITH b AS (SELECT * FROM newterm.report_bars(since, until)),
	tops AS (SELECT max(t.signals) AS most FROM (SELECT sum(b.signals) AS signals FROM b GROUP BY b.bar) t),
	stacked AS (SELECT b.*, sum(b.signals) OVER (PARTITION BY b.bar ORDER BY b.rank) AS upto FROM b)
	SELECT t.most, string_agg(format(E'<rect class="%s" x="%s" y="%s" width="0.84" height="%s"><title>%s: %s %1$s</title></rect>\n',
		s.severity, s.bar + 0.08, round(100 - 96.0 * s.upto / t.most, 2), round(96.0 * s.signals / t.most, 2),
		to_char(s.at, 'YYYY-MM-DD HH24:MI'), newterm.report_count(s.signals)), '' ORDER BY s.bar, s.rank) AS rects
	INTO drawn FROM stacked s, tops t GROUP BY t.most;
	IF drawn.most IS NULL THEN
		RETURN newterm.report_section('timeline', 'Timeline', newterm.report_table(NULL, NULL, 'No signals to draw.'));
	END IF;
	RETURN newterm.report_section('timeline', 'Timeline', format(E'<div class="chart"><span class="most">%s</span>'
			'<svg role="img" aria-label="Signals by time and severity, at most %1$s in %s" viewBox="0 0 %s 100" preserveAspectRatio="none">'
			'\n<line class="grid" x1="0" y1="4" x2="%3$s" y2="4" /><line class="grid" x1="0" y1="52" x2="%3$s" y2="52" />\n%s</svg></div>\n'
			'<div class="axis">%s</div>\n<p class="legend">%s</p>\n',
		newterm.report_count(drawn.most), bar, bars, drawn.rects,
		(SELECT string_agg(format('<span>%s</span>', to_char(begins + (until - begins) * (i::double precision / marks), form)), '' ORDER BY i) FROM generate_series(0, marks) i),
		(SELECT string_agg(format('<span><i class="%1$s"></i>%1$s</span>', v.severity), '' ORDER BY v.rank) FROM newterm.report_severities() v)),
		format('When the events happened; a bar is %s. Retracted signals are left out.', bar));
END
$$;
COMMENT ON FUNCTION newterm.report_timeline(timestamptz, timestamptz) IS 'when signals came, as a drawing';

CREATE OR REPLACE FUNCTION newterm.report_rules(since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	columns constant text[] := '{Rule,Severity,#Signals,#Open,#Detections,#Muted,#Observed,Newest}';
	html text[];
BEGIN
	WITH told AS (
		SELECT s.rule, min(s.severity) AS severity, count(*) AS signals, max(s.last_seen) AS newest,
			count(*) FILTER (WHERE s.status <> 'archived' AND s.retracted_at IS NULL) AS open
		FROM newterm.report_signals(since, until) s GROUP BY s.rule
	), detected AS (
		SELECT d.rule, count(*) AS detections, max(d.first_seen) AS newest, count(d.suppression) AS muted,
			count(*) FILTER (WHERE d.signal_id IS NULL AND d.suppression IS NULL) AS observed
		FROM newterm.detections d WHERE d.status = 'live' AND d.first_seen >= since AND d.first_seen < until GROUP BY d.rule
	), rows AS (
		SELECT rule, coalesce(r.severity, t.severity) AS severity, t.signals, t.open, d.detections, d.muted, d.observed,
			greatest(t.newest, d.newest) AS newest,
			row_number() OVER (ORDER BY coalesce(t.open, 0) DESC, coalesce(t.signals, 0) DESC, d.detections DESC, rule) AS n
		FROM told t FULL JOIN detected d USING (rule) LEFT JOIN newterm.rules r ON r.name = rule
	)
	SELECT array_agg(newterm.report_row(columns, ARRAY[newterm.report_text(w.rule, 200), newterm.report_severity(w.severity),
		newterm.report_count(w.signals), newterm.report_count(nullif(w.open, 0)), newterm.report_count(w.detections),
		newterm.report_count(nullif(w.muted, 0)), newterm.report_count(nullif(w.observed, 0)),
		format('<span class="time">%s</span>', newterm.report_time(w.newest))]) ORDER BY w.n)
	INTO html FROM rows w WHERE w.n <= 1000;
	RETURN newterm.report_section('rules', 'Rules',
		newterm.report_table(columns, array_to_string(html[:10], ''), 'No rule found anything new.')
		|| CASE WHEN cardinality(html) > 10 THEN format(E'<details><summary>%s more</summary>\n%s</details>\n', cardinality(html) - 10,
			newterm.report_table(columns, array_to_string(html[11:], ''), NULL)) ELSE '' END,
		'Those with the most open signals first. Detections are all that a rule found: told of, muted by a suppression, or observed in silence.');
END
$$;
COMMENT ON FUNCTION newterm.report_rules(timestamptz, timestamptz) IS 'what each rule found';

CREATE OR REPLACE FUNCTION newterm.report_context(context jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT string_agg(format('%s <b>%s</b>', newterm.report_text(replace(key, '_', ' '), 100),
		coalesce(newterm.report_text(CASE WHEN value ~ '^\d{4}-\d\d-\d\dT' THEN replace(left(value, 19), 'T', ' ') ELSE value END, 200), '–')), ' · ' ORDER BY n)
	FROM jsonb_each_text(CASE jsonb_typeof(context) WHEN 'object' THEN context END) WITH ORDINALITY AS c (key, value, n)
	WHERE n <= 20
$$;
COMMENT ON FUNCTION newterm.report_context(jsonb) IS 'what was known around a signal, as HTML; NULL where nothing is';

CREATE OR REPLACE FUNCTION newterm.report_facts(signal jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT '<dl class="facts">' || string_agg(format('<dt>%s</dt><dd>%s</dd>', f.name, f.value), '' ORDER BY f.n) || E'</dl>\n'
	FROM (VALUES
		(1, 'New', newterm.report_pairs(signal -> 'term')),
		(2, 'For', newterm.report_pairs(signal -> 'entity')),
		(3, 'Context', newterm.report_context(signal -> 'context')),
		(4, 'Rule', newterm.report_text(signal ->> 'rule', 200) || ', version ' || newterm.report_text(signal ->> 'rule_version')),
		(5, 'Detections', CASE WHEN signal ->> 'detections' <> '1'
			THEN format('%s, up to %s', newterm.report_count((signal ->> 'detections')::numeric), newterm.report_time((signal ->> 'last_seen')::timestamptz)) END),
		(6, 'Assignee', newterm.report_text(signal ->> 'assignee', 200)),
		(7, 'Changed', newterm.report_text(signal ->> 'change_reason', 500)),
		(8, 'Tags', (SELECT string_agg(format('<span class="tag">%s</span>', newterm.report_text(tag, 100)), '' ORDER BY n)
			FROM jsonb_array_elements_text(CASE jsonb_typeof(signal -> 'tags') WHEN 'array' THEN signal -> 'tags' END) WITH ORDINALITY AS t (tag, n) WHERE n <= 20))
	) AS f (n, name, value) WHERE f.value IS NOT NULL
$$;
COMMENT ON FUNCTION newterm.report_facts(jsonb) IS 'what a signal is about';

CREATE OR REPLACE FUNCTION newterm.report_event(signal jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN jsonb_typeof(signal -> 'event') <> 'null'
		THEN format(E'<details><summary>Event %s</summary><pre>%s</pre>%s</details>\n', newterm.report_text(signal ->> 'event_id', 100),
			newterm.report_text(e.event, 8000, true),
			CASE WHEN length(e.event) > 8000 THEN format('<p class="note">The first 8,000 of %s characters. All: <code>SELECT jsonb_pretty(event) FROM newterm.signals WHERE id = %s</code></p>',
				newterm.report_count(length(e.event)), newterm.report_text(signal ->> 'id')) END)
		ELSE E'<p class="nothing">The event is not stored.</p>\n' END
	FROM (SELECT jsonb_pretty(signal -> 'event') AS event) e
$$;
COMMENT ON FUNCTION newterm.report_event(jsonb) IS 'the event of a signal, folded';

-- A message begins with what happened; what to check follows behind an empty line.
CREATE OR REPLACE FUNCTION newterm.report_message(message text) RETURNS TABLE (begins text, goes_on text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT '<p class="message">' || newterm.report_text(nullif(split_part(message, E'\n\n', 1), ''), 2000, true) || E'</p>\n',
		'<details><summary>What to check</summary><p class="message">'
			|| newterm.report_text(substr(message, nullif(strpos(message, E'\n\n'), 0) + 2), 4000, true) || E'</p></details>\n'
$$;
COMMENT ON FUNCTION newterm.report_message(text) IS 'the message of a signal: its first paragraph, and the rest folded';

-- Takes the row as jsonb, so that columns which are added come along.
CREATE OR REPLACE FUNCTION newterm.report_signal(signal jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format(E'<article class="signal %s%s" id="signal-%s">\n<div class="line">%s<span class="time">%s</span><span>%s</span><a href="#signal-%s">signal %s</a></div>\n<h3>%s</h3>\n',
			newterm.report_text(signal ->> 'severity'),
			CASE WHEN signal ->> 'status' = 'archived' OR signal ->> 'retracted_at' IS NOT NULL THEN ' closed' END,
			newterm.report_text(signal ->> 'id'), newterm.report_severity(signal ->> 'severity'), newterm.report_time((signal ->> 'first_seen')::timestamptz),
			newterm.report_text(CASE WHEN signal ->> 'retracted_at' IS NOT NULL THEN 'retracted' ELSE
				replace(concat_ws(': ', signal ->> 'status', nullif(signal ->> 'archive_reason', 'none')), '_', ' ') END),
			newterm.report_text(signal ->> 'id'), newterm.report_text(signal ->> 'id'),
			newterm.report_text(signal ->> 'title', 500))
		|| concat(m.begins, newterm.report_facts(signal), m.goes_on, newterm.report_event(signal), E'</article>\n')
	FROM newterm.report_message(signal ->> 'message') m
$$;
COMMENT ON FUNCTION newterm.report_signal(jsonb) IS 'a signal as HTML';

CREATE OR REPLACE FUNCTION newterm.report_list(since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	most constant integer := 200;
	whole constant bigint := (SELECT count(*) FROM newterm.report_signals(since, until));
	html text;
BEGIN
	SELECT string_agg(newterm.report_signal(to_jsonb(s)), '' ORDER BY s.closed, s.rank, s.first_seen DESC, s.id DESC) INTO html
	FROM (SELECT s.*, v.rank, s.status = 'archived' OR s.retracted_at IS NOT NULL AS closed
		  FROM newterm.report_signals(since, until) s LEFT JOIN newterm.report_severities() v USING (severity)
		  ORDER BY closed, v.rank, s.first_seen DESC, s.id DESC LIMIT most) s;
	RETURN newterm.report_section('signals', 'Signals', coalesce(html, newterm.report_table(NULL, NULL, 'No signals.')),
		'What waits comes first, the most severe and then the newest on top.' || CASE WHEN whole > most THEN
			format(' Shown are %s of %s. All: <code>SELECT * FROM newterm.signals WHERE last_seen &gt;= &#39;%s+00&#39; AND first_seen &lt; &#39;%s+00&#39;</code>',
				most, newterm.report_count(whole), newterm.report_time(since), newterm.report_time(until)) ELSE '' END);
END
$$;
COMMENT ON FUNCTION newterm.report_list(timestamptz, timestamptz) IS 'the signals themselves';

CREATE OR REPLACE FUNCTION newterm.report_terms(since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	columns constant text[] := '{Rule,#Terms,Time,The newest}';
	html text;
BEGIN
	-- The five newest are found by their place, as terms that are not shown need not be put together.
	WITH ranked AS (
		SELECT r.ctid AS place, row_number() OVER (PARTITION BY r.version_id ORDER BY r.first_seen DESC) AS n, count(*) OVER (PARTITION BY r.version_id) AS terms
		FROM newterm.runs r WHERE r.first_seen >= since AND r.first_seen < until
	), shown AS (
		SELECT x.name AS rule, k.terms, k.n, r.first_seen, concat(newterm.report_pairs(newterm.term_object(v.fields, r.term)),
			' for ' || newterm.report_pairs(newterm.term_object(v.group_by, r.entity)), CASE WHEN r.learned THEN '<span class="none">learned</span>' END) AS html
		FROM ranked k JOIN newterm.runs r ON r.ctid = k.place
		JOIN newterm.rule_versions v ON v.id = r.version_id JOIN newterm.rules x ON x.id = v.rule_id AND x.version = v.version
		WHERE k.n <= 5
	), rules AS (
		SELECT s.rule, s.terms, max(s.first_seen) AS last, min(s.html) FILTER (WHERE s.n = 1) AS newest,
			string_agg(format('<li><span class="time">%s</span> %s</li>', newterm.report_time(s.first_seen), s.html), '' ORDER BY s.n) FILTER (WHERE s.n > 1) AS others
		FROM shown s GROUP BY s.rule, s.terms ORDER BY 3 DESC, 1 LIMIT 100
	)
	SELECT string_agg(newterm.report_row(columns, ARRAY[newterm.report_text(r.rule, 200), newterm.report_count(r.terms),
		format('<span class="time">%s</span>', newterm.report_time(r.last)),
		concat(r.newest, '<details><summary>Those before it</summary><ul class="terms">' || r.others || '</ul></details>')]), '' ORDER BY r.last DESC, r.rule) INTO html
	FROM rules r;
	RETURN newterm.report_section('terms', 'Newest terms', newterm.report_table(columns, html, 'No rule met a new term.'),
		'What each rule met for the first time, or again after it forgot it; what it learned in silence included.');
END
$$;
COMMENT ON FUNCTION newterm.report_terms(timestamptz, timestamptz) IS 'the newest terms of each rule';

-- What a rule is doing, in words; NULL where it alerts.
CREATE OR REPLACE FUNCTION newterm.report_state(rule newterm.rules, learning_from timestamptz, at timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN NOT rule.enabled THEN 'disabled'
		WHEN rule.learning_values > 0 THEN format('learns the first %s terms%s', rule.learning_values, CASE rule.learning_scope WHEN 'entity' THEN ' of each entity' END)
		WHEN rule.learning_values IS NULL AND learning_from IS NULL THEN 'has met no event yet'
		WHEN rule.learning_values IS NULL AND rule.learning_scope = 'rule' AND learning_from + make_interval(secs => EXTRACT(epoch FROM rule.learning)::double precision) > at
			THEN format('learns until %s', newterm.report_time(learning_from + make_interval(secs => EXTRACT(epoch FROM rule.learning)::double precision)))
		WHEN rule.mode = 'observe' THEN 'observes: detections are stored, nobody is told' END
$$;
COMMENT ON FUNCTION newterm.report_state(newterm.rules, timestamptz, timestamptz) IS 'why a rule tells nobody anything, or only later; NULL where it alerts';

CREATE OR REPLACE FUNCTION newterm.report_health(until timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	columns constant text[] := '{Rule,Severity,State}';
	found record;
	tables text;
BEGIN
	SELECT count(*) FILTER (WHERE s.state IS NULL) AS alerting, count(*) AS rules,
		string_agg(newterm.report_row(columns, ARRAY[newterm.report_text(s.name, 200), newterm.report_severity(s.severity), newterm.report_text(s.state)]),
			'' ORDER BY s.state, s.name) FILTER (WHERE s.state IS NOT NULL) AS html
	INTO found FROM (SELECT r.name, r.severity, newterm.report_state(r, v.learning_from, until) AS state
		  FROM newterm.rules r JOIN newterm.rule_versions v ON v.rule_id = r.id AND v.version = r.version) s;
	SELECT string_agg(format('<code>%s</code>%s', newterm.report_text(w.events::text), CASE w.fires WHEN 'origin' THEN '' WHEN 'never' THEN
		' <span class="bad">(its trigger is disabled)</span>' ELSE format(' (fires: %s)', newterm.report_text(w.fires)) END), ', ' ORDER BY w.events::text)
	INTO tables FROM newterm.watched w;
	RETURN newterm.report_section('health', 'Health of rules',
		CASE WHEN found.rules = 0 THEN newterm.report_table(NULL, NULL, 'There are no rules: SELECT newterm.install_rules() brings some.')
			WHEN found.html IS NULL THEN newterm.report_table(NULL, NULL, 'All rules alert.')
			ELSE newterm.report_table(columns, found.html, NULL) END,
		format('Of %s rules %s alert. Watched: %s.', newterm.report_count(found.rules), newterm.report_count(found.alerting),
			coalesce(tables, '<span class="bad">no table</span>')));
END
$$;
COMMENT ON FUNCTION newterm.report_health(timestamptz) IS 'which rules do not alert, and why; which tables are watched';

CREATE OR REPLACE FUNCTION newterm.report_delivery() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	columns constant text[] := '{Subscription,#Waiting,Oldest,#In flight,#Parked,#Missed,Last success,Last error}';
	html text;
BEGIN
	SELECT string_agg(newterm.report_row(columns, ARRAY[newterm.report_text(d.subscription, 200), newterm.report_count(d.waiting), newterm.report_time(d.oldest),
		newterm.report_count(d.in_flight), CASE WHEN d.parked > 0 THEN format('<span class="bad">%s</span>', newterm.report_count(d.parked)) ELSE '0' END,
		CASE WHEN d.lapsed > 0 THEN format('<span class="bad">%s</span>', newterm.report_count(d.lapsed)) ELSE '0' END, newterm.report_time(d.last_success),
		CASE WHEN d.last_error IS NOT NULL THEN concat_ws(': ', newterm.report_time(d.last_error_at), newterm.report_text(d.last_error, 300)) END]), '' ORDER BY d.subscription)
	INTO html FROM newterm.delivery d;
	RETURN newterm.report_section('delivery', 'Delivery', newterm.report_table(columns, html, 'Nobody subscribes to signals.'), 'As it is now.');
END
$$;
COMMENT ON FUNCTION newterm.report_delivery() IS 'how far the subscriptions are';

CREATE OR REPLACE FUNCTION newterm.report_errors(since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	columns constant text[] := '{Cause,Table,#Events,Last,A sample}';
	waiting constant bigint := (SELECT count(*) FROM newterm.postponed);
	others numeric;
	html text;
BEGIN
	-- an event without a usable time has none that could lie in the period
	WITH errors AS (
		SELECT x.*, coalesce(x.occurred_at >= since AND x.occurred_at < until OR x.event_time >= since AND x.event_time < until, false) AS inside
		FROM newterm.event_errors x
	), causes AS (
		SELECT e.cause, e.source, sum(e.events) AS events, max(e.occurred_at) AS last, (array_agg(e.event_id ORDER BY e.id DESC))[1] AS event_id,
			(array_agg(e.detail ORDER BY e.id DESC))[1] AS detail
		FROM errors e WHERE e.inside GROUP BY e.cause, e.source ORDER BY 3 DESC, 1, 2 LIMIT 50
	)
	SELECT string_agg(newterm.report_row(columns, ARRAY[format('<code>%s</code>', newterm.report_text(c.cause)), newterm.report_text(c.source), newterm.report_count(c.events),
			format('<span class="time">%s</span>', newterm.report_time(c.last)), concat_ws(': ', newterm.report_text(c.event_id, 100), newterm.report_text(c.detail, 300))]),
			'' ORDER BY c.events DESC, c.cause, c.source),
		(SELECT sum(e.events) FROM errors e WHERE NOT e.inside)
	INTO html, others FROM causes c;
	RETURN newterm.report_section('errors', 'What could not be evaluated', newterm.report_table(columns, html, 'All events of this time could be evaluated.'),
		nullif(concat_ws(' ', newterm.report_count(others) || ' events at other times: <code>SELECT * FROM newterm.event_errors</code>.',
			CASE WHEN waiting > 0 THEN format('%s sightings are not merged yet; the next load or newterm.merge_postponed() does it.', newterm.report_count(waiting)) END), ''));
END
$$;
COMMENT ON FUNCTION newterm.report_errors(timestamptz, timestamptz) IS 'events of a period that could not be evaluated';

CREATE OR REPLACE FUNCTION newterm.report(since timestamptz, until timestamptz DEFAULT now()) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
DECLARE
	ends constant timestamptz := least(CASE WHEN isfinite(until) THEN until ELSE now() END, '9999-12-31');
	begins timestamptz := since;
BEGIN
	IF begins IS NULL OR NOT isfinite(begins) THEN
		begins := least((SELECT min(s.first_seen) FROM newterm.signals s), ends - interval '1 day');
	END IF;
	begins := greatest(begins, '0001-01-01');
	IF begins >= ends THEN
		RAISE EXCEPTION 'the report would end (%) before it begins (%)', ends, begins USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN newterm.report_page(format('newterm: %s to %s', newterm.report_time(begins), newterm.report_time(ends)),
		newterm.report_head(begins, ends) || E'<main>\n' || newterm.report_tiles(begins, ends) || newterm.report_timeline(begins, ends)
		|| newterm.report_rules(begins, ends) || newterm.report_list(begins, ends) || newterm.report_terms(begins, ends)
		|| newterm.report_health(ends) || newterm.report_delivery() || newterm.report_errors(begins, ends) || E'</main>\n'
		|| format(E'<footer>Made by newterm %s at %s UTC. The page loads nothing and runs nothing.</footer>\n',
			newterm.report_text((SELECT e.extversion FROM pg_extension e WHERE e.extname = 'newterm')), newterm.report_time(clock_timestamp())));
END
$$;
COMMENT ON FUNCTION newterm.report(timestamptz, timestamptz) IS 'a page of HTML on what happened from one time to another: signals, rules, terms, delivery, errors; NULL: from the first signal, until now';
REVOKE ALL ON FUNCTION newterm.report(timestamptz, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.report(since interval, until timestamptz DEFAULT now()) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT newterm.report(coalesce(until, now()) - since, until)
$$;
COMMENT ON FUNCTION newterm.report(interval, timestamptz) IS 'a page of HTML on what happened in the time before `until`';

-- A literal is a text: newterm.report('7 days'), newterm.report('2026-11-01').
CREATE OR REPLACE FUNCTION newterm.report(since text DEFAULT '7 days', until timestamptz DEFAULT now()) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	before interval;
BEGIN
	BEGIN
		before := since::interval;
	EXCEPTION WHEN data_exception THEN
		RETURN newterm.report(since::timestamptz, until);
	END;
	RETURN newterm.report(before, until);
END
$$;
COMMENT ON FUNCTION newterm.report(text, timestamptz) IS 'a page of HTML on what happened since a time, or in the time before `until`: ''7 days'' or ''2026-11-01''';
