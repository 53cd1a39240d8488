/*
 * known.c
 *	  What a session knows: which sightings bring no news.
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

/* what is committed */
static KnownTable Known;

/* what this transaction has noted */
static IntervalCache Pending;

/* runs of the current event's terms that were looked up and that Known did not take */
static IntervalCache Found;

/* facts of this transaction, published at its commit */
static IntervalCache Facts;

static uint32 Epoch = 1;

/* Look-ups of this transaction, and how many of them found the term. */
typedef struct LookUpCounts
{
	uint32		epoch;
	int64		tried;
	int64		hits;
} LookUpCounts;

static LookUpCounts LookUps;

/* So many look-ups are tried before judging whether they pay. */
#define LOOK_UPS_AT_LEAST	64

/* Look-ups of all transactions that hit since the whole baseline was read. */
static int64 HitsSinceScan = 0;

/* After so many of them reading it is tried (again). */
static int64 HitsUntilScan = LOOK_UPS_AT_LEAST;

/*
 * Does Known hold all that was stored when the baseline was read, and has nothing else
 * been met since that was stored?  Then what is unknown is new, most likely.
 */
static bool BaselineRead = false;

/* Blocks of the baseline that are read in the time of a look-up. */
#define BLOCKS_PER_LOOK_UP	4

/*
 * What all of this is known since, of ExtensionChanged.baseline: unlearning and the end
 * of the extension are announced there.
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
					KnownTableSet(&Known, &fact->digest, fact->first, fact->end,
								  CacheSizeSetting);
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
SubtransactionEnds(SubXactEvent event, SubTransactionId mine,
				   SubTransactionId parent, void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		ForgetPending();
}

void
KnownInitialise(void)
{
	Known.context = Found.context = Pending.context = Facts.context =
		AllocSetContextCreate(TopMemoryContext, "newterm knowledge",
							  ALLOCSET_DEFAULT_SIZES);
	RegisterXactCallback(TransactionEnds, NULL);
	RegisterSubXactCallback(SubtransactionEnds, NULL);
}

/* How a time stands to an interval of granules. */
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

/* Begin anew after an invalidation. */
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
 * Each look-up misses the processor's cache.  In a row like this it waits for all
 * of them together.
 */
bool
KnownAll(const TermOfRule *terms, int nterms, int64 time)
{
	uint32		seconds;

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

/* Does the session know a committed run of the term, at any time? */
static bool
IsKnown(const Digest *term)
{
	int			place;

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
	return NoveltyOf(KnownTableFind(&Known, term, &entry.first, &entry.end) ? &entry : NULL,
					 time, span);
}

/* When a run's interval ends; false where the session does not evaluate its rule. */
static bool
RunEnd(RuleSet *set, int32 version_id, const Run *run, int64 *end)
{
	const Rule *rule = RuleByVersion(set, version_id);

	if (rule == NULL)
		return false;
	*end = run->last_granule + rule->span.granule;
	return true;
}

/* Know a stored run, the latest of its term. */
static void
EnterRun(void *state, const Digest *term, int32 version_id, const Run *run)
{
	int64		first;
	int64		end;
	int64		run_end;

	if (RunEnd(state, version_id, run, &run_end) &&
		(!KnownTableFind(&Known, term, &first, &end) || run->first_seen > first))
		KnownTableSet(&Known, term, run->first_seen, run_end, CacheSizeSetting);
}

/*
 * Shall the baseline be read, where it has so many blocks and runs?  It has to fit
 * into the cache, and looking up one term after the other to have cost half as
 * much already.  So a session never spends more than three times of what would
 * have been best.
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

/* Enter all stored runs at once where it is time to try that. */
static void
ReadBaseline(const ExtensionOids *oids)
{
	int64		hits = HitsSinceScan;

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

/* Know the run of a term that a look-up found, at least for this event. */
static void
EnterFound(void *state, const Digest *term, int32 version_id, const Run *run)
{
	int64		end;

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
	Digest	   *unknown;
	int			count = 0;

	IntervalClear(&Found);
	if (LookUps.epoch != Epoch)
		LookUps = (LookUpCounts) {.epoch = Epoch};
	if (oids == NULL ||
		(BaselineRead && MaxTermsPerRuleSetting == 0) ||
		(LookUps.tried >= LOOK_UPS_AT_LEAST && LookUps.hits < LookUps.tried / 8))
		return;
	ReadBaseline(oids);
	unknown = palloc(sizeof(Digest) * nterms);
	for (int i = 0; i < nterms; i++)
		if (!IsKnown(&terms[i].term) &&
			IntervalFind(&Pending, &terms[i].term) == NULL)
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
	Novelty		novelty = KnownNovelty(term, time, span);
	IntervalEntry *entry = IntervalFind(&Found, term);
	int64		end;

	if (entry != NULL)
		novelty = NoveltyOf(entry, time, span);
	if (novelty == NOVELTY_NONE)
		return NOVELTY_NONE;
	entry = IntervalFind(&Pending, term);
	if (entry != NULL)
	{
		Novelty		pending = NoveltyOf(entry, time, span);

		if (pending == NOVELTY_NONE)
			return NOVELTY_NONE;
		if (pending == NOVELTY_LATER)
		{
			entry->end = GranuleStart(time, span->granule) + span->granule;
			return NOVELTY_LATER;
		}
		/* a run's start in its own granule, or the granules before it */
		if (time < entry->first &&
			(span->forget_after < 0 ||
			 GranuleStart(entry->first, span->granule) -
			 GranuleStart(time, span->granule) <= span->forget_after))
			entry->first = time;
		/* one interval an entry: what would be a second run has no mark */
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
	int64		end = run->last_granule + granule;

	if (entry == NULL)
		IntervalEnter(&Facts, term, run->first_seen, end, CacheSizeSetting);
	else if (end > entry->end)
	{
		/* of several runs the latest is the one that events will hit */
		entry->first = run->first_seen;
		entry->end = end;
	}
}
