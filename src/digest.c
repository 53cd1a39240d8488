/*
 * digest.c
 *	  128-bit keyed digests of bytes and of JSON values.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "compat.h"
#include "digest.h"

#define ROTATE_LEFT(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

#define SIP_ROUND(v0, v1, v2, v3) \
	do { \
		v0 += v1; v1 = ROTATE_LEFT(v1, 13); v1 ^= v0; v0 = ROTATE_LEFT(v0, 32); \
		v2 += v3; v3 = ROTATE_LEFT(v3, 16); v3 ^= v2; \
		v0 += v3; v3 = ROTATE_LEFT(v3, 21); v3 ^= v0; \
		v2 += v1; v1 = ROTATE_LEFT(v1, 17); v1 ^= v2; v2 = ROTATE_LEFT(v2, 32); \
	} while (0)

/* Eight bytes of unaligned input, the first one least significant. */
static inline uint64
LoadLittleEndian(const unsigned char *bytes)
{
	uint64		word;

	memcpy(&word, bytes, sizeof(word));
#ifdef WORDS_BIGENDIAN
	word = pg_bswap64(word);
#endif
	return word;
}

/*
 * DigestBytes
 *		SipHash with one compression and three finalisation rounds, which is
 *		what hash tables exposed to attackers use, in its 128-bit variant.
 */
Digest
DigestBytes(const DigestKey *key, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	const unsigned char *end = bytes + (length & ~(size_t) 7);
	uint64		v0 = key->k0 ^ UINT64CONST(0x736f6d6570736575);
	uint64		v1 = key->k1 ^ UINT64CONST(0x646f72616e646f6d) ^ 0xee;
	uint64		v2 = key->k0 ^ UINT64CONST(0x6c7967656e657261);
	uint64		v3 = key->k1 ^ UINT64CONST(0x7465646279746573);
	uint64		last = ((uint64) length) << 56;
	Digest		result;

	for (; bytes != end; bytes += 8)
	{
		uint64		word = LoadLittleEndian(bytes);

		v3 ^= word;
		SIP_ROUND(v0, v1, v2, v3);
		v0 ^= word;
	}
	for (int i = length & 7; i > 0; i--)
		last |= ((uint64) bytes[i - 1]) << (8 * (i - 1));
	v3 ^= last;
	SIP_ROUND(v0, v1, v2, v3);
	v0 ^= last;

	v2 ^= 0xee;
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	result.h1 = v0 ^ v1 ^ v2 ^ v3;
	v1 ^= 0xdd;
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	result.h2 = v0 ^ v1 ^ v2 ^ v3;
	return result;
}

int
DigestCompare(const Digest *a, const Digest *b)
{
	return memcmp(a, b, sizeof(Digest));
}

/* Digest of a tag and bytes, so that a string never equals another type. */
static Digest
DigestTagged(const DigestKey *key, char tag, const void *data, int length)
{
	char		fixed[256];
	char	   *buffer = length < (int) sizeof(fixed) ? fixed : palloc(length + 1);
	Digest		result;

	buffer[0] = tag;
	memcpy(buffer + 1, data, length);
	result = DigestBytes(key, buffer, length + 1);
	if (buffer != fixed)
		pfree(buffer);
	return result;
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
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue	value;
	StringInfoData sequence;
	Digest		result;

	initStringInfo(&sequence);
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		appendStringInfoChar(&sequence, (char) token);
		if (token == WJB_KEY || token == WJB_VALUE || token == WJB_ELEM)
		{
			Digest		part = DigestJsonbValue(key, &value);

			appendBinaryStringInfo(&sequence, (char *) &part, sizeof(part));
		}
	}
	result = DigestTagged(key, 'c', sequence.data, sequence.len);
	pfree(sequence.data);
	return result;
}

Digest
DigestJsonbValue(const DigestKey *key, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return DigestTagged(key, 'n', "", 0);
		case jbvBool:
			return DigestTagged(key, 'b', value->val.boolean ? "t" : "f", 1);
		case jbvString:
			return DigestTagged(key, 's', value->val.string.val,
								value->val.string.len);
		case jbvNumeric:
			{
				/* the shortest text: 1, 1.0 and 1e0 are one number */
				char	   *text = numeric_normalize(value->val.numeric);
				Digest		result = DigestTagged(key, 'd', text, strlen(text));

				pfree(text);
				return result;
			}
		case jbvBinary:
			return DigestContainer(key, value->val.binary.data);
		default:
			elog(ERROR, "unexpected jsonb value type %d", (int) value->type);
	}
}
