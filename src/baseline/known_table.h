/*
 * known_table.h
 *	  A compact bounded hash table from digests to time intervals, for known terms.
 *
 * An entry says that sightings in [first, end) are inside a known run.  It is looked up
 * for every term of every event, and most look-ups wait for memory, so the number of
 * pages counts.  An entry takes 20 bytes: 96 bits of the digest, and times in whole
 * seconds, rounded so that the interval gets shorter.  A sighting in the rounded-off part
 * is buffered, and the merge finds that it is known.
 */
#ifndef NEWTERM_KNOWN_TABLE_H
#define NEWTERM_KNOWN_TABLE_H

#include "datatype/timestamp.h"

#include "base/digest.h"

/* Entries that share a cache line. */
#define KNOWN_LINE_ENTRIES 3

/* Entries are in use from the first one on. */
typedef struct KnownLine
{
	uint64 marks[KNOWN_LINE_ENTRIES]; /* half of the digest; 0: free */
	uint32 homes[KNOWN_LINE_ENTRIES]; /* what the search begins by */
	uint32 first[KNOWN_LINE_ENTRIES]; /* in seconds since 1970 */
	uint32 end[KNOWN_LINE_ENTRIES];   /* exclusive */
	uint32 unused;                    /* up to 64 bytes */
} KnownLine;

typedef struct KnownTable
{
	MemoryContext context; /* of the lines */
	int64         count;   /* entries in use */
	uint32        nlines;
	KnownLine    *lines;
	void         *memory; /* what they lie in */
} KnownTable;

static inline uint64
KnownMark(const Digest *digest)
{
	return digest->h1 == 0 ? 1 : digest->h1;
}

static inline uint32
KnownHome(const Digest *digest)
{
	return digest->h2 >> 32;
}

/* The line in which the search for a home begins: any number of lines will do. */
static inline KnownLine *
KnownHomeLine(const KnownTable *table, uint32 home)
{
	return &table->lines[(uint64) home * table->nlines >> 32];
}

static inline KnownLine *
KnownNextLine(const KnownTable *table, KnownLine *line)
{
	return ++line == &table->lines[table->nlines] ? table->lines : line;
}

/*
 * At which place of its line is a digest, if it is there?  No branch depends on it, as
 * none could be predicted.  Two digests of one mark in one line, which nobody will see,
 * would hide the first of them, which would be looked up in the baseline each time.
 */
static inline int
KnownNode(const KnownLine *line, uint64 mark)
{
	const int second = line->marks[1] == mark;
	const int third = line->marks[2] == mark;

	StaticAssertStmt(KNOWN_LINE_ENTRIES == 3, "places are compared one by one");

	return 2 * third + (second & ~third);
}

/* The line in which a digest is, and at which place; NULL where it is not in the table. */
static inline KnownLine *
KnownTableSearch(const KnownTable *table, const Digest *digest, int *place)
{
	const uint64 mark = KnownMark(digest);
	const uint32 home = KnownHome(digest);

	if (table->nlines == 0)
		return NULL;
	for (KnownLine *line = KnownHomeLine(table, home);; line = KnownNextLine(table, line))
	{
		*place = KnownNode(line, mark);
		if (line->marks[*place] == mark && line->homes[*place] == home)
			return line;
		if (line->marks[KNOWN_LINE_ENTRIES - 1] == 0)
			return NULL;
	}
}

/* A time in the table's seconds; false where it is none that an entry could hold. */
static inline bool
KnownSeconds(int64 time, uint32 *seconds)
{
	if (time < 0 || time >= (int64) PG_UINT32_MAX * USECS_PER_SEC)
		return false;
	*seconds = time / USECS_PER_SEC;
	return true;
}

/* Does a sighting in this second bring no news, by the table? */
static inline bool
KnownTableHolds(const KnownTable *table, const Digest *digest, uint32 seconds)
{
	int              place;
	const KnownLine *line = KnownTableSearch(table, digest, &place);

	return line != NULL && seconds >= line->first[place] && seconds < line->end[place];
}

/* The interval of a digest, in microseconds; false where the table has none. */
extern bool KnownTableFind(const KnownTable *table, const Digest *digest, int64 *first, int64 *end);

/*
 * Set the interval of a digest.  The table grows up to `limit` kB; a full one forgets
 * another digest for a new one, or does not take it.
 */
extern void KnownTableSet(KnownTable *table, const Digest *digest, int64 first, int64 end,
						  int limit);

/*
 * Make room for so many entries at once; false, and nothing done, where they do not
 * fit into `limit` kB or into memory.
 */
extern bool KnownTableReserve(KnownTable *table, int64 count, int limit);

/* Forget everything and give the memory back. */
extern void KnownTableClear(KnownTable *table);

#endif /* NEWTERM_KNOWN_TABLE_H */
