-- What the report's page is made of: texts, tables, colours.

CREATE OR REPLACE FUNCTION newterm.report_text(value text, most integer DEFAULT 1000, lines boolean DEFAULT false) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	-- the two noncharacters are none of XML's
	SELECT replace(replace(replace(replace(replace(replace(replace(newterm.plain(value, most, lines),
		U&'\fffe', '\ufffe'), U&'\ffff', '\uffff'), '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;')
$$;
COMMENT ON FUNCTION newterm.report_text(text, integer, boolean) IS 'a text as HTML, for content and quoted attributes: nothing in it is markup, and control characters and bidirectional marks are shown';

CREATE OR REPLACE FUNCTION newterm.report_count(number numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT to_char(number, 'FM999,999,999,999,999,999,999')
$$;
COMMENT ON FUNCTION newterm.report_count(numeric) IS 'a number as people read it';

CREATE OR REPLACE FUNCTION newterm.report_time(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
	SELECT CASE WHEN isfinite(at) THEN to_char(at, 'YYYY-MM-DD HH24:MI:SS') ELSE at::text END
$$;
COMMENT ON FUNCTION newterm.report_time(timestamptz) IS 'a time in UTC, to the second';

-- A table whose rows become cards on a phone: each cell bears its column's name.  A name that
-- begins with # is of numbers.
CREATE OR REPLACE FUNCTION newterm.report_row(columns text[], cells text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT '<tr>' || string_agg(format('<td class="%s" data-label="%s">%s</td>',
		concat_ws(' ', CASE WHEN name LIKE '#%' THEN 'n' END, CASE WHEN cell IS NULL THEN 'none' END),
		newterm.report_text(ltrim(name, '#')), coalesce(cell, '–')), '' ORDER BY n) || E'</tr>\n'
	FROM unnest(columns, cells) WITH ORDINALITY AS c (name, cell, n)
$$;
COMMENT ON FUNCTION newterm.report_row(text[], text[]) IS 'a row of a table; the cells are HTML';

CREATE OR REPLACE FUNCTION newterm.report_table(columns text[], rows text, nothing text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN rows IS NULL THEN format(E'<p class="nothing">%s</p>\n', newterm.report_text(nothing))
		ELSE format(E'<table><thead><tr>%s</tr></thead><tbody>\n%s</tbody></table>\n',
			(SELECT string_agg(format('<th scope="col"%s>%s</th>', CASE WHEN name LIKE '#%' THEN ' class="n"' END,
				newterm.report_text(ltrim(name, '#'))), '' ORDER BY n)
			 FROM unnest(columns) WITH ORDINALITY AS c (name, n)), rows) END
$$;
COMMENT ON FUNCTION newterm.report_table(text[], text, text) IS 'a table of rows that report_row() made, or a sentence where there are none';

CREATE OR REPLACE FUNCTION newterm.report_section(anchor text, title text, content text, note text DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format(E'<section id="%s">\n<h2>%s</h2>\n%s%s</section>\n', anchor, newterm.report_text(title),
		CASE WHEN note IS NOT NULL THEN format(E'<p class="note">%s</p>\n', note) END, content)
$$;
COMMENT ON FUNCTION newterm.report_section(text, text, text, text) IS 'a section of the page; content and note are HTML';

CREATE OR REPLACE FUNCTION newterm.report_pairs(object jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT string_agg(format('<span class="pair"><span class="key">%s</span> <code>%s</code></span>',
		newterm.report_text(key, 200), coalesce(newterm.report_text(value #>> '{}', 300), 'null')), ' ' ORDER BY n)
	FROM jsonb_each(CASE jsonb_typeof(object) WHEN 'object' THEN object END) WITH ORDINALITY AS e (key, value, n)
	WHERE n <= 20
$$;
COMMENT ON FUNCTION newterm.report_pairs(jsonb) IS 'the members of an object, a term or entity, as HTML; NULL where it has none';

CREATE OR REPLACE FUNCTION newterm.report_severity(severity text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('<span class="severity %1$s">%1$s</span>', newterm.report_text(severity))
$$;
COMMENT ON FUNCTION newterm.report_severity(text) IS 'a severity, in its colour';

-- A browser that meets markup which should not be there loads and runs nothing of it.
CREATE OR REPLACE FUNCTION newterm.report_page(title text, body text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat($page$<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<meta name="referrer" content="no-referrer" />
<title>$page$, newterm.report_text(title), E'</title>\n<style>', newterm.report_style(), E'</style>\n</head>\n<body>\n', body, E'</body>\n</html>\n')
$$;
COMMENT ON FUNCTION newterm.report_page(text, text) IS 'a whole page, of its title and body';

CREATE OR REPLACE FUNCTION newterm.report_style() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT $css$
:root { --page: #f4f5f7; --card: #fff; --line: #dfe3e8; --soft: #f0f2f5; --ink: #1b2430; --dim: #5b6776;
	--critical: #a3123a; --high: #c2480c; --medium: #946200; --low: #1f6aa8; --info: #5c6878; --good: #1c7a46; }
@media (prefers-color-scheme: dark) {
	:root { --page: #12161c; --card: #1a2029; --line: #2e3743; --soft: #232b36; --ink: #e4e9ef; --dim: #9aa7b6;
		--critical: #ff6f91; --high: #ff9257; --medium: #e8bb4a; --low: #6cb4f0; --info: #a3b0bf; --good: #5ecb8d; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 76rem; background: var(--page); color: var(--ink);
	font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 0 0 .75rem; font-size: 1.1rem; }
h3 { margin: .35rem 0 .5rem; font-size: 1rem; line-height: 1.4; font-weight: 600; }
p { margin: 0 0 .75rem; }
a { color: inherit; }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.top { margin-bottom: 1.25rem; }
.top p { margin: .25rem 0 0; color: var(--dim); }
.top .answer { margin-top: .75rem; color: var(--ink); font-size: 1.05rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: .75rem 0 0; font-size: .9rem; }
nav a { color: var(--dim); text-underline-offset: .2em; }
section, .tiles { margin-bottom: 1.25rem; }
section { padding: 1.1rem 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.note, .nothing { color: var(--dim); font-size: .9rem; }
.nothing { margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(5, 1fr); gap: .75rem; }
.tile { padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--info); border-radius: 10px; }
.tile b { display: block; font-size: 1.9rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: var(--dim); font-size: .9rem; }
.tile .label { color: var(--ink); font-weight: 600; text-transform: capitalize; }
.tile.zero b { color: var(--dim); font-weight: 400; }
.tile.critical { border-top-color: var(--critical); } .tile.high { border-top-color: var(--high); }
.tile.medium { border-top-color: var(--medium); } .tile.low { border-top-color: var(--low); }
.severity { display: inline-block; padding: 0 .5em; border: 1px solid currentColor; border-radius: 99px; color: var(--info);
	font-size: .8rem; font-weight: 600; text-transform: capitalize; white-space: nowrap; }
.severity.critical { color: var(--critical); } .severity.high { color: var(--high); } .severity.medium { color: var(--medium); }
.severity.low { color: var(--low); }
.chart { position: relative; }
.chart svg { display: block; width: 100%; height: 150px; border-bottom: 1px solid var(--dim); }
.chart .grid { stroke: var(--line); stroke-width: 1px; vector-effect: non-scaling-stroke; }
.chart .most { position: absolute; top: 0; left: 0; padding-right: .3em; background: var(--card); color: var(--dim); font-size: .8rem; line-height: 1; }
.chart rect { fill: var(--info); }
.chart .critical { fill: var(--critical); } .chart .high { fill: var(--high); } .chart .medium { fill: var(--medium); } .chart .low { fill: var(--low); }
.axis { display: flex; justify-content: space-between; margin-top: .3rem; color: var(--dim); font-size: .8rem; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .6rem 0 0; color: var(--dim); font-size: .85rem; text-transform: capitalize; }
.legend i { display: inline-block; width: .75em; height: .75em; margin-right: .4em; border-radius: 2px; background: var(--info); }
.legend .critical { background: var(--critical); } .legend .high { background: var(--high); } .legend .medium { background: var(--medium); }
.legend .low { background: var(--low); }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
th, td { padding: .42rem .75rem .42rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--dim); font-size: .8rem; font-weight: 600; }
th, .n { overflow-wrap: normal; white-space: nowrap; }
td:first-child { min-width: 13rem; overflow-wrap: break-word; }
tr:last-child td { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.n + :not(.n) { padding-left: 1.25rem; }
.none { color: var(--dim); }
@media screen and (min-width: 900px) {
	#rules table { table-layout: fixed; }
	#rules th:nth-child(1) { width: 28%; } #rules th:nth-child(2) { width: 10%; } #rules th:last-child { width: 17%; }
}
.bad { color: var(--critical); font-weight: 600; } .good { color: var(--good); }
.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
ul.terms { margin: 0; padding: 0; list-style: none; }
ul.terms li + li { margin-top: .25rem; }
.signal { padding: .9rem 0 .9rem 1rem; border-left: 4px solid var(--info); border-bottom: 1px solid var(--line); }
.signal:first-of-type { padding-top: .2rem; }
.signal:last-of-type { border-bottom: 0; padding-bottom: .2rem; }
.signal.critical { border-left-color: var(--critical); } .signal.high { border-left-color: var(--high); }
.signal.medium { border-left-color: var(--medium); } .signal.low { border-left-color: var(--low); }
.signal.closed { border-left-style: dotted; }
.signal.closed h3 { color: var(--dim); font-weight: 400; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .75rem; color: var(--dim); font-size: .85rem; }
.line a { text-decoration: none; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0 0 .5rem; font-size: .92rem; }
.facts dt { color: var(--dim); }
.facts dd { margin: 0; }
.pair { margin-right: .75rem; }
.key { color: var(--dim); }
.pair code, .tag { padding: .05em .35em; background: var(--soft); border-radius: 4px; }
.tag { display: inline-block; margin: 0 .3rem .2rem 0; color: var(--dim); font-size: .85rem; }
.message { white-space: pre-wrap; }
details { margin-top: .35rem; font-size: .92rem; }
summary { cursor: pointer; color: var(--dim); }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--low); outline-offset: 2px; }
details > :last-child { margin-bottom: 0; }
pre { margin: .5rem 0 .75rem; padding: .75rem; max-height: 32rem; overflow: auto; background: var(--soft); border-radius: 6px; white-space: pre-wrap; }
footer { color: var(--dim); font-size: .85rem; }
@media (max-width: 700px) {
	body { padding: 1rem .75rem 3rem; }
	section { padding: 1rem .9rem; }
	.tiles { grid-template-columns: repeat(2, 1fr); }
	.tile:first-child { grid-column: 1 / -1; }
	.axis span:nth-child(even) { display: none; }
	thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
	table, tbody { display: block; }
	tr { display: flex; flex-wrap: wrap; gap: .1rem 1rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }
	tr:last-child { border-bottom: 0; }
	td { padding: 0; border: 0; }
	td:first-child { flex: 1 0 100%; min-width: 0; font-weight: 600; overflow-wrap: anywhere; }
	td:not(:first-child)::before { content: attr(data-label) " "; color: var(--dim); }
	td.n, td.n + :not(.n) { padding: 0; text-align: left; }
	td.none { display: none; }
	.facts { grid-template-columns: 1fr; gap: 0; }
	.facts dd { margin-bottom: .35rem; }
	.facts .pair { display: block; margin: 0; }
}
@media print {
	:root { --page: #fff; --card: #fff; --line: #bbb; --soft: #f3f3f3; --ink: #000; --dim: #444;
		--critical: #8c0f31; --high: #a33c09; --medium: #7a5100; --low: #1a588c; --info: #4c5663; --good: #14572f; }
	html { font-size: 12px; }
	body { max-width: none; padding: 0; font-size: 12px; }
	.chart svg { height: 110px; }
	th, td { padding: .25rem .6rem .25rem 0; }
	td:first-child { min-width: 9rem; }
	section { padding: .5rem 0; border: 0; border-radius: 0; }
	nav, details:not([open]) { display: none; }
	pre { max-height: none; }
	.signal, .tile, tr, h2, h3 { break-inside: avoid; break-after: auto; }
	h2, h3 { break-after: avoid; }
	.tile, .signal, .chart rect, .legend i { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
$css$
$$;
COMMENT ON FUNCTION newterm.report_style() IS 'how the page looks: on a screen, in the dark, on a phone, on paper';
