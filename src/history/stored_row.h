/*
 * stored_row.h
 *	  The records of a stored row, as newterm.stored_events() gives it.
 */
#ifndef NEWTERM_STORED_ROW_H
#define NEWTERM_STORED_ROW_H

#include "fmgr.h"

#include "event/record.h"

/*
 * Call a function for each record of a row that a function's arguments describe, from
 * `first` on: event jsonb, or else event_text text; event_time timestamptz, which counts
 * where has_time boolean is true.
 */
extern void StoredRowRead(FunctionCallInfo fcinfo, int first, FieldSet *fields,
						  RowFunction function, void *state);

/* A function's timestamptz argument in microseconds since 1970, or `missing` for NULL. */
extern int64 ArgumentTime(FunctionCallInfo fcinfo, int number, int64 missing);

#endif /* NEWTERM_STORED_ROW_H */
