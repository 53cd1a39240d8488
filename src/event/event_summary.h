/*
 * event_summary.h
 *	  Summaries of events that are too large to be stored again and again.
 */
#ifndef NEWTERM_EVENT_SUMMARY_H
#define NEWTERM_EVENT_SUMMARY_H

#include "utils/jsonb.h"

/* The key of the note in a summary that it is not the whole event. */
#define SUMMARY_KEY "newterm"

/*
 * Copy a record without its long strings and arrays, palloc'd.  The copy has some kB at
 * most; a usual record loses nothing.
 */
extern Jsonb *EventSummary(JsonbContainer *record);

#endif /* NEWTERM_EVENT_SUMMARY_H */
