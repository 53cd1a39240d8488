/*
 * record.c
 *	  Reading a record and its time from the columns of a row.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/jsonc.h"
#include "event/record.h"

/* A text as a record; says in *record what is wrong with it. */
static void
ReadText(Record *record, text *value)
{
	char	   *data = VARDATA_ANY(value);
	int			length = VARSIZE_ANY_EXHDR(value);
	int			offset = 0;
	JsonError	error;

	record->jsonb = JsonParse(data, length, &offset, &error);
	if (record->jsonb == NULL)
	{
		record->cause = "invalid_json";
		record->detail = psprintf("%s, at byte %d", error.message, error.position);
	}
	else if (offset < length)
	{
		record->jsonb = NULL;
		record->cause = "invalid_json";
		record->detail = psprintf("unexpected text behind the JSON value, at byte %d",
								  offset + 1);
	}
}

void
RecordRead(Record *record, FieldSet *fields, Datum event, bool event_null,
		   Oid event_type, bool has_time_column, Datum time, bool time_null,
		   Oid time_type)
{
	EventTimeStatus status;

	memset(record, 0, sizeof(Record));
	record->time = UNIX_MICROS(GetCurrentTransactionStartTimestamp());
	if (event_null)
	{
		record->absent = true;
		return;
	}
	if (event_type == JSONBOID)
		record->jsonb = DatumGetJsonbP(event);
	else
		ReadText(record, DatumGetTextPP(event));
	if (record->jsonb == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(record->jsonb))
	{
		record->jsonb = NULL;
		record->cause = "not_an_object";
		record->detail = pstrdup("the value is JSON, but no object");
		return;
	}

	if (fields != NULL)
		EventBegin(fields, &record->jsonb->root);
	if (!has_time_column && fields != NULL)
		status = EventTime(fields, &record->time);
	else if (!has_time_column)
		status = EventTimeOfRecord(&record->jsonb->root, &record->time);
	else if (time_null || TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(time)))
		status = EVENT_TIME_MISSING;
	else
	{
		/* a timestamp without time zone is UTC: the numbers are alike */
		int64		micros = UNIX_MICROS(DatumGetTimestampTz(time));

		status = EventTimeCheck(micros);
		if (status == EVENT_TIME_USABLE)
			record->time = micros;
	}
	if (status == EVENT_TIME_MISSING)
	{
		record->cause = "no_event_time";
		record->detail = pstrdup(has_time_column ? "the time column has no usable time" :
								 "eventTime is missing or no ISO 8601 timestamp");
	}
	else if (status == EVENT_TIME_FUTURE)
	{
		record->cause = "future_event_time";
		record->detail = pstrdup("the event time is more than a day in the future");
	}
}
