-- Reading changes by subscriptions.
--
-- A change waits without a position until somebody reads.  number_changes() gives
-- positions under a lock and hands each change to the subscriptions that it concerns: a
-- row of newterm.deliveries, which lives until it is acknowledged.

CREATE OR REPLACE FUNCTION newterm.lock_positions() RETURNS boolean
	AS 'MODULE_PATHNAME', 'newterm_lock_positions' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.lock_positions() IS 'keeps others from giving positions until this transaction ends; false where somebody else does for longer than a second';
REVOKE ALL ON FUNCTION newterm.lock_positions() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.tell(kind text, signal bigint, rule text, severity text, title text, entity jsonb, term jsonb,
	event_time timestamptz, event_id text, reason text) RETURNS void
	AS 'MODULE_PATHNAME', 'newterm_tell' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION newterm.tell(text, bigint, text, text, text, jsonb, jsonb, timestamptz, text, text)
	IS 'writes a change of a signal, and notifies at commit';
REVOKE ALL ON FUNCTION newterm.tell(text, bigint, text, text, text, jsonb, jsonb, timestamptz, text, text) FROM PUBLIC;

-- Only inlined: no settings, and open to all who may read the view newterm.delivery.
CREATE OR REPLACE FUNCTION newterm.is_concerned(min_severity text, rules text[], severity text, rule text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT coalesce(pg_catalog.array_position('{info,low,medium,high,critical}'::text[], severity)
				>= pg_catalog.array_position('{info,low,medium,high,critical}'::text[], min_severity), true)
		AND (rules IS NULL OR rule = ANY (rules))
$$;
COMMENT ON FUNCTION newterm.is_concerned(text, text[], text, text) IS 'does a change of a signal of this severity and rule meet a subscription''s conditions?';

CREATE OR REPLACE FUNCTION newterm.signal_triaged() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	reasons text[];
BEGIN
	IF NEW.status IS DISTINCT FROM OLD.status OR NEW.archive_reason IS DISTINCT FROM OLD.archive_reason THEN
		reasons := ARRAY['status ' || NEW.status || coalesce(' (' || nullif(NEW.archive_reason, 'none') || ')', '')];
	END IF;
	IF NEW.assignee IS DISTINCT FROM OLD.assignee THEN
		reasons := reasons || coalesce('assigned to ' || NEW.assignee, 'no longer assigned');
	END IF;
	PERFORM newterm.tell('update', NEW.id, NEW.rule, NEW.severity, NEW.title, NEW.entity, NEW.term,
		NEW.first_seen, NEW.event_id, array_to_string(reasons, ', '));
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION newterm.signal_triaged() IS 'trigger function: triage of a signal is a change, too';
REVOKE ALL ON FUNCTION newterm.signal_triaged() FROM PUBLIC;

-- What is written here must see all that was committed before the lock was granted: at
-- READ COMMITTED each statement has a new snapshot, above it none has.
CREATE OR REPLACE FUNCTION newterm.number_changes() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	numbered bigint;
	last bigint;
BEGIN
	IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION 'changes cannot be read at isolation level %', current_setting('transaction_isolation')
			USING ERRCODE = 'feature_not_supported',
				  HINT = 'Read them in a transaction of its own: BEGIN ISOLATION LEVEL READ COMMITTED.';
	ELSIF pg_is_in_recovery() THEN
		RAISE EXCEPTION 'changes cannot be read on a standby server'
			USING ERRCODE = 'read_only_sql_transaction',
				  HINT = 'Who reads them notes what it has read: read on the primary.';
	END IF;
	PERFORM newterm.refuse_triggers('newterm.changes', 'newterm.deliveries', 'newterm.subscriptions');
	IF NOT EXISTS (SELECT FROM newterm.changes WHERE position IS NULL) THEN
		RETURN 0;
	ELSIF NOT newterm.lock_positions() THEN
		RETURN NULL;
	END IF;
	WITH numbered AS (
		UPDATE newterm.changes c SET position = n.position
		FROM (SELECT o.uuid, nextval('newterm.change_position') AS position
			  FROM (SELECT uuid FROM newterm.changes WHERE position IS NULL ORDER BY uuid) o) n
		WHERE c.uuid = n.uuid
		RETURNING c.position, c.severity, c.rule
	), handed AS (
		INSERT INTO newterm.deliveries (subscription, position)
		SELECT s.name, n.position
		FROM numbered n
		JOIN newterm.subscriptions s ON newterm.is_concerned(s.min_severity, s.rules, n.severity, n.rule)
		ORDER BY n.position
	)
	SELECT count(*), max(n.position) INTO numbered, last FROM numbered n;
	-- now and then, and not by a clock
	IF last / 1000 > (last - numbered) / 1000 THEN
		PERFORM newterm.purge_numbered(10000);
	END IF;
	RETURN numbered;
END
$$;
COMMENT ON FUNCTION newterm.number_changes() IS 'gives positions to the changes that have none; returns how many, NULL where somebody else is about to';
REVOKE ALL ON FUNCTION newterm.number_changes() FROM PUBLIC;

-- Rows that somebody holds are left to the next time.
CREATE OR REPLACE FUNCTION newterm.purge_numbered(at_most bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	last bigint := (SELECT s.last_value FROM newterm.change_position s);
	keep bigint;
	keep_all bigint;
	purged bigint;
BEGIN
	-- the settings are there when the library is
	PERFORM newterm.lock_positions();
	keep := current_setting('newterm.keep_changes')::bigint;
	keep_all := greatest(keep, current_setting('newterm.keep_unacknowledged')::bigint);
	WITH held AS (
		SELECT s.name FROM newterm.subscriptions s FOR NO KEY UPDATE SKIP LOCKED
	), missed AS (
		SELECT d.subscription, d.position FROM newterm.deliveries d
		WHERE d.position <= last - keep_all AND d.subscription IN (SELECT h.name FROM held h)
		ORDER BY d.position LIMIT at_most FOR UPDATE SKIP LOCKED
	), gone AS (
		DELETE FROM newterm.deliveries d USING missed m
		WHERE d.subscription = m.subscription AND d.position = m.position
		RETURNING d.subscription
	)
	UPDATE newterm.subscriptions s SET lapsed = s.lapsed + g.number, lapsed_at = clock_timestamp()
	FROM (SELECT subscription, count(*) AS number FROM gone GROUP BY subscription) g
	WHERE s.name = g.subscription;

	WITH done AS (
		SELECT c.uuid FROM newterm.changes c
		WHERE c.position <= last - keep
			AND NOT EXISTS (SELECT FROM newterm.subscriptions s
							JOIN newterm.deliveries d ON d.subscription = s.name AND d.position = c.position)
		ORDER BY c.position LIMIT at_most FOR UPDATE SKIP LOCKED
	)
	DELETE FROM newterm.changes c USING done d WHERE c.uuid = d.uuid;
	GET DIAGNOSTICS purged = ROW_COUNT;
	RETURN purged;
END
$$;
COMMENT ON FUNCTION newterm.purge_numbered(bigint) IS 'drops changes past newterm.keep_changes that are acknowledged, and those past newterm.keep_unacknowledged; returns how many changes';
REVOKE ALL ON FUNCTION newterm.purge_numbered(bigint) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.purge_changes() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	purged bigint := 0;
	more bigint;
BEGIN
	PERFORM newterm.number_changes();
	LOOP
		more := newterm.purge_numbered(10000);
		purged := purged + more;
		EXIT WHEN more < 10000;
	END LOOP;
	RETURN purged;
END
$$;
COMMENT ON FUNCTION newterm.purge_changes() IS 'drops the changes that need not be kept any more; returns how many. Reading does so by itself';
REVOKE ALL ON FUNCTION newterm.purge_changes() FROM PUBLIC;

-- Positions are given to all that is there, so that a subscription begins where it is made.
CREATE OR REPLACE FUNCTION newterm.settle_positions() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT newterm.lock_positions() OR newterm.number_changes() IS NULL THEN
		RAISE EXCEPTION 'another transaction is reading changes'
			USING ERRCODE = 'lock_not_available',
				  HINT = 'Try again when it has ended.';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.settle_positions() IS 'gives positions to all changes, or raises an error';
REVOKE ALL ON FUNCTION newterm.settle_positions() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.check_subscription(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM newterm.refuse_triggers('newterm.deliveries', 'newterm.subscriptions');
	IF name IS NULL OR NOT EXISTS (SELECT FROM newterm.subscriptions s WHERE s.name = check_subscription.name) THEN
		RAISE EXCEPTION 'there is no subscription "%"', coalesce(name, 'NULL')
			USING ERRCODE = 'undefined_object',
				  HINT = 'newterm.subscribe() makes one.';
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.check_subscription(text) IS 'raises an error where there is no such subscription';
REVOKE ALL ON FUNCTION newterm.check_subscription(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.subscribe(name text, min_severity text DEFAULT 'info', rules text[] DEFAULT NULL,
	since text DEFAULT 'now') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	unknown text;
BEGIN
	IF coalesce(name, '') = '' THEN
		RAISE EXCEPTION 'a subscription needs a name' USING ERRCODE = 'invalid_parameter_value';
	ELSIF coalesce(min_severity, 'info') NOT IN ('info', 'low', 'medium', 'high', 'critical') THEN
		RAISE EXCEPTION 'min_severity must be info, low, medium, high or critical, not "%"', min_severity
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF coalesce(since, 'now') NOT IN ('now', 'beginning') THEN
		RAISE EXCEPTION 'since must be now or beginning, not "%"', since
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM newterm.settle_positions();
	IF EXISTS (SELECT FROM newterm.subscriptions s WHERE s.name = subscribe.name) THEN
		RAISE EXCEPTION 'subscription "%" exists already', name
			USING ERRCODE = 'duplicate_object',
				  HINT = 'newterm.unsubscribe() drops it, with what it has not acknowledged yet.';
	END IF;
	SELECT string_agg(DISTINCT quote_ident(r), ', ') INTO unknown
	FROM unnest(rules) r WHERE r IS NOT NULL AND NOT EXISTS (SELECT FROM newterm.rules k WHERE k.name = r);
	IF unknown IS NOT NULL THEN
		RAISE NOTICE 'no such rules so far: %', unknown;
	END IF;
	INSERT INTO newterm.subscriptions (name, min_severity, rules)
	VALUES (subscribe.name, coalesce(subscribe.min_severity, 'info'), subscribe.rules);
	IF since = 'beginning' THEN
		INSERT INTO newterm.deliveries (subscription, position)
		SELECT subscribe.name, c.position FROM newterm.changes c
		WHERE newterm.is_concerned(subscribe.min_severity, subscribe.rules, c.severity, c.rule)
		ORDER BY c.position;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.subscribe(text, text, text[], text) IS 'makes a subscription to changes of signals: of at least a severity, of some rules, from now or from the first one that is kept';
REVOKE ALL ON FUNCTION newterm.subscribe(text, text, text[], text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.unsubscribe(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM newterm.settle_positions();
	PERFORM newterm.check_subscription(name);
	DELETE FROM newterm.subscriptions s WHERE s.name = unsubscribe.name;
	DELETE FROM newterm.deliveries d WHERE d.subscription = unsubscribe.name;
END
$$;
COMMENT ON FUNCTION newterm.unsubscribe(text) IS 'drops a subscription, and what it has not acknowledged yet';
REVOKE ALL ON FUNCTION newterm.unsubscribe(text) FROM PUBLIC;

-- Workers of one subscription pass by what another one is just taking.
CREATE OR REPLACE FUNCTION newterm.next_signals(name text, max integer DEFAULT 100, lease interval DEFAULT '1 minute')
	RETURNS TABLE (pos bigint, change uuid, kind text, reason text, changed_at timestamptz, attempt integer, epoch bigint,
		signal_id bigint, signal jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_column
DECLARE
	this_epoch bigint;
BEGIN
	next_signals.max := coalesce(next_signals.max, 100);
	next_signals.lease := coalesce(next_signals.lease, '1 minute');
	IF next_signals.max < 1 THEN
		RAISE EXCEPTION 'max must be at least 1, not %', next_signals.max USING ERRCODE = 'invalid_parameter_value';
	ELSIF next_signals.lease <= '0' OR next_signals.lease > '1 year' THEN
		RAISE EXCEPTION 'lease must be between 0 and a year, not %', next_signals.lease
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM newterm.check_subscription(next_signals.name);
	PERFORM newterm.number_changes();

	-- the lease of the tenth attempt ran out: whoever took it may have died of it
	UPDATE newterm.deliveries d
	SET parked_at = clock_timestamp(), error = coalesce(d.error, 'not acknowledged within the lease')
	WHERE d.subscription = next_signals.name AND d.position IN (
		SELECT s.position FROM newterm.deliveries s
		WHERE s.subscription = next_signals.name AND s.attempt >= 10 AND s.parked_at IS NULL
			AND s.free_at <= clock_timestamp()
		FOR UPDATE SKIP LOCKED);

	IF NOT EXISTS (SELECT FROM newterm.deliveries d
				   WHERE d.subscription = next_signals.name AND d.parked_at IS NULL AND d.free_at <= clock_timestamp()) THEN
		RETURN;
	END IF;
	this_epoch := nextval('newterm.lease_epoch');
	RETURN QUERY
	WITH free AS (
		SELECT d.position FROM newterm.deliveries d
		WHERE d.subscription = next_signals.name AND d.parked_at IS NULL AND d.free_at <= clock_timestamp()
		ORDER BY d.position LIMIT next_signals.max FOR UPDATE SKIP LOCKED
	), leased AS (
		UPDATE newterm.deliveries d
		SET attempt = d.attempt + 1, epoch = this_epoch, free_at = clock_timestamp() + next_signals.lease
		FROM free f
		WHERE d.subscription = next_signals.name AND d.position = f.position
		RETURNING d.position, d.attempt
	)
	SELECT l.position, c.uuid, c.kind, c.reason, c.changed_at, l.attempt, this_epoch, c.signal_id, to_jsonb(s) - '{group_digest,rule_id}'::text[]
	FROM leased l
	JOIN newterm.changes c ON c.position = l.position
	LEFT JOIN newterm.signals s ON s.id = c.signal_id
	ORDER BY l.position;
END
$$;
COMMENT ON FUNCTION newterm.next_signals(text, integer, interval) IS 'hands out the next changes of a subscription, with the signals as they are now; what is not acknowledged within the lease is handed out again';
REVOKE ALL ON FUNCTION newterm.next_signals(text, integer, interval) FROM PUBLIC;

-- A subscription's row is only touched where nobody else holds it: workers do not wait
-- for each other.
CREATE OR REPLACE FUNCTION newterm.note_outcome(name text, outcome text, error text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE newterm.subscriptions s
	SET last_success = CASE outcome WHEN 'success' THEN clock_timestamp() ELSE s.last_success END,
		last_error = CASE outcome WHEN 'error' THEN note_outcome.error ELSE s.last_error END,
		last_error_at = CASE outcome WHEN 'error' THEN clock_timestamp() ELSE s.last_error_at END
	WHERE s.name IN (SELECT h.name FROM newterm.subscriptions h WHERE h.name = note_outcome.name
					 FOR NO KEY UPDATE SKIP LOCKED);
END
$$;
COMMENT ON FUNCTION newterm.note_outcome(text, text, text) IS 'notes when a subscription succeeded or failed last';
REVOKE ALL ON FUNCTION newterm.note_outcome(text, text, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.acknowledge(name text, pos bigint[], epoch bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	acknowledged bigint;
BEGIN
	PERFORM newterm.check_subscription(name);
	DELETE FROM newterm.deliveries d
	WHERE d.subscription = acknowledge.name AND d.position = ANY (acknowledge.pos)
		AND (d.epoch = acknowledge.epoch OR (acknowledge.epoch IS NULL AND d.parked_at IS NOT NULL));
	GET DIAGNOSTICS acknowledged = ROW_COUNT;
	IF acknowledged > 0 AND epoch IS NOT NULL THEN
		PERFORM newterm.note_outcome(name, 'success', NULL);
	END IF;
	RETURN acknowledged;
END
$$;
COMMENT ON FUNCTION newterm.acknowledge(text, bigint[], bigint) IS 'says that changes which next_signals handed out with this epoch are done; returns how many, less those that went to somebody else since. With epoch NULL it gives up parked ones';
REVOKE ALL ON FUNCTION newterm.acknowledge(text, bigint[], bigint) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.fail(name text, pos bigint[], epoch bigint, error text DEFAULT NULL,
	retry_after interval DEFAULT '1 minute', counts boolean DEFAULT true) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	failed bigint;
	at timestamptz := clock_timestamp();
BEGIN
	PERFORM newterm.check_subscription(name);
	counts := coalesce(counts, true);
	error := left(error, 2000);
	UPDATE newterm.deliveries d
	SET epoch = NULL,
		attempt = greatest(d.attempt - CASE WHEN fail.counts THEN 0 ELSE 1 END, 0),
		free_at = at + least(coalesce(fail.retry_after, '0'), '1 year'),
		parked_at = CASE WHEN fail.retry_after IS NULL OR (fail.counts AND d.attempt >= 10) THEN at END,
		error = coalesce(fail.error, d.error)
	WHERE d.subscription = fail.name AND d.position = ANY (fail.pos) AND d.epoch = fail.epoch;
	GET DIAGNOSTICS failed = ROW_COUNT;
	IF failed > 0 AND error IS NOT NULL THEN
		PERFORM newterm.note_outcome(name, 'error', error);
	END IF;
	RETURN failed;
END
$$;
COMMENT ON FUNCTION newterm.fail(text, bigint[], bigint, text, interval, boolean) IS 'gives back changes that next_signals handed out with this epoch, to be handed out again after a while (retry_after NULL: they are parked); counts false: they were not tried. Returns how many';
REVOKE ALL ON FUNCTION newterm.fail(text, bigint[], bigint, text, interval, boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.unpark(name text, pos bigint[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	unparked bigint;
BEGIN
	PERFORM newterm.check_subscription(name);
	UPDATE newterm.deliveries d SET parked_at = NULL, attempt = 0, epoch = NULL, free_at = '-infinity'
	WHERE d.subscription = unpark.name AND d.parked_at IS NOT NULL
		AND (unpark.pos IS NULL OR d.position = ANY (unpark.pos));
	GET DIAGNOSTICS unparked = ROW_COUNT;
	RETURN unparked;
END
$$;
COMMENT ON FUNCTION newterm.unpark(text, bigint[]) IS 'hands parked changes out again (pos NULL: all of the subscription), with ten attempts; returns how many';
REVOKE ALL ON FUNCTION newterm.unpark(text, bigint[]) FROM PUBLIC;
