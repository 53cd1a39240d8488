/*
 * record.c
 *	  Reading a record and its time from the columns of a row.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/jsonc.h"
#include "event/event_time.h"
#include "event/record.h"
#include "event/shape.h"

bool
RecordTypeIsUsable(Oid type)
{
	return type == JSONBOID || type == JSONOID || type == TEXTOID || type == VARCHAROID ||
		type == BYTEAOID;
}

/* Parse a text as a record.  If it is no JSON, *record gets the cause. */
static void
ReadText(Record *record, const char *data, int length)
{
	int       offset = 0;
	JsonError error;

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
		record->detail = psprintf("unexpected text behind the JSON value, at byte %d", offset + 1);
	}
}

/* Parse bytes, which need not be UTF-8. */
static void
ReadBytes(Record *record, const char *data, int length)
{
	int valid = pg_encoding_verifymbstr(PG_UTF8, data, length);

	if (valid == length)
		ReadText(record, data, length);
	else
	{
		record->cause = "invalid_json";
		record->detail = psprintf("the text is no UTF-8, at byte %d", valid + 1);
	}
}

void
RecordParse(Record *record, Datum event, Oid type)
{
	memset(record, 0, sizeof(Record));
	if (type == JSONBOID)
		record->jsonb = DatumGetJsonbP(event);
	else
	{
		/* json, text, varchar and bytea have the same representation */
		text *value = DatumGetTextPP(event);

		(type == BYTEAOID ? ReadBytes : ReadText)(record, VARDATA_ANY(value),
												  VARSIZE_ANY_EXHDR(value));
	}
	if (record->jsonb != NULL && !JB_ROOT_IS_OBJECT(record->jsonb))
	{
		record->document = record->jsonb;
		record->jsonb = NULL;
		record->cause = "not_an_object";
		record->detail = "the value is JSON, but no object";
	}
}

/* Read the time column.  A timestamp without time zone is taken as UTC. */
static EventTimeStatus
ColumnTime(Datum time, bool time_null, int64 *micros)
{
	TimestampTz     timestamp = DatumGetTimestampTz(time);
	EventTimeStatus status = time_null ? EVENT_TIME_MISSING : EventTimeCheck(timestamp);

	/* a time out of range could overflow here */
	if (status == EVENT_TIME_USABLE)
		*micros = UNIX_MICROS(timestamp);
	return status;
}

/* Set the cause for a time that is not usable. */
static void
RefuseTime(Record *record, EventTimeStatus status, bool has_time_column)
{
	switch (status)
	{
		case EVENT_TIME_USABLE:
			break;
		case EVENT_TIME_MISSING:
			record->cause = "no_event_time";
			record->detail = has_time_column ? "the time column is NULL"
											 : "eventTime is missing or no ISO 8601 timestamp";
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
RecordReadTime(Record *record, FieldSet *fields)
{
	EventTimeStatus status = EventTime(fields, &record->time);

	if (status != EVENT_TIME_USABLE)
		RefuseTime(record, status, false);
}

/* Set the time of a parsed record, and make it the current event of `fields`, which may be NULL. */
static void
SetTime(Record *record, FieldSet *fields, const RowValues *row)
{
	EventTimeStatus status = EVENT_TIME_USABLE;

	if (fields != NULL)
		EventBegin(fields, &record->jsonb->root);
	if (row->has_time_column)
		status = ColumnTime(row->time, row->time_null, &record->time);
	else if (fields == NULL)
		record->time = RECORD_OWN_TIME;
	else
		RecordReadTime(record, fields);
	if (status != EVENT_TIME_USABLE)
		RefuseTime(record, status, true);
}

/* The arguments of RecordsRead while the records of a document are read. */
typedef struct Inside
{
	FieldSet        *fields;
	const RowValues *row;
	RowFunction      function;
	void            *state;
	MemoryContext    context; /* reset after each record */
} Inside;

/* Read one record of a document (a RecordFunction). */
static void
ReadInside(void *state, Jsonb *jsonb)
{
	Inside       *inside = state;
	MemoryContext old = MemoryContextSwitchTo(inside->context);
	Record        record = {.jsonb = jsonb, .inside = true};

	SetTime(&record, inside->fields, inside->row);
	inside->function(inside->state, &record);
	MemoryContextSwitchTo(old);
	MemoryContextReset(inside->context);
}

/* Report the values of a document that are no records, once for all of them. */
static void
RefuseOthers(const Inside *inside, int others)
{
	Record record = {.cause = "not_a_record", .inside = true};

	record.detail = psprintf("values in the document that are no CloudTrail records: %d", others);
	inside->function(inside->state, &record);
}

/* Read the records inside a document; returns false if it is no envelope that we know. */
static bool
ReadDocument(FieldSet *fields, const RowValues *row, Jsonb *document, RowFunction function,
			 void *state)
{
	Inside   inside = {fields, row, function, state};
	Document found;

	inside.context = AllocSetContextCreate(CurrentMemoryContext, "newterm document",
										   ALLOCSET_SMALL_SIZES);
	found = DocumentRecords(document, ReadInside, &inside);
	MemoryContextDelete(inside.context);
	if (found.kind == DOCUMENT_UNKNOWN || found.kind == DOCUMENT_RECORD ||
		(found.records == 0 && !JB_ROOT_IS_OBJECT(document)))
		return false;
	if (found.others > 0)
		RefuseOthers(&inside, found.others);
	return true;
}

/*
 * MayHoldRecords
 *		May this value be an envelope?  A record with a usable time is not checked any further:
 *		that is nearly every event.
 */
static inline bool
MayHoldRecords(const Record *record, const RowValues *row)
{
	if (record->document != NULL)
		return true;
	return record->jsonb != NULL && (record->cause != NULL || row->has_time_column) &&
		JB_ROOT_COUNT(record->jsonb) > 0 && !IsRecord(&record->jsonb->root);
}

void
RecordsRead(FieldSet *fields, const RowValues *row, RowFunction function, void *state)
{
	Record record;

	if (row->event_null)
		return;
	RecordParse(&record, row->event, row->event_type);
	if (record.jsonb != NULL)
		SetTime(&record, fields, row);
	if (MayHoldRecords(&record, row))
	{
		Jsonb *document = record.document != NULL ? record.document : record.jsonb;

		if (ReadDocument(fields, row, document, function, state))
			return;
		if (record.jsonb != NULL && fields != NULL)
			EventBegin(fields, &record.jsonb->root);
	}
	function(state, &record);
}
