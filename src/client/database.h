/*
 * database.h
 *	  The connection, and the functions of the subscription.
 *
 * Nothing here waits for ever: a query that gets no answer ends the connection, so that
 * one that was dropped silently is found out.
 */
#ifndef NEWTERM_DATABASE_H
#define NEWTERM_DATABASE_H

#include "options.h"

/* A change that was handed out. */
typedef struct Change
{
	char *position;
	char *uuid;
	char *kind;
	char *signal;   /* the number of the signal */
	char *severity; /* of the signal; empty if that was deleted */
	int   attempt;
} Change;

/* Changes that were handed out together. */
typedef struct Batch
{
	int     count;
	Change *changes;
	char   *epoch;
	double  until; /* when the lease ends, by clock_seconds() */
} Batch;

/*
 * Connect if there is no connection, and listen.  Returns false if that fails; the
 * reason is logged.
 */
extern bool database_connect(const Options *options);
extern void database_disconnect(void);

/*
 * Wait for a notification, for at most that many seconds; a signal ends it, too.  Returns
 * false where the connection is lost.
 */
extern bool database_wait(double seconds);

/*
 * Lease the next changes; where `keep_open` is set, in a transaction that stays open for
 * database_rollback().  Returns false where that failed; the reason is logged, and what
 * cannot get better ends the program.
 */
extern bool database_next(const Options *options, Batch *batch, bool keep_open);
extern void database_rollback(void);
extern void batch_free(Batch *batch);

/* The outcome of asking for a document. */
typedef enum Document
{
	DOCUMENT_READ,    /* allocated, in *document */
	DOCUMENT_GONE,    /* there is no such signal any more */
	DOCUMENT_REFUSED, /* the server raised an error, allocated, in *document */
	DOCUMENT_LOST     /* the connection is gone */
} Document;

/* newterm.signal_as() of a change. */
extern Document database_document(const Change *change, const char *format, char **document);

/* Say that changes first … last - 1 of a batch are done; false: the connection is gone. */
extern bool database_acknowledge(const Options *options, const Batch *batch, int first, int last);

/*
 * Give changes back, to be handed out again after `wait` seconds, or parked if `wait` is
 * negative.  `counts` tells that the attempt counts; `error` may be NULL.
 */
extern bool database_fail(const Options *options, const Batch *batch, int first, int last,
						  const char *error, double wait, bool counts);

#endif /* NEWTERM_DATABASE_H */
