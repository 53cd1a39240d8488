/*
 * digest.c
 *	  128-bit keyed digests of bytes and of JSON values.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "base/digest.h"

#ifndef HAVE_INT128
#error "newterm needs a compiler with integers of 128 bits"
#endif

void
DigestKeyExpand(DigestKey *key, const void *secret)
{
	uint64      *words = (uint64 *) key;
	const uint32 nwords = sizeof(DigestKey) / sizeof(uint64);
	uint8        hash[PG_SHA256_DIGEST_LENGTH];

	for (uint32 i = 0; i < nwords; i += sizeof(hash) / sizeof(uint64))
	{
		pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
		uint8              number = i;

		if (pg_cryptohash_init(context) < 0 ||
			pg_cryptohash_update(context, secret, DIGEST_SECRET_BYTES) < 0 ||
			pg_cryptohash_update(context, &number, 1) < 0 ||
			pg_cryptohash_final(context, hash, sizeof(hash)) < 0)
			elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(context));
		pg_cryptohash_free(context);
		memcpy(&words[i], hash, Min(sizeof(hash), sizeof(uint64) * (nwords - i)));
	}
	for (int half = 0; half < 2; half++)
		for (int i = 0; i <= DIGEST_MAX_PARTS; i++)
			key->tuple[half][i] |= 1;
}

/* Up to eight bytes of unaligned input, in the machine's order. */
static inline uint64
LoadBytes(const unsigned char *bytes, int count)
{
	uint64 word = 0;

	memcpy(&word, bytes, count);
	return word;
}

/* The sums of products of what was seen so far. */
typedef struct BlockSums
{
	uint128 first;
	uint128 second;
} BlockSums;

/* Add sixteen bytes, the block's next ones after those of `key`. */
static inline void
AddWords(BlockSums *sums, const uint64 *key, uint64 a, uint64 b)
{
	sums->first += (uint128) (a + key[0]) * (b + key[1]);
	sums->second += (uint128) (a + key[2]) * (b + key[3]);
}

/* The upper half of a sum's product with random numbers. */
static inline uint64
Fold(const uint64 *key, uint128 sum)
{
	uint128 low = (uint128) key[0] * (uint64) sum + ((uint128) (key[1] * (uint64) sum) << 64);
	uint128 high = (uint128) key[2] * (uint64) (sum >> 64) +
		((uint128) (key[3] * (uint64) (sum >> 64)) << 64);

	return (low + high) >> 64;
}

/*
 * DigestBlock
 *		Digest of at most DIGEST_BLOCK bytes: NH of UMAC (Black, Halevi, Krawczyk,
 *		Krovetz and Rogaway 1999) on words of 64 bits, twice, the second time
 *		with the key moved on by two words; each sum is folded to 64 bits by
 *		multilinear hashing.  Blocks that differ meet in one half with a chance
 *		of about 2^-63 over the keys, and independently in the other.  The
 *		products do not wait for one another, so that this takes a third of the
 *		time of SipHash on values of some dozen bytes.
 */
Digest
DigestBlock(const DigestKey *key, char tag, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	BlockSums            sums = {0, 0};
	const uint64        *next = key->block;
	uint64               a;
	uint64               b;

	/* tag and length, so that what follows need not tell where it ends */
	AddWords(&sums, next, ((uint64) (unsigned char) tag << 56) | length, 0);
	next += 2;
	if (length >= 16)
	{
		const unsigned char *last = bytes + length - 16;

		for (; bytes < last; bytes += 16, next += 2)
			AddWords(&sums, next, LoadBytes(bytes, 8), LoadBytes(bytes + 8, 8));
		/* the last ones, some of which may have been read already */
		a = LoadBytes(last, 8);
		b = LoadBytes(last + 8, 8);
	}
	else if (length >= 8)
	{
		a = LoadBytes(bytes, 8);
		b = LoadBytes(bytes + length - 8, 8);
	}
	else if (length >= 4)
	{
		a = LoadBytes(bytes, 4);
		b = LoadBytes(bytes + length - 4, 4);
	}
	else if (length > 0)
	{
		a = bytes[0] | (uint64) bytes[length / 2] << 8;
		b = bytes[length - 1];
	}
	else
		a = b = 0;
	AddWords(&sums, next, a, b);
	return (Digest){Fold(key->fold[0], sums.first), Fold(key->fold[1], sums.second)};
}

/*
 * DigestBlocks
 *		What is longer than a block is the digest of its blocks' digests.
 */
Digest
DigestBlocks(const DigestKey *key, char tag, const void *data, size_t length)
{
	size_t  nblocks = (length + DIGEST_BLOCK - 1) / DIGEST_BLOCK;
	Digest *blocks = palloc(sizeof(Digest) * nblocks);
	Digest  result;

	for (size_t i = 0; i < nblocks; i++)
		blocks[i] = DigestBlock(key, 'p', (const unsigned char *) data + i * DIGEST_BLOCK,
								Min(length - i * DIGEST_BLOCK, DIGEST_BLOCK));
	/* upper case: a short value that looks like these digests has the lower one */
	result = DigestBytes(key, pg_ascii_toupper(tag), blocks, sizeof(Digest) * nblocks);
	pfree(blocks);
	return result;
}

int
DigestCompare(const Digest *a, const Digest *b)
{
	return memcmp(a, b, sizeof(Digest));
}

/*
 * DigestContainer
 *		Digest of an object or array: of the sequence of its tokens, each
 *		digested to a fixed size.  jsonb keeps keys sorted and without
 *		duplicates, so equal objects give equal sequences.
 */
static Digest
DigestContainer(const DigestKey *key, JsonbContainer *container)
{
	JsonbIterator     *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue         value;
	StringInfoData     sequence;
	Digest             result;

	initStringInfo(&sequence);
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfoChar(&sequence, (char) token);
		if (token == WJB_KEY || token == WJB_VALUE || token == WJB_ELEM)
		{
			Digest part = DigestJsonbValue(key, &value);

			appendBinaryStringInfo(&sequence, (char *) &part, sizeof(part));
		}
	}
	result = DigestBytes(key, 'c', sequence.data, sequence.len);
	pfree(sequence.data);
	return result;
}

/* In what numeric_send() gives: where the scale lies, which alone tells 1 from 1.0. */
#define SENT_SCALE       6
#define SENT_SCALE_BYTES 2

/*
 * DigestNumber
 *		Digest of a number as numeric_send() writes it, without its scale: sign, weight
 *		and the digits between the zeros at both ends.  So 1, 1.0 and 1e0 are one
 *		number, and 1e131071 takes no longer than 1.
 */
static Digest
DigestNumber(const DigestKey *key, Numeric number)
{
	bytea *sent = DatumGetByteaP(DirectFunctionCall1(numeric_send, NumericGetDatum(number)));
	Digest result;

	memset(VARDATA(sent) + SENT_SCALE, 0, SENT_SCALE_BYTES);
	result = DigestBytes(key, 'd', VARDATA(sent), VARSIZE(sent) - VARHDRSZ);
	pfree(sent);
	return result;
}

Digest
DigestNoString(const DigestKey *key, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return DigestBytes(key, 'n', "", 0);
		case jbvBool:
			return DigestBytes(key, 'b', value->val.boolean ? "t" : "f", 1);
		case jbvNumeric:
			return DigestNumber(key, value->val.numeric);
		case jbvBinary:
			return DigestContainer(key, value->val.binary.data);
		default:
			elog(ERROR, "unexpected jsonb value type %d", (int) value->type);
	}
}
