/*
 * event_time.h
 *	  The time and the identity of a record.
 */
#ifndef NEWTERM_EVENT_TIME_H
#define NEWTERM_EVENT_TIME_H

#include "event/event.h"

/* Can an event of this time be evaluated? */
typedef enum EventTimeStatus
{
	EVENT_TIME_USABLE,
	EVENT_TIME_MISSING, /* absent, or no ISO 8601 timestamp */
	EVENT_TIME_PAST,    /* before newterm.earliest_event_time */
	EVENT_TIME_FUTURE   /* more than a day after the transaction's start */
} EventTimeStatus;

/* Check a time, which may be any timestamp, infinite ones included. */
extern EventTimeStatus EventTimeCheck(TimestampTz time);

/*
 * Read the time of the set's current event: eventTime, else timeWindow.windowStart.  Sets
 * *micros, in microseconds since 1970-01-01 UTC, unless the time is missing.
 */
extern EventTimeStatus EventTime(FieldSet *set, int64 *micros);

/*
 * Read the time of a record, usable or not, in microseconds since 1970-01-01 UTC; false if
 * there is none.
 */
extern bool EventTimeWritten(JsonbContainer *record, int64 *micros);

/* The record's sharedEventID, else eventID, else eventId, palloc'd; NULL if it has none. */
extern char *EventIdentity(JsonbContainer *record);

#endif /* NEWTERM_EVENT_TIME_H */
