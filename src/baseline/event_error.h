/*
 * event_error.h
 *	  newterm.event_errors: events that could not be evaluated, or not completely.
 */
#ifndef NEWTERM_EVENT_ERROR_H
#define NEWTERM_EVENT_ERROR_H

#include "baseline/pending.h"
#include "store/extension.h"

/*
 * Count an event of a table (or InvalidOid) that could not be evaluated for this cause, to
 * be written at the end of the transaction.  Returns true if it is the first one: then
 * `event` and `detail`, each may be NULL, are copied.
 */
extern bool EventErrorAdd(PendingLevel *level, Oid table, const char *cause, Jsonb *event,
						  const char *detail);

/* Describe an EventError of PendingAddError by its first event, which may be NULL. */
extern void EventErrorDescribe(PendingLevel *level, EventError *error, Jsonb *event,
							   const char *detail);

/*
 * Write a list of EventError, inside a merge, a row each.  If a table and cause had 1,000
 * rows in the last hour, add to the count of the newest one that no other transaction has
 * locked.
 */
extern void EventErrorsWrite(const ExtensionOids *oids, List *faults);

/*
 * A transaction's terms are lost: write its errors, and how many events were lost, in a
 * subtransaction.  Gives a WARNING if even that fails.  Waits for locks as LockWaitsRun
 * does.
 */
extern void EventErrorsOfMerge(PendingLevel *level, ErrorData *error, int *budget);

#endif /* NEWTERM_EVENT_ERROR_H */
