/*
 * event_time.h
 *	  The time and the identity of a record.
 */
#ifndef NEWTERM_EVENT_TIME_H
#define NEWTERM_EVENT_TIME_H

#include "event/event.h"

/* Whether an event may be evaluated at a time. */
typedef enum EventTimeStatus
{
	EVENT_TIME_USABLE,
	EVENT_TIME_MISSING, /* absent, or no ISO 8601 timestamp */
	EVENT_TIME_PAST,    /* before newterm.earliest_event_time */
	EVENT_TIME_FUTURE   /* more than a day after the transaction's start */
} EventTimeStatus;

/* Is the time usable?  It may be any timestamp, infinite ones included. */
extern EventTimeStatus EventTimeCheck(TimestampTz time);

/*
 * The time of the set's current event: eventTime, else timeWindow.windowStart.  Sets
 * *micros if it is usable.
 */
extern EventTimeStatus EventTime(FieldSet *set, int64 *micros);

/* The time in a record, usable or not; false if there is none. */
extern bool EventTimeWritten(JsonbContainer *record, int64 *micros);

/* sharedEventID, else eventID, else eventId as a palloc'd text, or NULL. */
extern char *EventIdentity(JsonbContainer *record);

#endif /* NEWTERM_EVENT_TIME_H */
