/*
 * cache_line.h
 *	  Memory that begins at a line of the processor's cache.
 *
 * palloc's memory begins anywhere in a line, so an object as large as one line would lie on
 * two.  For what every event reads, that costs 22 to 40 of 1,450 cycles an event in COPY, and
 * nothing that could be told in single rows (docs/experiments.md).
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
