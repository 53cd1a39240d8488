/*
 * hash_table.c
 *	  Making PostgreSQL's hash tables, whose entries begin with their key.
 */
#include "postgres.h"

#include "base/digest.h"
#include "base/hash_table.h"

HTAB *
HashTableIn(MemoryContext context, const char *name, long nentries, Size keysize, Size entrysize)
{
	HASHCTL control = {.hcxt = context, .keysize = keysize, .entrysize = entrysize};

	return hash_create(name, nentries, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

HTAB *
HashTableOfDigests(const char *name, long nentries, Size entrysize)
{
	return HashTableIn(CurrentMemoryContext, name, nentries, sizeof(Digest), entrysize);
}
