/*
 * interval_cache.c
 *	  A bounded hash table from digests to time intervals.
 *
 * Open addressing with linear probing.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/interval_cache.h"

#define FIRST_SIZE 64

static Size
CacheBytes(uint32 size)
{
	return sizeof(IntervalEntry) * (Size) size;
}

/* May the table hold one entry more? */
static bool
HasRoom(const IntervalCache *cache)
{
	return cache->count < cache->size / 10 * 7;
}

/* Put an entry into the first free place from its home on. */
static void
Place(IntervalEntry *entries, uint32 size, const IntervalEntry *entry)
{
	uint32 at = IntervalHome(size, &entry->digest);

	while (IntervalInUse(&entries[at]))
		at = (at + 1) & (size - 1);
	entries[at] = *entry;
}

/* Double the table where the limit allows it. */
static void
Grow(IntervalCache *cache, int limit)
{
	const uint32   size = cache->size == 0 ? FIRST_SIZE : cache->size * 2;
	IntervalEntry *entries;

	if (CacheBytes(size) > (Size) limit * 1024)
		return;
	entries = MemoryContextAllocExtended(cache->context, CacheBytes(size),
										 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < cache->size; i++)
		if (IntervalInUse(&cache->entries[i]))
			Place(entries, size, &cache->entries[i]);
	if (cache->entries != NULL)
		pfree(cache->entries);
	cache->entries = entries;
	cache->size = size;
}

void
IntervalEnter(IntervalCache *cache, const Digest *digest, int64 first, int64 end, int limit)
{
	const IntervalEntry entry = {*digest, first, end};

	if (!HasRoom(cache))
		Grow(cache, limit);
	if (HasRoom(cache))
	{
		Place(cache->entries, cache->size, &entry);
		cache->count++;
	}
}

void
IntervalClear(IntervalCache *cache)
{
	if (cache->entries != NULL)
		pfree(cache->entries);
	cache->entries = NULL;
	cache->count = cache->size = 0;
}
