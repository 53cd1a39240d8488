/*
 * postpone.c
 *	  News of two-phase transactions.
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

#include "compat.h"
#include "error_log.h"
#include "lock.h"
#include "postpone.h"
#include "store.h"
#include "watch.h"

/* Columns of newterm.postponed. */
enum
{
	POSTPONED_VERSION_ID = 1,	/* NULL: only a payload */
	POSTPONED_DIGEST,			/* NULL: a rule's clock */
	POSTPONED_ENTITY_CLOCK,
	POSTPONED_ENTITY,
	POSTPONED_TERM,
	POSTPONED_FIRST_SEEN,
	POSTPONED_LAST_GRANULE,
	POSTPONED_EVENT,
	POSTPONED_PAYLOAD,
	POSTPONED_COLUMNS = POSTPONED_PAYLOAD
};

static void
InsertRow(Store *store, Datum *row, const bool *present)
{
	bool		nulls[POSTPONED_COLUMNS];

	for (int i = 0; i < POSTPONED_COLUMNS; i++)
		nulls[i] = !present[i];
	StoreInsert(store, row, nulls);
}

static void
SetJsonb(Datum *row, bool *present, int column, Jsonb *value)
{
	row[column - 1] = PointerGetDatum(value);
	present[column - 1] = value != NULL;
}

static void
WriteRun(Store *store, NewsLevel *level, const News *news, const Run *run)
{
	Datum		row[POSTPONED_COLUMNS] = {0};
	bool		present[POSTPONED_COLUMNS] = {0};

	row[POSTPONED_VERSION_ID - 1] = Int32GetDatum(news->version_id);
	row[POSTPONED_DIGEST - 1] = PointerGetDatum(&news->term);
	row[POSTPONED_ENTITY_CLOCK - 1] = PointerGetDatum(&news->entity_clock);
	row[POSTPONED_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(run->first_seen));
	row[POSTPONED_LAST_GRANULE - 1] = TimestampTzGetDatum(TIMESTAMP_OF(run->last_granule));
	for (int column = POSTPONED_VERSION_ID; column <= POSTPONED_LAST_GRANULE; column++)
		present[column - 1] = true;
	SetJsonb(row, present, POSTPONED_ENTITY, news->entity_values);
	SetJsonb(row, present, POSTPONED_TERM, news->term_values);
	SetJsonb(row, present, POSTPONED_EVENT,
			 run->source < 0 ? NULL : ReferenceEvent(&level->references[run->source]));
	InsertRow(store, row, present);
}

void
PostponeNews(NewsLevel *level)
{
	const ExtensionOids *oids = ExtensionLookup();
	HASH_SEQ_STATUS each;
	News	   *news;
	ClockNews  *clock;
	ListCell   *cell;
	Store		store;
	MemoryContext old;

	if (oids == NULL)
		return;
	old = MemoryContextSwitchTo(level->context);
	PushActiveSnapshot(GetTransactionSnapshot());
	ErrorLogWrite(oids, level->faults);
	StoreOpen(&store, oids->postponed, InvalidOid);
	if (level->terms != NULL)
	{
		hash_seq_init(&each, level->terms);
		while ((news = hash_seq_search(&each)) != NULL)
			for (int i = 0; i < news->nruns; i++)
				WriteRun(&store, level, news, &news->runs[i]);
	}
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
	foreach(cell, level->payloads)
	{
		Datum		row[POSTPONED_COLUMNS] = {0};
		bool		present[POSTPONED_COLUMNS] = {0};

		row[POSTPONED_PAYLOAD - 1] = CStringGetTextDatum(lfirst(cell));
		present[POSTPONED_PAYLOAD - 1] = true;
		InsertRow(&store, row, present);
	}
	StoreClose(&store);
	PopActiveSnapshot();
	MemoryContextSwitchTo(old);
}

/* One row into the level's news. */
static void
TakeRow(RuleSet *set, NewsLevel *level, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		value = SlotColumn(slot, POSTPONED_PAYLOAD, &isnull);
	int32		version_id;
	Rule	   *rule;
	News		news = {0};
	Run			run = {0};

	if (!isnull)
	{
		MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

		level->payloads = lappend(level->payloads, TextDatumGetCString(value));
		MemoryContextSwitchTo(old);
		return;
	}
	version_id = DatumGetInt32(SlotColumn(slot, POSTPONED_VERSION_ID, &isnull));
	rule = RuleByVersion(set, version_id);
	if (rule == NULL)
		return;					/* changed or dropped since */
	run.first_seen = UNIX_MICROS(DatumGetTimestampTz(SlotColumn(slot, POSTPONED_FIRST_SEEN, &isnull)));
	value = SlotColumn(slot, POSTPONED_DIGEST, &isnull);
	if (isnull)
	{
		NewsAddClock(level, version_id, run.first_seen);
		return;
	}
	memcpy(&news.term, DatumGetPointer(value), sizeof(Digest));
	value = SlotColumn(slot, POSTPONED_ENTITY_CLOCK, &isnull);
	memcpy(&news.entity_clock, DatumGetPointer(value), sizeof(Digest));
	news.version_id = version_id;
	news.entity_values = SlotJsonb(slot, POSTPONED_ENTITY);
	news.term_values = SlotJsonb(slot, POSTPONED_TERM);
	run.last_granule = UNIX_MICROS(DatumGetTimestampTz(SlotColumn(slot, POSTPONED_LAST_GRANULE, &isnull)));
	run.source = -1;
	SlotColumn(slot, POSTPONED_EVENT, &isnull);
	if (!isnull)
	{
		EventReference reference = {.event = SlotJsonb(slot, POSTPONED_EVENT)};

		run.source = NewsReference(level, &reference);
	}
	NewsAddRun(level, &news, &run, &rule->span);
}

void
PostponedTake(const ExtensionOids *oids, RuleSet *set, NewsLevel *level)
{
	Store		store;
	TableScanDesc scan;
	TupleTableSlot *slot;

	StoreOpen(&store, oids->postponed, InvalidOid);
	if (RelationGetNumberOfBlocks(store.table) > 0 && LockPostponed())
	{
		slot = table_slot_create(store.table, NULL);
		scan = table_beginscan(store.table, SnapshotSelf, 0, NULL);
		while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		{
			TakeRow(set, level, slot);
			StoreDelete(&store, &slot->tts_tid);
		}
		table_endscan(scan);
		ExecDropSingleTupleTableSlot(slot);
	}
	StoreClose(&store);
}
