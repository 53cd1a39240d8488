/*
 * postpone.c
 *	  Pending terms that a later merge writes: newterm.postponed.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/guard.h"
#include "base/hash_table.h"
#include "baseline/event_error.h"
#include "baseline/event_ref.h"
#include "baseline/pending_spill.h"
#include "event/record.h"
#include "ingest/reevaluate.h"
#include "merge/postpone.h"
#include "settings.h"
#include "signal/signal_apply.h"
#include "store/extension.h"
#include "store/lock.h"
#include "store/table_name.h"
#include "store/table_store.h"
#include "store/tables.h"

static const RetryColumns PostponedRetry = {POSTPONED_ATTEMPTS, POSTPONED_ERROR,
											POSTPONED_NEXT_ATTEMPT};

/* The most rows in one subtransaction, and the most that a merge takes beside its own. */
#define ROWS_AT_ONCE 10000
#define ROWS_BESIDE  1000

/* About what a row takes in memory. */
#define ROW_BYTES 1024

/*
 * The number of parts that may fail before the rest is left to later merges.  A part that
 * fails for a lock has waited a moment, and counts as several.  If the first parts all fail
 * for locks, somebody has locked a whole table.
 */
#define FAILURES        200
#define CONTENTION      10
#define ONLY_CONTENTION 3

/* ---------- storing ---------- */

/* A row to be stored. */
typedef struct NewRow
{
	Datum values[POSTPONED_COLUMNS];
	bool  nulls[POSTPONED_COLUMNS];
} NewRow;

static void
SetColumn(NewRow *row, int column, Datum value)
{
	row->values[column - 1] = value;
	row->nulls[column - 1] = false;
}

static void
SetJsonb(NewRow *row, int column, Jsonb *value)
{
	if (value != NULL)
		SetColumn(row, column, PointerGetDatum(value));
}

/* Rows of a level, as they are written. */
typedef struct Writer
{
	const ExtensionOids *oids;
	const Unmerged      *unmerged;
	TableStore           store;
	MemoryContext        context; /* of one row */
} Writer;

/* Names of origins, in their order. */
static const char *const OriginNames[] = {"live", "redecided", "backfill", "backfill_signals"};

/* Begin a row of a time that may be RECORD_OWN_TIME. */
static void
BeginRow(NewRow *row, const Writer *writer, int64 first_seen)
{
	const Unmerged *unmerged = writer->unmerged;

	memset(row->nulls, true, sizeof(row->nulls));
	memset(row->values, 0, sizeof(row->values));
	SetColumn(row, POSTPONED_ID,
			  Int64GetDatum(nextval_internal(writer->oids->postponed_sequence, false)));
	SetColumn(row, POSTPONED_ORIGIN, CStringGetTextDatum(OriginNames[unmerged->origin]));
	SetColumn(row, POSTPONED_ATTEMPTS, Int32GetDatum(unmerged->attempts));
	if (unmerged->error != NULL)
		SetColumn(row, POSTPONED_ERROR, CStringGetTextDatum(ErrorReason(unmerged->error)));
	if (first_seen != RECORD_OWN_TIME)
		SetColumn(row, POSTPONED_FIRST_SEEN, TimestampTzGetDatum(TIMESTAMP_OF(first_seen)));
}

/* Set the event of a reference and its table, if they are still there. */
static void
SetEvent(NewRow *row, const EventReference *reference)
{
	char *source = QualifiedTableName(reference->table);

	SetJsonb(row, POSTPONED_EVENT, ReferenceEventIfReadable(reference));
	if (source != NULL)
		SetColumn(row, POSTPONED_SOURCE, CStringGetTextDatum(source));
}

static void
InsertRow(Writer *writer, const NewRow *row)
{
	TableStoreInsertLater(&writer->store, POSTPONED_COLUMNS, row->values, row->nulls);
	MemoryContextReset(writer->context);
}

static void
WriteClock(Writer *writer, const PendingClock *clock)
{
	NewRow row;

	BeginRow(&row, writer, clock->earliest);
	SetColumn(&row, POSTPONED_VERSION_ID, Int32GetDatum(clock->version_id));
	InsertRow(writer, &row);
}

static void
WriteRun(Writer *writer, PendingLevel *level, const PendingTerm *pending, const Run *run)
{
	NewRow row;

	BeginRow(&row, writer, run->first_seen);
	SetColumn(&row, POSTPONED_VERSION_ID, Int32GetDatum(pending->version_id));
	SetColumn(&row, POSTPONED_DIGEST, PointerGetDatum(&pending->term));
	SetColumn(&row, POSTPONED_LAST_GRANULE, TimestampTzGetDatum(TIMESTAMP_OF(run->last_granule)));
	SetJsonb(&row, POSTPONED_ENTITY, pending->entity_values);
	SetJsonb(&row, POSTPONED_TERM, pending->term_values);
	if (run->source >= 0)
		SetEvent(&row, &level->references[run->source]);
	InsertRow(writer, &row);
}

/* Store an event that was not evaluated, unless it is gone. */
static void
WriteUnevaluated(Writer *writer, const EventReference *reference)
{
	NewRow row;

	BeginRow(&row, writer, reference->time);
	SetEvent(&row, reference);
	if (!row.nulls[POSTPONED_EVENT - 1])
		InsertRow(writer, &row);
}

/* Write the terms and events of a level, or of a part that was in a file; `state` is the Writer. */
static void
WriteBatch(PendingLevel *level, void *state)
{
	Writer         *writer = state;
	MemoryContext   old = MemoryContextSwitchTo(writer->context);
	HASH_SEQ_STATUS each;
	PendingTerm    *pending;

	if (level->terms != NULL)
	{
		hash_seq_init(&each, level->terms);
		while ((pending = hash_seq_search(&each)) != NULL)
		{
			CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < pending->nruns; i++)
				WriteRun(writer, level, pending, &pending->runs[i]);
		}
	}
	for (int64 i = 0; i < level->nreferences; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (level->references[i].generation == GENERATION_NONE)
			WriteUnevaluated(writer, &level->references[i]);
	}
	MemoryContextSwitchTo(old);
}

static void
WriteClocks(Writer *writer, const PendingLevel *level)
{
	MemoryContext   old = MemoryContextSwitchTo(writer->context);
	HASH_SEQ_STATUS each;
	PendingClock   *clock;

	if (level->clocks != NULL)
	{
		hash_seq_init(&each, level->clocks);
		while ((clock = hash_seq_search(&each)) != NULL)
			WriteClock(writer, clock);
	}
	MemoryContextSwitchTo(old);
}

void
PostponePending(void *unmerged)
{
	PendingLevel *level = ((Unmerged *) unmerged)->level;
	Writer        writer = {.oids = ExtensionLookup(), .unmerged = unmerged};
	MemoryContext old;

	if (writer.oids == NULL)
		return;
	old = MemoryContextSwitchTo(level->context);
	TableStoreOpen(&writer.store, writer.oids->postponed);
	writer.context = AllocSetContextCreate(CurrentMemoryContext, "newterm postponed row",
										   ALLOCSET_DEFAULT_SIZES);
	WriteClocks(&writer, level);
	PendingSpillsForEach(level->spills, WriteBatch, &writer);
	WriteBatch(level, &writer);
	TableStoreClose(&writer.store);
	MemoryContextDelete(writer.context);
	ExtensionAnnouncePostponed(writer.oids);
	MemoryContextSwitchTo(old);
}

/* ---------- does anything wait? ---------- */

/* A transaction has looked at the tables, and left no row that is due. */
typedef struct Look
{
	uint64      told; /* ExtensionChanged.postponed before it looked; 0: it did not */
	TimestampTz next; /* when the first of what it left is due */
} Look;

/* The last one that is committed, and this transaction's. */
static Look Committed = {0, DT_NOEND};
static Look Mine = {0, DT_NOEND};

bool
PostponedMayWait(void)
{
	return Committed.told != ExtensionChanged.postponed ||
		(Committed.next != DT_NOEND && GetCurrentTimestamp() >= Committed.next);
}

void
PostponedForget(void)
{
	Mine.told = 0;
}

void
PostponedCommitted(void)
{
	if (Mine.told != 0)
		Committed = Mine;
	Mine.told = 0;
}

/* ---------- reading ---------- */

typedef enum RowKind
{
	ROW_CLOCK,
	ROW_TERM,
	ROW_EVENT
} RowKind;

/* A row of newterm.postponed. */
typedef struct PostponedRow
{
	int64           id;
	ItemPointerData place;
	Origin          origin;
	RowKind         kind;
	int32           version_id;
	Digest          digest;
	Jsonb          *entity;
	Jsonb          *term;
	int64           first_seen;
	int64           last_granule;
	Jsonb          *event;
	Oid             source;
	Retry           retry;
} PostponedRow;

struct Postponed
{
	const ExtensionOids *oids;
	RetryScope           scope;
	RuleSet             *set;
	PostponedFunction    function;
	void                *state;
	MemoryContext        context; /* of what follows, but for the rows */
	TableStore           store;
	uint64               told;      /* ExtensionChanged.postponed before it was looked */
	HTAB                *failed;    /* numbers of rows that failed: not to be tried again */
	TimestampTz          next;      /* when the first row that is left is due */
	bool                 all;       /* all rows were looked at */
	int                  failures;  /* so many parts may fail yet */
	int                  contended; /* so many did because others are at work ... */
	bool                 merged;    /* ... and one did not fail */
	MemoryContext        batch;     /* of the rows */
	int                  nrows;
	PostponedRow        *rows; /* sorted: what belongs together is a group */
};

/* Has the table any blocks?  Sets *known to false if others have locked it. */
static bool
MayHaveRows(Oid table, bool *known)
{
	Relation relation;
	bool     any;

	if (!ConditionalLockRelationOid(table, RowExclusiveLock))
	{
		*known = false;
		return false;
	}
	relation = table_open(table, NoLock);
	any = RelationGetNumberOfBlocks(relation) > 0;
	table_close(relation, NoLock);
	return any;
}

/* Is a row due?  If not, *next becomes the time when the first one is. */
static bool
AnyDue(const ExtensionOids *oids, RetryScope scope, TimestampTz *next)
{
	TableStore    store;
	TableScanDesc scan;
	bool          due = false;

	TableStoreOpenWhole(&store, oids->postponed);
	scan = table_beginscan(store.table, SnapshotSelf, 0, NULL);
	while (!due && table_scan_getnextslot(scan, ForwardScanDirection, store.found))
	{
		Retry retry = RetryRead(store.found, &PostponedRetry);

		CHECK_FOR_INTERRUPTS();
		due = RetryIsDue(&retry, scope);
		if (!due)
			*next = Min(*next, retry.next_attempt);
	}
	table_endscan(scan);
	TableStoreClose(&store);
	return due;
}

/* Apply the postponed changes of signals that are due; false if there are none. */
static bool
MakeChanges(const ExtensionOids *oids, RetryScope scope, TimestampTz *next)
{
	List         *texts = NIL;
	bool          due = SignalChangesRetry(oids, scope, SignalApplyPostponed, next, &texts);
	PendingLevel *errors = PendingApart();
	ListCell     *cell;

	foreach(cell, texts)
		EventErrorAdd(errors, InvalidOid, "internal_error", NULL, lfirst(cell));
	EventErrorsWrite(oids, errors->faults);
	PendingFree(errors);
	return due;
}

Postponed *
PostponedOpen(const ExtensionOids *oids, RetryScope scope, bool wait)
{
	bool        known = true;
	bool        rows = MayHaveRows(oids->postponed, &known);
	bool        changes = MayHaveRows(oids->postponed_changes, &known);
	uint64      told = ExtensionChanged.postponed;
	TimestampTz next = DT_NOEND;
	bool        made;
	Postponed  *postponed;

	if (!known || ((rows || changes) && !LockPostponed(wait)))
		return NULL;
	made = changes && MakeChanges(oids, scope, &next);
	if (!rows || !AnyDue(oids, scope, &next))
	{
		if ((rows || changes) && !made)
			UnlockPostponed();
		Mine = (Look){told, next};
		return NULL;
	}
	postponed = palloc0(sizeof(Postponed));
	postponed->oids = oids;
	postponed->scope = scope;
	postponed->told = told;
	postponed->next = next;
	postponed->context = AllocSetContextCreate(CurrentMemoryContext, "newterm postponed",
											   ALLOCSET_DEFAULT_SIZES);
	return postponed;
}

/* The OID of a table by its name, or InvalidOid if it is gone. */
static Oid
SourceTable(Datum name)
{
	LOCAL_FCINFO(call, 1);
	Datum table;

	InitFunctionCallInfoData(*call, NULL, 1, InvalidOid, NULL, NULL);
	call->args[0].value = name;
	call->args[0].isnull = false;
	table = to_regclass(call);
	return call->isnull ? InvalidOid : DatumGetObjectId(table);
}

static int64
ColumnTime(TupleTableSlot *slot, int column)
{
	bool  isnull;
	Datum time = SlotColumn(slot, column, &isnull);

	return isnull ? RECORD_OWN_TIME : UNIX_MICROS(DatumGetTimestampTz(time));
}

static void
ReadRow(TupleTableSlot *slot, PostponedRow *row)
{
	bool  no_version;
	bool  no_digest;
	bool  isnull;
	char *origin = SlotText(slot, POSTPONED_ORIGIN);
	Datum digest = SlotColumn(slot, POSTPONED_DIGEST, &no_digest);
	Datum source = SlotColumn(slot, POSTPONED_SOURCE, &isnull);

	memset(row, 0, sizeof(PostponedRow));
	if (!isnull)
		row->source = SourceTable(source);
	row->id = DatumGetInt64(SlotColumn(slot, POSTPONED_ID, &isnull));
	row->place = slot->tts_tid;
	for (int i = 0; i < (int) lengthof(OriginNames); i++)
		if (strcmp(origin, OriginNames[i]) == 0)
			row->origin = i;
	row->version_id = DatumGetInt32(SlotColumn(slot, POSTPONED_VERSION_ID, &no_version));
	if (!no_digest)
		memcpy(&row->digest, DatumGetPointer(digest), sizeof(Digest));
	row->kind = no_version ? ROW_EVENT : no_digest ? ROW_CLOCK : ROW_TERM;
	row->entity = SlotJsonb(slot, POSTPONED_ENTITY);
	row->term = SlotJsonb(slot, POSTPONED_TERM);
	row->event = SlotJsonb(slot, POSTPONED_EVENT);
	row->first_seen = ColumnTime(slot, POSTPONED_FIRST_SEEN);
	row->last_granule = ColumnTime(slot, POSTPONED_LAST_GRANULE);
	row->retry = RetryRead(slot, &PostponedRetry);
}

/* By group, clocks first: sightings would set clocks that are missing. */
static int
CompareGroups(const PostponedRow *left, const PostponedRow *right)
{
	if (left->origin != right->origin)
		return left->origin < right->origin ? -1 : 1;
	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	if (left->version_id != right->version_id)
		return left->version_id < right->version_id ? -1 : 1;
	if (left->kind == ROW_EVENT)
		return left->id < right->id ? -1 : left->id > right->id;
	return DigestCompare(&left->digest, &right->digest);
}

static int
CompareRows(const void *a, const void *b)
{
	const PostponedRow *left = a;
	const PostponedRow *right = b;
	int                 order = CompareGroups(left, right);

	return order != 0 ? order : left->id < right->id ? -1 : left->id > right->id;
}

/* Should the row be merged now? */
static bool
IsWanted(Postponed *postponed, TupleTableSlot *slot, bool only_clocks)
{
	Retry retry = RetryRead(slot, &PostponedRetry);
	bool  isnull;
	int64 id = DatumGetInt64(SlotColumn(slot, POSTPONED_ID, &isnull));

	if (hash_search(postponed->failed, &id, HASH_FIND, NULL) != NULL)
		return false;
	if (!RetryIsDue(&retry, postponed->scope))
	{
		postponed->next = Min(postponed->next, retry.next_attempt);
		return false;
	}
	SlotColumn(slot, POSTPONED_DIGEST, &isnull);
	if (only_clocks && isnull)
		SlotColumn(slot, POSTPONED_EVENT, &isnull);
	return !only_clocks || isnull;
}

/*
 * ReadRows
 *		Read the next rows of a scan, `most` at most and no more than fit into memory.
 *		False where the scan came to its end.
 */
static bool
ReadRows(Postponed *postponed, TableScanDesc scan, int most, bool only_clocks)
{
	TupleTableSlot *slot = postponed->store.found;
	MemoryContext   old;

	MemoryContextReset(postponed->batch);
	old = MemoryContextSwitchTo(postponed->batch);
	postponed->rows = MemoryContextAllocHuge(postponed->batch, sizeof(PostponedRow) * most);
	postponed->nrows = 0;
	MemoryContextSwitchTo(old);
	while (postponed->nrows < most &&
		   (postponed->nrows == 0 ||
			MemoryContextMemAllocated(postponed->batch, true) <= MERGE_MEMORY))
	{
		if (!table_scan_getnextslot(scan, ForwardScanDirection, slot))
			return false;
		CHECK_FOR_INTERRUPTS();
		if (!IsWanted(postponed, slot, only_clocks))
			continue;
		MemoryContextSwitchTo(postponed->batch);
		ReadRow(slot, &postponed->rows[postponed->nrows++]);
		MemoryContextSwitchTo(old);
	}
	return true;
}

/* ---------- merging ---------- */

/* Add the sightings, clock or event of a row to a level. */
static void
AddRow(RuleSet *set, PendingLevel *level, const PostponedRow *row)
{
	EventReference reference = {
		.event = row->event,
		.time = row->first_seen,
		.table = row->source,
	};
	PendingTerm pending = {
		.term = row->digest,
		.version_id = row->version_id,
		.entity_values = row->entity,
		.term_values = row->term,
	};
	Run run = {
		.first_seen = row->first_seen,
		.last_granule = row->last_granule,
		.source = -1,
	};
	Rule *rule;

	if (row->kind == ROW_EVENT)
	{
		EvaluateLate(level, set, &reference, row->event);
		return;
	}
	rule = RuleOfVersion(set, row->version_id);
	if (rule == NULL)
		return; /* dropped since */
	if (row->kind == ROW_CLOCK)
	{
		PendingAddClock(level, row->version_id, row->first_seen);
		return;
	}
	if (row->event != NULL)
		run.source = PendingReference(level, &reference);
	PendingAddRun(level, &pending, &run, &rule->span);
}

/* A range of the rows. */
typedef struct Part
{
	Postponed *postponed;
	int        begin;
	int        end;
} Part;

static void
MergePart(void *state)
{
	Part         *part = state;
	Postponed    *postponed = part->postponed;
	PendingLevel *level = PendingApart();

	for (int i = part->begin; i < part->end; i++)
	{
		CHECK_FOR_INTERRUPTS();
		AddRow(postponed->set, level, &postponed->rows[i]);
	}
	postponed->function(level, postponed->rows[part->begin].origin, postponed->state);
	for (int i = part->begin; i < part->end; i++)
	{
		CHECK_FOR_INTERRUPTS();
		TableStoreDelete(&postponed->store, &postponed->rows[i].place);
	}
}

/* A group that failed, with its error. */
typedef struct FailedPart
{
	Part             part;
	const ErrorData *error;
} FailedPart;

/* Record that a row failed, at the first attempt and when it is given up. */
static void
TellFailure(PendingLevel *errors, const PostponedRow *row, const ErrorData *error)
{
	if (row->retry.attempts == 1)
		EventErrorAdd(errors, row->source, "internal_error", row->event,
					  psprintf("the merge failed: %s", ErrorReason(error)));
	else if (row->retry.attempts == RETRY_ATTEMPTS)
		EventErrorAdd(errors, row->source, "internal_error", row->event,
					  psprintf("newterm.postponed, row " INT64_FORMAT
							   ": given up after %d attempts: %s",
							   row->id, RETRY_ATTEMPTS, ErrorReason(error)));
}

/* Store the failed attempt of a group in its rows. */
static void
RecordFailure(void *state)
{
	FailedPart   *failed = state;
	Postponed    *postponed = failed->part.postponed;
	PendingLevel *errors = PendingApart();
	TableStore    store;

	TableStoreOpen(&store, postponed->oids->postponed);
	for (int i = failed->part.begin; i < failed->part.end; i++)
	{
		PostponedRow *row = &postponed->rows[i];
		const int     attempts = row->retry.attempts;

		RetryFailed(&store, &row->place, &PostponedRetry, &row->retry, failed->error);
		postponed->next = Min(postponed->next, row->retry.next_attempt);
		if (row->retry.attempts > attempts)
			TellFailure(errors, row, failed->error);
	}
	TableStoreClose(&store);
	EventErrorsWrite(postponed->oids, errors->faults);
	PendingFree(errors);
}

/* Leave a group that failed by itself for later, and go on with the others. */
static void
LeaveGroup(const Part *part, const ErrorData *error)
{
	Postponed *postponed = part->postponed;
	FailedPart failed = {*part, error};
	ErrorData *second;

	for (int i = part->begin; i < part->end; i++)
		hash_search(postponed->failed, &postponed->rows[i].id, HASH_ENTER, NULL);
	second = RunUnlessFinal(RecordFailure, &failed);
	if (second != NULL)
		ereport(WARNING,
				(errcode(second->sqlerrcode),
				 errmsg("newterm could not note in newterm.postponed that a merge failed: %s",
						second->message)));
}

/* The row at which to split a part in two, between groups; `begin` if it is one group. */
static int
MiddleOf(const Part *part)
{
	const PostponedRow *rows = part->postponed->rows;
	int                 middle = (part->begin + part->end) / 2;
	int                 after = middle;

	while (middle > part->begin && CompareGroups(&rows[middle - 1], &rows[middle]) == 0)
		middle--;
	if (middle > part->begin)
		return middle;
	while (after < part->end && CompareGroups(&rows[part->begin], &rows[after]) == 0)
		after++;
	return after < part->end ? after : part->begin;
}

/* Count a failed part; no further parts are tried when none may fail any more. */
static void
CountFailure(Postponed *postponed, const ErrorData *error)
{
	if (!ErrorIsContention(error->sqlerrcode))
		postponed->failures--;
	else if (++postponed->contended >= ONLY_CONTENTION && !postponed->merged)
		postponed->failures = 0;
	else
		postponed->failures -= CONTENTION;
}

/*
 * MergeByParts
 *		Merge a part's rows together.  If that fails, merge each half by itself, and so on
 *		down to the groups that fail alone.
 */
static void
MergeByParts(Part part)
{
	Postponed    *postponed = part.postponed;
	MemoryContext context;
	MemoryContext old;
	ErrorData    *error;
	int           middle;

	if (part.begin == part.end || postponed->failures <= 0)
		return;
	context = AllocSetContextCreate(postponed->batch, "newterm postponed part",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	error = RunUnlessFinal(MergePart, &part);
	MemoryContextSwitchTo(old);
	if (error == NULL)
		postponed->merged = true;
	else
	{
		CountFailure(postponed, error);
		middle = MiddleOf(&part);
		if (middle == part.begin)
			LeaveGroup(&part, error);
		else
		{
			MergeByParts((Part){postponed, part.begin, middle});
			MergeByParts((Part){postponed, middle, part.end});
		}
	}
	MemoryContextDelete(context);
}

/* Merge the rows that were read, those of each origin together. */
static void
MergeRows(Postponed *postponed)
{
	int begin = 0;

	qsort(postponed->rows, postponed->nrows, sizeof(PostponedRow), CompareRows);
	for (int i = 1; i <= postponed->nrows; i++)
		if (i == postponed->nrows || postponed->rows[i].origin != postponed->rows[begin].origin)
		{
			MergeByParts((Part){postponed, begin, i});
			begin = i;
		}
}

/*
 * One scan through the table, or as much of it as the scope allows.  False where nothing
 * was found.
 */
static bool
MergeScan(Postponed *postponed, int most, bool only_clocks)
{
	TableScanDesc scan = table_beginscan(postponed->store.table, SnapshotSelf, 0, NULL);
	const bool    beside = postponed->scope == RETRY_SOME && !only_clocks;
	bool          any = false;
	bool          more;

	do
	{
		more = ReadRows(postponed, scan, most, only_clocks);
		any |= postponed->nrows > 0;
		MergeRows(postponed);
	} while (more && !beside && postponed->failures > 0);
	table_endscan(scan);
	postponed->all = !more;
	return any;
}

static HTAB *
CreateFailed(MemoryContext context)
{
	return HashTableIn(context, "newterm failed rows", 16, sizeof(int64), sizeof(int64));
}

void
PostponedMerge(Postponed *postponed, RuleSet *set, PostponedFunction function, void *state)
{
	const int     fitting = Max(MERGE_MEMORY / ROW_BYTES, 1);
	const int     most = Min(postponed->scope == RETRY_SOME ? ROWS_BESIDE : ROWS_AT_ONCE, fitting);
	MemoryContext old = MemoryContextSwitchTo(postponed->context);
	bool          again;

	postponed->set = set;
	postponed->function = function;
	postponed->state = state;
	postponed->failures = FAILURES;
	postponed->failed = CreateFailed(postponed->context);
	postponed->batch = AllocSetContextCreate(postponed->context, "newterm postponed rows",
											 ALLOCSET_DEFAULT_SIZES);
	TableStoreOpen(&postponed->store, postponed->oids->postponed);
	if (set->nclockless > 0)
		MergeScan(postponed, Min(ROWS_AT_ONCE, fitting), true);

	/* until no row is found, as another transaction may give up waiting for our lock */
	do
		again = MergeScan(postponed, most, false);
	while (again && postponed->all && postponed->failures > 0 && postponed->scope != RETRY_SOME);
	TableStoreClose(&postponed->store);
	if (postponed->scope == RETRY_ALL && hash_get_num_entries(postponed->failed) > 0)
		ereport(NOTICE,
				(errmsg("newterm could not merge %ld rows of newterm.postponed",
						hash_get_num_entries(postponed->failed))));
	if (postponed->all && postponed->failures > 0)
		Mine = (Look){postponed->told, postponed->next};
	MemoryContextSwitchTo(old);
	MemoryContextDelete(postponed->context);
}
