/*
 * interval_cache.h
 *	  A bounded hash table from digests to time intervals.
 *
 * An entry says that sightings in [first, end) are inside a known run.  known.c keeps a
 * transaction's marks in such tables.
 */
#ifndef NEWTERM_INTERVAL_CACHE_H
#define NEWTERM_INTERVAL_CACHE_H

#include "base/digest.h"

typedef struct IntervalEntry
{
	Digest digest; /* all zero: free */
	int64  first;
	int64  end; /* exclusive */
} IntervalEntry;

typedef struct IntervalCache
{
	MemoryContext  context; /* of the entries */
	uint32         count;   /* entries in use */
	uint32         size;    /* a power of two, or 0 */
	IntervalEntry *entries;
} IntervalCache;

/* Where the search for a digest begins. */
static inline uint32
IntervalHome(uint32 size, const Digest *digest)
{
	return digest->h2 & (size - 1);
}

/* Is the entry in use? */
static inline bool
IntervalInUse(const IntervalEntry *entry)
{
	return entry->digest.h1 != 0 || entry->digest.h2 != 0;
}

static inline IntervalEntry *
IntervalFind(const IntervalCache *cache, const Digest *digest)
{
	uint32 at;

	if (cache->size == 0)
		return NULL;
	for (at = IntervalHome(cache->size, digest); IntervalInUse(&cache->entries[at]);
		 at = (at + 1) & (cache->size - 1))
		if (DigestEqual(cache->entries[at].digest, *digest))
			return &cache->entries[at];
	return NULL;
}

/*
 * Enter an interval for a digest that is not in the table, which grows up to
 * `limit` kB.  Does nothing where the table is full.
 */
extern void IntervalEnter(IntervalCache *cache, const Digest *digest, int64 first, int64 end,
						  int limit);

/* Forget everything and give the memory back. */
extern void IntervalClear(IntervalCache *cache);

#endif /* NEWTERM_INTERVAL_CACHE_H */
