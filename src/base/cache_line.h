/*
 * cache_line.h
 *	  Memory that begins with a line of the processor's cache.
 *
 * What every event reads has left the nearest caches when the next single row
 * comes, and is waited for line by line.  palloc's memory begins anywhere on a
 * line, so that what is as large as one lies on two.
 */
#ifndef NEWTERM_CACHE_LINE_H
#define NEWTERM_CACHE_LINE_H

#include "utils/palloc.h"

/* Of the usual processors; others lose nothing but memory. */
#define CACHE_LINE_BYTES	64

/* Zeroed memory of a context, with which alone it is freed. */
static inline void *
AllocateLines(MemoryContext context, Size size)
{
	return (void *) TYPEALIGN(CACHE_LINE_BYTES,
							  MemoryContextAllocZero(context, size + CACHE_LINE_BYTES));
}

#endif							/* NEWTERM_CACHE_LINE_H */
