/*
 * record.h
 *	  Reading a record and its time from the columns of a row.
 */
#ifndef NEWTERM_RECORD_H
#define NEWTERM_RECORD_H

#include "utils/jsonb.h"

#include "event/event.h"

/* A record, or why there is none. */
typedef struct Record
{
	Jsonb	   *jsonb;			/* NULL where the value is no JSON object */
	const char *cause;			/* for newterm.event_errors; NULL: it can be evaluated */
	const char *detail;
	bool		absent;			/* the column is NULL: there is no event */
	int64		time;			/* of one that can be evaluated */
} Record;

/*
 * Read an event's column values, and point `fields` at it.  A value that is no JSON
 * object, or a time that is not usable, is told in `cause`: such an event is not
 * evaluated, but of one that is an object filters can be asked.
 */
extern void RecordRead(Record *record, FieldSet *fields, Datum event,
					   bool event_null, Oid event_type, bool has_time_column,
					   Datum time, bool time_null);

/* Read the event alone, which is not NULL. */
extern void RecordParse(Record *record, Datum event, Oid type);

#endif							/* NEWTERM_RECORD_H */
