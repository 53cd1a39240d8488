/*
 * digest.h
 *	  128-bit keyed digests, by which terms, entities and clocks are found.
 *
 * The key is drawn once for a database and stored in newterm.digest_key, so
 * that a digest on disk and in every session's cache is the same, and nobody
 * who chooses values can prepare a collision.
 */
#ifndef NEWTERM_DIGEST_H
#define NEWTERM_DIGEST_H

#include "utils/jsonb.h"

typedef struct Digest
{
	uint64		h1;
	uint64		h2;
} Digest;

typedef struct DigestKey
{
	uint64		k0;
	uint64		k1;
} DigestKey;

#define DigestEqual(a, b) ((a).h1 == (b).h1 && (a).h2 == (b).h2)

/* Order of digests: that of their bytes on disk, which merge sorts by. */
extern int	DigestCompare(const Digest *a, const Digest *b);

/* SipHash-1-3 with 128-bit output of `length` bytes (Aumasson, Bernstein). */
extern Digest DigestBytes(const DigestKey *key, const void *data, size_t length);

/*
 * Digest of a JSON value by its meaning: equal values (1 and 1.0, objects
 * with their keys in another order) have equal digests, values of different
 * types never.  May allocate in the current memory context.
 */
extern Digest DigestJsonbValue(const DigestKey *key, const JsonbValue *value);

#endif							/* NEWTERM_DIGEST_H */
