/*
 * stored_row.h
 *	  Reads the records of a stored row from a function's arguments.
 *
 * The query of newterm.stored_events() has these columns.
 */
#ifndef NEWTERM_STORED_ROW_H
#define NEWTERM_STORED_ROW_H

#include "fmgr.h"

#include "event/record.h"

/*
 * Call `function` for each record of a row.  The row is in four arguments of the SQL
 * function, from number `first` on: event jsonb, or else event_text text; event_time
 * timestamptz; has_time boolean, whether event_time is the record's time.
 */
extern void StoredRowRead(FunctionCallInfo fcinfo, int first, FieldSet *fields,
						  RowFunction function, void *state);

/* A function's timestamptz argument in microseconds since 1970, or `missing` for NULL. */
extern int64 ArgumentTime(FunctionCallInfo fcinfo, int number, int64 missing);

#endif /* NEWTERM_STORED_ROW_H */
