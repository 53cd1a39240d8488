/*
 * event_summary.h
 *	  Summaries of events that are too large to be stored again and again.
 */
#ifndef NEWTERM_EVENT_SUMMARY_H
#define NEWTERM_EVENT_SUMMARY_H

#include "utils/jsonb.h"

/* The key by which a summary says that it is not the whole event. */
#define SUMMARY_KEY "newterm"

/*
 * A record without its long strings and arrays, palloc'd: of some kB, whatever the record,
 * and with everything that usual records have.
 */
extern Jsonb *EventSummary(JsonbContainer *record);

#endif /* NEWTERM_EVENT_SUMMARY_H */
