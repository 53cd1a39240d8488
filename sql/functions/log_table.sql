-- A table for those who have none, parted by time.

-- The partition of a period, by the time at which it begins.
CREATE OR REPLACE FUNCTION newterm.log_partition_name(events regclass, unit text, begins timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT c.relname || pg_catalog.to_char(begins AT TIME ZONE 'UTC', CASE unit WHEN 'year' THEN '"_"YYYY' WHEN 'month' THEN '"_"YYYY_MM' ELSE '"_"YYYY_MM_DD' END)
	FROM pg_catalog.pg_class c WHERE c.oid = log_partition_name.events
$$;
COMMENT ON FUNCTION newterm.log_partition_name(regclass, text, timestamptz) IS 'name of a log table''s partition for a period';

-- Rows of the period that lie in the default partition move along.  They were shown to the
-- rules when they were inserted, and are not again: the table is attached afterwards.
CREATE OR REPLACE FUNCTION newterm.add_log_partition(events regclass, unit text, begins timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	next CONSTANT timestamptz := (begins AT TIME ZONE 'UTC' + ('1 ' || unit)::interval) AT TIME ZONE 'UTC';
	part text;
	rest regclass;
BEGIN
	SELECT pg_catalog.format('%I.%I', n.nspname, newterm.log_partition_name(events, unit, begins)) INTO part
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = events;
	IF pg_catalog.to_regclass(part) IS NOT NULL THEN
		RETURN false;
	END IF;
	SELECT p.partdefid INTO rest FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = events AND p.partdefid <> 0;
	EXECUTE pg_catalog.format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING COMPRESSION)', part, events);
	IF rest IS NOT NULL THEN
		EXECUTE pg_catalog.format('WITH moved AS (DELETE FROM ONLY %s WHERE event_time >= %L AND event_time < %L RETURNING *) INSERT INTO %s SELECT * FROM moved',
			rest, begins, next, part);
	END IF;
	EXECUTE pg_catalog.format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', events, part, begins, next);
	RETURN true;
END
$$;
COMMENT ON FUNCTION newterm.add_log_partition(regclass, text, timestamptz) IS 'adds the partition of a period to a log table; false where there is one';

CREATE OR REPLACE FUNCTION newterm.log_table_unit(events regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT substring(pg_catalog.obj_description(log_table_unit.events, 'pg_class') FROM 'a partition a (day|week|month|year)')
$$;
COMMENT ON FUNCTION newterm.log_table_unit(regclass) IS 'the period of a log table''s partitions, as its comment says';

CREATE OR REPLACE FUNCTION newterm.maintain_log_table(events regclass, ahead integer DEFAULT 3, keep interval DEFAULT NULL)
RETURNS TABLE (partition text, action text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	unit CONSTANT text := newterm.log_table_unit(events);
	step CONSTANT interval := ('1 ' || unit)::interval;
	this CONSTANT timestamp := pg_catalog.date_trunc(unit, now() AT TIME ZONE 'UTC');
	rest regclass;
	periods timestamp[] := '{}';
	old record;
	begins timestamp;
BEGIN
	IF unit IS NULL THEN
		RAISE EXCEPTION 'newterm makes no partitions of %', events
			USING ERRCODE = 'wrong_object_type',
				  HINT = 'It does of tables that newterm.create_log_table() made with partition_by day, week, month or year; their comment says so.';
	ELSIF ahead IS NULL OR ahead NOT BETWEEN 0 AND 1000 THEN
		RAISE EXCEPTION 'ahead must be 0 to 1000, not %', ahead USING ERRCODE = 'invalid_parameter_value';
	ELSIF keep < '0' THEN
		RAISE EXCEPTION 'keep must not be negative, as "%" is', keep USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT p.partdefid INTO rest FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = events AND p.partdefid <> 0;
	-- periods of rows that nobody made a partition for, and those ahead
	IF rest IS NOT NULL THEN
		EXECUTE pg_catalog.format('SELECT ARRAY(SELECT DISTINCT pg_catalog.date_trunc(%L, event_time AT TIME ZONE ''UTC'') FROM ONLY %s WHERE pg_catalog.isfinite(event_time) ORDER BY 1)', unit, rest)
		INTO periods;
	END IF;
	FOREACH begins IN ARRAY periods || ARRAY(SELECT this + i * step FROM pg_catalog.generate_series(0, ahead) i) LOOP
		IF newterm.add_log_partition(events, unit, begins AT TIME ZONE 'UTC') THEN
			partition := newterm.log_partition_name(events, unit, begins AT TIME ZONE 'UTC');
			action := 'added';
			RETURN NEXT;
		END IF;
	END LOOP;
	IF keep IS NULL THEN
		RETURN;
	END IF;
	-- whole periods that ended before; a partition that somebody made up to MAXVALUE never ends
	FOR old IN
		SELECT c.oid, c.relname,
			substring(pg_catalog.pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''(.*)''\)')::timestamptz AS ends
		FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = events AND c.oid <> coalesce(rest, 0) ORDER BY 3
	LOOP
		CONTINUE WHEN coalesce(old.ends, 'infinity') > now() - keep;
		EXECUTE pg_catalog.format('DROP TABLE %s', old.oid::regclass);
		partition := old.relname;
		action := 'dropped';
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.maintain_log_table(regclass, integer, interval) IS 'adds partitions for the coming periods, and for what is in the default partition, to a log table, and drops those that are older than `keep`; what was learned stays';

CREATE OR REPLACE FUNCTION newterm.make_log_table(schema_name text, table_name text, partition_by text) RETURNS regclass
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	events regclass;
	this timestamp;
BEGIN
	IF table_name IS NULL OR schema_name IS NULL THEN
		RAISE EXCEPTION 'a log table needs a name, and a schema to be made in' USING ERRCODE = 'invalid_parameter_value';
	ELSIF pg_catalog.octet_length(table_name) > 50 THEN
		RAISE EXCEPTION 'the name "%" leaves no room for those of partitions', table_name
			USING ERRCODE = 'name_too_long', HINT = 'At most 50 bytes.';
	ELSIF partition_by IS NULL OR partition_by NOT IN ('day', 'week', 'month', 'year', 'none') THEN
		RAISE EXCEPTION 'partition_by must be day, week, month, year or none, not "%"', partition_by
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE pg_catalog.format('CREATE TABLE %I.%I ('
		'id bigint GENERATED ALWAYS AS IDENTITY, '
		'event_time timestamptz NOT NULL DEFAULT pg_catalog.now(), '
		'event jsonb NOT NULL, '
		'PRIMARY KEY (event_time, id)) PARTITION BY RANGE (event_time)', schema_name, table_name);
	events := pg_catalog.format('%I.%I', schema_name, table_name)::regclass;
	BEGIN
		EXECUTE pg_catalog.format('ALTER TABLE %s ALTER COLUMN event SET COMPRESSION lz4', events);
	EXCEPTION WHEN feature_not_supported THEN
		NULL;	-- a server without LZ4
	END;
	EXECUTE pg_catalog.format('COMMENT ON TABLE %s IS %L', events, CASE partition_by WHEN 'none' THEN 'CloudTrail records, parted by another program' ELSE 'CloudTrail records, a partition a ' || partition_by END);
	EXECUTE pg_catalog.format('CREATE INDEX ON %s ((event->>''eventName''), event_time)', events);
	EXECUTE pg_catalog.format('CREATE INDEX ON %s ((event->''userIdentity''->>''arn''), event_time)', events);
	IF partition_by <> 'none' THEN
		EXECUTE pg_catalog.format('CREATE TABLE %I.%I PARTITION OF %s DEFAULT', schema_name, table_name || '_default', events);
		this := pg_catalog.date_trunc(partition_by, now() AT TIME ZONE 'UTC');
		PERFORM newterm.add_log_partition(events, partition_by, (this - ('1 ' || partition_by)::interval) AT TIME ZONE 'UTC');
		PERFORM newterm.maintain_log_table(events);
	END IF;
	PERFORM newterm.watch(events, 'event');
	RETURN events;
END
$$;
COMMENT ON FUNCTION newterm.make_log_table(text, text, text) IS 'makes a table for CloudTrail records in a schema';

-- The caller's schemas count for a name without one; nothing else here looks at them.
CREATE OR REPLACE FUNCTION newterm.create_log_table(name text, partition_by text DEFAULT 'month') RETURNS regclass
LANGUAGE sql AS $$
	SELECT newterm.make_log_table(
		CASE pg_catalog.array_length(p, 1) WHEN 2 THEN p[1] WHEN 1 THEN pg_catalog.current_schema()::text END,
		CASE pg_catalog.array_length(p, 1) WHEN 2 THEN p[2] WHEN 1 THEN p[1] END, partition_by)
	FROM pg_catalog.parse_ident(name) p
$$;
COMMENT ON FUNCTION newterm.create_log_table(text, text) IS 'makes a table for CloudTrail records, parted by time, with indexes, and watched; partition_by is day, week, month, year, or none: another program makes the partitions';
