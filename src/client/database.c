/*
 * database.c
 *	  The connection, and the functions of the subscription.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "bucket.h"
#include "buffer.h"
#include "database.h"
#include "log.h"
#include "stop.h"

/* A query that takes longer gets no answer any more, in seconds. */
#define QUERY_TIMEOUT   30
#define CONNECT_TIMEOUT "10"

static PGconn *connection = NULL;

/* ---- the connection ---- */

/* A message of libpq's or the server's, without the ends of its lines. */
static const char *
first_line(const char *message)
{
	static char line[1024];

	snprintf(line, sizeof(line), "%s", message);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

void
database_disconnect(void)
{
	PQfinish(connection);
	connection = NULL;
}

/* Log a notice of the server (a PQnoticeProcessor). */
static void
take_notice(void *unused, const char *message)
{
	(void) unused;
	log_info("server: %s", first_line(message));
}

static bool
lost(const char *why)
{
	log_warning("connection lost: %s", first_line(why));
	database_disconnect();
	return false;
}

/*
 * Run a query and wait for its result.  Returns NULL where the connection is lost, which
 * is logged; errors of the server are results.
 */
static PGresult *
run(const char *query, int nvalues, const char *const *values)
{
	double    until = clock_seconds() + QUERY_TIMEOUT;
	PGresult *last = NULL;
	PGresult *next;
	int       unsent = 1;

	if (!PQsendQueryParams(connection, query, nvalues, NULL, values, NULL, NULL, 0))
	{
		lost(PQerrorMessage(connection));
		return NULL;
	}
	while (unsent != 0 || PQisBusy(connection))
	{
		struct pollfd file = {.fd = PQsocket(connection), .events = POLLIN};

		if (unsent != 0 && (unsent = PQflush(connection)) > 0)
			file.events |= POLLOUT;
		if (unsent == 0 && !PQisBusy(connection))
			break;
		if (clock_seconds() >= until || stop_at_once())
		{
			lost(stop_at_once() ? "stopped" : "a query gets no answer");
			return NULL;
		}
		stop_poll(&file, 1, until - clock_seconds(), true);
		if (unsent < 0 || !PQconsumeInput(connection))
		{
			lost(PQerrorMessage(connection));
			return NULL;
		}
	}
	while ((next = PQgetResult(connection)) != NULL)
	{
		PQclear(last);
		last = next;
	}
	if (last == NULL || PQstatus(connection) == CONNECTION_BAD)
	{
		PQclear(last);
		lost(PQerrorMessage(connection));
		return NULL;
	}
	return last;
}

static bool
succeeded(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
}

/* Would the same query fail the next time, too? */
static bool
is_hopeless(const PGresult *result)
{
	static const char *const states[] = {
		"42704",                   /* no such subscription */
		"42883", "3F000", "42P01", /* no extension */
		"42501"                    /* no right to it */
	};
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	for (size_t i = 0; state != NULL && i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

/*
 * Run a query that should succeed.  An error of the server ends the connection.  If
 * only a person can mend it, it ends the program.
 */
static PGresult *
run_or_lose(const char *query, int nvalues, const char *const *values)
{
	PGresult *result = run(query, nvalues, values);

	if (result == NULL || succeeded(result))
		return result;
	if (is_hopeless(result))
	{
		const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);

		log_fatal("%s\n%s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
				  hint == NULL ? "" : hint);
	}
	lost(PQresultErrorMessage(result));
	PQclear(result);
	return NULL;
}

static bool
execute(const char *query)
{
	PGresult *result = run_or_lose(query, 0, NULL);

	PQclear(result);
	return result != NULL;
}

/*
 * Run a query that changes something in a transaction of its own, whatever the role's
 * defaults are: positions cannot be given above READ COMMITTED.  Where `keep_open` is set,
 * the transaction stays open.
 */
static PGresult *
transact(const char *query, int nvalues, const char *const *values, bool keep_open)
{
	PGresult *result;

	if (!execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"))
		return NULL;
	result = run_or_lose(query, nvalues, values);
	if (result == NULL || keep_open || execute("COMMIT"))
		return result;
	PQclear(result);
	return NULL;
}

/* Ask to be notified; polling does without. */
static bool
listen_to(const char *channel)
{
	PGresult *result;
	char     *name;
	Buffer    query = {0};
	bool      alive;

	if (channel == NULL)
	{
		/* the server does not know the setting before it has loaded newterm's library */
		result =
			run_or_lose("SELECT coalesce(pg_catalog.current_setting('newterm.channel', true), 'newterm')",
						0, NULL);
		if (result == NULL)
			return false;
		name = PQescapeIdentifier(connection, PQgetvalue(result, 0, 0), PQgetlength(result, 0, 0));
		PQclear(result);
	}
	else
		name = PQescapeIdentifier(connection, channel, strlen(channel));
	buffer_printf(&query, "LISTEN %s", name == NULL ? "newterm" : name);
	PQfreemem(name);
	result = run(buffer_text(&query), 0, NULL);
	alive = result != NULL;
	if (alive && !succeeded(result))
		log_warning("no notifications, only polling: %s", first_line(PQresultErrorMessage(result)));
	PQclear(result);
	buffer_free(&query);
	return alive;
}

bool
database_connect(const Options *options)
{
	const char *names[9];
	const char *values[9];
	int         count = 0;

	if (connection != NULL)
		return true;
	/* later values win; libpq takes NULL ones from the environment */
	if (getenv("PGCONNECT_TIMEOUT") == NULL)
	{
		names[count] = "connect_timeout";
		values[count++] = CONNECT_TIMEOUT;
	}
	names[count] = "dbname";
	values[count++] = options->dbname;
	names[count] = "host";
	values[count++] = options->host;
	names[count] = "port";
	values[count++] = options->port;
	names[count] = "user";
	values[count++] = options->user;
	names[count] = "client_encoding";
	values[count++] = "UTF8";
	names[count] = "fallback_application_name";
	values[count++] = "newterm-alerts";
	names[count] = values[count] = NULL;

	/* nothing is in progress here, and libpq does not let itself be interrupted */
	stop_immediately(true);
	connection = PQconnectdbParams(names, values, 1);
	stop_immediately(false);
	if (PQstatus(connection) != CONNECTION_OK)
	{
		log_warning("no connection: %s", first_line(PQerrorMessage(connection)));
		database_disconnect();
		return false;
	}
	PQsetNoticeProcessor(connection, take_notice, NULL);
	PQsetnonblocking(connection, 1);
	if (!listen_to(options->channel))
		return false;
	log_info("connected to database \"%s\"", PQdb(connection));
	return true;
}

/* Take the notifications that have arrived; were there any? */
static bool
take_notifications(void)
{
	PGnotify *notify;
	bool      any = false;

	while ((notify = PQnotifies(connection)) != NULL)
	{
		any = true;
		PQfreemem(notify);
	}
	return any;
}

bool
database_wait(double seconds)
{
	double until = clock_seconds() + seconds;

	while (!take_notifications() && !stop_requested() && clock_seconds() < until)
	{
		struct pollfd file = {.fd = PQsocket(connection), .events = POLLIN};

		if (stop_poll(&file, 1, until - clock_seconds(), false) > 0 && !PQconsumeInput(connection))
			return lost(PQerrorMessage(connection));
	}
	return true;
}

/* ---- the subscription ---- */

static char *
copy_value(const PGresult *result, int row, int column)
{
	return must_copy(PQgetvalue(result, row, column));
}

static void
read_batch(const PGresult *result, Batch *batch)
{
	batch->count = PQntuples(result);
	batch->changes = must_allocate(sizeof(Change) * batch->count);
	for (int i = 0; i < batch->count; i++)
	{
		Change *change = &batch->changes[i];

		change->position = copy_value(result, i, 0);
		change->uuid = copy_value(result, i, 1);
		change->kind = copy_value(result, i, 2);
		change->signal = copy_value(result, i, 3);
		change->severity = copy_value(result, i, 4);
		change->attempt = atoi(PQgetvalue(result, i, 5));
		if (i == 0)
			batch->epoch = copy_value(result, i, 6);
	}
}

void
batch_free(Batch *batch)
{
	for (int i = 0; i < batch->count; i++)
	{
		free(batch->changes[i].position);
		free(batch->changes[i].uuid);
		free(batch->changes[i].kind);
		free(batch->changes[i].signal);
		free(batch->changes[i].severity);
	}
	free(batch->changes);
	free(batch->epoch);
	memset(batch, 0, sizeof(Batch));
}

bool
database_next(const Options *options, Batch *batch, bool keep_open)
{
	char        most[16];
	char        lease[32];
	const char *values[3] = {options->subscription, most, lease};
	double      now = clock_seconds();
	PGresult   *result;

	memset(batch, 0, sizeof(Batch));
	snprintf(most, sizeof(most), "%d", options->batch);
	snprintf(lease, sizeof(lease), "%.3f seconds", options->lease);
	result =
		transact("SELECT n.pos, n.change, n.kind, n.signal_id, n.signal ->> 'severity', n.attempt, n.epoch"
				 " FROM newterm.next_signals($1, $2, $3) n ORDER BY n.pos",
				 3, values, keep_open);
	if (result == NULL)
		return false;
	read_batch(result, batch);
	batch->until = now + options->lease;
	PQclear(result);
	return true;
}

void
database_rollback(void)
{
	if (connection != NULL)
		execute("ROLLBACK");
}

Document
database_document(const Change *change, const char *format, char **document)
{
	const char *values[4] = {change->signal, format, change->kind, change->uuid};
	PGresult   *result = run("SELECT newterm.signal_as($1, $2, $3, $4)", 4, values);
	Document    outcome = DOCUMENT_READ;

	if (result == NULL)
		return DOCUMENT_LOST;
	if (!succeeded(result))
	{
		if (is_hopeless(result))
			log_fatal("%s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
		*document = must_copy(first_line(PQresultErrorMessage(result)));
		outcome = DOCUMENT_REFUSED;
	}
	else if (PQgetisnull(result, 0, 0))
		outcome = DOCUMENT_GONE;
	else
		*document = copy_value(result, 0, 0);
	PQclear(result);
	return outcome;
}

/* The positions of a part of a batch as an array. */
static void
append_positions(Buffer *to, const Batch *batch, int first, int last)
{
	buffer_append(to, "{");
	for (int i = first; i < last; i++)
		buffer_printf(to, "%s%s", i > first ? "," : "", batch->changes[i].position);
	buffer_append(to, "}");
}

/* Run a query whose value is how many changes it was about. */
static bool
run_on_changes(const char *query, int nvalues, const char **values, int wanted, const char *what)
{
	PGresult *result = transact(query, nvalues, values, false);

	if (result == NULL)
		return false;
	if (atoi(PQgetvalue(result, 0, 0)) < wanted)
		log_warning("%s of %d changes comes too late: the lease has ended", what, wanted);
	PQclear(result);
	return true;
}

bool
database_acknowledge(const Options *options, const Batch *batch, int first, int last)
{
	Buffer      positions = {0};
	const char *values[3] = {options->subscription, NULL, batch->epoch};
	bool        done;

	append_positions(&positions, batch, first, last);
	values[1] = buffer_text(&positions);
	done = run_on_changes("SELECT newterm.acknowledge($1, $2, $3)", 3, values, last - first,
						  "acknowledging");
	buffer_free(&positions);
	return done;
}

bool
database_fail(const Options *options, const Batch *batch, int first, int last, const char *error,
			  double wait, bool counts)
{
	Buffer      positions = {0};
	char        after[32];
	const char *values[6] = {options->subscription,
							 NULL,
							 batch->epoch,
							 error,
							 wait < 0 ? NULL : after,
							 counts ? "t" : "f"};
	bool        done;

	append_positions(&positions, batch, first, last);
	values[1] = buffer_text(&positions);
	snprintf(after, sizeof(after), "%.3f seconds", wait);
	done = run_on_changes("SELECT newterm.fail($1, $2, $3, $4, $5, $6)", 6, values, last - first,
						  "giving back");
	buffer_free(&positions);
	return done;
}
