/*
 * deliver.h
 *	  From the subscription to the destination: lease, send, acknowledge.
 */
#ifndef NEWTERM_DELIVER_H
#define NEWTERM_DELIVER_H

#include "bucket.h"
#include "destination.h"
#include "options.h"

typedef struct Delivery
{
	const Options     *options;
	const Destination *destination;
	Bucket             bucket;
	int                failures;    /* one after the other */
	double             not_before;  /* when to ask for changes again, by clock_seconds() */
	bool               failed;      /* something was not sent, since the start */
	bool               output_lost; /* standard output is closed: it makes no sense to go on */
} Delivery;

/*
 * Deliver what waits, batch by batch, until nothing is left, something has to wait, the
 * connection is lost or the program is to stop.  Returns false where the connection is
 * lost.
 */
extern bool deliver_waiting(Delivery *delivery);

/* Show what waits, up to a batch, and leave it as it is; false where that failed. */
extern bool deliver_dry(Delivery *delivery);

#endif /* NEWTERM_DELIVER_H */
