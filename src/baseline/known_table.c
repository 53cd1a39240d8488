/*
 * known_table.c
 *	  A compact bounded hash table from digests to time intervals, for known terms.
 *
 * Open addressing: a full line is followed by the next one.  Entries are replaced but
 * never removed, so a search may end at the first line that has a free place.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "utils/memutils.h"

#include "base/cache_line.h"
#include "baseline/known_table.h"

StaticAssertDecl(sizeof(KnownLine) == CACHE_LINE_BYTES, "a line of the table fills a cache line");

#define FIRST_LINES 16

/* Of the usual processors; others lose nothing but address space. */
#define HUGE_PAGE ((Size) 2 * 1024 * 1024)

/* Lines for `count` entries: a quarter of the places stays free. */
static int64
LinesFor(int64 count)
{
	return count * 4 / 3 / KNOWN_LINE_ENTRIES + 1;
}

/* Lines that `limit` kB hold. */
static int64
LinesWithin(int limit)
{
	return (int64) limit * 1024 / (int64) sizeof(KnownLine);
}

/* May the table hold one entry more? */
static bool
HasRoom(const KnownTable *table)
{
	return LinesFor(table->count + 1) <= table->nlines;
}

/* A time as one of the table's, which has a last one. */
static uint32
Clamp(int64 seconds)
{
	return Max(0, Min(seconds, (int64) PG_UINT32_MAX));
}

/* The first free place from the home on, of which there is one. */
static KnownLine *
FreePlace(const KnownTable *table, uint32 home, int *place)
{
	for (KnownLine *line = KnownHomeLine(table, home);; line = KnownNextLine(table, line))
		for (int i = 0; i < KNOWN_LINE_ENTRIES; i++)
			if (line->marks[i] == 0)
			{
				*place = i;
				return line;
			}
}

/*
 * Allocate
 *		Allocate empty lines.  A large table asks for huge pages: in small ones nearly
 *		every look-up also misses the processor's cache of addresses, and each page costs
 *		a page fault.  Returns NULL if there is no memory, as it is called after commit,
 *		when it is too late for an error.
 */
static KnownLine *
Allocate(MemoryContext context, uint32 nlines, void **memory)
{
	const Size bytes = sizeof(KnownLine) * (Size) nlines;
	const Size boundary = bytes <= HUGE_PAGE / 2 ? sizeof(KnownLine) : HUGE_PAGE;
	const Size whole = TYPEALIGN(boundary, bytes);
	KnownLine *lines;

	/* what lies before the boundary is never touched */
	*memory = MemoryContextAllocExtended(context, whole + boundary,
										 MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
	if (*memory == NULL)
		return NULL;
	lines = (KnownLine *) TYPEALIGN(boundary, *memory);
#ifdef MADV_HUGEPAGE
	if (boundary == HUGE_PAGE)
		(void) madvise(lines, whole, MADV_HUGEPAGE);
#endif
	memset(lines, 0, bytes);
	return lines;
}

/* Move everything to a table of more lines; false where there is no memory for it. */
static bool
Resize(KnownTable *table, uint32 nlines)
{
	const KnownTable old = *table;
	void            *memory;
	KnownLine       *lines = Allocate(table->context, nlines, &memory);

	if (lines == NULL)
		return false;
	table->memory = memory;
	table->lines = lines;
	table->nlines = nlines;
	for (uint32 i = 0; i < old.nlines; i++)
	{
		const KnownLine *from = &old.lines[i];

		for (int j = 0; j < KNOWN_LINE_ENTRIES && from->marks[j] != 0; j++)
		{
			int        place;
			KnownLine *to = FreePlace(table, from->homes[j], &place);

			to->marks[place] = from->marks[j];
			to->homes[place] = from->homes[j];
			to->first[place] = from->first[j];
			to->end[place] = from->end[j];
		}
	}
	if (old.memory != NULL)
		pfree(old.memory);
	return true;
}

bool
KnownTableReserve(KnownTable *table, int64 count, int limit)
{
	const int64 nlines = LinesFor(count);

	if (nlines <= table->nlines)
		return true;
	return nlines <= LinesWithin(limit) && Resize(table, nlines);
}

/* Make room for one entry more, by half of what is there where the limit allows it. */
static void
Grow(KnownTable *table, int limit)
{
	const int64 nlines = Min(Max(table->nlines + table->nlines / 2, FIRST_LINES),
							 LinesWithin(limit));

	if (nlines > table->nlines)
		(void) Resize(table, nlines);
}

bool
KnownTableFind(const KnownTable *table, const Digest *digest, int64 *first, int64 *end)
{
	int              place;
	const KnownLine *line = KnownTableSearch(table, digest, &place);

	if (line == NULL)
		return false;
	*first = line->first[place] * USECS_PER_SEC;
	*end = line->end[place] * USECS_PER_SEC;
	return true;
}

/* Where an interval for a digest that is not in the table goes; NULL: nowhere. */
static KnownLine *
NewNode(KnownTable *table, const Digest *digest, int limit, int *place)
{
	KnownLine *line;

	if (!HasRoom(table))
		Grow(table, limit);
	if (HasRoom(table))
	{
		table->count++;
		return FreePlace(table, KnownHome(digest), place);
	}
	if (table->nlines == 0)
		return NULL;

	/*
	 * A place at home that is in use stays so.  Where it is free there is nothing to
	 * give up: the table must keep free places, at which searches end.
	 */
	line = KnownHomeLine(table, KnownHome(digest));
	*place = digest->h2 % KNOWN_LINE_ENTRIES;
	return line->marks[*place] != 0 ? line : NULL;
}

void
KnownTableSet(KnownTable *table, const Digest *digest, int64 first, int64 end, int limit)
{
	int        place;
	KnownLine *line = KnownTableSearch(table, digest, &place);

	if (line == NULL)
		line = NewNode(table, digest, limit, &place);
	if (line == NULL)
		return;
	line->marks[place] = KnownMark(digest);
	line->homes[place] = KnownHome(digest);
	line->first[place] = Clamp(first / USECS_PER_SEC + (first % USECS_PER_SEC > 0));
	line->end[place] = Clamp(end / USECS_PER_SEC - (end % USECS_PER_SEC < 0));
}

void
KnownTableClear(KnownTable *table)
{
	if (table->memory != NULL)
		pfree(table->memory);
	table->memory = NULL;
	table->lines = NULL;
	table->count = table->nlines = 0;
}
