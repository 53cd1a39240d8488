/*
 * known.c
 *	  The session's cache of known terms.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/interval_cache.h"
#include "baseline/known.h"
#include "baseline/known_table.h"
#include "settings.h"
#include "rule/rule.h"
#include "baseline/run_store.h"
#include "store/extension.h"

/* Committed runs. */
static KnownTable Known;

/* Marks of sightings that this transaction has buffered. */
static IntervalCache Pending;

/* Stored runs of the current event's terms that had no room in Known. */
static IntervalCache Found;

/* Runs that this transaction read or wrote, moved to Known at its commit. */
static IntervalCache Facts;

static uint32 Epoch = 1;

/* Look-ups of this transaction, and how many of them found the term. */
typedef struct LookUpCounts
{
	uint32 epoch;
	int64  tried;
	int64  hits;
} LookUpCounts;

static LookUpCounts LookUps;

/* Look-ups of a transaction before it is judged whether they pay. */
#define LOOK_UPS_AT_LEAST 64

/* Successful look-ups of all transactions since the whole baseline was read. */
static int64 HitsSinceScan = 0;

/* The number of them after which reading it is tried (again). */
static int64 HitsUntilScan = LOOK_UPS_AT_LEAST;

/*
 * Was the whole baseline read into Known, and has no stored term been met since that Known
 * lacks?  Then an unknown term is most likely new.
 */
static bool BaselineRead = false;

/* A look-up takes as long as reading that many blocks of the baseline. */
#define BLOCKS_PER_LOOK_UP 4

/*
 * ExtensionChanged.baseline when the cache was cleared last.  It grows when stored runs are
 * taken away, and with DROP EXTENSION.
 */
static uint64 KnownSince = 0;

static void
ForgetPending(void)
{
	Epoch++;
	IntervalClear(&Pending);
	IntervalClear(&Facts);
}

static void
TransactionEnds(XactEvent event, void *argument)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			for (uint32 i = 0; i < Facts.size; i++)
			{
				const IntervalEntry *fact = &Facts.entries[i];

				if (IntervalInUse(fact))
					KnownTableSet(&Known, &fact->digest, fact->first, fact->end, CacheSizeSetting);
			}
			ForgetPending();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			ForgetPending();
			break;
		default:
			break;
	}
}

static void
SubtransactionEnds(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
				   void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		ForgetPending();
}

void
KnownInitialise(void)
{
	Known.context = Found.context = Pending.context = Facts.context =
		AllocSetContextCreate(TopMemoryContext, "newterm knowledge", ALLOCSET_DEFAULT_SIZES);
	RegisterXactCallback(TransactionEnds, NULL);
	RegisterSubXactCallback(SubtransactionEnds, NULL);
}

/* How new is a sighting, by one interval of granules? */
static inline Novelty
NoveltyOf(const IntervalEntry *entry, int64 time, const Span *span)
{
	if (entry == NULL || time < entry->first)
		return NOVELTY_NEW;
	if (time < entry->end)
		return NOVELTY_NONE;
	if (span->forget_after < 0 ||
		GranuleStart(time, span->granule) - (entry->end - span->granule) <= span->forget_after)
		return NOVELTY_LATER;
	return NOVELTY_NEW;
}

/* Clear the cache after an invalidation. */
static inline void
ForgetInvalid(void)
{
	if (KnownSince == ExtensionChanged.baseline)
		return;
	KnownTableClear(&Known);
	IntervalClear(&Found);
	IntervalClear(&Facts);
	HitsSinceScan = 0;
	HitsUntilScan = LOOK_UPS_AT_LEAST;
	BaselineRead = false;
	KnownSince = ExtensionChanged.baseline;
}

/*
 * Each look-up misses the processor's cache.  In one loop it waits for all of them
 * together (docs/experiments.md: 40 cycles an event).
 */
bool
KnownAll(const TermOfRule *terms, int nterms, int64 time)
{
	uint32 seconds;

	ForgetInvalid();
	if (!KnownSeconds(time, &seconds))
		return nterms == 0;
	for (int i = 0; i < nterms; i++)
		if (!KnownTableHolds(&Known, &terms[i].term, seconds))
			return false;
	return true;
}

void
KnownExpect(const TermOfRule *terms, int nterms)
{
	if (Known.nlines == 0)
		return;
	for (int i = 0; i < nterms; i++)
		CompatPrefetch(KnownHomeLine(&Known, KnownHome(&terms[i].term)));
}

/* Is a run of the term in Known? */
static bool
IsKnown(const Digest *term)
{
	int place;

	return KnownTableSearch(&Known, term, &place) != NULL;
}

bool
KnownStored(const Digest *term)
{
	return IsKnown(term) || IntervalFind(&Found, term) != NULL;
}

Novelty
KnownNovelty(const Digest *term, int64 time, const Span *span)
{
	IntervalEntry entry;

	ForgetInvalid();
	return NoveltyOf(KnownTableFind(&Known, term, &entry.first, &entry.end) ? &entry : NULL, time,
					 span);
}

/* The end of a run's interval; false if the session does not evaluate its rule. */
static bool
RunEnd(RuleSet *set, int32 version_id, const Run *run, int64 *end)
{
	const Rule *rule = RuleByVersion(set, version_id);

	if (rule == NULL)
		return false;
	*end = run->last_granule + rule->span.granule;
	return true;
}

/* Enter a stored run, if it is the latest of its term. */
static void
EnterRun(void *state, const Digest *term, int32 version_id, const Run *run)
{
	int64 first;
	int64 end;
	int64 run_end;

	if (RunEnd(state, version_id, run, &run_end) &&
		(!KnownTableFind(&Known, term, &first, &end) || run->first_seen > first))
		KnownTableSet(&Known, term, run->first_seen, run_end, CacheSizeSetting);
}

/*
 * Is it time to read the whole baseline?  It must fit into the cache, and single look-ups
 * must have taken half as long as reading it would.  So a session never takes more than
 * three times as long as it would with the better of both.
 */
static bool
BaselineWanted(void *state, int64 nblocks, int64 nruns)
{
	const int64 enough = nblocks / BLOCKS_PER_LOOK_UP / 2;

	if (HitsSinceScan < enough)
	{
		HitsUntilScan = enough;
		return false;
	}
	return KnownTableReserve(&Known, nruns, CacheSizeSetting);
}

/* Read the whole baseline, if it is time for that. */
static void
ReadBaseline(const ExtensionOids *oids)
{
	int64 hits = HitsSinceScan;

	if (hits < HitsUntilScan)
		return;
	if (RunsScan(oids, BaselineWanted, EnterRun, RulesInUse()))
	{
		HitsSinceScan = 0;
		BaselineRead = true;
	}
	else if (HitsUntilScan <= hits)
		HitsUntilScan = hits * 2;
}

/* Enter the run that a look-up found, at least for this event. */
static void
EnterFound(void *state, const Digest *term, int32 version_id, const Run *run)
{
	int64 end;

	EnterRun(state, term, version_id, run);
	/* an event may show a term twice */
	if (!KnownStored(term) && RunEnd(state, version_id, run, &end))
		IntervalEnter(&Found, term, run->first_seen, end, CacheSizeSetting);
	LookUps.hits++;
	HitsSinceScan++;
}

void
KnownLookUp(const TermOfRule *terms, int nterms, int64 time)
{
	const ExtensionOids *oids = ExtensionLookup();
	Digest              *unknown;
	int                  count = 0;

	IntervalClear(&Found);
	if (LookUps.epoch != Epoch)
		LookUps = (LookUpCounts){.epoch = Epoch};
	if (oids == NULL || (BaselineRead && MaxTermsPerRuleSetting == 0) ||
		(LookUps.tried >= LOOK_UPS_AT_LEAST && LookUps.hits < LookUps.tried / 8))
		return;
	ReadBaseline(oids);
	unknown = palloc(sizeof(Digest) * nterms);
	for (int i = 0; i < nterms; i++)
		if (!IsKnown(&terms[i].term) && IntervalFind(&Pending, &terms[i].term) == NULL)
			unknown[count++] = terms[i].term;
	if (count > 0)
	{
		LookUps.tried += count;
		RunsLookUp(oids, unknown, count, time, EnterFound, RulesInUse());
	}
	pfree(unknown);
}

bool
KnownNotStored(const Digest *term)
{
	return BaselineRead && !IsKnown(term);
}

void
KnownMissed(const Digest *term)
{
	if (IsKnown(term))
		return;
	HitsSinceScan++;
	BaselineRead = false;
}

Novelty
PendingNovelty(const Digest *term, int64 time, const Span *span)
{
	Novelty        novelty = KnownNovelty(term, time, span);
	IntervalEntry *entry = IntervalFind(&Found, term);
	int64          end;

	if (entry != NULL)
		novelty = NoveltyOf(entry, time, span);
	if (novelty == NOVELTY_NONE)
		return NOVELTY_NONE;
	entry = IntervalFind(&Pending, term);
	if (entry != NULL)
	{
		Novelty pending = NoveltyOf(entry, time, span);

		if (pending == NOVELTY_NONE)
			return NOVELTY_NONE;
		if (pending == NOVELTY_LATER)
		{
			entry->end = GranuleStart(time, span->granule) + span->granule;
			return NOVELTY_LATER;
		}
		/* the sighting moves the run's start to an earlier time */
		if (time < entry->first &&
			(span->forget_after < 0 ||
			 GranuleStart(entry->first, span->granule) - GranuleStart(time, span->granule) <=
				 span->forget_after))
			entry->first = time;
		/* an entry has one interval, so a second run is not marked */
		return novelty;
	}
	end = GranuleStart(time, span->granule) + span->granule;
	IntervalEnter(&Pending, term, time, end, CacheSizeSetting);
	return novelty;
}

uint32
PendingEpoch(void)
{
	return Epoch;
}

void
KnowAtCommit(const Digest *term, const Run *run, int64 granule)
{
	IntervalEntry *entry = IntervalFind(&Facts, term);
	int64          end = run->last_granule + granule;

	if (entry == NULL)
		IntervalEnter(&Facts, term, run->first_seen, end, CacheSizeSetting);
	else if (end > entry->end)
	{
		/* of several runs keep the latest, which most events will hit */
		entry->first = run->first_seen;
		entry->end = end;
	}
}
