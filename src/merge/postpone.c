/*
 * postpone.c
 *	  What has to wait for a later merge.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "baseline/event_error.h"
#include "store/lock.h"
#include "merge/postpone.h"
#include "baseline/pending_spill.h"
#include "store/table_store.h"
#include "store/extension.h"
#include "baseline/event_ref.h"

/* Columns of newterm.postponed. */
enum
{
	POSTPONED_VERSION_ID = 1,	/* NULL: a change of a signal */
	POSTPONED_DIGEST,			/* NULL: a rule's clock */
	POSTPONED_ENTITY,
	POSTPONED_TERM,
	POSTPONED_FIRST_SEEN,
	POSTPONED_LAST_GRANULE,
	POSTPONED_EVENT,
	POSTPONED_SIGNAL_ID,
	POSTPONED_RETRACTED,
	POSTPONED_REASON,
	POSTPONED_COLUMNS = POSTPONED_REASON
};

static void
InsertRow(TableStore *store, Datum *row, const bool *present)
{
	bool		nulls[POSTPONED_COLUMNS];

	for (int i = 0; i < POSTPONED_COLUMNS; i++)
		nulls[i] = !present[i];
	TableStoreInsert(store, POSTPONED_COLUMNS, row, nulls);
}

static void
SetJsonb(Datum *row, bool *present, int column, Jsonb *value)
{
	row[column - 1] = PointerGetDatum(value);
	present[column - 1] = value != NULL;
}

static void
WriteRun(TableStore *store, PendingLevel *level, const PendingTerm *pending, const Run *run)
{
	Datum		row[POSTPONED_COLUMNS] = {0};
	bool		present[POSTPONED_COLUMNS] = {0};

	row[POSTPONED_VERSION_ID - 1] = Int32GetDatum(pending->version_id);
	row[POSTPONED_DIGEST - 1] = PointerGetDatum(&pending->term);
	row[POSTPONED_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(run->first_seen));
	row[POSTPONED_LAST_GRANULE - 1] = TimestampTzGetDatum(TIMESTAMP_OF(run->last_granule));
	for (int column = POSTPONED_VERSION_ID; column <= POSTPONED_LAST_GRANULE; column++)
		present[column - 1] = true;
	SetJsonb(row, present, POSTPONED_ENTITY, pending->entity_values);
	SetJsonb(row, present, POSTPONED_TERM, pending->term_values);
	SetJsonb(row, present, POSTPONED_EVENT,
			 run->source < 0 ? NULL : ReferenceEvent(&level->references[run->source]));
	InsertRow(store, row, present);
}

/* Write the runs of a batch; `state` is the TableStore. */
static void
WriteTerms(PendingLevel *level, void *state)
{
	TableStore	   *store = state;
	HASH_SEQ_STATUS each;
	PendingTerm	   *pending;

	if (level->terms == NULL)
		return;
	hash_seq_init(&each, level->terms);
	while ((pending = hash_seq_search(&each)) != NULL)
		for (int i = 0; i < pending->nruns; i++)
			WriteRun(store, level, pending, &pending->runs[i]);
}

void
PostponePending(PendingLevel *level)
{
	const ExtensionOids *oids = ExtensionLookup();
	HASH_SEQ_STATUS each;
	PendingClock  *clock;
	TableStore		store;
	MemoryContext old;

	if (oids == NULL)
		return;
	old = MemoryContextSwitchTo(level->context);
	EventErrorsWrite(oids, level->faults);
	TableStoreOpen(&store, oids->postponed);
	WriteTerms(level, &store);
	PendingSpillsForEach(level->spills, WriteTerms, &store);
	if (level->clocks != NULL)
	{
		hash_seq_init(&each, level->clocks);
		while ((clock = hash_seq_search(&each)) != NULL)
		{
			Datum		row[POSTPONED_COLUMNS] = {0};
			bool		present[POSTPONED_COLUMNS] = {0};

			row[POSTPONED_VERSION_ID - 1] = Int32GetDatum(clock->version_id);
			row[POSTPONED_FIRST_SEEN - 1] =
				TimestampTzGetDatum(TIMESTAMP_OF(clock->earliest));
			present[POSTPONED_VERSION_ID - 1] = present[POSTPONED_FIRST_SEEN - 1] = true;
			InsertRow(&store, row, present);
		}
	}
	TableStoreClose(&store);
	MemoryContextSwitchTo(old);
}

void
PostponeSignalChange(const ExtensionOids *oids, const SignalChange *change)
{
	TableStore		store;
	Datum		row[POSTPONED_COLUMNS] = {0};
	bool		present[POSTPONED_COLUMNS] = {0};

	row[POSTPONED_SIGNAL_ID - 1] = Int64GetDatum(change->signal);
	row[POSTPONED_RETRACTED - 1] = BoolGetDatum(change->retracted);
	row[POSTPONED_REASON - 1] = CStringGetTextDatum(change->reason);
	row[POSTPONED_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(change->first_seen));
	present[POSTPONED_SIGNAL_ID - 1] = present[POSTPONED_RETRACTED - 1] =
		present[POSTPONED_REASON - 1] = present[POSTPONED_FIRST_SEEN - 1] = true;
	SetJsonb(row, present, POSTPONED_EVENT, change->event);
	TableStoreOpen(&store, oids->postponed);
	InsertRow(&store, row, present);
	TableStoreClose(&store);
}

static int64
ColumnTime(TupleTableSlot *slot, int column)
{
	bool		isnull;

	return UNIX_MICROS(DatumGetTimestampTz(SlotColumn(slot, column, &isnull)));
}

/* A change of a signal; true where it is made. */
static bool
TakeChange(const ExtensionOids *oids, TupleTableSlot *slot)
{
	SignalChange change;
	bool		isnull;

	change.signal = DatumGetInt64(SlotColumn(slot, POSTPONED_SIGNAL_ID, &isnull));
	change.retracted = DatumGetBool(SlotColumn(slot, POSTPONED_RETRACTED, &isnull));
	change.reason = TextDatumGetCString(SlotColumn(slot, POSTPONED_REASON, &isnull));
	change.first_seen = ColumnTime(slot, POSTPONED_FIRST_SEEN);
	change.event = SlotJsonb(slot, POSTPONED_EVENT);
	return SignalApply(oids, &change);
}

/* A term's run, or a rule's clock, into the level's news. */
static void
TakePending(RuleSet *set, PendingLevel *level, TupleTableSlot *slot)
{
	bool		isnull;
	int32		version_id = DatumGetInt32(SlotColumn(slot, POSTPONED_VERSION_ID, &isnull));
	Rule	   *rule = RuleOfVersion(set, version_id);
	Datum		value;
	PendingTerm		pending = {0};
	Run			run = {0};

	if (rule == NULL)
		return;					/* dropped since */
	run.first_seen = ColumnTime(slot, POSTPONED_FIRST_SEEN);
	value = SlotColumn(slot, POSTPONED_DIGEST, &isnull);
	if (isnull)
	{
		PendingAddClock(level, version_id, run.first_seen);
		return;
	}
	memcpy(&pending.term, DatumGetPointer(value), sizeof(Digest));
	pending.version_id = version_id;
	pending.entity_values = SlotJsonb(slot, POSTPONED_ENTITY);
	pending.term_values = SlotJsonb(slot, POSTPONED_TERM);
	run.last_granule = ColumnTime(slot, POSTPONED_LAST_GRANULE);
	run.source = -1;
	SlotColumn(slot, POSTPONED_EVENT, &isnull);
	if (!isnull)
	{
		EventReference reference = {
			.event = SlotJsonb(slot, POSTPONED_EVENT), .time = run.first_seen
		};

		run.source = PendingReference(level, &reference);
	}
	PendingAddRun(level, &pending, &run, &rule->span);
}

/* Has the table no rows, nor had any since it was last vacuumed? */
static bool
IsEmpty(Oid oid)
{
	Relation	table = table_open(oid, RowExclusiveLock);
	bool		empty = RelationGetNumberOfBlocks(table) == 0;

	table_close(table, NoLock);
	return empty;
}

PendingLevel *
PostponedTake(const ExtensionOids *oids, RuleSet *set)
{
	PendingLevel  *level = NULL;
	TableStore		store;
	TableScanDesc scan;
	TupleTableSlot *slot;

	if (IsEmpty(oids->postponed))
		return NULL;
	TableStoreOpen(&store, oids->postponed);
	if (LockPostponed())
	{
		slot = table_slot_create(store.table, NULL);
		scan = table_beginscan(store.table, SnapshotSelf, 0, NULL);
		while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		{
			bool		change;

			SlotColumn(slot, POSTPONED_SIGNAL_ID, &change);
			change = !change;
			if (change && !TakeChange(oids, slot))
				continue;
			if (!change)
			{
				if (level == NULL)
					level = PendingApart();
				TakePending(set, level, slot);
			}
			TableStoreDelete(&store, &slot->tts_tid);
		}
		table_endscan(scan);
		ExecDropSingleTupleTableSlot(slot);
	}
	TableStoreClose(&store);
	return level;
}
