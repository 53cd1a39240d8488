/*
 * knowledge.c
 *	  What a session knows: which sightings bring no news.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "interval_cache.h"
#include "knowledge.h"
#include "newterm.h"
#include "rule.h"

static IntervalCache Known = {.evicts = true};
static IntervalCache Pending = {.evicts = false};

/* facts of this transaction, published at its commit */
static IntervalCache Facts = {.evicts = true};

static uint32 Epoch = 1;

/* another session unlearned something, or the extension was dropped */
static bool KnownInvalid = false;

/*
 * Unlearning announces itself by invalidating the view
 * newterm.baseline, which nothing else ever does.
 */
static void
RelationChanged(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == ExtensionLast()->baseline)
		KnownInvalid = true;
}

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
			for (uint32 i = 0; i < Facts.nbuckets * INTERVAL_BUCKET; i++)
			{
				IntervalEntry *fact = &Facts.entries[i];
				IntervalEntry *entry;

				if (fact->digest.h1 == 0 && fact->digest.h2 == 0)
					continue;
				entry = IntervalFind(&Known, &fact->digest);
				if (entry != NULL)
					*entry = *fact;
				else
					IntervalEnter(&Known, &fact->digest, fact->first, fact->end,
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
KnowledgeInitialise(void)
{
	Known.context = Pending.context = Facts.context =
		AllocSetContextCreate(TopMemoryContext, "newterm knowledge",
							  ALLOCSET_DEFAULT_SIZES);
	CacheRegisterRelcacheCallback(RelationChanged, (Datum) 0);
	RegisterXactCallback(TransactionEnds, NULL);
	RegisterSubXactCallback(SubtransactionEnds, NULL);
}

bool
KnownCovers(const Digest *term, int64 time)
{
	IntervalEntry *entry;

	if (KnownInvalid)
	{
		IntervalClear(&Known);
		IntervalClear(&Facts);
		KnownInvalid = false;
	}
	entry = IntervalFind(&Known, term);
	return entry != NULL && time >= entry->first && time < entry->end;
}

bool
PendingCovers(const Digest *term, int64 time, const Span *span)
{
	IntervalEntry *entry = IntervalFind(&Pending, term);
	int64		granule = GranuleStart(time, span->granule);

	if (entry == NULL)
	{
		IntervalEnter(&Pending, term, time, granule + span->granule,
					  CacheSizeSetting);
		return false;
	}
	if (time >= entry->first && time < entry->end)
		return true;

	/* one interval an entry: a sighting that would make a second run is
	 * queued without a mark */
	if (time >= entry->end)
	{
		if (span->forget_after < 0 ||
			granule - (entry->end - span->granule) <= span->forget_after)
			entry->end = granule + span->granule;
	}
	else if (span->forget_after < 0 ||
			 GranuleStart(entry->first, span->granule) - granule <= span->forget_after)
		entry->first = time;
	return false;
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
