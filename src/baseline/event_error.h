/*
 * event_error.h
 *	  newterm.event_errors: events that could not be evaluated as they are.
 */
#ifndef NEWTERM_EVENT_ERROR_H
#define NEWTERM_EVENT_ERROR_H

#include "baseline/pending.h"
#include "store/extension.h"

/* Write a list of EventError, inside a merge. */
extern void EventErrorsWrite(const ExtensionOids *oids, List *faults);

/*
 * A merge failed: write its faults, and every event whose news are lost, in a
 * subtransaction of its own; a WARNING where even that fails.
 */
extern void EventErrorsOfMerge(PendingLevel *level, ErrorData *error);

#endif							/* NEWTERM_EVENT_ERROR_H */
