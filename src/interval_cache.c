/*
 * interval_cache.c
 *	  A bounded table from digests to time intervals: what a session knows.
 *
 * Set-associative, as processors' caches are: no chains, no tombstones, and an
 * entry is found in at most two cache lines.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "interval_cache.h"

#define FIRST_BUCKETS	16

static Size
CacheBytes(uint32 nbuckets)
{
	return sizeof(IntervalEntry) * INTERVAL_BUCKET * (Size) nbuckets;
}

/* Put an entry into a free place of its bucket; false where there is none. */
static bool
TryPlace(IntervalEntry *entries, uint32 nbuckets, const IntervalEntry *entry)
{
	static const Digest free_digest = {0, 0};
	IntervalEntry *bucket =
		&entries[(entry->digest.h1 & (nbuckets - 1)) * INTERVAL_BUCKET];

	for (int i = 0; i < INTERVAL_BUCKET; i++)
		if (DigestEqual(bucket[i].digest, free_digest))
		{
			bucket[i] = *entry;
			return true;
		}
	return false;
}

/*
 * Twice as many buckets.  Entries of one old bucket spread over two new ones,
 * so that all find a place.
 */
static void
Grow(IntervalCache *cache)
{
	uint32		nbuckets = cache->nbuckets == 0 ? FIRST_BUCKETS : cache->nbuckets * 2;
	IntervalEntry *entries = MemoryContextAllocExtended(cache->context,
														CacheBytes(nbuckets),
														MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (uint32 i = 0; i < cache->nbuckets * INTERVAL_BUCKET; i++)
		if (cache->entries[i].digest.h1 != 0 || cache->entries[i].digest.h2 != 0)
			TryPlace(entries, nbuckets, &cache->entries[i]);
	if (cache->entries != NULL)
		pfree(cache->entries);
	cache->entries = entries;
	cache->nbuckets = nbuckets;
}

void
IntervalEnter(IntervalCache *cache, const Digest *digest, int64 first, int64 end,
			  int limit)
{
	IntervalEntry entry = {*digest, first, end};
	uint32		bucket;

	for (;;)
	{
		if (cache->nbuckets > 0 &&
			TryPlace(cache->entries, cache->nbuckets, &entry))
			return;
		if (CacheBytes(Max(cache->nbuckets * 2, FIRST_BUCKETS)) > (Size) limit * 1024)
			break;
		Grow(cache);
	}
	if (!cache->evicts || cache->nbuckets == 0)
		return;
	bucket = digest->h1 & (cache->nbuckets - 1);
	cache->entries[bucket * INTERVAL_BUCKET + cache->victim++ % INTERVAL_BUCKET] = entry;
}

void
IntervalClear(IntervalCache *cache)
{
	if (cache->entries != NULL)
		pfree(cache->entries);
	cache->entries = NULL;
	cache->nbuckets = 0;
}
