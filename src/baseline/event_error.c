/*
 * event_error.c
 *	  newterm.event_errors: events that could not be evaluated as they are.
 */
#include "postgres.h"

#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "baseline/event_error.h"
#include "base/guard.h"
#include "base/isotime.h"
#include "baseline/pending_spill.h"
#include "store/table_store.h"
#include "store/extension.h"
#include "baseline/event_ref.h"

/* Columns of newterm.event_errors. */
enum
{
	ERROR_ID = 1,
	ERROR_SOURCE,
	ERROR_EVENT_ID,
	ERROR_EVENT_TIME,
	ERROR_CAUSE,
	ERROR_DETAIL,
	ERROR_OCCURRED_AT,
	ERROR_COLUMNS = ERROR_OCCURRED_AT
};

/* What ReadEvent reads. */
typedef struct Reading
{
	const EventReference *reference;
	Jsonb	   *event;
} Reading;

static void
ReadEvent(void *state)
{
	Reading    *reading = state;

	reading->event = ReferenceEvent(reading->reference);
}

/* The event's identity and its own time, where it has them. */
static void
DescribeEvent(const EventReference *reference, Datum *row, bool *nulls)
{
	Reading		reading = {reference, NULL};
	Jsonb	   *event;
	char	   *identity = NULL;
	int64		time;

	/* an event that cannot be read is recorded all the same */
	RunUnlessFinal(ReadEvent, &reading);
	event = reading.event;
	nulls[ERROR_EVENT_ID - 1] = nulls[ERROR_EVENT_TIME - 1] = true;
	if (event == NULL)
		return;
	identity = EventIdentity(&event->root);
	if (identity != NULL)
	{
		row[ERROR_EVENT_ID - 1] = CStringGetTextDatum(identity);
		nulls[ERROR_EVENT_ID - 1] = false;
	}
	if (EventTimeOfRecord(&event->root, &time) != EVENT_TIME_MISSING)
	{
		JsonbValue	written;

		/* the time as written, not the one it is evaluated at */
		if (RecordString(&event->root, "eventTime", &written) &&
			IsoTimeParse(written.val.string.val, written.val.string.len, &time))
		{
			row[ERROR_EVENT_TIME - 1] = TimestampTzGetDatum(TIMESTAMP_OF(time));
			nulls[ERROR_EVENT_TIME - 1] = false;
		}
	}
}

static void
WriteError(TableStore *store, const ExtensionOids *oids, const EventError *fault)
{
	Datum		row[ERROR_COLUMNS] = {0};
	bool		nulls[ERROR_COLUMNS] = {0};

	row[ERROR_ID - 1] = Int64GetDatum(nextval_internal(oids->error_sequence, false));
	row[ERROR_SOURCE - 1] = ObjectIdGetDatum(fault->reference.table);
	nulls[ERROR_SOURCE - 1] = !OidIsValid(fault->reference.table);
	DescribeEvent(&fault->reference, row, nulls);
	row[ERROR_CAUSE - 1] = CStringGetTextDatum(fault->cause);
	nulls[ERROR_DETAIL - 1] = fault->detail == NULL;
	if (fault->detail != NULL)
		row[ERROR_DETAIL - 1] = CStringGetTextDatum(fault->detail);
	row[ERROR_OCCURRED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	TableStoreInsertLater(store, ERROR_COLUMNS, row, nulls);
}

void
EventErrorsWrite(const ExtensionOids *oids, List *faults)
{
	MemoryContext context;
	MemoryContext old;
	TableStore		store;
	ListCell   *cell;

	if (faults == NIL)
		return;
	TableStoreOpen(&store, oids->event_errors);
	context = AllocSetContextCreate(CurrentMemoryContext, "newterm event error",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	foreach(cell, faults)
	{
		WriteError(&store, oids, lfirst(cell));
		TableStoreFlush(&store);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	TableStoreClose(&store);
}

/* Faults of a failed merge: its own, and one for each event that had news. */
static List *
ErrorsOfFailure(PendingLevel *level, ErrorData *error)
{
	List	   *faults = list_copy(level->faults);
	char	   *detail = psprintf("the merge failed: %s", error->message);

	for (int64 i = 0; i < level->nreferences; i++)
	{
		EventError *fault = palloc(sizeof(EventError));

		fault->reference = level->references[i];
		fault->cause = "internal_error";
		fault->detail = detail;
		faults = lappend(faults, fault);
	}
	return faults;
}

/* What EventErrorsOfMerge writes. */
typedef struct Failure
{
	PendingLevel  *level;
	ErrorData  *error;
} Failure;

static int
CompareReferences(const void *a, const void *b)
{
	const EventReference *left = a;
	const EventReference *right = b;

	if (left->table != right->table)
		return left->table < right->table ? -1 : 1;
	return ItemPointerCompare(unconstify(ItemPointerData *, &left->tid),
							  unconstify(ItemPointerData *, &right->tid));
}

/* A file has an event once for each term of which it is the source: keep it once. */
static void
DropRepeated(PendingLevel *batch)
{
	int64		kept = 0;

	qsort(batch->references, batch->nreferences, sizeof(EventReference),
		  CompareReferences);
	for (int64 i = 0; i < batch->nreferences; i++)
		if (kept == 0 ||
			CompareReferences(&batch->references[kept - 1], &batch->references[i]) != 0)
			batch->references[kept++] = batch->references[i];
	batch->nreferences = kept;
}

/* Write the events of a batch that had left memory; `state` is the Failure. */
static void
WriteBatch(PendingLevel *batch, void *state)
{
	Failure    *failure = state;
	MemoryContext old = MemoryContextSwitchTo(batch->context);

	DropRepeated(batch);
	EventErrorsWrite(ExtensionLookup(), ErrorsOfFailure(batch, failure->error));
	MemoryContextSwitchTo(old);
}

static void
WriteFailure(void *state)
{
	Failure    *failure = state;
	const ExtensionOids *oids = ExtensionLookup();

	MemoryContextSwitchTo(failure->level->context);
	PushActiveSnapshot(GetTransactionSnapshot());
	if (oids != NULL)
	{
		EventErrorsWrite(oids, ErrorsOfFailure(failure->level, failure->error));
		PendingSpillsForEach(failure->level->spills, WriteBatch, failure);
	}
	PopActiveSnapshot();
}

void
EventErrorsOfMerge(PendingLevel *level, ErrorData *error)
{
	Failure		failure = {level, error};
	ErrorData  *second = RunUnlessFinal(WriteFailure, &failure);

	if (second == NULL)
		return;
	ereport(WARNING,
			(errcode(second->sqlerrcode),
			 errmsg("newterm could not record the events of a failed merge: %s",
					second->message)));
}
