/*
 * event_ref.c
 *	  References to stored events, to read them again just before commit.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/guard.h"
#include "baseline/event_ref.h"
#include "event/event_summary.h"
#include "event/record.h"

CommandId
ReferenceCommand(void)
{
	/* marked as used: else it could be the one of a later statement as well */
	return GetCurrentCommandId(true);
}

/* Is the place inside the table's file?  Not where TRUNCATE emptied the file itself. */
static bool
IsInside(Relation table, const EventReference *reference)
{
	TableScanDesc   scan = table_beginscan_tid(table, SnapshotAny);
	ItemPointerData tid = reference->tid;
	bool            inside = table_tuple_tid_valid(scan, &tid);

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
	return (TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(row))
				? HeapTupleHeaderGetCmin(row)
				: HeapTupleHeaderGetRawCommandId(row)) <= reference->command;
}

Jsonb *
ReferenceEvent(const EventReference *reference)
{
	Relation        table;
	TupleTableSlot *slot;
	Record          record = {0};

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
		bool  isnull;
		Datum event = slot_getattr(slot, reference->column, &isnull);

		if (!isnull)
			RecordParse(&record, event, reference->type);
		if (record.jsonb != NULL)
			record.jsonb = DatumGetJsonbPCopy(JsonbPGetDatum(record.jsonb));
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, NoLock);
	return record.jsonb;
}

void
EventReaderOpen(EventReader *reader)
{
	reader->context = AllocSetContextCreate(CurrentMemoryContext, "newterm event",
											ALLOCSET_DEFAULT_SIZES);
	reader->last = NULL;
}

void
EventReaderClose(EventReader *reader)
{
	MemoryContextDelete(reader->context);
}

Jsonb *
EventReaderRead(EventReader *reader, const EventReference *reference)
{
	MemoryContext old;

	if (reference == reader->last)
		return reader->event;
	reader->last = NULL;
	MemoryContextReset(reader->context);
	old = MemoryContextSwitchTo(reader->context);
	reader->event = ReferenceEvent(reference);
	MemoryContextSwitchTo(old);
	reader->last = reference;
	return reader->event;
}

Jsonb *
EventSample(Jsonb *event, Size *stored)
{
	const Size size = VARSIZE(event);

	if (*stored > 0 && *stored + size > SAMPLE_BYTES)
		return EventSummary(&event->root);
	*stored += size;
	return event;
}

/* What ReadEvent reads. */
typedef struct Reading
{
	const EventReference *reference;
	Jsonb                *event;
} Reading;

static void
ReadEvent(void *state)
{
	Reading *reading = state;

	reading->event = ReferenceEvent(reading->reference);
}

Jsonb *
ReferenceEventIfReadable(const EventReference *reference)
{
	Reading reading = {reference, reference->event};

	if (reading.event == NULL)
		RunUnlessFinal(ReadEvent, &reading);
	return reading.event;
}
