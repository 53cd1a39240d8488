/*
 * event_error.h
 *	  newterm.event_errors: events that could not be evaluated as they are.
 */
#ifndef NEWTERM_EVENT_ERROR_H
#define NEWTERM_EVENT_ERROR_H

#include "baseline/pending.h"
#include "store/extension.h"

/*
 * Note that an event of a table (or of none) could not be evaluated for this reason, to be
 * written at the end of the transaction.  `event` may be NULL; it and `detail`, which may
 * be NULL too, are copied where the event is the first one; then returns true.
 */
extern bool EventErrorAdd(PendingLevel *level, Oid table, const char *cause, Jsonb *event,
						  const char *detail);

/* Describe what PendingAddError returned, by the first event (or NULL). */
extern void EventErrorDescribe(PendingLevel *level, EventError *error, Jsonb *event,
							   const char *detail);

/*
 * Write a list of EventError, inside a merge: a row each.  Where a table and cause had 1,000
 * rows in the last hour, the newest one that no other transaction is counting on counts
 * on.
 */
extern void EventErrorsWrite(const ExtensionOids *oids, List *faults);

/*
 * What a transaction showed is lost: write its faults, and how many events' news it is, in
 * a subtransaction of its own; a WARNING where even that fails.  Waits for locks as
 * LockWaitsRun does.
 */
extern void EventErrorsOfMerge(PendingLevel *level, ErrorData *error, int *budget);

#endif							/* NEWTERM_EVENT_ERROR_H */
