/*
 * record.h
 *	  Reading records and their times from the columns of a row.
 */
#ifndef NEWTERM_RECORD_H
#define NEWTERM_RECORD_H

#include "utils/jsonb.h"

#include "event/event.h"

/* A record, or why there is none. */
typedef struct Record
{
	Jsonb      *jsonb;    /* NULL where the value is no JSON object */
	Jsonb      *document; /* any other JSON value, which may hold records */
	const char *cause;    /* for newterm.event_errors; NULL: it can be evaluated */
	const char *detail;
	bool        inside; /* it is not the row's value, but inside of it */
	int64       time;   /* of one that can be evaluated */
} Record;

/* The values of a row that its records are read from. */
typedef struct RowValues
{
	Datum event;
	bool  event_null;
	Oid   event_type; /* that RecordTypeIsUsable takes */
	bool  has_time_column;
	Datum time; /* timestamptz, or timestamp in UTC */
	bool  time_null;
} RowValues;

/* Can values of this type, which is no domain, hold events? */
extern bool RecordTypeIsUsable(Oid type);

/* What is called for each record of a row, with the set pointed at it. */
typedef void (*RowFunction)(void *state, Record *record);

/*
 * Read a row's records, one after the other, and call a function for each: for the row's
 * value, or for what is in it where it is an envelope (shape.h).  A value that is no
 * record, or a time that is not usable, is told in `cause`: such an event is not to be
 * evaluated, but of one that is an object filters can be asked.  A record lives as long
 * as the call.
 */
extern void RecordsRead(FieldSet *fields, const RowValues *row, RowFunction function, void *state);

/*
 * RecordsRead with NULL in place of fields, while there are none: without a time column
 * `time` is this, and left to RecordReadTime, which is called once fields point at the
 * record.
 */
#define RECORD_OWN_TIME PG_INT64_MIN
extern void RecordReadTime(Record *record, FieldSet *fields);

/* Read a value that is not NULL by itself, whatever is in it. */
extern void RecordParse(Record *record, Datum event, Oid type);

#endif /* NEWTERM_RECORD_H */
