/*
 * interval_cache.c
 *	  A bounded table from digests to time intervals: what a session knows.
 *
 * Open addressing with linear probing: two entries share a cache line, and a
 * table that is two thirds full is as small as it can be, which counts, since
 * every look-up is a miss of the processor's cache.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "utils/memutils.h"

#include "interval_cache.h"

#define FIRST_SIZE		64

/* Of the usual processors; others lose nothing but address space. */
#define HUGE_PAGE		((Size) 2 * 1024 * 1024)

static Size
CacheBytes(uint32 size)
{
	return sizeof(IntervalEntry) * (Size) size;
}

/* Entries that a table of this size may hold. */
static uint32
Capacity(uint32 size)
{
	return size / 10 * 7;
}

/* May the table hold one entry more? */
static bool
HasRoom(const IntervalCache *cache)
{
	return cache->count < Capacity(cache->size);
}

/* Put an entry into the first free place from its home on. */
static void
Place(IntervalEntry *entries, uint32 size, const IntervalEntry *entry)
{
	uint32		at = IntervalHome(size, &entry->digest);

	while (IntervalInUse(&entries[at]))
		at = (at + 1) & (size - 1);
	entries[at] = *entry;
}

/*
 * Allocate
 *		Free entries.  A large table is laid onto huge pages where the system has
 *		them for who asks: in small ones nearly every look-up misses the
 *		processor's cache of addresses as well, and each costs a page fault first.
 */
static IntervalEntry *
Allocate(MemoryContext context, Size bytes, void **memory)
{
	IntervalEntry *entries;

	if (bytes < HUGE_PAGE)
		return *memory = MemoryContextAllocZero(context, bytes);
	/* what lies before the boundary is never touched */
	*memory = MemoryContextAllocHuge(context, bytes + HUGE_PAGE);
	entries = (IntervalEntry *) TYPEALIGN(HUGE_PAGE, *memory);
#ifdef MADV_HUGEPAGE
	(void) madvise(entries, bytes, MADV_HUGEPAGE);
#endif
	memset(entries, 0, bytes);
	return entries;
}

static void
Resize(IntervalCache *cache, uint32 size)
{
	void	   *memory;
	IntervalEntry *entries = Allocate(cache->context, CacheBytes(size), &memory);

	for (uint32 i = 0; i < cache->size; i++)
		if (IntervalInUse(&cache->entries[i]))
			Place(entries, size, &cache->entries[i]);
	if (cache->memory != NULL)
		pfree(cache->memory);
	cache->memory = memory;
	cache->entries = entries;
	cache->size = size;
}

/* The next larger size. */
static uint32
NextSize(uint32 size)
{
	return size == 0 ? FIRST_SIZE : size * 2;
}

bool
IntervalReserve(IntervalCache *cache, int64 count, int limit)
{
	uint32		size = cache->size;

	while (Capacity(size) < count)
	{
		size = NextSize(size);
		if (CacheBytes(size) > (Size) limit * 1024)
			return false;
	}
	if (size > cache->size)
		Resize(cache, size);
	return true;
}

void
IntervalEnter(IntervalCache *cache, const Digest *digest, int64 first, int64 end,
			  int limit)
{
	IntervalEntry entry = {*digest, first, end};

	if (!HasRoom(cache))
		(void) IntervalReserve(cache, (int64) cache->count + 1, limit);
	if (HasRoom(cache))
	{
		Place(cache->entries, cache->size, &entry);
		cache->count++;
	}
	else if (cache->evicts && cache->size > 0)
	{
		/*
		 * Its home stays in use, so that no chain through it breaks.  Where the
		 * home is free there is nothing to give up: the table must keep free
		 * places, at which searches end, and the entry is not kept.
		 */
		IntervalEntry *home = &cache->entries[IntervalHome(cache->size, digest)];

		if (IntervalInUse(home))
			*home = entry;
	}
}

void
IntervalClear(IntervalCache *cache)
{
	if (cache->memory != NULL)
		pfree(cache->memory);
	cache->memory = NULL;
	cache->entries = NULL;
	cache->count = cache->size = 0;
}
