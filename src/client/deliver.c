/*
 * deliver.c
 *	  From the subscription to the destination: lease, send, acknowledge.
 *
 * Changes are sent in their order.  A change that has to wait delays those behind it, as
 * mostly the destination failed and not the change.  A change that is refused is parked, and
 * the next one is sent.
 */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "deliver.h"
#include "log.h"
#include "send.h"
#include "stop.h"

/* The longest wait between attempts, and the longest that a destination may ask for. */
#define MAX_BACKOFF     300.0
#define MAX_RETRY_AFTER 3600.0

/* The most changes in a digest, so that its query fits. */
#define MAX_DIGEST 100

/* How a batch goes on after a change. */
typedef enum Progress
{
	GO_ON,
	LEASE_ENDS,  /* the rest was given back, to be had again at once */
	HAS_TO_WAIT, /* the rest was given back for a while, or for good */
	CONNECTION_LOST
} Progress;

static double
smaller(double a, double b)
{
	return a < b ? a : b;
}

/*
 * Seconds until the next attempt: doubling with each failure, whether this process or the
 * change has seen more of them, and by chance a fifth more.
 */
static double
backoff(const Delivery *delivery, const Change *change, const Outcome *outcome)
{
	int    failures = delivery->failures > change->attempt ? delivery->failures : change->attempt;
	double wait = delivery->options->backoff;

	if (outcome->wait > 0)
		return smaller(outcome->wait, MAX_RETRY_AFTER);
	for (int i = 1; i < failures && wait < MAX_BACKOFF; i++)
		wait *= 2;
	return smaller(wait, MAX_BACKOFF) * (1 + rand() / (double) RAND_MAX / 5);
}

/* Give back the changes from `first` on, which were not tried; returns `progress`. */
static Progress
give_back(const Delivery *delivery, const Batch *batch, int first, double wait, Progress progress)
{
	if (first < batch->count &&
		!database_fail(delivery->options, batch, first, batch->count, NULL, wait, false))
		return CONNECTION_LOST;
	return progress;
}

/* Changes first … last - 1 have to wait, and those behind them. */
static Progress
put_off(Delivery *delivery, const Batch *batch, int first, int last, const Outcome *outcome)
{
	const Change *change = &batch->changes[first];
	Progress      progress;
	double        wait;

	delivery->failed = true;
	delivery->failures++;
	wait = backoff(delivery, change, outcome);
	log_warning("change %s of signal %s was not sent to %s (attempt %d): %s; next attempt in %.1f seconds",
				change->uuid, change->signal, delivery->destination->name, change->attempt,
				buffer_text(&outcome->error), wait);
	delivery->not_before = clock_seconds() + wait;
	if (!database_fail(delivery->options, batch, first, last, buffer_text(&outcome->error), wait,
					   outcome->counts))
		return CONNECTION_LOST;
	progress = give_back(delivery, batch, last, wait, HAS_TO_WAIT);

	/* when the wait is over here, it is over there for all of them: the order stays */
	delivery->not_before = clock_seconds() + wait;
	return progress;
}

/* Take an outcome in, of changes first … last - 1 of the batch. */
static Progress
settle(Delivery *delivery, const Batch *batch, int first, int last, const Outcome *outcome)
{
	const Change *change = &batch->changes[first];

	switch (outcome->kind)
	{
		case SENT:
			delivery->failures = 0;
			log_info("sent change %s of signal %s, and %d more with it", change->uuid,
					 change->signal, last - first - 1);
			return database_acknowledge(delivery->options, batch, first, last) ? GO_ON
																			   : CONNECTION_LOST;
		case TRY_AGAIN:
			return put_off(delivery, batch, first, last, outcome);
		case REFUSED:
			delivery->failed = true;
			log_warning("change %s of signal %s was refused by %s, and is parked: %s", change->uuid,
						change->signal, delivery->destination->name, buffer_text(&outcome->error));
			return database_fail(delivery->options, batch, first, last,
								 buffer_text(&outcome->error), -1, true)
				? GO_ON
				: CONNECTION_LOST;
		case OUTPUT_LOST:
			delivery->failed = delivery->output_lost = true;
			return give_back(delivery, batch, first, 0, HAS_TO_WAIT);
	}
	return GO_ON;
}

/*
 * Get the document of a change.  If there is none, the change was acknowledged because its
 * signal was deleted, or put off because the server cannot write it; *progress says how to
 * go on.
 */
static char *
read_document(Delivery *delivery, const Batch *batch, int i, Progress *progress)
{
	const Change *change = &batch->changes[i];
	char         *document = NULL;
	Outcome       outcome = {.counts = true};

	switch (database_document(change, delivery->destination->format, &document))
	{
		case DOCUMENT_READ:
			return document;
		case DOCUMENT_LOST:
			*progress = CONNECTION_LOST;
			return NULL;
		case DOCUMENT_GONE:
			log_warning("signal %s is no more: nothing to tell of change %s", change->signal,
						change->uuid);
			*progress = database_acknowledge(delivery->options, batch, i, i + 1) ? GO_ON
																				 : CONNECTION_LOST;
			return NULL;
		case DOCUMENT_REFUSED:
			break;
	}
	/* of this change alone: those behind it go on */
	buffer_append(&outcome.error, document);
	free(document);
	delivery->failed = true;
	log_warning("change %s of signal %s cannot be written as %s: %s", change->uuid, change->signal,
				delivery->destination->format, buffer_text(&outcome.error));
	*progress = database_fail(delivery->options, batch, i, i + 1, buffer_text(&outcome.error), 60,
							  true)
		? GO_ON
		: CONNECTION_LOST;
	buffer_free(&outcome.error);
	return NULL;
}

/* Is there time for another request within the lease? */
static bool
lease_holds(const Delivery *delivery, const Batch *batch)
{
	return clock_seconds() + delivery->options->timeout < batch->until;
}

/* Wait for a token; false where the lease or the program ends before. */
static bool
wait_for_token(Delivery *delivery, const Batch *batch)
{
	while (!bucket_take(&delivery->bucket))
	{
		stop_poll(NULL, 0, bucket_wait(&delivery->bucket), false);
		if (stop_requested() || !lease_holds(delivery, batch))
			return false;
	}
	return true;
}

/*
 * The number of changes from `first` on that may be sent as one message.  Reads their
 * documents if it depends on them.  Returns 0 if the connection is lost.
 */
static int
digest_length(const Delivery *delivery, const Batch *batch, int first)
{
	int last = first;

	if (delivery->destination->kind == TO_SLACK)
		return batch->count - first < MAX_DIGEST ? batch->count - first : MAX_DIGEST;
	if (delivery->destination->kind != TO_PAGERDUTY)
		return 1;
	while (last < batch->count && last - first < MAX_DIGEST)
	{
		char    *document = NULL;
		Document read = database_document(&batch->changes[last], delivery->destination->format,
										  &document);
		bool     fits = read == DOCUMENT_READ && may_digest(delivery->destination, document);

		free(document);
		if (read == DOCUMENT_LOST)
			return 0;
		if (!fits)
			break;
		last++;
	}
	return last > first ? last - first : 1;
}

/* Send changes first … last - 1 as one message. */
static Progress
deliver_digest(Delivery *delivery, const Batch *batch, int first, int last)
{
	const Change *changes[MAX_DIGEST];
	Outcome       outcome;
	Progress      progress;

	for (int i = first; i < last; i++)
		changes[i - first] = &batch->changes[i];
	send_digest(delivery->destination, changes, last - first, &outcome);
	progress = settle(delivery, batch, first, last, &outcome);
	buffer_free(&outcome.error);
	return progress;
}

static Progress
deliver_one(Delivery *delivery, const Batch *batch, int i)
{
	Progress progress = GO_ON;
	Outcome  outcome;
	char    *document = read_document(delivery, batch, i, &progress);

	if (document == NULL)
		return progress;
	send_change(delivery->destination, &batch->changes[i], document, &outcome);
	free(document);
	progress = settle(delivery, batch, i, i + 1, &outcome);
	buffer_free(&outcome.error);
	return progress;
}

/* Send the next change of a batch, or more of them together; *next is the one behind. */
static Progress
deliver_next(Delivery *delivery, const Batch *batch, int *next)
{
	int first = *next;
	int count = 1;

	if (stop_requested() || !lease_holds(delivery, batch))
		return give_back(delivery, batch, first, 0, LEASE_ENDS);
	if (!bucket_take(&delivery->bucket))
	{
		/* more than the rate allows: send the waiting ones as one message */
		count = batch->count - first > 1 ? digest_length(delivery, batch, first) : 1;
		if (count == 0)
			return CONNECTION_LOST;
		if (!wait_for_token(delivery, batch))
			return give_back(delivery, batch, first, 0, LEASE_ENDS);
	}
	*next = first + count;
	return count > 1 ? deliver_digest(delivery, batch, first, first + count)
					 : deliver_one(delivery, batch, first);
}

bool
deliver_waiting(Delivery *delivery)
{
	Progress progress = GO_ON;

	while (progress == GO_ON && !stop_requested())
	{
		Batch batch;
		int   next = 0;
		int   count;

		if (!database_next(delivery->options, &batch, false))
			return false;
		count = batch.count;
		while (progress == GO_ON && next < batch.count)
			progress = deliver_next(delivery, &batch, &next);
		batch_free(&batch);
		if (count == 0)
			break;
		if (progress == LEASE_ENDS)
			progress = GO_ON;
	}
	return progress != CONNECTION_LOST;
}

bool
deliver_dry(Delivery *delivery)
{
	Batch batch;
	bool  shown = true;

	if (!database_next(delivery->options, &batch, true))
		return false;
	for (int i = 0; i < batch.count && shown; i++)
	{
		char *document = NULL;

		switch (database_document(&batch.changes[i], delivery->destination->format, &document))
		{
			case DOCUMENT_READ:
				show_change(delivery->destination, &batch.changes[i], document);
				break;
			case DOCUMENT_GONE:
				break;
			default:
				shown = false;
				break;
		}
		free(document);
	}
	database_rollback();
	batch_free(&batch);
	return shown;
}
