/*
 * delivery.c
 *	  From COMMIT to the HTTP request of newterm-alerts.
 *
 *	  delivery TABLE PORT_FILE <records
 *
 * Inserts a record a transaction, each of which is a signal, and is the server that
 * newterm-alerts tells of it.  Writes the port into PORT_FILE first.  Prints a line for
 * each record: microseconds from sending COMMIT to the first bytes of the request.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

static void
fail(const char *message)
{
	fprintf(stderr, "delivery: %s\n", message);
	exit(1);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int
listen_somewhere(const char *port_file)
{
	int                listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t          length = sizeof(address);
	FILE              *file;

	if (bind(listener, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		listen(listener, 8) != 0 ||
		getsockname(listener, (struct sockaddr *) &address, &length) != 0)
		fail("no port");
	file = fopen(port_file, "w");
	if (file == NULL)
		fail("no port file");
	fprintf(file, "%d\n", ntohs(address.sin_port));
	fclose(file);
	return listener;
}

/* Wait until the file can be read. */
static void
wait_readable(int file)
{
	struct pollfd event = {.fd = file, .events = POLLIN};

	if (poll(&event, 1, 10000) <= 0)
		fail("no request within ten seconds");
}

/* Read a request and answer it; returns when its first bytes came, or 0 where the client closed. */
static double
serve(int client)
{
	static char       text[1024 * 1024];
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	size_t            length = 0;
	size_t            wanted = sizeof(text) - 1;
	double            came = 0;

	while (length < wanted)
	{
		ssize_t got;
		char   *body;
		char   *header;

		wait_readable(client);
		got = read(client, text + length, wanted - length);
		if (got <= 0)
			return 0;
		if (came == 0)
			came = now();
		length += got;
		text[length] = '\0';
		body = strstr(text, "\r\n\r\n");
		header = strcasestr(text, "\r\nContent-Length:");
		if (body != NULL && header != NULL)
			wanted = (body + 4 - text) + strtoul(header + 17, NULL, 10);
	}
	if (write(client, answer, sizeof(answer) - 1) < 0)
		fail("no answer can be written");
	return came;
}

/* When the next request came; *client is the connection that it came by, or -1. */
static double
next_request(int listener, int *client)
{
	for (;;)
	{
		double came;

		if (*client < 0)
		{
			wait_readable(listener);
			*client = accept(listener, NULL, NULL);
		}
		came = serve(*client);
		if (came > 0)
			return came;
		close(*client);
		*client = -1;
	}
}

static void
check(PGconn *connection, PGresult *result)
{
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail(PQerrorMessage(connection));
	PQclear(result);
}

int
main(int argc, char **argv)
{
	PGconn *loader = PQconnectdb("");
	char   *line = NULL;
	size_t  allocated = 0;
	ssize_t length;
	char    query[256];
	int     client = -1;
	int     listener;

	if (argc != 3)
		fail("usage: delivery TABLE PORT_FILE <records");
	listener = listen_somewhere(argv[2]);
	snprintf(query, sizeof(query), "INSERT INTO %s (event) VALUES ($1)", argv[1]);
	check(loader, PQprepare(loader, "insert", query, 0, NULL));
	while ((length = getline(&line, &allocated, stdin)) > 0)
	{
		const char *values[1] = {line};
		double      begin;

		line[length - 1] = '\0';
		check(loader, PQexec(loader, "BEGIN"));
		check(loader, PQexecPrepared(loader, "insert", 1, values, NULL, NULL, 0));
		begin = now();
		check(loader, PQexec(loader, "COMMIT"));
		printf("%.1f\n", next_request(listener, &client) - begin);
	}
	free(line);
	PQfinish(loader);
	return 0;
}
