/*
 * main.c
 *	  newterm-alerts: tells one destination of newterm's signals.
 *
 *	  newterm-alerts --subscription NAME --to DESTINATION [OPTION]... [DBNAME]
 *
 * The subscription in the database knows which changes were acknowledged.  The program keeps
 * no state and may die at any point: a change that it did not acknowledge is sent again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "database.h"
#include "deliver.h"
#include "destination.h"
#include "log.h"
#include "options.h"
#include "stop.h"

/* Waits between attempts to connect, in seconds. */
#define FIRST_RECONNECT 0.5
#define LAST_RECONNECT  30.0

/* Connect, however long that takes; false where the program is to stop before. */
static bool
connect_patiently(const Options *options)
{
	double wait = FIRST_RECONNECT;

	while (!stop_requested() && !database_connect(options))
	{
		stop_poll(NULL, 0, wait, false);
		wait = wait * 2 < LAST_RECONNECT ? wait * 2 : LAST_RECONNECT;
	}
	return !stop_requested();
}

/* Wait until there is something to do: a notification, or the time to look anyhow. */
static void
wait_for_work(const Delivery *delivery)
{
	double now = clock_seconds();

	if (delivery->not_before <= now && !delivery->output_lost)
		database_wait(delivery->options->poll);
	/* after a failure, a notification does not shorten the wait */
	while (delivery->not_before > now && !stop_requested() && !delivery->output_lost &&
		   database_wait(delivery->not_before - now))
		now = clock_seconds();
}

static void
run(Delivery *delivery)
{
	while (!delivery->output_lost && connect_patiently(delivery->options))
	{
		if (delivery->not_before > clock_seconds() || deliver_waiting(delivery))
			wait_for_work(delivery);
		else
			/* not at once where the server is there but refuses */
			stop_poll(NULL, 0, FIRST_RECONNECT, false);
	}
}

/* For cron, and for a look. */
static bool
run_once(Delivery *delivery)
{
	if (!database_connect(delivery->options))
		return false;
	if (delivery->options->dry_run)
		return deliver_dry(delivery);
	return deliver_waiting(delivery) && !delivery->failed;
}

/*
 * The parent process may have closed standard files.  Then a connection could get the number
 * of one, and be written to in its place, so open them.  Returns whether standard output was
 * open.
 */
static bool
keep_standard_files(void)
{
	bool output = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
	int  file;

	while ((file = open("/dev/null", O_RDWR)) >= 0 && file <= STDERR_FILENO)
		;
	close(file);
	return output;
}

int
main(int argc, char **argv)
{
	Options     options;
	Destination destination;
	Delivery    delivery = {0};
	bool        has_output = keep_standard_files();
	bool        good = true;

	options_read(&options, argc, argv);
	destination_prepare(&destination, &options);
	if (destination.kind == TO_LINES && !has_output)
		log_fatal("standard output cannot be written");
	srand((unsigned) time(NULL) ^ (unsigned) getpid());
	stop_start();
	delivery.options = &options;
	delivery.destination = &destination;
	bucket_start(&delivery.bucket, destination.rate, destination.burst);
	if (options.once || options.dry_run)
		good = run_once(&delivery);
	else
		run(&delivery);
	database_disconnect();
	if (delivery.output_lost)
		log_fatal("standard output cannot be written");
	return good ? 0 : 1;
}
