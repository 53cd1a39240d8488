/*
 * watch.c
 *	  Watched tables: what their trigger observes, and reading an event from a
 *	  row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/jsonc.h"
#include "ingest/watch.h"

/* Is the function one of the extension's, by its name? */
static bool
IsFunctionOfOurs(Oid function, const char *name)
{
	const ExtensionOids *oids = ExtensionLookup();
	char	   *actual = get_func_name(function);

	return oids != NULL && actual != NULL && strcmp(actual, name) == 0 &&
		get_func_namespace(function) == oids->schema;
}

/* Find the call of newterm.observe in a WHEN clause. */
static bool
ObserveCall(Node *node, FuncExpr **call)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) &&
		IsFunctionOfOurs(((FuncExpr *) node)->funcid, "observe"))
	{
		*call = (FuncExpr *) node;
		return true;
	}
	return expression_tree_walker(node, ObserveCall, call);
}

bool
WatchOfClause(char *condition, Watch *watch)
{
	FuncExpr   *call = NULL;
	Node	   *event;
	Node	   *time;

	memset(watch, 0, sizeof(Watch));
	if (condition == NULL || !ObserveCall(stringToNode(condition), &call) ||
		list_length(call->args) != 4)
		return false;
	event = linitial(call->args);
	time = lsecond(call->args);
	if (!IsA(event, Var))
		return false;
	watch->event_column = ((Var *) event)->varattno;
	watch->event_type = ((Var *) event)->vartype;
	if (IsA(time, Var))
	{
		watch->time_column = ((Var *) time)->varattno;
		watch->time_type = ((Var *) time)->vartype;
	}
	return true;
}

bool
IsWatchingTrigger(const Trigger *trigger)
{
	return trigger->tgqual != NULL && IsFunctionOfOurs(trigger->tgfoid, "merge");
}

/* The table's watching trigger, or NULL. */
static Trigger *
WatchingTrigger(Relation table)
{
	TriggerDesc *triggers = table->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (IsWatchingTrigger(&triggers->triggers[i]))
			return &triggers->triggers[i];
	return NULL;
}

bool
IsWatched(Relation table)
{
	return WatchingTrigger(table) != NULL;
}

bool
WatchOf(Relation table, Watch *watch)
{
	Trigger    *trigger = WatchingTrigger(table);

	return trigger != NULL && WatchOfClause(trigger->tgqual, watch);
}

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

/* Is the place inside the table's file?  Not where TRUNCATE emptied the file itself. */
static bool
IsInside(Relation table, const EventReference *reference)
{
	TableScanDesc scan = table_beginscan_tid(table, SnapshotAny);
	ItemPointerData tid = reference->tid;
	bool		inside = table_tuple_tid_valid(scan, &tid);

	table_endscan(scan);
	return inside;
}

/*
 * IsThatRow
 *		Is the row of a slot the one that is referred to, and not one that took its
 *		place in a file that TRUNCATE emptied?
 */
static bool
IsThatRow(TupleTableSlot *slot, const EventReference *reference)
{
	HeapTupleHeader row;

	/* other table access methods do not tell */
	if (!TTS_IS_BUFFERTUPLE(slot))
		return true;
	row = ExecFetchSlotHeapTuple(slot, false, NULL)->t_data;
	/* of a row that COPY froze the raw one is all there is */
	return (TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(row)) ?
			HeapTupleHeaderGetCmin(row) :
			HeapTupleHeaderGetRawCommandId(row)) <= reference->command;
}

Jsonb *
ReferenceEvent(const EventReference *reference)
{
	Relation	table;
	TupleTableSlot *slot;
	Record		record = {0};

	if (reference->event != NULL)
		return reference->event;
	if (!OidIsValid(reference->table) || !ItemPointerIsValid(&reference->tid))
		return NULL;
	table = try_table_open(reference->table, AccessShareLock);
	if (table == NULL)
		return NULL;
	slot = table_slot_create(table, NULL);
	if (table->rd_rel->relfilenode == reference->file && IsInside(table, reference) &&
		table_tuple_fetch_row_version(table, unconstify(ItemPointerData *, &reference->tid),
									  SnapshotAny, slot) &&
		IsThatRow(slot, reference))
	{
		bool		isnull;
		Datum		event = slot_getattr(slot, reference->column, &isnull);

		RecordRead(&record, NULL, event, isnull, reference->type, false, (Datum) 0, true,
				   InvalidOid);
		if (record.jsonb != NULL)
			record.jsonb = DatumGetJsonbPCopy(JsonbPGetDatum(record.jsonb));
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, NoLock);
	return record.jsonb;
}
