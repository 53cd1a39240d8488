/*
 * runs.c
 *	  The stored baseline: newterm.runs, a row for each run of a term.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "fault.h"
#include "runs.h"

/* Columns of newterm.runs. */
enum
{
	RUN_FIRST_SEEN = 1,
	RUN_LAST_GRANULE,
	RUN_DIGEST,
	RUN_VERSION_ID,
	RUN_LEARNED,
	RUN_TERM,
	RUN_ENTITY,
	RUN_COLUMNS = RUN_ENTITY
};

void
RunsOpen(RunStore *runs, const ExtensionOids *oids)
{
	StoreOpen(&runs->store, oids->runs, oids->runs_index);
	runs->allocated = 4;
	runs->runs = palloc(sizeof(Run) * runs->allocated);
	runs->places = palloc(sizeof(ItemPointerData) * runs->allocated);
}

void
RunsClose(RunStore *runs)
{
	StoreClose(&runs->store);
}

/* The run of a row. */
static void
ReadRun(TupleTableSlot *slot, Run *run)
{
	bool		isnull;

	run->first_seen = UNIX_MICROS(DatumGetTimestampTz(SlotColumn(slot, RUN_FIRST_SEEN, &isnull)));
	run->last_granule = UNIX_MICROS(DatumGetTimestampTz(SlotColumn(slot, RUN_LAST_GRANULE, &isnull)));
	run->learned = DatumGetBool(SlotColumn(slot, RUN_LEARNED, &isnull));
	run->source = -1;
}

void
RunsRead(RunStore *runs, const Digest *term, StoredRuns *stored)
{
	TupleTableSlot *slot;
	int			count = 0;

	StoreFindDigest(&runs->store, term);
	while (StoreNext(&runs->store, &slot))
	{
		Run			run;
		int			place;

		if (count == runs->allocated)
		{
			runs->allocated *= 2;
			/* repalloc keeps the buffers in the store's context */
			runs->runs = repalloc(runs->runs, sizeof(Run) * runs->allocated);
			runs->places = repalloc(runs->places,
									sizeof(ItemPointerData) * runs->allocated);
		}
		ReadRun(slot, &run);
		for (place = count++; place > 0 && runs->runs[place - 1].first_seen > run.first_seen; place--)
		{
			runs->runs[place] = runs->runs[place - 1];
			runs->places[place] = runs->places[place - 1];
		}
		runs->runs[place] = run;
		runs->places[place] = slot->tts_tid;
	}
	stored->nruns = count;
	stored->runs = runs->runs;
	stored->places = runs->places;
}

/* Is the row one that this transaction may still roll back? */
static bool
IsOurs(TupleTableSlot *slot)
{
	bool		isnull;

	return TransactionIdIsCurrentTransactionId(DatumGetTransactionId(slot_getsysattr(slot,
																					 MinTransactionIdAttributeNumber,
																					 &isnull)));
}

/* What a look-up asks for. */
typedef struct LookUp
{
	const ExtensionOids *oids;
	const Digest *term;			/* RunsLookUp */
	int64		time;
	Run		   *best;
	int64		limit;			/* RunsScan */
	RunFunction function;
	void	   *state;
	bool		found;			/* what came of it */
} LookUp;

/* The best run for RunsLookUp among the rows that others committed. */
static void
FindBest(void *state)
{
	LookUp	   *look_up = state;
	Store		store;
	TupleTableSlot *slot;
	Run		   *best = look_up->best;

	if (!StoreOpenReading(&store, look_up->oids->runs, look_up->oids->runs_index))
		return;
	StoreFindDigest(&store, look_up->term);
	while (StoreNext(&store, &slot))
	{
		Run			run;

		if (IsOurs(slot))
			continue;
		ReadRun(slot, &run);
		if (!look_up->found || run.first_seen > best->first_seen)
		{
			/* a later run is no better where the one before holds the time */
			if (look_up->found && look_up->time < run.first_seen)
				continue;
			*best = run;
			look_up->found = true;
		}
		else if (look_up->time < best->first_seen)
			*best = run;
	}
	StoreClose(&store);
}

static void
ScanAll(void *state)
{
	LookUp	   *look_up = state;
	Store		store;
	TableScanDesc scan;

	if (!StoreOpenReading(&store, look_up->oids->runs, look_up->oids->runs_index))
		return;
	look_up->found = RelationGetNumberOfBlocks(store.table) <= look_up->limit;
	if (look_up->found)
	{
		scan = table_beginscan(store.table, SnapshotSelf, 0, NULL);
		while (table_scan_getnextslot(scan, ForwardScanDirection, store.found))
		{
			Run			run;
			bool		isnull;
			Datum		digest = SlotColumn(store.found, RUN_DIGEST, &isnull);
			int32		version_id = DatumGetInt32(SlotColumn(store.found, RUN_VERSION_ID, &isnull));

			CHECK_FOR_INTERRUPTS();
			if (IsOurs(store.found))
				continue;
			ReadRun(store.found, &run);
			look_up->function(look_up->state, (Digest *) DatumGetPointer(digest),
							  version_id, &run);
		}
		table_endscan(scan);
	}
	StoreClose(&store);
}

/* Look without letting a fault in our tables fail the insert that looks. */
static bool
LookSafely(void (*look) (void *), LookUp *look_up)
{
	return RunUnlessFinal(look, look_up) == NULL && look_up->found;
}

bool
RunsLookUp(const ExtensionOids *oids, const Digest *term, int64 time, Run *run)
{
	LookUp		look_up = {.oids = oids,.term = term,.time = time,.best = run};

	return LookSafely(FindBest, &look_up);
}

bool
RunsScan(const ExtensionOids *oids, int64 limit, RunFunction function, void *state)
{
	LookUp		look_up = {.oids = oids,.limit = limit,.function = function,
	.state = state};

	return LookSafely(ScanAll, &look_up);
}

int64
RunsCount(RunStore *runs, int32 version_id, int64 limit)
{
	TableScanDesc scan = table_beginscan(runs->store.table, SnapshotSelf, 0, NULL);
	TupleTableSlot *slot = table_slot_create(runs->store.table, NULL);
	int64		count = 0;

	while (count < limit && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (DatumGetInt32(SlotColumn(slot, RUN_VERSION_ID, &isnull)) == version_id)
			count++;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	return count;
}

/* The columns that change with a run. */
static void
SetTimes(Datum *row, const Run *run)
{
	row[RUN_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(run->first_seen));
	row[RUN_LAST_GRANULE - 1] = TimestampTzGetDatum(TIMESTAMP_OF(run->last_granule));
	row[RUN_LEARNED - 1] = BoolGetDatum(run->learned);
}

static void
InsertRun(RunStore *runs, const News *news, const Run *run)
{
	Datum		row[RUN_COLUMNS];
	bool		nulls[RUN_COLUMNS] = {0};

	SetTimes(row, run);
	row[RUN_DIGEST - 1] = PointerGetDatum(&news->term);
	row[RUN_VERSION_ID - 1] = Int32GetDatum(news->version_id);
	row[RUN_TERM - 1] = PointerGetDatum(news->term_values);
	row[RUN_ENTITY - 1] = PointerGetDatum(news->entity_values);
	nulls[RUN_ENTITY - 1] = news->entity_values == NULL;
	StoreInsertLater(&runs->store, row, nulls);
}

static void
UpdateRun(RunStore *runs, ItemPointer place, const Run *run)
{
	Datum		row[RUN_COLUMNS];
	bool		nulls[RUN_COLUMNS] = {0};
	bool		replace[RUN_COLUMNS] = {0};
	HeapTuple	tuple;

	if (!table_tuple_fetch_row_version(runs->store.table, place, SnapshotSelf,
									   runs->store.found))
		elog(ERROR, "a row of newterm.runs is gone");
	tuple = ExecCopySlotHeapTuple(runs->store.found);
	SetTimes(row, run);
	replace[RUN_FIRST_SEEN - 1] = replace[RUN_LAST_GRANULE - 1] =
		replace[RUN_LEARNED - 1] = true;
	StoreUpdate(&runs->store, tuple, row, nulls, replace);
}

void
RunsWrite(RunStore *runs, const News *news, const StoredRuns *before,
		  const Run *after, int nafter)
{
	int			next = 0;

	for (int i = 0; i < nafter; i++)
	{
		bool		stored = false;

		for (; next < before->nruns &&
			 before->runs[next].last_granule <= after[i].last_granule; next++)
		{
			const Run  *run = &before->runs[next];

			if (stored)
				StoreDelete(&runs->store, &before->places[next]);
			else if (run->first_seen != after[i].first_seen ||
					 run->last_granule != after[i].last_granule ||
					 run->learned != after[i].learned)
				UpdateRun(runs, &before->places[next], &after[i]);
			stored = true;
		}
		if (!stored)
			InsertRun(runs, news, &after[i]);
	}
}

List *
RunsTerms(const ExtensionOids *oids, int32 version_id)
{
	Relation	table = table_open(oids->runs, RowExclusiveLock);
	TableScanDesc scan = table_beginscan(table, SnapshotSelf, 0, NULL);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	HASHCTL		control = {0};
	HTAB	   *seen;
	List	   *terms = NIL;

	control.hcxt = CurrentMemoryContext;
	control.keysize = sizeof(Digest);
	control.entrysize = sizeof(News);
	seen = hash_create("newterm terms", 1024, &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		bool		found;
		News	   *news;
		Run			run;

		if (DatumGetInt32(SlotColumn(slot, RUN_VERSION_ID, &isnull)) != version_id)
			continue;
		news = hash_search(seen, DatumGetPointer(SlotColumn(slot, RUN_DIGEST, &isnull)),
						   HASH_ENTER, &found);
		ReadRun(slot, &run);
		if (!found)
		{
			memset((char *) news + sizeof(Digest), 0, sizeof(News) - sizeof(Digest));
			news->version_id = version_id;
			news->term_values = SlotJsonb(slot, RUN_TERM);
			news->entity_values = SlotJsonb(slot, RUN_ENTITY);
			news->nruns = news->runs_allocated = 1;
			news->runs = palloc(sizeof(Run));
			news->runs[0] = run;
			terms = lappend(terms, news);
		}
		else if (run.first_seen < news->runs[0].first_seen)
			news->runs[0] = run;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(table, NoLock);
	return terms;
}
