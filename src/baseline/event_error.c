/*
 * event_error.c
 *	  newterm.event_errors: events that could not be evaluated as they are.
 */
#include "postgres.h"

#include "commands/sequence.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "baseline/event_error.h"
#include "base/guard.h"
#include "event/event_time.h"
#include "baseline/pending_spill.h"
#include "store/lock_wait.h"
#include "store/row_change.h"
#include "store/table_store.h"
#include "store/extension.h"
#include "baseline/event_ref.h"
#include "store/table_name.h"
#include "store/tables.h"

/* The most rows of a table and cause in an hour. */
#define ROWS_AN_HOUR 1000

/* Texts are cut after so many bytes, as whoever writes events chooses their size. */
#define TEXT_LIMIT 1000

/* ---------- counting ---------- */

/* A text of any length, as far as it is kept. */
static char *
Clip(const char *text)
{
	int length = strlen(text);

	return pnstrdup(text, length > TEXT_LIMIT ? pg_mbcliplen(text, length, TEXT_LIMIT) : length);
}

void
EventErrorDescribe(PendingLevel *level, EventError *error, Jsonb *event, const char *detail)
{
	MemoryContext old = MemoryContextSwitchTo(level->context);
	char         *identity = event == NULL ? NULL : EventIdentity(&event->root);
	int64         time;

	error->source = QualifiedTableName(error->key.table);
	if (identity != NULL)
		error->event_id = Clip(identity);
	if (detail != NULL)
		error->detail = Clip(detail);
	if (event != NULL && EventTimeWritten(&event->root, &time))
	{
		error->has_time = true;
		error->event_time = TIMESTAMP_OF(time);
	}
	MemoryContextSwitchTo(old);
}

bool
EventErrorAdd(PendingLevel *level, Oid table, const char *cause, Jsonb *event, const char *detail)
{
	EventError *error = PendingAddError(level, table, cause, 1);

	if (error != NULL)
		EventErrorDescribe(level, error, event, detail);
	return error != NULL;
}

/* ---------- writing ---------- */

/* Look up the rows of the same table and cause. */
static void
FindRows(TableStore *store, const EventError *error)
{
	const Oid   equality[] = {error->source == NULL ? InvalidOid : F_TEXTEQ, F_TEXTEQ};
	const Datum keys[] = {
		error->source == NULL ? (Datum) 0 : CStringGetTextDatum(error->source),
		CStringGetTextDatum(error->key.cause),
	};

	TableStoreFindAll(store, lengthof(keys), equality, keys);
}

/* The next one of them, from the newest on, that is of the last hour. */
static bool
NextOfHour(TableStore *store, TimestampTz now, TupleTableSlot **slot, TimestampTz *occurred_at)
{
	bool isnull;

	if (!TableStoreNextBackward(store, slot))
		return false;
	*occurred_at = DatumGetTimestampTz(SlotColumn(*slot, EVENT_ERROR_OCCURRED_AT, &isnull));
	return *occurred_at > now - USECS_PER_HOUR;
}

/*
 * FullUntil
 *		Until when are there as many rows of the last hour as there may be?  0 where there
 *		are not.  The newest row knows it, so that it is not counted again.
 */
static TimestampTz
FullUntil(TableStore *store, const EventError *error, TimestampTz now)
{
	TupleTableSlot *slot;
	TimestampTz     occurred_at;
	int             count = 0;

	FindRows(store, error);
	while (NextOfHour(store, now, &slot, &occurred_at))
	{
		bool  isnull;
		Datum until = SlotColumn(slot, EVENT_ERROR_COUNTS_UNTIL, &isnull);

		if (count == 0 && !isnull && DatumGetTimestampTz(until) > now)
			return DatumGetTimestampTz(until);
		if (++count == ROWS_AN_HOUR)
			return occurred_at + USECS_PER_HOUR;
	}
	return 0;
}

/*
 * CountOn
 *		Add the events to the newest row of the hour that no other transaction is
 *		counting on; false where there is none.  So no loader waits for another.
 */
static bool
CountOn(TableStore *store, const EventError *error, TimestampTz now, TimestampTz until)
{
	TupleTableSlot *slot;
	TimestampTz     occurred_at;

	FindRows(store, error);
	while (NextOfHour(store, now, &slot, &occurred_at))
	{
		HeapTuple tuple;
		RowChange row;
		int64     events;
		bool      isnull;

		if (TableStoreLock(store, &tuple) != TM_Ok)
			continue;
		events = DatumGetInt64(SlotColumn(slot, EVENT_ERROR_EVENTS, &isnull));
		RowChangeBegin(&row, store, tuple);
		RowChangeSet(&row, EVENT_ERROR_EVENTS, Int64GetDatum(events + error->events), false);
		RowChangeSet(&row, EVENT_ERROR_COUNTS_UNTIL, TimestampTzGetDatum(until), false);
		RowChangeWrite(&row);
		return true;
	}
	return false;
}

static void
InsertError(TableStore *store, const ExtensionOids *oids, const EventError *error, TimestampTz now)
{
	Datum row[EVENT_ERROR_COLUMNS] = {0};
	bool  nulls[EVENT_ERROR_COLUMNS] = {0};

	row[EVENT_ERROR_ID - 1] = Int64GetDatum(nextval_internal(oids->error_sequence, false));
	row[EVENT_ERROR_SOURCE - 1] = OptionalText(error->source, &nulls[EVENT_ERROR_SOURCE - 1]);
	row[EVENT_ERROR_EVENT_ID - 1] = OptionalText(error->event_id, &nulls[EVENT_ERROR_EVENT_ID - 1]);
	row[EVENT_ERROR_EVENT_TIME - 1] = TimestampTzGetDatum(error->event_time);
	nulls[EVENT_ERROR_EVENT_TIME - 1] = !error->has_time;
	row[EVENT_ERROR_CAUSE - 1] = CStringGetTextDatum(error->key.cause);
	row[EVENT_ERROR_DETAIL - 1] = OptionalText(error->detail, &nulls[EVENT_ERROR_DETAIL - 1]);
	row[EVENT_ERROR_OCCURRED_AT - 1] = TimestampTzGetDatum(now);
	row[EVENT_ERROR_EVENTS - 1] = Int64GetDatum(error->events);
	nulls[EVENT_ERROR_COUNTS_UNTIL - 1] = true;
	TableStoreInsert(store, EVENT_ERROR_COLUMNS, row, nulls);
}

void
EventErrorsWrite(const ExtensionOids *oids, List *faults)
{
	static const AttrNumber place[] = {EVENT_ERROR_SOURCE, EVENT_ERROR_CAUSE,
									   EVENT_ERROR_OCCURRED_AT};
	MemoryContext           context;
	MemoryContext           old;
	TableStore              store;
	ListCell               *cell;

	if (faults == NIL)
		return;
	TableStoreOpenByAll(&store, oids->event_errors, lengthof(place), place);
	context = AllocSetContextCreate(CurrentMemoryContext, "newterm event error",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	foreach(cell, faults)
	{
		const EventError *error = lfirst(cell);
		const TimestampTz now = GetCurrentTimestamp();
		const TimestampTz until = store.index == NULL ? 0 : FullUntil(&store, error, now);

		CHECK_FOR_INTERRUPTS();
		if (until == 0 || !CountOn(&store, error, now, until))
			InsertError(&store, oids, error, now);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	TableStoreClose(&store);
}

/* ---------- failed merges ---------- */

/* What EventErrorsOfMerge writes. */
typedef struct Failure
{
	PendingLevel *level;
	char         *detail;
} Failure;

/* Record an event whose terms are lost. */
static void
AddLost(const Failure *failure, const EventReference *reference)
{
	EventError *error = PendingAddError(failure->level, reference->table, "internal_error", 1);

	/* an event that cannot be read is recorded all the same */
	if (error != NULL)
		EventErrorDescribe(failure->level, error, ReferenceEventIfReadable(reference),
						   failure->detail);
}

static int
CompareReferences(const void *a, const void *b)
{
	const EventReference *left = a;
	const EventReference *right = b;

	if (left->table != right->table)
		return left->table < right->table ? -1 : 1;
	if (left->command != right->command)
		return left->command < right->command ? -1 : 1;
	return ItemPointerCompare(unconstify(ItemPointerData *, &left->tid),
							  unconstify(ItemPointerData *, &right->tid));
}

/*
 * A file has an event once for each term of which it is the source: keep it once.  In
 * several batches it is counted several times.
 */
static void
DropRepeated(PendingLevel *batch)
{
	int64 kept = 0;

	qsort(batch->references, batch->nreferences, sizeof(EventReference), CompareReferences);
	for (int64 i = 0; i < batch->nreferences; i++)
		if (kept == 0 ||
			CompareReferences(&batch->references[kept - 1], &batch->references[i]) != 0)
			batch->references[kept++] = batch->references[i];
	batch->nreferences = kept;
}

/* Note the events of a level or batch. */
static void
AddAll(const Failure *failure, const PendingLevel *level)
{
	for (int64 i = 0; i < level->nreferences; i++)
	{
		CHECK_FOR_INTERRUPTS();
		AddLost(failure, &level->references[i]);
	}
}

/* Note the events of a batch that had left memory; `state` is the Failure. */
static void
AddBatch(PendingLevel *batch, void *state)
{
	DropRepeated(batch);
	AddAll(state, batch);
}

static void
WriteFailure(void *state)
{
	Failure             *failure = state;
	PendingLevel        *level = failure->level;
	const ExtensionOids *oids = ExtensionLookup();

	if (oids == NULL)
		return;
	MemoryContextSwitchTo(level->context);
	PendingSpillsForEach(level->spills, AddBatch, failure);
	AddAll(failure, level);
	EventErrorsWrite(oids, level->faults);
}

void
EventErrorsOfMerge(PendingLevel *level, ErrorData *error, int *budget)
{
	Failure    failure = {level, psprintf("the merge failed: %s", ErrorReason(error))};
	ErrorData *second = LockWaitsRun(WriteFailure, &failure, budget);

	if (second == NULL)
		return;
	if (ErrorIsFinal(second->sqlerrcode))
		ReThrowError(second);
	ereport(WARNING,
			(errcode(second->sqlerrcode),
			 errmsg("newterm could not record the events of a failed merge: %s",
					ErrorReason(second))));
}
