/*
 * stored_row.c
 *	  Reads the records of a stored row from a function's arguments.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/compat.h"
#include "history/stored_row.h"

/* Arguments, counted from the first of them. */
enum
{
	STORED_EVENT,
	STORED_TEXT,
	STORED_TIME,
	STORED_HAS_TIME
};

void
StoredRowRead(FunctionCallInfo fcinfo, int first, FieldSet *fields, RowFunction function,
			  void *state)
{
	const NullableDatum *arguments = &fcinfo->args[first];
	const bool           is_jsonb = !arguments[STORED_EVENT].isnull;
	const NullableDatum *event = &arguments[is_jsonb ? STORED_EVENT : STORED_TEXT];
	RowValues            row = {
				   .event = event->value,
				   .event_null = event->isnull,
				   .event_type = is_jsonb ? JSONBOID : TEXTOID,
				   .has_time_column = !arguments[STORED_HAS_TIME].isnull &&
					   DatumGetBool(arguments[STORED_HAS_TIME].value),
				   .time = arguments[STORED_TIME].value,
				   .time_null = arguments[STORED_TIME].isnull,
    };

	RecordsRead(fields, &row, function, state);
}

int64
ArgumentTime(FunctionCallInfo fcinfo, int number, int64 missing)
{
	return PG_ARGISNULL(number) ? missing
								: UNIX_MICROS(DatumGetTimestampTz(PG_GETARG_DATUM(number)));
}
