/*
 * cache_line.h
 *	  Memory that begins at a line of the processor's cache.
 *
 * Data that every event reads has left the nearest caches when the next single row comes,
 * and is fetched line by line.  palloc's memory begins anywhere in a line, so an object as
 * large as one line would lie on two.
 */
#ifndef NEWTERM_CACHE_LINE_H
#define NEWTERM_CACHE_LINE_H

#include "utils/palloc.h"

/* Size of a line of the usual processors; others only lose memory. */
#define CACHE_LINE_BYTES 64

/* Allocate zeroed memory, which is freed only with its context. */
static inline void *
AllocateLines(MemoryContext context, Size size)
{
	return (void *) TYPEALIGN(CACHE_LINE_BYTES,
							  MemoryContextAllocZero(context, size + CACHE_LINE_BYTES));
}

#endif /* NEWTERM_CACHE_LINE_H */
