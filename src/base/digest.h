/*
 * digest.h
 *	  128-bit keyed digests that identify terms, entities and clocks.
 *
 * The secret is drawn once for a database and stored in newterm.digest_key.  So a digest
 * is the same on disk and in the cache of every session, and nobody who chooses values can
 * prepare a collision.
 */
#ifndef NEWTERM_DIGEST_H
#define NEWTERM_DIGEST_H

#include "utils/jsonb.h"

typedef struct Digest
{
	uint64 h1;
	uint64 h2;
} Digest;

#define DigestEqual(a, b) ((a).h1 == (b).h1 && (a).h2 == (b).h2)

/* The most bytes of DigestBlock. */
#define DIGEST_BLOCK 128

/* The most digests of DigestTuple. */
#define DIGEST_MAX_PARTS 16

/* Random numbers derived from a secret. */
typedef struct DigestKey
{
	uint64 block[DIGEST_BLOCK / 8 + 4];
	uint64 fold[2][4];
	uint64 tuple[2][1 + DIGEST_MAX_PARTS];
} DigestKey;

#define DIGEST_SECRET_BYTES 16

/* Derive the key from a secret of DIGEST_SECRET_BYTES. */
extern void DigestKeyExpand(DigestKey *key, const void *secret);

/* Order of digests: that of their bytes on disk, which merge sorts by. */
extern int DigestCompare(const Digest *a, const Digest *b);

/* DigestBytes of at most DIGEST_BLOCK bytes, and of more. */
extern Digest DigestBlock(const DigestKey *key, char tag, const void *data, size_t length);
extern Digest DigestBlocks(const DigestKey *key, char tag, const void *data, size_t length);

/* DigestJsonbValue of a value that is not a string. */
extern Digest DigestNoString(const DigestKey *key, const JsonbValue *value);

/*
 * Digest of `length` bytes; those with different tags never meet.  May allocate
 * in the current memory context.
 */
static inline Digest
DigestBytes(const DigestKey *key, char tag, const void *data, size_t length)
{
	return length <= DIGEST_BLOCK ? DigestBlock(key, tag, data, length)
								  : DigestBlocks(key, tag, data, length);
}

/*
 * Digest of a JSON value by its meaning: equal values (1 and 1.0, objects
 * with their keys in another order) have equal digests, values of different
 * types never.  May allocate in the current memory context.
 */
static inline Digest
DigestJsonbValue(const DigestKey *key, const JsonbValue *value)
{
	return value->type == jbvString
		? DigestBytes(key, 's', value->val.string.val, value->val.string.len)
		: DigestNoString(key, value);
}

/* Add the part of that number, from 0 on, to a tuple's digest. */
static inline void
DigestAddPart(const DigestKey *key, Digest *tuple, int number, const Digest *part)
{
	tuple->h1 += part->h1 * key->tuple[0][number + 1];
	tuple->h2 += part->h2 * key->tuple[1][number + 1];
}

/*
 * DigestTuple
 *		Digest of a number and of up to DIGEST_MAX_PARTS digests.
 *
 * Each half is a sum of products with random odd numbers: one-to-one in each
 * part, and two tuples that differ in several meet in both halves with a chance
 * of some 2^-126 (multilinear hashing; Carter and Wegman 1979, Lemire and Kaser
 * 2014).
 */
static inline Digest
DigestTuple(const DigestKey *key, uint64 number, const Digest *parts, int nparts)
{
	Digest result = {number * key->tuple[0][0], number * key->tuple[1][0]};

	for (int i = 0; i < nparts; i++)
		DigestAddPart(key, &result, i, &parts[i]);
	return result;
}

#endif /* NEWTERM_DIGEST_H */
