-- Watching tables.

CREATE OR REPLACE FUNCTION newterm.watch_columns(events regclass, OUT event_column text, OUT time_column text, OUT document text)
	AS 'MODULE_PATHNAME', 'newterm_watch_columns' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION newterm.watch_columns(regclass) IS 'the columns that a watched table''s trigger observes, and the expression that gives a row''s document';

CREATE OR REPLACE FUNCTION newterm.note_watch(events text, relation oid, event_column name, time_column name, fires text, shape text, updates boolean) RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_note_watch' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.note_watch(text, oid, name, name, text, text, boolean) IS 'remembers what watch() was asked for';

CREATE OR REPLACE FUNCTION newterm.forget_watch(events text, relation oid) RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_forget_watch' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.forget_watch(text, oid) IS 'forgets what watch() was asked for; whether it was asked for anything';

CREATE OR REPLACE FUNCTION newterm.record_member(column_name text) RETURNS text
	AS 'MODULE_PATHNAME', 'newterm_record_member' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION newterm.record_member(text) IS 'the member of a CloudTrail record that a column of this name stands for, whatever its case and underscores; NULL: none';

CREATE OR REPLACE FUNCTION newterm.row_document(members text[], VARIADIC columns "any") RETURNS jsonb
	AS 'MODULE_PATHNAME', 'newterm_row_document' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION newterm.row_document(text[], "any") IS 'a row whose columns are members of a record, put together';

CREATE OR REPLACE FUNCTION newterm.document_kind(value "any") RETURNS text
	AS 'MODULE_PATHNAME', 'newterm_document_kind' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION newterm.document_kind("any") IS 'how a value holds CloudTrail records: record, records, eventbridge and so on; NULL: it holds none';

CREATE OR REPLACE FUNCTION newterm.records(value "any") RETURNS SETOF jsonb
	AS 'MODULE_PATHNAME', 'newterm_records' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION newterm.records("any") IS 'the CloudTrail records in a value, out of any envelope';

CREATE OR REPLACE FUNCTION newterm.qualified_name(relation oid) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.oid = qualified_name.relation
$$;
COMMENT ON FUNCTION newterm.qualified_name(oid) IS 'the name of a table with its schema, as newterm.watches has it';

-- to_regclass() fails where the caller has no right to look into the schema, such as another session's temporary one.
CREATE OR REPLACE FUNCTION newterm.relation_named(name text) RETURNS regclass
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
	SELECT c.oid::regclass FROM pg_catalog.parse_ident(name, false) p
	JOIN pg_catalog.pg_namespace n ON n.nspname = p[1]
	JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = p[2]
$$;
COMMENT ON FUNCTION newterm.relation_named(text) IS 'the table of a name with its schema, whether the caller may use it or not; NULL: there is none';

CREATE OR REPLACE FUNCTION newterm.watched_with(events regclass) RETURNS regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(parent.tgrelid, t.tgrelid)
	FROM pg_catalog.pg_trigger t
	LEFT JOIN LATERAL (
		WITH RECURSIVE above AS (
			SELECT p.tgrelid, p.tgparentid FROM pg_catalog.pg_trigger p WHERE p.oid = t.tgparentid
			UNION ALL
			SELECT p.tgrelid, p.tgparentid FROM above a JOIN pg_catalog.pg_trigger p ON p.oid = a.tgparentid)
		SELECT a.tgrelid FROM above a WHERE a.tgparentid = 0) parent ON true
	WHERE t.tgrelid = watched_with.events AND t.tgfoid = 'newterm.merge()'::pg_catalog.regprocedure
	ORDER BY t.tgparentid <> 0
	LIMIT 1
$$;
COMMENT ON FUNCTION newterm.watched_with(regclass) IS 'the table by whose watch the table is watched: itself, or the partitioned table that it belongs to; NULL: none';

-- The table's own rows, then those of its partitions and children, the newest ones first.
-- Rows lie about in the order of their insertion: the last blocks are read, not the table.
CREATE OR REPLACE FUNCTION newterm.recent_blocks(events regclass) RETURNS TABLE (part regclass, first_row tid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE below AS (
		SELECT recent_blocks.events::oid AS relid
		UNION
		SELECT i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.relid)
	SELECT b.relid::regclass, pg_catalog.format('(%s,0)',
		greatest(pg_catalog.pg_relation_size(b.relid) / pg_catalog.current_setting('block_size')::bigint - 250, 0))::tid
	FROM below b JOIN pg_catalog.pg_class c ON c.oid = b.relid
	WHERE c.relkind = 'r' ORDER BY b.relid DESC
$$;
COMMENT ON FUNCTION newterm.recent_blocks(regclass) IS 'the tables that hold a table''s rows, the newest one first, and where the last blocks of each begin';

CREATE OR REPLACE FUNCTION newterm.recent_kinds(events regclass, expression text, max_rows integer DEFAULT 1000)
RETURNS TABLE (kind text, n bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	recent record;
	left_rows bigint := max_rows;
BEGIN
	IF expression IS NULL THEN
		RETURN;
	END IF;
	FOR recent IN SELECT b.* FROM newterm.recent_blocks(events) b LOOP
		EXIT WHEN left_rows <= 0;
		FOR kind, n IN EXECUTE pg_catalog.format('SELECT newterm.document_kind(v), count(*) FROM'
			' (SELECT %s FROM ONLY %s WHERE ctid >= %L::pg_catalog.tid ORDER BY ctid DESC LIMIT %s) r(v) WHERE v IS NOT NULL GROUP BY 1',
			expression, recent.part, recent.first_row, left_rows)
		LOOP
			left_rows := left_rows - n;
			RETURN NEXT;
		END LOOP;
	END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
	-- who may not read the table cannot look at its rows
	RETURN;
END
$$;
COMMENT ON FUNCTION newterm.recent_kinds(regclass, text, integer) IS 'how the last stored rows hold records, by an expression of their columns; kind NULL: they hold none';

CREATE OR REPLACE FUNCTION newterm.recent_kind(events regclass, expression text, OUT kind text, OUT usable bigint, OUT rows bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH k AS (SELECT r.kind, pg_catalog.sum(r.n)::bigint AS n FROM newterm.recent_kinds(recent_kind.events, recent_kind.expression) r GROUP BY 1)
	SELECT (SELECT k.kind FROM k WHERE k.kind IS NOT NULL ORDER BY k.n DESC, k.kind LIMIT 1),
		coalesce(pg_catalog.sum(k.n) FILTER (WHERE k.kind IS NOT NULL), 0)::bigint, coalesce(pg_catalog.sum(k.n), 0)::bigint
	FROM k
$$;
COMMENT ON FUNCTION newterm.recent_kind(regclass, text) IS 'how most of the last stored rows hold records, how many do, and how many were looked at';

-- Columns that may hold whole records, with how likely their names make it (NULL: not at all).
CREATE OR REPLACE FUNCTION newterm.event_candidates(events regclass)
RETURNS TABLE (column_name name, type regtype, base_type regtype, likely integer)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE base AS (
		SELECT a.attname, a.attnum, a.atttypid, a.atttypid AS base, t.typtype
		FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid = event_candidates.events AND a.attnum > 0 AND NOT a.attisdropped
		UNION ALL
		SELECT b.attname, b.attnum, b.atttypid, d.typbasetype, t.typtype
		FROM base b JOIN pg_catalog.pg_type d ON d.oid = b.base JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype
		WHERE b.typtype = 'd')
	SELECT b.attname, b.atttypid::regtype, b.base::regtype,
		pg_catalog.array_position(ARRAY['event', 'events', 'record', 'records', 'cloudtrailevent', 'cloudtrail', 'airbytedata', 'rawevent', 'rawlog', 'raw',
			'rawdata', 'log', 'message', 'data', 'body', 'detail', 'payload', 'document', 'doc', 'json', 'content'],
			pg_catalog.lower(pg_catalog.replace(b.attname::text, '_', '')))
	FROM base b
	WHERE b.typtype <> 'd' AND b.base IN ('jsonb'::regtype, 'json'::regtype, 'text'::regtype, 'varchar'::regtype, 'bytea'::regtype)
	ORDER BY b.attnum
$$;
COMMENT ON FUNCTION newterm.event_candidates(regclass) IS 'columns of a type that can hold records, and how likely their names make it';

-- Columns that are members of a record: CloudTrail's, or OCSF's where there is class_uid.
CREATE OR REPLACE FUNCTION newterm.member_columns(events regclass, OUT columns name[], OUT members text[])
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH a AS (
		SELECT a.attname, a.attnum,
			CASE WHEN pg_catalog.count(*) FILTER (WHERE a.attname IN ('class_uid', 'metadata', 'api')) OVER () < 3 THEN newterm.record_member(a.attname::text)
				WHEN a.attname = ANY ('{class_uid,metadata,api,time,time_dt,actor,cloud,src_endpoint,http_request,resources,region,unmapped}') THEN a.attname::text
			END AS member
		FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = member_columns.events AND a.attnum > 0 AND NOT a.attisdropped),
	-- of two columns for one member the one that bears its very name
	m AS (
		SELECT DISTINCT ON (a.member) a.* FROM a WHERE a.member IS NOT NULL ORDER BY a.member, a.attname = a.member DESC, a.attnum)
	SELECT pg_catalog.array_agg(m.attname ORDER BY m.attnum), pg_catalog.array_agg(m.member ORDER BY m.attnum)
	FROM m
$$;
COMMENT ON FUNCTION newterm.member_columns(regclass) IS 'columns that are members of a record, and which';

-- What watch() observes: one column, or several columns that are members of the record.
CREATE OR REPLACE FUNCTION newterm.choose_shape(events regclass, INOUT event_column name, INOUT shape text, OUT columns name[], OUT members text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	asked CONSTANT text := shape;
	candidate record;
	seen record;
	is_columns boolean;
	looked_at bigint := 0;
	best bigint := 0;
	choice name[] := '{}';
	likely name;
	kinds CONSTANT text[] := '{record,records,array,lookup-events,cloudtrail-event,eventbridge,sns,sqs,cloudwatch,shipped,ocsf,columns,vector,steampipe,tailpipe,fluent-bit,cloudquery,airbyte,security-lake}';
BEGIN
	IF asked IS NOT NULL AND asked <> ALL (kinds) THEN
		RAISE EXCEPTION 'there is no shape "%"', asked
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = pg_catalog.format('Shapes are %s.', pg_catalog.array_to_string(kinds, ', '));
	END IF;
	SELECT m.columns, m.members INTO choose_shape.columns, choose_shape.members FROM newterm.member_columns(events) m;
	is_columns := coalesce(members @> '{eventName}' AND members && '{eventTime,timeWindow}' AND members && '{eventSource,userIdentity}'
		OR members @> '{class_uid,metadata,api}', false);

	-- named, or told by the shape
	IF event_column IS NULL THEN
		SELECT c.column_name INTO event_column FROM newterm.event_candidates(events) c
		WHERE c.column_name::text = ANY (CASE asked WHEN 'fluent-bit' THEN '{data}'::text[] WHEN 'cloudquery' THEN '{cloud_trail_event}'
			WHEN 'airbyte' THEN '{CloudTrailEvent,cloudtrailevent,_airbyte_data}' END)
		ORDER BY pg_catalog.array_position('{CloudTrailEvent,cloudtrailevent,_airbyte_data}'::name[], c.column_name) LIMIT 1;
	END IF;
	IF asked IN ('columns', 'vector', 'steampipe', 'tailpipe') OR (asked IN ('ocsf', 'security-lake') AND event_column IS NULL AND is_columns) THEN
		IF event_column IS NOT NULL THEN
			RAISE EXCEPTION 'shape "%" has no event column', asked USING ERRCODE = 'invalid_parameter_value';
		ELSIF NOT is_columns THEN
			RAISE EXCEPTION '% has no columns for the members of a CloudTrail record', events
				USING ERRCODE = 'undefined_column',
					  HINT = 'At least eventName, eventTime, and eventSource or userIdentity; case and underscores do not matter.';
		END IF;
		RETURN;
	END IF;
	IF event_column IS NOT NULL THEN
		SELECT c.* INTO candidate FROM newterm.event_candidates(events) c WHERE c.column_name = event_column;
		IF NOT FOUND THEN
			SELECT a.atttypid INTO candidate FROM pg_catalog.pg_attribute a
			WHERE a.attrelid = events AND a.attname = event_column AND a.attnum > 0 AND NOT a.attisdropped;
			IF NOT FOUND THEN
				RAISE EXCEPTION '% has no column "%"', events, event_column
					USING ERRCODE = 'undefined_column';
			END IF;
			RAISE EXCEPTION 'column "%" of % is of type %', event_column, events, candidate.atttypid::regtype
				USING ERRCODE = 'datatype_mismatch',
					  HINT = 'An event column is of type jsonb, json, text, varchar or bytea, or a domain over these.';
		END IF;
		SELECT k.* INTO seen FROM newterm.recent_kind(events, pg_catalog.quote_ident(event_column)) k;
		IF asked IS NULL AND seen.usable = 0 AND (seen.rows > 0 OR event_column = ANY (columns)) THEN
			SELECT c.column_name INTO likely FROM newterm.event_candidates(events) c
			WHERE c.column_name <> event_column AND (newterm.recent_kind(events, pg_catalog.quote_ident(c.column_name))).usable > 0 LIMIT 1;
			RAISE EXCEPTION 'column "%" of % holds no CloudTrail records', event_column, events
				USING ERRCODE = 'invalid_parameter_value',
					  DETAIL = CASE WHEN seen.rows > 0 THEN pg_catalog.format('None of its last %s values is one, or an envelope of some.', seen.rows)
						  ELSE 'By its name, it holds a part of one.' END,
					  HINT = CASE WHEN likely IS NOT NULL THEN pg_catalog.format('Column "%s" does: newterm.watch(%L, event_column => %L).', likely, events::text, likely)
						  WHEN is_columns THEN pg_catalog.format('The record is in several columns: newterm.watch(%L, shape => ''columns'').', events::text)
						  ELSE pg_catalog.format('Where they will: newterm.watch(%L, event_column => %L, shape => ''record'').', events::text, event_column) END;
		END IF;
		shape := coalesce(asked, seen.kind, 'record');
		columns := NULL;
		members := NULL;
		RETURN;
	END IF;

	-- decided by what is stored
	FOR candidate IN SELECT c.* FROM newterm.event_candidates(events) c LOOP
		SELECT k.* INTO seen FROM newterm.recent_kind(events, pg_catalog.quote_ident(candidate.column_name)) k;
		looked_at := greatest(looked_at, seen.rows);
		IF seen.usable > best THEN
			best := seen.usable;
			choice := '{}';
			shape := coalesce(asked, seen.kind);
		END IF;
		IF seen.usable = best AND best > 0 THEN
			choice := choice || candidate.column_name;
		END IF;
	END LOOP;
	IF best = 0 AND is_columns THEN
		SELECT k.* INTO seen FROM newterm.recent_kind(events, newterm.document_expression(columns, members)) k;
		IF seen.usable > 0 OR NOT EXISTS (SELECT FROM newterm.event_candidates(events) c WHERE c.likely <= 6 AND c.column_name <> ALL (columns)) THEN
			shape := coalesce(asked, 'columns');
			RETURN;
		END IF;
	END IF;

	-- else by names and types
	IF best = 0 THEN
		SELECT pg_catalog.array_agg(c.column_name ORDER BY c.likely, c.column_name) INTO choice FROM newterm.event_candidates(events) c;
		IF choice IS NULL THEN
			RAISE EXCEPTION '% has no column of type jsonb, json, text, varchar or bytea', events
				USING ERRCODE = 'undefined_column';
		ELSIF looked_at > 0 AND asked IS NULL THEN
			RAISE EXCEPTION 'none of the last % rows of % holds a CloudTrail record in one column', looked_at, events
				USING ERRCODE = 'invalid_parameter_value',
					  HINT = pg_catalog.format('Name the column and the shape: newterm.watch(%L, event_column => …, shape => ''record'').', events::text);
		END IF;
		SELECT pg_catalog.array_agg(c.column_name) INTO choice FROM newterm.event_candidates(events) c WHERE c.column_name <> ALL (coalesce(columns, '{}'));
		SELECT c.column_name INTO likely FROM newterm.event_candidates(events) c
		WHERE c.column_name = ANY (choice) AND c.likely IS NOT NULL ORDER BY c.likely LIMIT 1;
		IF pg_catalog.cardinality(choice) > 1 THEN
			-- one whose name says so, or the only one of type jsonb, json where none does
			IF (SELECT count(*) FROM newterm.event_candidates(events) c WHERE c.column_name = ANY (choice) AND c.likely IS NOT NULL) = 1 THEN
				choice := ARRAY[likely];
			ELSIF likely IS NULL THEN
				FOREACH shape IN ARRAY '{jsonb,json}'::text[] LOOP
					IF (SELECT count(*) FROM newterm.event_candidates(events) c WHERE c.column_name = ANY (choice) AND c.type = shape::regtype) = 1 THEN
						SELECT ARRAY[c.column_name] INTO choice FROM newterm.event_candidates(events) c WHERE c.column_name = ANY (choice) AND c.type = shape::regtype;
						EXIT;
					END IF;
				END LOOP;
			END IF;
		END IF;
		shape := coalesce(asked, 'record');
	END IF;
	IF coalesce(pg_catalog.cardinality(choice), 0) <> 1 THEN
		RAISE EXCEPTION '% has several columns that may hold the event: %', events, pg_catalog.array_to_string(choice, ', ')
			USING ERRCODE = 'ambiguous_column',
				  HINT = CASE WHEN likely IS NULL THEN pg_catalog.format('Name one: newterm.watch(%L, event_column => …).', events::text)
					  ELSE pg_catalog.format('Probably: newterm.watch(%L, event_column => %L).', events::text, likely) END;
	END IF;
	event_column := choice[1];
	columns := NULL;
	members := NULL;
	IF asked IS NULL THEN
		SELECT CASE WHEN pg_catalog.bool_or(a.attname = '_cq_id') THEN 'cloudquery' WHEN pg_catalog.bool_or(a.attname LIKE '\_airbyte\_%') THEN 'airbyte' ELSE shape END
		INTO shape FROM pg_catalog.pg_attribute a WHERE a.attrelid = events;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.choose_shape(regclass, name, text) IS 'which column or columns hold the record, by the last stored rows, else by names and types';

CREATE OR REPLACE FUNCTION newterm.document_expression(columns name[], members text[]) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_catalog.format('newterm.row_document(%L::pg_catalog.text[], %s)', members,
		(SELECT pg_catalog.string_agg(pg_catalog.quote_ident(c.name), ', ' ORDER BY c.n) FROM pg_catalog.unnest(columns) WITH ORDINALITY c(name, n)))
$$;
COMMENT ON FUNCTION newterm.document_expression(name[], text[]) IS 'the expression that puts a row together from these columns';

CREATE OR REPLACE FUNCTION newterm.watch(events regclass, event_column name DEFAULT NULL, time_column name DEFAULT NULL,
	fires text DEFAULT 'origin', shape text DEFAULT NULL, updates boolean DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	kind "char";
	column_type oid;
	time_argument text := 'NULL::pg_catalog.timestamptz';
	trigger_name text := 'newterm_observe';
	root regclass;
	chosen record;
	condition text;
BEGIN
	SELECT c.relkind INTO kind FROM pg_catalog.pg_class c WHERE c.oid = watch.events;
	IF kind IS NULL THEN
		RAISE EXCEPTION 'which table is to be watched? There is none' USING ERRCODE = 'undefined_table';
	ELSIF kind NOT IN ('r', 'p') THEN
		RAISE EXCEPTION '% cannot be watched: it is a %', watch.events,
			CASE kind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
				WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence'
				WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'relation of kind ' || kind::text END
			USING ERRCODE = 'wrong_object_type',
				  HINT = 'Watch a table, or a partitioned table, that events are inserted into.';
	END IF;
	IF NOT pg_catalog.has_function_privilege('newterm.merge()', 'EXECUTE') THEN
		RAISE EXCEPTION 'you have no right to watch tables'
			USING ERRCODE = 'insufficient_privilege',
				  HINT = 'Who may watch a table may teach the rules: GRANT EXECUTE ON FUNCTION newterm.merge() TO ….';
	ELSIF fires IS NULL OR fires NOT IN ('origin', 'replica', 'always') THEN
		RAISE EXCEPTION 'fires must be origin, replica or always, not "%"', fires
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	root := newterm.watched_with(watch.events);
	IF root = watch.events THEN
		RAISE EXCEPTION '% is watched already', watch.events
			USING ERRCODE = 'duplicate_object',
				  HINT = 'Use newterm.unwatch() first to change what is observed.';
	ELSIF root IS NOT NULL THEN
		RAISE EXCEPTION '% is watched already, as a partition of %', watch.events, root
			USING ERRCODE = 'duplicate_object';
	END IF;

	IF time_column IS NOT NULL THEN
		SELECT a.atttypid INTO column_type FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = watch.events AND a.attname = time_column AND a.attnum > 0 AND NOT a.attisdropped;
		IF NOT FOUND THEN
			RAISE EXCEPTION '% has no column "%"', watch.events, time_column
				USING ERRCODE = 'undefined_column';
		ELSIF column_type NOT IN ('timestamptz'::regtype, 'timestamp'::regtype) THEN
			RAISE EXCEPTION 'column "%" of % is of type %', time_column, watch.events, column_type::regtype
				USING ERRCODE = 'datatype_mismatch',
					  HINT = 'A time column is of type timestamptz, or timestamp in UTC.';
		END IF;
		time_argument := pg_catalog.format('NEW.%I', time_column);
	END IF;

	SELECT s.* INTO chosen FROM newterm.choose_shape(watch.events, watch.event_column, watch.shape) s;
	IF chosen.columns IS NULL THEN
		chosen.columns := ARRAY[chosen.event_column];
		condition := pg_catalog.format('newterm.observe(NEW.%I, %s, NEW.tableoid, NEW.ctid)', chosen.event_column, time_argument);
	ELSE
		condition := pg_catalog.format('newterm.observe_columns(%L::pg_catalog.text[], %s, NEW.tableoid, NEW.ctid, %s)', chosen.members, time_argument,
			(SELECT pg_catalog.string_agg(pg_catalog.format('NEW.%I', c.name), ', ' ORDER BY c.n) FROM pg_catalog.unnest(chosen.columns) WITH ORDINALITY c(name, n)));
	END IF;
	-- CloudQuery writes a row again where it has it already
	updates := coalesce(updates, chosen.shape = 'cloudquery');

	-- A partition gets a trigger by the name of its parent's: one that is watched by
	-- itself keeps its own beside it.
	IF kind = 'p' THEN
		trigger_name := trigger_name || '_' || watch.events::oid;
	END IF;
	EXECUTE pg_catalog.format('CREATE TRIGGER %I AFTER INSERT%s ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION newterm.merge()',
		trigger_name,
		CASE WHEN updates THEN ' OR UPDATE OF ' || (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(c), ', ') FROM pg_catalog.unnest(chosen.columns) c) ELSE '' END,
		watch.events, condition);
	IF fires <> 'origin' THEN
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE %s TRIGGER %I',
			watch.events, pg_catalog.upper(fires), trigger_name);
	END IF;
	PERFORM newterm.note_watch(newterm.qualified_name(watch.events), watch.events, chosen.event_column, watch.time_column, watch.fires,
		chosen.shape, updates);
END
$$;
COMMENT ON FUNCTION newterm.watch(regclass, name, name, text, text, boolean) IS 'show every row that is inserted into the table to the rules; which column holds the record is found by the last stored rows, or by its name';

CREATE OR REPLACE FUNCTION newterm.unwatch(events regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	root regclass := newterm.watched_with(unwatch.events);
	trigger_name name;
BEGIN
	IF root <> unwatch.events THEN
		RAISE EXCEPTION '% is watched as a partition of %', unwatch.events, root
			USING ERRCODE = 'wrong_object_type',
				  HINT = pg_catalog.format('Use newterm.unwatch(%L), or detach the partition.', root::text);
	END IF;
	FOR trigger_name IN
		SELECT t.tgname FROM pg_catalog.pg_trigger t
		WHERE t.tgrelid = unwatch.events AND t.tgfoid = 'newterm.merge()'::regprocedure AND t.tgparentid = 0
	LOOP
		EXECUTE pg_catalog.format('DROP TRIGGER %I ON %s', trigger_name, unwatch.events);
	END LOOP;
	IF NOT newterm.forget_watch(newterm.qualified_name(unwatch.events), unwatch.events) AND root IS NULL THEN
		RAISE EXCEPTION '% is not watched', unwatch.events
			USING ERRCODE = 'undefined_object';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.unwatch(regclass) IS 'stop showing the table''s rows to the rules; what was learned stays';

-- The statement that watches a table again as it was asked for.
CREATE OR REPLACE FUNCTION newterm.watch_statement(w newterm.watches, events text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_catalog.format('SELECT newterm.watch(%L%s%s%s, shape => %L%s);', events,
		', event_column => ' || pg_catalog.quote_literal(w.event_column), ', time_column => ' || pg_catalog.quote_literal(w.time_column),
		', fires => ' || pg_catalog.quote_literal(nullif(w.fires, 'origin')), w.shape, CASE WHEN w.updates THEN ', updates => true' ELSE '' END)
$$;
COMMENT ON FUNCTION newterm.watch_statement(newterm.watches, text) IS 'the statement that watches a table as it was asked for';

CREATE OR REPLACE FUNCTION newterm.check()
RETURNS TABLE (events text, problem text, remedy text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	asked newterm.watches;
	now_there oid;
	elsewhere text;
	w record;
	t record;
	seen record;
BEGIN
	-- what was asked for, and is not there
	FOR asked IN SELECT * FROM newterm.watches ORDER BY 1 LOOP
		now_there := newterm.relation_named(asked.events);
		CONTINUE WHEN now_there IS NULL OR newterm.watched_with(now_there) IS NOT NULL;
		events := asked.events;
		remedy := newterm.watch_statement(asked, events);
		elsewhere := CASE WHEN asked.relation <> now_there AND newterm.watched_with(asked.relation) IS NOT NULL THEN newterm.qualified_name(asked.relation) END;
		problem := CASE WHEN elsewhere IS NOT NULL THEN pg_catalog.format('another table took its place: the one that is watched is %s now', elsewhere)
			WHEN asked.relation <> now_there THEN 'it is not watched: the table was made anew since'
			ELSE 'its trigger is missing: somebody dropped it' END;
		RETURN NEXT;
	END LOOP;

	FOR w IN
		SELECT v.*, newterm.qualified_name(v.events) AS name, g.tgname, coalesce(a.fires, v.fires) AS asked_fires
		FROM newterm.watched v
		JOIN pg_catalog.pg_trigger g ON g.tgrelid = v.events AND g.tgparentid = 0 AND g.tgfoid = 'newterm.merge()'::regprocedure
		LEFT JOIN newterm.watches a ON a.events = newterm.qualified_name(v.events)
		ORDER BY 1
	LOOP
		events := w.name;
		IF w.document IS NULL THEN
			problem := 'its trigger does not call newterm.observe: it shows the rules nothing';
			remedy := pg_catalog.format('SELECT newterm.unwatch(%1$L); SELECT newterm.watch(%1$L);', w.name);
			RETURN NEXT;
			CONTINUE;
		END IF;

		-- triggers that do not fire, of the table or of partitions
		FOR t IN
			WITH RECURSIVE clones AS (
				SELECT g.oid, g.tgrelid, g.tgenabled, g.tgname FROM pg_catalog.pg_trigger g WHERE g.tgrelid = w.events AND g.tgname = w.tgname
				UNION ALL
				SELECT g.oid, g.tgrelid, g.tgenabled, g.tgname FROM clones c JOIN pg_catalog.pg_trigger g ON g.tgparentid = c.oid)
			SELECT newterm.qualified_name(c.tgrelid) AS name, c.tgname FROM clones c
			JOIN pg_catalog.pg_class r ON r.oid = c.tgrelid
			WHERE c.tgenabled = 'D' AND (r.relkind <> 'p' OR c.tgrelid = w.events) ORDER BY 1
		LOOP
			events := t.name;
			problem := 'its trigger is disabled';
			remedy := pg_catalog.format('ALTER TABLE %s ENABLE %sTRIGGER %I;', t.name,
				CASE w.asked_fires WHEN 'replica' THEN 'REPLICA ' WHEN 'always' THEN 'ALWAYS ' ELSE '' END, t.tgname);
			RETURN NEXT;
		END LOOP;
		events := w.name;

		-- who inserts without firing it
		FOR t IN
			SELECT pg_catalog.format('session_replication_role is replica here: inserts of this session are not shown') AS problem, 'RESET session_replication_role;' AS remedy
			WHERE pg_catalog.current_setting('session_replication_role') = 'replica' AND w.fires = 'origin'
			UNION ALL
			SELECT pg_catalog.format('session_replication_role is replica for %s: inserts there are not shown',
					pg_catalog.concat_ws(' in ', CASE WHEN s.setrole <> 0 THEN 'role ' || s.setrole::regrole ELSE 'everybody' END, 'database ' || d.datname)),
				pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', w.name, w.tgname)
			FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
			WHERE 'session_replication_role=replica' = ANY (s.setconfig) AND w.fires = 'origin'
				AND (s.setdatabase = 0 OR d.datname = pg_catalog.current_database())
			UNION ALL
			SELECT 'rows that a subscription brings are not shown', pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', w.name, w.tgname)
			WHERE w.fires = 'origin' AND EXISTS (SELECT FROM pg_catalog.pg_subscription_rel r WHERE r.srrelid = w.events)
		LOOP
			problem := t.problem;
			remedy := t.remedy;
			RETURN NEXT;
		END LOOP;

		-- children that inserts go to, and that no trigger covers
		FOR t IN
			WITH RECURSIVE below AS (
				SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = w.events
				UNION
				SELECT i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.inhrelid)
			SELECT newterm.qualified_name(b.inhrelid) AS name FROM below b
			WHERE newterm.watched_with(b.inhrelid) IS NULL ORDER BY 1
		LOOP
			problem := pg_catalog.format('rows that are inserted into its child %s are not shown', t.name);
			remedy := pg_catalog.format('SELECT newterm.watch(%L%s%s);', t.name, ', event_column => ' || pg_catalog.quote_literal(w.event_column),
				', time_column => ' || pg_catalog.quote_literal(w.time_column));
			RETURN NEXT;
		END LOOP;
		-- a partition whose siblings are not watched
		FOR t IN
			SELECT newterm.qualified_name(i.inhparent) AS name FROM pg_catalog.pg_inherits i
			JOIN pg_catalog.pg_class c ON c.oid = i.inhparent
			WHERE i.inhrelid = w.events AND c.relkind = 'p' AND newterm.watched_with(i.inhparent) IS NULL
		LOOP
			problem := pg_catalog.format('it is watched, and other partitions of %s are not', t.name);
			remedy := pg_catalog.format('SELECT newterm.unwatch(%L); SELECT newterm.watch(%L%s%s);', w.name, t.name, ', event_column => ' || pg_catalog.quote_literal(w.event_column),
				', time_column => ' || pg_catalog.quote_literal(w.time_column));
			RETURN NEXT;
		END LOOP;

		-- rows that hold nothing
		SELECT k.* INTO seen FROM newterm.recent_kind(w.events, w.document) k;
		IF seen.rows > 0 AND seen.usable = 0 THEN
			problem := pg_catalog.format('none of its last %s rows holds a CloudTrail record%s', seen.rows, ' in column ' || pg_catalog.quote_ident(w.event_column));
			remedy := pg_catalog.format('SELECT newterm.unwatch(%1$L); SELECT newterm.watch(%1$L%2$s);', w.name,
				coalesce((SELECT ', event_column => ' || pg_catalog.quote_literal(c.column_name) FROM newterm.event_candidates(w.events) c
					WHERE c.column_name <> w.event_column AND (newterm.recent_kind(w.events, pg_catalog.quote_ident(c.column_name))).usable > 0 LIMIT 1),
					(SELECT ', shape => ''columns''' FROM newterm.member_columns(w.events) m
					 WHERE w.event_column IS NOT NULL AND (newterm.recent_kind(w.events, newterm.document_expression(m.columns, m.members))).usable > 0),
					', event_column => …'));
			RETURN NEXT;
		END IF;
		-- columns that came later
		IF w.event_column IS NULL THEN
			SELECT pg_catalog.string_agg(pg_catalog.quote_ident(c), ', ' ORDER BY c) INTO problem
			FROM newterm.member_columns(w.events) m, pg_catalog.unnest(m.columns) c
			WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
				JOIN pg_catalog.pg_trigger g ON g.oid = d.objid
				JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
				WHERE d.classid = 'pg_trigger'::regclass AND d.refobjid = w.events AND g.tgname = w.tgname AND a.attname = c);
			IF problem IS NOT NULL THEN
				problem := 'columns were added that belong to the record: ' || problem;
				remedy := pg_catalog.format('SELECT newterm.unwatch(%1$L); SELECT newterm.watch(%1$L, shape => %2$L);', w.name, w.shape);
				RETURN NEXT;
			END IF;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.check() IS 'what is wrong with each watch, and the statement that mends it';
