/*
 * record.c
 *	  Reading a record and its time from the columns of a row.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/jsonc.h"
#include "event/event_time.h"
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
RecordParse(Record *record, Datum event, Oid type)
{
	memset(record, 0, sizeof(Record));
	if (type == JSONBOID)
		record->jsonb = DatumGetJsonbP(event);
	else
		ReadText(record, DatumGetTextPP(event));
	if (record->jsonb != NULL && !JB_ROOT_IS_OBJECT(record->jsonb))
	{
		record->jsonb = NULL;
		record->cause = "not_an_object";
		record->detail = "the value is JSON, but no object";
	}
}

/* The time of a time column; a timestamp without time zone is UTC: the numbers are alike. */
static EventTimeStatus
ColumnTime(Datum time, bool time_null, int64 *micros)
{
	TimestampTz timestamp = DatumGetTimestampTz(time);
	EventTimeStatus status = time_null ? EVENT_TIME_MISSING : EventTimeCheck(timestamp);

	/* of others, the number might not fit */
	if (status == EVENT_TIME_USABLE)
		*micros = UNIX_MICROS(timestamp);
	return status;
}

/* Say what is wrong with a record's time. */
static void
RefuseTime(Record *record, EventTimeStatus status, bool has_time_column)
{
	switch (status)
	{
		case EVENT_TIME_USABLE:
			break;
		case EVENT_TIME_MISSING:
			record->cause = "no_event_time";
			record->detail = has_time_column ? "the time column is NULL" :
				"eventTime is missing or no ISO 8601 timestamp";
			break;
		case EVENT_TIME_PAST:
			record->cause = "past_event_time";
			record->detail = "the event time is before newterm.earliest_event_time";
			break;
		case EVENT_TIME_FUTURE:
			record->cause = "future_event_time";
			record->detail = "the event time is more than a day in the future";
			break;
	}
}

void
RecordRead(Record *record, FieldSet *fields, Datum event, bool event_null,
		   Oid event_type, bool has_time_column, Datum time, bool time_null)
{
	EventTimeStatus status;

	if (event_null)
	{
		memset(record, 0, sizeof(Record));
		record->absent = true;
		return;
	}
	RecordParse(record, event, event_type);
	if (record->jsonb == NULL)
		return;
	EventBegin(fields, &record->jsonb->root);
	status = has_time_column ? ColumnTime(time, time_null, &record->time) :
		EventTime(fields, &record->time);
	if (status != EVENT_TIME_USABLE)
		RefuseTime(record, status, has_time_column);
}
