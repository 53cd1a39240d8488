/*
 * run_store.c
 *	  The stored baseline: newterm.runs, a row for each run of a term.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/guard.h"
#include "base/hash_table.h"
#include "baseline/run_store.h"
#include "store/extension.h"
#include "store/tables.h"

/* Runs in a block, if neither VACUUM nor ANALYZE has counted: rows of some 170 bytes. */
#define RUNS_A_BLOCK 45

/* The columns in front, none of which is ever null, as they lie in a row. */
typedef struct RunRow
{
	TimestampTz first_seen;
	TimestampTz last_granule;
	Digest      digest;
	int32       version_id;
	bool        learned;
} RunRow;

void
RunsOpen(RunStore *runs, const ExtensionOids *oids)
{
	TableStoreOpenBy(&runs->store, oids->runs, RUN_DIGEST);
	runs->rewrite = false;
	runs->references = NULL;
	runs->backfilled = false;
	runs->allocated = 4;
	runs->runs = palloc(sizeof(Run) * runs->allocated);
	runs->places = palloc(sizeof(ItemPointerData) * runs->allocated);
}

void
RunsClose(RunStore *runs)
{
	TableStoreClose(&runs->store);
}

/* A row as heap_form_tuple() laid it out; valid as long as the slot's row. */
static const RunRow *
RowOf(TupleTableSlot *slot)
{
	return (const RunRow *) GETSTRUCT(ExecFetchSlotHeapTuple(slot, false, NULL));
}

/* The run of a row. */
static void
ReadRun(const RunRow *row, Run *run)
{
	run->first_seen = UNIX_MICROS(row->first_seen);
	run->last_granule = UNIX_MICROS(row->last_granule);
	run->learned = row->learned;
	run->source = -1;
}

void
RunsRead(RunStore *runs, const Digest *term, StoredRuns *stored)
{
	TupleTableSlot *slot;
	int             count = 0;

	TableStoreFindDigest(&runs->store, term);
	while (TableStoreNext(&runs->store, &slot))
	{
		Run run;
		int place;

		if (count == runs->allocated)
		{
			runs->allocated *= 2;
			/* repalloc keeps the buffers in the store's context */
			runs->runs = repalloc(runs->runs, sizeof(Run) * runs->allocated);
			runs->places = repalloc(runs->places, sizeof(ItemPointerData) * runs->allocated);
		}
		ReadRun(RowOf(slot), &run);
		for (place = count++; place > 0 && runs->runs[place - 1].first_seen > run.first_seen;
			 place--)
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
	HeapTupleHeader row = ExecFetchSlotHeapTuple(slot, false, NULL)->t_data;

	return TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(row));
}

/* What a look-up asks for. */
typedef struct LookUp
{
	const ExtensionOids *oids;
	const Digest        *terms; /* RunsLookUp */
	int                  nterms;
	int64                time;
	bool (*wanted)(void *state, int64 nblocks, int64 nruns); /* RunsScan */
	RunFunction function;
	void       *state;
	bool        complete; /* what came of it */
} LookUp;

/* Find the best run of a term among the rows that others committed. */
static void
FindBest(const LookUp *look_up, TableStore *store, const Digest *term)
{
	TupleTableSlot *slot;
	bool            found = false;
	int32           version_id = 0;
	Run             best = {0};

	TableStoreFindDigest(store, term);
	while (TableStoreNext(store, &slot))
	{
		Run run;

		if (IsOurs(slot))
			continue;
		ReadRun(RowOf(slot), &run);
		/* of two, the later one, unless it begins behind the time */
		if (!found ||
			(run.first_seen > best.first_seen ? look_up->time >= run.first_seen
											  : look_up->time < best.first_seen))
		{
			best = run;
			version_id = RowOf(slot)->version_id;
			found = true;
		}
	}
	if (found)
		look_up->function(look_up->state, term, version_id, &best);
}

static void
FindAll(void *state)
{
	LookUp    *look_up = state;
	TableStore store;

	if (!TableStoreOpenReading(&store, look_up->oids->runs, RUN_DIGEST))
		return;
	for (int i = 0; i < look_up->nterms; i++)
		FindBest(look_up, &store, &look_up->terms[i]);
	TableStoreClose(&store);
}

static void
ScanAll(void *state)
{
	LookUp       *look_up = state;
	TableStore    store;
	Snapshot      snapshot;
	TableScanDesc scan;
	int64         nblocks;
	int64         nruns;

	if (!TableStoreOpenReading(&store, look_up->oids->runs, RUN_DIGEST))
		return;
	nblocks = RelationGetNumberOfBlocks(store.table);
	/* as the last VACUUM or ANALYZE counted; -1 before the first one */
	nruns = (int64) store.table->rd_rel->reltuples;
	if (nruns < 0)
		nruns = nblocks * RUNS_A_BLOCK;
	look_up->complete = look_up->wanted(look_up->state, nblocks, nruns);
	if (look_up->complete)
	{
		/*
		 * Rows are judged a page at a time by such a snapshot, which takes half
		 * as long, but leaves a predicate lock at SERIALIZABLE.
		 */
		snapshot = IsolationIsSerializable() ? SnapshotSelf : TableStoreLatestSnapshot();
		scan = table_beginscan(store.table, snapshot, 0, NULL);
		while (table_scan_getnextslot(scan, ForwardScanDirection, store.found))
		{
			const RunRow *row = RowOf(store.found);
			Run           run;

			CHECK_FOR_INTERRUPTS();
			if (IsOurs(store.found))
				continue;
			ReadRun(row, &run);
			look_up->function(look_up->state, &row->digest, row->version_id, &run);
		}
		table_endscan(scan);
		if (snapshot != SnapshotSelf)
			UnregisterSnapshot(snapshot);
	}
	TableStoreClose(&store);
}

void
RunsLookUp(const ExtensionOids *oids, const Digest *terms, int nterms, int64 time,
		   RunFunction function, void *state)
{
	LookUp look_up = {
		.oids = oids,
		.terms = terms,
		.nterms = nterms,
		.time = time,
		.function = function,
		.state = state,
	};

	/* a fault in our tables must not fail the insert that looks */
	RunUnlessFinal(FindAll, &look_up);
}

bool
RunsScan(const ExtensionOids *oids, bool (*wanted)(void *state, int64 nblocks, int64 nruns),
		 RunFunction function, void *state)
{
	LookUp look_up = {.oids = oids, .wanted = wanted, .function = function, .state = state};

	return RunUnlessFinal(ScanAll, &look_up) == NULL && look_up.complete;
}

int64
RunsCount(RunStore *runs, int32 version_id, int64 limit)
{
	TableScanDesc   scan = table_beginscan(runs->store.table, SnapshotSelf, 0, NULL);
	TupleTableSlot *slot = table_slot_create(runs->store.table, NULL);
	int64           count = 0;

	while (count < limit && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (RowOf(slot)->version_id == version_id)
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

/* The column by which an entity's runs are found; NULL where its rule has one clock. */
static void
SetEntityDigest(Datum *row, bool *nulls, const PendingTerm *pending)
{
	row[RUN_ENTITY_DIGEST - 1] = PointerGetDatum(&pending->entity_clock);
	nulls[RUN_ENTITY_DIGEST - 1] = !pending->by_entity;
}

/* How a run's start is known: by which event, and whether that was a stored one. */
static void
SetProvenance(const RunStore *runs, Datum *row, bool *nulls, const Run *run)
{
	const char *event_id = run->source < 0 ? NULL : runs->references[run->source].event_id;

	row[RUN_EVENT_ID - 1] = OptionalText(event_id, &nulls[RUN_EVENT_ID - 1]);
	row[RUN_BACKFILLED - 1] = BoolGetDatum(runs->backfilled);
}

/*
 * Hash of a version and of values (NULL: none).  It has no secret: who makes two the same
 * makes a context wrong, and nothing else.
 */
int64
RunsKey(int32 version_id, const Jsonb *values)
{
	return values == NULL
		? version_id
		: DatumGetInt64(DirectFunctionCall2(jsonb_hash_extended, JsonbPGetDatum(values),
											Int64GetDatum(version_id)));
}

static void
InsertRun(RunStore *runs, const PendingTerm *pending, const Run *run)
{
	Datum row[RUN_COLUMNS];
	bool  nulls[RUN_COLUMNS] = {0};

	SetTimes(row, run);
	row[RUN_DIGEST - 1] = PointerGetDatum(&pending->term);
	row[RUN_VERSION_ID - 1] = Int32GetDatum(pending->version_id);
	row[RUN_TERM - 1] = PointerGetDatum(pending->term_values);
	row[RUN_ENTITY - 1] = PointerGetDatum(pending->entity_values);
	nulls[RUN_ENTITY - 1] = pending->entity_values == NULL;
	SetEntityDigest(row, nulls, pending);
	SetProvenance(runs, row, nulls, run);
	row[RUN_ENTITY_KEY - 1] = Int64GetDatum(RunsKey(pending->version_id, pending->entity_values));
	nulls[RUN_TERM_KEY - 1] = pending->entity_values == NULL;
	row[RUN_TERM_KEY - 1] = Int64GetDatum(RunsKey(pending->version_id, pending->term_values));
	TableStoreInsertLater(&runs->store, RUN_COLUMNS, row, nulls);
}

static void
UpdateRun(RunStore *runs, const PendingTerm *pending, ItemPointer place, const Run *run, bool moved)
{
	Datum     row[RUN_COLUMNS];
	bool      nulls[RUN_COLUMNS] = {0};
	bool      replace[RUN_COLUMNS] = {0};
	HeapTuple tuple;

	if (!table_tuple_fetch_row_version(runs->store.table, place, SnapshotSelf, runs->store.found))
		elog(ERROR, "a row of newterm.runs is gone");
	tuple = ExecCopySlotHeapTuple(runs->store.found);
	SetTimes(row, run);
	replace[RUN_FIRST_SEEN - 1] = replace[RUN_LAST_GRANULE - 1] = replace[RUN_LEARNED - 1] = true;
	SetEntityDigest(row, nulls, pending);
	replace[RUN_ENTITY_DIGEST - 1] = runs->rewrite;
	if (moved)
		SetProvenance(runs, row, nulls, run);
	replace[RUN_EVENT_ID - 1] = replace[RUN_BACKFILLED - 1] = moved;
	TableStoreUpdate(&runs->store, tuple, RUN_COLUMNS, row, nulls, replace);
}

void
RunsWrite(RunStore *runs, const PendingTerm *pending, const StoredRuns *before, const Run *after,
		  int nafter)
{
	int next = 0;

	for (int i = 0; i < nafter; i++)
	{
		bool stored = false;

		CHECK_FOR_INTERRUPTS();
		for (; next < before->nruns && before->runs[next].last_granule <= after[i].last_granule;
			 next++)
		{
			const Run *run = &before->runs[next];

			if (stored)
				TableStoreDelete(&runs->store, &before->places[next]);
			else if (run->first_seen != after[i].first_seen ||
					 run->last_granule != after[i].last_granule ||
					 run->learned != after[i].learned || runs->rewrite)
				UpdateRun(runs, pending, &before->places[next], &after[i],
						  run->first_seen != after[i].first_seen);
			stored = true;
		}
		if (!stored)
			InsertRun(runs, pending, &after[i]);
	}
}

/* Read the term of a row, without runs. */
static void
ReadTerm(TupleTableSlot *slot, PendingTerm *term)
{
	const RunRow *row = RowOf(slot);

	memset(term, 0, sizeof(PendingTerm));
	term->term = row->digest;
	term->version_id = row->version_id;
	term->term_values = SlotJsonb(slot, RUN_TERM);
	term->entity_values = SlotJsonb(slot, RUN_ENTITY);
}

char *
RunsEventId(RunStore *runs, const Digest *term, int64 first_seen)
{
	TupleTableSlot *slot;
	char           *event_id = NULL;

	TableStoreFindDigest(&runs->store, term);
	while (TableStoreNext(&runs->store, &slot))
	{
		bool  isnull;
		Datum value = SlotColumn(slot, RUN_EVENT_ID, &isnull);

		if (!isnull && UNIX_MICROS(RowOf(slot)->first_seen) == first_seen)
			event_id = TextDatumGetCString(value);
	}
	return event_id;
}

bool
RunsReadTerm(RunStore *runs, const Digest *digest, PendingTerm *term)
{
	TupleTableSlot *slot;
	bool            no_entity;
	Datum           entity_clock;

	TableStoreFindDigest(&runs->store, digest);
	if (!TableStoreNext(&runs->store, &slot))
		return false;
	ReadTerm(slot, term);
	entity_clock = SlotColumn(slot, RUN_ENTITY_DIGEST, &no_entity);
	term->by_entity = !no_entity;
	if (!no_entity)
		memcpy(&term->entity_clock, DatumGetPointer(entity_clock), sizeof(Digest));
	return true;
}

void
RunsReplace(RunStore *runs, const PendingTerm *pending, const StoredRuns *before, const Run *after,
			int nafter)
{
	int next = 0;

	for (int i = 0; i < before->nruns; i++)
	{
		const Run *run = &before->runs[i];

		CHECK_FOR_INTERRUPTS();
		for (; next < nafter && after[next].first_seen < run->first_seen; next++)
			InsertRun(runs, pending, &after[next]);
		if (next == nafter || after[next].first_seen != run->first_seen)
			TableStoreDelete(&runs->store, &before->places[i]);
		else if (after[next++].last_granule != run->last_granule)
			UpdateRun(runs, pending, &before->places[i], &after[next - 1], false);
	}
	for (; next < nafter; next++)
		InsertRun(runs, pending, &after[next]);
}

List *
RunsTerms(const ExtensionOids *oids, int32 version_id, bool by_entity, bool *rewrite)
{
	Relation        table = table_open(oids->runs, RowExclusiveLock);
	TableScanDesc   scan = table_beginscan(table, SnapshotSelf, 0, NULL);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	HTAB           *seen = HashTableOfDigests("newterm terms", 1024, sizeof(PendingTerm));
	List           *terms = NIL;

	*rewrite = false;
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		const RunRow *row = RowOf(slot);
		bool          found;
		bool          no_entity;
		PendingTerm  *pending;
		Run           run;

		CHECK_FOR_INTERRUPTS();
		if (row->version_id != version_id)
			continue;
		pending = hash_search(seen, &row->digest, HASH_ENTER, &found);
		ReadRun(row, &run);
		SlotColumn(slot, RUN_ENTITY_DIGEST, &no_entity);
		*rewrite |= no_entity == by_entity;
		if (!found)
		{
			ReadTerm(slot, pending);
			pending->nruns = pending->runs_allocated = 1;
			pending->runs = palloc(sizeof(Run));
			pending->runs[0] = run;
			terms = lappend(terms, pending);
		}
		else if (run.first_seen < pending->runs[0].first_seen)
			pending->runs[0] = run;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(table, NoLock);
	return terms;
}

void
RunsLearnedSince(const ExtensionOids *oids, const Digest *entity, int64 from, MemoryContext context,
				 TermFunction function, void *state)
{
	TableStore      store;
	TupleTableSlot *slot;
	MemoryContext   old;

	TableStoreOpenBy(&store, oids->runs, RUN_ENTITY_DIGEST);
	TableStoreFindDigest(&store, entity);
	while (TableStoreNext(&store, &slot))
	{
		const RunRow *row = RowOf(slot);
		PendingTerm  *term;

		CHECK_FOR_INTERRUPTS();
		if (!row->learned || UNIX_MICROS(row->first_seen) < from)
			continue;
		old = MemoryContextSwitchTo(context);
		term = palloc(sizeof(PendingTerm));
		ReadTerm(slot, term);
		MemoryContextSwitchTo(old);
		term->by_entity = true;
		term->entity_clock = *entity;
		function(state, term);
	}
	TableStoreClose(&store);
}

/* ---------- what is around a term ---------- */

bool
RunsAroundOpen(TableStore *store, const ExtensionOids *oids, RunsAroundKind kind)
{
	return TableStoreOpenReading(store, oids->runs,
								 kind == RUNS_OF_ENTITY ? RUN_ENTITY_KEY : RUN_TERM_KEY);
}

int
RunsAround(TableStore *store, const RunsAsked *asked, RunAroundFunction function, void *state)
{
	TupleTableSlot *slot;
	Run             run;
	int             count = 0;

	TableStoreFind(store, F_INT8EQ, Int64GetDatum(asked->key));
	while (count < asked->most &&
		   (asked->newest ? TableStoreNextBackward(store, &slot) : TableStoreNext(store, &slot)))
	{
		count++;
		ReadRun(RowOf(slot), &run);
		function(state, &RowOf(slot)->digest, &run);
	}
	return count;
}
