/*
 * interval_cache.h
 *	  A bounded table from digests to time intervals: what a session knows.
 *
 * Two of them serve the insert path: what is committed, and what this
 * transaction has already queued.  An entry says that sightings in
 * [first, end) bring no news.
 */
#ifndef NEWTERM_INTERVAL_CACHE_H
#define NEWTERM_INTERVAL_CACHE_H

#include "digest.h"

typedef struct IntervalEntry
{
	Digest		digest;			/* all zero: free */
	int64		first;
	int64		end;			/* exclusive */
} IntervalEntry;

typedef struct IntervalCache
{
	MemoryContext context;		/* of the entries */
	bool		evicts;			/* a full table forgets old entries; otherwise
								 * it takes no new ones */
	uint32		nbuckets;		/* a power of two, or 0 */
	uint32		victim;			/* next entry of a bucket to give up */
	IntervalEntry *entries;
} IntervalCache;

/* Entries that share a place: 128 bytes, two cache lines. */
#define INTERVAL_BUCKET	4

static inline IntervalEntry *
IntervalFind(const IntervalCache *cache, const Digest *digest)
{
	IntervalEntry *bucket;

	if (cache->nbuckets == 0)
		return NULL;
	bucket = &cache->entries[(digest->h1 & (cache->nbuckets - 1)) * INTERVAL_BUCKET];
	for (int i = 0; i < INTERVAL_BUCKET; i++)
		if (DigestEqual(bucket[i].digest, *digest))
			return &bucket[i];
	return NULL;
}

/*
 * Enter an interval for a digest that is not in the table, which grows up to
 * `limit` kB.  Does nothing where the table is full and does not evict.
 */
extern void IntervalEnter(IntervalCache *cache, const Digest *digest,
						  int64 first, int64 end, int limit);

/* Forget everything and give the memory back. */
extern void IntervalClear(IntervalCache *cache);

#endif							/* NEWTERM_INTERVAL_CACHE_H */
