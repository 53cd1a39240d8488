/*
 * hash_table.h
 *	  Making PostgreSQL's hash tables, whose entries begin with their key.
 */
#ifndef NEWTERM_HASH_TABLE_H
#define NEWTERM_HASH_TABLE_H

#include "utils/hsearch.h"

/*
 * A table in the memory context, for about that many entries at first.  Keys are compared
 * byte by byte, so those that are structs must have no padding, or be zeroed.
 */
extern HTAB *HashTableIn(MemoryContext context, const char *name, long nentries, Size keysize,
						 Size entrysize);

/* A table in the current memory context whose keys are digests. */
extern HTAB *HashTableOfDigests(const char *name, long nentries, Size entrysize);

#endif /* NEWTERM_HASH_TABLE_H */
