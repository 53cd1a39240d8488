/*
 * latency.c
 *	  How long after a transaction commits does a LISTEN client know?
 *
 * Reads records, one a line, each of which gives one signal.  In turns a record is
 * inserted into a watched table, and into a bare one with a NOTIFY of its own.
 * The time is taken from just before COMMIT is sent until the notification is in
 * the listening client.  One line of output for each: variant, microseconds.
 *
 *	  latency BARE_TABLE WATCHED_TABLE <records
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

static PGconn *
connect_server(void)
{
	PGconn *connection = PQconnectdb("");

	if (PQstatus(connection) != CONNECTION_OK)
	{
		fprintf(stderr, "latency: %s", PQerrorMessage(connection));
		exit(1);
	}
	return connection;
}

static void
check(PGconn *connection, PGresult *result)
{
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
	{
		fprintf(stderr, "latency: %s", PQerrorMessage(connection));
		exit(1);
	}
	PQclear(result);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

/* Wait until a notification is there; what the loader's server says meanwhile
 * stays unread. */
static void
wait_notification(PGconn *listener)
{
	for (;;)
	{
		struct pollfd event = {.fd = PQsocket(listener), .events = POLLIN};
		PGnotify     *notify;

		if (!PQconsumeInput(listener))
		{
			fprintf(stderr, "latency: %s", PQerrorMessage(listener));
			exit(1);
		}
		notify = PQnotifies(listener);
		if (notify != NULL)
		{
			PQfreemem(notify);
			return;
		}
		if (poll(&event, 1, 10000) == 0)
		{
			fprintf(stderr, "latency: no notification within ten seconds\n");
			exit(1);
		}
	}
}

int
main(int argc, char **argv)
{
	PGconn *loader = connect_server();
	PGconn *listener = connect_server();
	char   *line = NULL;
	size_t  allocated = 0;
	ssize_t length;
	char    query[256];

	if (argc != 3)
	{
		fprintf(stderr, "Usage: latency BARE_TABLE WATCHED_TABLE <records\n");
		return 2;
	}
	snprintf(query, sizeof(query), "INSERT INTO %s (event) VALUES ($1)", argv[1]);
	check(loader, PQprepare(loader, "bare", query, 0, NULL));
	snprintf(query, sizeof(query), "INSERT INTO %s (event) VALUES ($1)", argv[2]);
	check(loader, PQprepare(loader, "watched", query, 0, NULL));
	check(listener, PQexec(listener, "LISTEN newterm"));
	check(listener, PQexec(listener, "LISTEN bare"));

	for (long n = 0; (length = getline(&line, &allocated, stdin)) > 0; n++)
	{
		const char *variant = n % 2 ? "watched" : "bare";
		const char *values[1] = {line};
		PGresult   *result;
		double      begin;

		line[length - 1] = '\0';
		check(loader, PQexec(loader, "BEGIN"));
		check(loader, PQexecPrepared(loader, variant, 1, values, NULL, NULL, 0));
		if (n % 2 == 0)
			check(loader,
				  PQexec(loader,
						 "NOTIFY bare, "
						 "'a text about as long as that of a signal, which tells its number, the rule, "
						 "how severe it is, a title, the entity, the term, and the event and its time'"));
		begin = now();
		if (!PQsendQuery(loader, "COMMIT"))
		{
			fprintf(stderr, "latency: %s", PQerrorMessage(loader));
			return 1;
		}
		wait_notification(listener);
		printf("%s %.1f\n", variant, now() - begin);
		while ((result = PQgetResult(loader)) != NULL)
			check(loader, result);
	}
	free(line);
	PQfinish(loader);
	PQfinish(listener);
	return 0;
}
