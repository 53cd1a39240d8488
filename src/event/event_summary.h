/*
 * event_summary.h
 *	  What is kept of an event that is too large to be stored again and again.
 */
#ifndef NEWTERM_EVENT_SUMMARY_H
#define NEWTERM_EVENT_SUMMARY_H

#include "utils/jsonb.h"

/* The key by which a summary says that it is none of the event's records. */
#define SUMMARY_KEY		"newterm"

/*
 * The members of a record that are scalars of a usual size, its identity and time among
 * them, and one that says what this is; palloc'd, and small whatever the record.
 */
extern Jsonb *EventSummary(JsonbContainer *record);

#endif							/* NEWTERM_EVENT_SUMMARY_H */
