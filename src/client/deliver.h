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
 * Deliver waiting changes, batch by batch, until none is left, one has to wait, the
 * connection is lost or the program has to stop.  Returns false if the connection is lost.
 */
extern bool deliver_waiting(Delivery *delivery);

/* Show the next batch and leave it as it is; false if that failed. */
extern bool deliver_dry(Delivery *delivery);

#endif /* NEWTERM_DELIVER_H */
