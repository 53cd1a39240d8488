/*
 * prefetch.c
 *	  Delays the check of one event so that the CPU can fetch its cache entries.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "ingest/prefetch.h"
#include "ingest/reevaluate.h"
#include "baseline/known.h"

/* The number of known events in a row after which the next one is delayed. */
#define PREFETCH_AFTER 16

/* Larger events are rare, and not delayed. */
#define PREFETCH_BYTES 8192

/* The delayed event. */
typedef struct Prefetched
{
	int            nesting; /* of its subtransaction; 0: there is none */
	EventReference reference;
	Jsonb         *event;
	int            nterms;
	int            terms_allocated;
	TermOfRule    *terms;
} Prefetched;

static Prefetched Waiting;

/* Memory of the delayed event. */
static MemoryContext Context;

/* Known events of this transaction in a row, up to the last one. */
static int KnownInARow = 0;

/* Has this transaction inserted any events? */
static bool SawEvents = false;

void
PrefetchLearn(bool known)
{
	KnownInARow = known ? KnownInARow + 1 : 0;
	SawEvents = true;
}

bool
PrefetchSawEvents(void)
{
	return SawEvents;
}

/* Room for a copy of the largest event and for `nterms` terms. */
static void
Reserve(int nterms)
{
	if (Waiting.event == NULL)
		Waiting.event = MemoryContextAlloc(Context, PREFETCH_BYTES);
	if (nterms <= Waiting.terms_allocated)
		return;
	if (Waiting.terms != NULL)
		pfree(Waiting.terms);
	Waiting.terms = NULL;
	Waiting.terms_allocated = 0;
	Waiting.terms = MemoryContextAlloc(Context, sizeof(TermOfRule) * nterms);
	Waiting.terms_allocated = nterms;
}

bool
PrefetchIsTime(void)
{
	return KnownInARow >= PREFETCH_AFTER;
}

bool
PrefetchMayWait(const Evaluation *evaluation, const Jsonb *event)
{
	return PrefetchIsTime() && evaluation->nterms > 0 && VARSIZE(event) <= PREFETCH_BYTES;
}

void
PrefetchEvent(const Evaluation *evaluation, EventReference reference, const Jsonb *event)
{
	Assert(Waiting.nesting == 0);
	KnownExpect(evaluation->terms, evaluation->nterms);
	Reserve(evaluation->terms_allocated);
	memcpy(Waiting.event, event, VARSIZE(event));
	memcpy(Waiting.terms, evaluation->terms, sizeof(TermOfRule) * evaluation->nterms);
	Waiting.nterms = evaluation->nterms;
	Waiting.reference = reference;
	if (reference.event != NULL)
		Waiting.reference.event = Waiting.event;
	Waiting.nesting = GetCurrentTransactionNestLevel();
}

/* Buffer the event's terms, unless they are found in the stored baseline. */
static pg_noinline void
Collect(RuleSet *set, int nesting)
{
	const int64 time = Waiting.reference.time;

	if (set->generation == Waiting.reference.generation)
	{
		KnownLookUp(Waiting.terms, Waiting.nterms, time);
		if (KnownAll(Waiting.terms, Waiting.nterms, time))
			return;
	}
	EvaluateLate(PendingOfNesting(nesting), set, &Waiting.reference, Waiting.event);
	PendingSpillLarge();
}

bool
PrefetchSettle(void)
{
	const int nesting = Waiting.nesting;
	RuleSet  *set = RulesInUse();
	bool      known;

	if (nesting == 0)
		return false;
	Waiting.nesting = 0;
	known = set->generation == Waiting.reference.generation &&
		KnownAll(Waiting.terms, Waiting.nterms, Waiting.reference.time);
	PrefetchLearn(known);
	if (!known)
		Collect(set, nesting);
	return !known;
}

static void
TransactionEnds(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
	{
		Waiting.nesting = 0;
		KnownInARow = 0;
		SawEvents = false;
	}
}

static void
SubtransactionEnds(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
				   void *argument)
{
	if (Waiting.nesting == 0 || Waiting.nesting != GetCurrentTransactionNestLevel())
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		Waiting.nesting = 0;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		Waiting.nesting--;
}

void
PrefetchInitialise(void)
{
	Context = AllocSetContextCreate(TopMemoryContext, "newterm await", ALLOCSET_SMALL_SIZES);
	RegisterXactCallback(TransactionEnds, NULL);
	RegisterSubXactCallback(SubtransactionEnds, NULL);
}
