/*
 * take_back.c
 *	  Stored knowledge is taken back: unlearned, or no longer shown by stored events.
 *
 * Runs become shorter, fall apart or vanish.  What follows is what follows from late
 * events, the other way round: a detection whose run no longer starts there is retracted,
 * and what remains is decided again by the clocks as they are then.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/hash_table.h"
#include "base/user_code.h"
#include "baseline/run_store.h"
#include "merge/merge.h"
#include "merge/version_rows.h"
#include "rule/rule.h"
#include "signal/signals.h"
#include "store/extension.h"
#include "store/lock.h"
#include "store/table_store.h"
#include "store/tables.h"

PG_FUNCTION_INFO_V1(newterm_hold_merges);
PG_FUNCTION_INFO_V1(newterm_take_back);
PG_FUNCTION_INFO_V1(newterm_shorten_runs);

/* Arguments of newterm_take_back and newterm_shorten_runs. */
enum
{
	ARGUMENT_VERSION,
	ARGUMENT_TERMS,       /* of which something is taken back */
	ARGUMENT_PIECE_TERMS, /* what remains: a run, or a part of one, of a term */
	ARGUMENT_FIRST_SEEN,
	ARGUMENT_LAST_SEEN,
	ARGUMENT_EVENT_IDS, /* of the first events, or NULL */
	ARGUMENT_DECIDE,    /* the version is the rule's current one */
	ARGUMENT_REASON,
	ARGUMENT_UNLEARNING /* of newterm_take_back alone: the one that says so */
};

/* A part of a run that remains. */
typedef struct Piece
{
	Digest term;
	int64  first_seen;
	int64  last_seen;
	int    source; /* of its first event: index of references */
} Piece;

typedef struct TakingBack
{
	Rule           *rule;
	int             nterms;
	Digest         *terms;
	int             npieces;
	Piece          *pieces;     /* sorted by term and start */
	EventReference *references; /* of which only the identities are set */
	RunStore        runs;
	SignalWriter    writer;
} TakingBack;

/* ---------- arguments ---------- */

static void
CheckCount(int number, int wanted)
{
	if (number != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("each part that remains needs a term, two times and an event or NULL")));
}

/* The elements of an array of which none may be NULL, nor more or fewer than `count`. */
static Datum *
Elements(FunctionCallInfo fcinfo, int argument, Oid type, int *count)
{
	const bool is_uuid = type == UUIDOID;
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(argument);
	Datum     *elements;
	int        number;

	if (ARR_HASNULL(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("terms and times must not be NULL")));
	deconstruct_array(array, type, is_uuid ? sizeof(Digest) : 8, !is_uuid && FLOAT8PASSBYVAL,
					  is_uuid ? TYPALIGN_CHAR : TYPALIGN_DOUBLE, &elements, NULL, &number);
	if (*count >= 0)
		CheckCount(number, *count);
	*count = number;
	return elements;
}

/* The identities of first events, each of which may be NULL, as references. */
static void
ReadEventIds(FunctionCallInfo fcinfo, TakingBack *taking)
{
	Datum *ids;
	bool  *nulls;
	int    count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARGUMENT_EVENT_IDS), TEXTOID, -1, false, TYPALIGN_INT,
					  &ids, &nulls, &count);
	CheckCount(count, taking->npieces);
	taking->references = palloc_extended(sizeof(EventReference) * Max(count, 1),
										 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			taking->references[i].event_id = TextDatumGetCString(ids[i]);
}

static int
ComparePieces(const void *a, const void *b)
{
	const Piece *left = a;
	const Piece *right = b;
	int          order = DigestCompare(&left->term, &right->term);

	if (order != 0)
		return order;
	return left->first_seen < right->first_seen ? -1 : left->first_seen > right->first_seen;
}

static int64
FiniteTime(Datum time)
{
	TimestampTz given = DatumGetTimestampTz(time);

	if (TIMESTAMP_NOT_FINITE(given))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a sighting has a finite time")));
	return UNIX_MICROS(given);
}

/* Each term once, in the order given. */
static void
SetTerms(TakingBack *taking, const Datum *terms, int count)
{
	HTAB *seen = HashTableOfDigests("newterm terms", 256, sizeof(Digest));

	taking->terms = palloc_extended(sizeof(Digest) * Max(count, 1), MCXT_ALLOC_HUGE);
	taking->nterms = 0;
	for (int i = 0; i < count; i++)
	{
		bool found;

		hash_search(seen, DatumGetPointer(terms[i]), HASH_ENTER, &found);
		if (!found)
			memcpy(&taking->terms[taking->nterms++], DatumGetPointer(terms[i]), sizeof(Digest));
	}
	hash_destroy(seen);
}

static void
ReadArguments(FunctionCallInfo fcinfo, TakingBack *taking)
{
	int    nterms = -1;
	Datum *terms;
	Datum *piece_terms;
	Datum *first_seen;
	Datum *last_seen;

	taking->npieces = -1;
	terms = Elements(fcinfo, ARGUMENT_TERMS, UUIDOID, &nterms);
	piece_terms = Elements(fcinfo, ARGUMENT_PIECE_TERMS, UUIDOID, &taking->npieces);
	first_seen = Elements(fcinfo, ARGUMENT_FIRST_SEEN, TIMESTAMPTZOID, &taking->npieces);
	last_seen = Elements(fcinfo, ARGUMENT_LAST_SEEN, TIMESTAMPTZOID, &taking->npieces);
	SetTerms(taking, terms, nterms);
	taking->pieces = palloc_extended(sizeof(Piece) * Max(taking->npieces, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < taking->npieces; i++)
	{
		memcpy(&taking->pieces[i].term, DatumGetPointer(piece_terms[i]), sizeof(Digest));
		taking->pieces[i].first_seen = FiniteTime(first_seen[i]);
		taking->pieces[i].last_seen = FiniteTime(last_seen[i]);
		taking->pieces[i].source = i;
	}
	ReadEventIds(fcinfo, taking);
	qsort(taking->pieces, taking->npieces, sizeof(Piece), ComparePieces);
}

/* ---------- one term ---------- */

/* The first piece of a term, or the place where it would stand. */
static int
FirstPiece(const TakingBack *taking, const Digest *term)
{
	int low = 0;
	int high = taking->npieces;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (DigestCompare(&taking->pieces[middle].term, term) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Does the run lie inside a stored one? */
static bool
IsInside(const StoredRuns *stored, const Run *run)
{
	for (int i = 0; i < stored->nruns; i++)
		if (stored->runs[i].first_seen <= run->first_seen &&
			stored->runs[i].last_granule >= run->last_granule)
			return true;
	return false;
}

/* What remains of a term as runs, palloc'd.  It is never more than is stored. */
static Run *
RemainingRuns(const TakingBack *taking, const Digest *term, const StoredRuns *stored, int *nruns)
{
	const Span *span = &taking->rule->span;
	const int   first = FirstPiece(taking, term);
	int         end = first;
	Run        *runs;

	while (end < taking->npieces && DigestEqual(taking->pieces[end].term, *term))
		end++;
	runs = palloc(sizeof(Run) * (end - first + 1));
	*nruns = 0;
	for (int i = first; i < end; i++)
	{
		Run run = {
			.first_seen = taking->pieces[i].first_seen,
			.last_granule = GranuleStart(taking->pieces[i].last_seen, span->granule),
			.source = taking->pieces[i].source,
		};

		if (!IsInside(stored, &run))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("what remains of a term must lie inside what is stored of it")));
		*nruns = RunsAdd(runs, *nruns, &run, span);
	}
	return runs;
}

/* The remaining run that starts where the stored one does, or NULL. */
static Run *
SameStart(Run *runs, int nruns, const Run *stored)
{
	for (int i = 0; i < nruns; i++)
		if (runs[i].first_seen == stored->first_seen)
			return &runs[i];
	return NULL;
}

/* Does a term have remaining runs, once its own are shortened? */
static bool
TakeBackTerm(TakingBack *taking, const Digest *digest)
{
	PendingTerm term;
	StoredRuns  stored;
	Run        *runs;
	int         nruns;
	Subject     subject = {.rule = taking->rule, .term = digest};

	if (!RunsReadTerm(&taking->runs, digest, &term) || term.version_id != taking->rule->version_id)
		return false;
	RunsRead(&taking->runs, digest, &stored);
	runs = RemainingRuns(taking, digest, &stored, &nruns);
	/* a new start is to be decided about: it has no detection so far */
	for (int i = 0; i < nruns; i++)
		runs[i].learned = true;
	subject.entity_values = term.entity_values;
	subject.term_values = term.term_values;
	for (int i = 0; i < stored.nruns; i++)
	{
		const Run *run = &stored.runs[i];
		Run       *same = SameStart(runs, nruns, run);

		if (same != NULL)
			same->learned = run->learned;
		else if (!run->learned)
			SignalRetract(&taking->writer, &subject, run->first_seen, run->first_seen, false);
	}
	RunsReplace(&taking->runs, &term, &stored, runs, nruns);
	return nruns > 0;
}

/* All terms; those that remain are moved to the front, and their number is returned. */
static int
TakeBackTerms(TakingBack *taking)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "newterm term",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	int           kept = 0;

	for (int i = 0; i < taking->nterms; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (TakeBackTerm(taking, &taking->terms[i]))
			taking->terms[kept++] = taking->terms[i];
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return kept;
}

/* ---------- all of it ---------- */

/* Shorten the runs, and retract what started where none starts any more. */
static int
Shorten(TakingBack *taking, const ExtensionOids *oids, RuleSet *set, const char *reason)
{
	int kept;

	RunsOpen(&taking->runs, oids);
	taking->runs.references = taking->references;
	taking->runs.backfilled = true;
	SignalsOpen(&taking->writer, oids, set, ORIGIN_REDECIDED, CurrentMemoryContext);
	taking->writer.reason = reason;
	kept = TakeBackTerms(taking);
	SignalsFlush(&taking->writer);
	SignalsClose(&taking->writer);
	RunsClose(&taking->runs);
	NotificationsSend(&taking->writer.notifications);
	CommandCounterIncrement();
	return kept;
}

/* Decide again about what the taking back may have changed. */
static void
DecideRest(const TakingBack *taking, int kept, const char *reason)
{
	const Rule *rule = taking->rule;

	if (rule->by_entity || rule->learning_values >= 0)
		MergeRedecide(rule->version_id, reason);
	else
		MergeRedecideTerms(rule->version_id, taking->terms, kept, reason);
}

/* Under the gate. */
static void
TakeBack(TakingBack *taking, int32 version_id, bool decide, const char *reason)
{
	const ExtensionOids *oids = ExtensionLookup();
	RuleSet             *set = RulesCurrent();
	int                  kept;

	if (set == NULL)
		return;
	RulesCheck(set);
	taking->rule = RuleOfVersion(set, version_id);
	if (taking->rule == NULL)
		return; /* dropped */
	RulesHold();
	kept = Shorten(taking, oids, set, reason);
	/* an entity's clock is the earliest of its runs: it is set anew by what remains */
	if (taking->rule->by_entity)
	{
		DeleteOfVersions(oids->entity_clocks, ENTITY_CLOCK_VERSION_ID, list_make1_int(version_id));
		CommandCounterIncrement();
	}
	/* a version that comes back is decided again then */
	if (decide)
		DecideRest(taking, kept, reason);
	RulesRelease();
	CacheInvalidateRelcacheByRelid(oids->baseline);
}

/*
 * newterm.hold_merges()
 *		Keep merges out until this transaction ends.
 */
Datum
newterm_hold_merges(PG_FUNCTION_ARGS)
{
	LockGateExclusive(true);
	AcceptInvalidationMessages();
	PG_RETURN_VOID();
}

/*
 * CheckUnlearning
 *		An unlearning that this transaction wrote says what is taken back: nothing is, by
 *		whom it may be, without one.
 */
static void
CheckUnlearning(const ExtensionOids *oids, int64 unlearning)
{
	TableStore      store;
	TupleTableSlot *slot;
	bool            ours = false;

	TableStoreOpenBy(&store, oids->unlearnings, UNLEARNING_ID);
	TableStoreFind(&store, F_INT8EQ, Int64GetDatum(unlearning));
	if (TableStoreNext(&store, &slot))
	{
		HeapTuple row = ExecFetchSlotHeapTuple(slot, false, NULL);

		ours = TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(row->t_data));
	}
	TableStoreClose(&store);
	if (!ours)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("what is taken back is what an unlearning of this transaction says"),
				 errhint("newterm.unlearn() writes it.")));
}

/* Do what the arguments say, with user code restricted. */
static void
TakeBackAsAsked(FunctionCallInfo fcinfo, bool signals_stay)
{
	TakingBack taking = {0};

	ReadArguments(fcinfo, &taking);
	taking.writer.signals_stay = signals_stay;
	LockGateExclusive(true);
	AcceptInvalidationMessages();
	TakeBack(&taking, PG_GETARG_INT32(ARGUMENT_VERSION), PG_GETARG_BOOL(ARGUMENT_DECIDE),
			 text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_REASON)));
}

/*
 * newterm.take_back(version integer, terms uuid[], piece_terms uuid[],
 *		first_seen timestamptz[], last_seen timestamptz[], event_ids text[], decide boolean, reason text,
 *		unlearning bigint)
 *		Leave of what is stored of these terms only the pieces, as an unlearning says.
 */
Datum
newterm_take_back(PG_FUNCTION_ARGS)
{
	UserCode before;

	RestrictUserCode(&before);
	CheckUnlearning(ExtensionLookup(), PG_GETARG_INT64(ARGUMENT_UNLEARNING));
	TakeBackAsAsked(fcinfo, false);
	UserCodeEnds(&before);
	PG_RETURN_VOID();
}

/*
 * newterm.shorten_runs(version integer, terms uuid[], piece_terms uuid[],
 *		first_seen timestamptz[], last_seen timestamptz[], event_ids text[], decide boolean, reason text)
 *		The same where stored events do not show the rest: what signals told of events that
 *		are gone is no less true.
 */
Datum
newterm_shorten_runs(PG_FUNCTION_ARGS)
{
	UserCode before;

	RestrictUserCode(&before);
	TakeBackAsAsked(fcinfo, true);
	UserCodeEnds(&before);
	PG_RETURN_VOID();
}
