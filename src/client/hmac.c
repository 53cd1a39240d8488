/*
 * hmac.c
 *	  Signatures of webhooks: HMAC with SHA-256, in base64.
 *
 * libcurl gives its digests to nobody, and an HMAC is not worth another library.
 */
#include <string.h>

#include "hmac.h"

#define BLOCK 64

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] =
	{0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	 0xc67178f2};

typedef struct Sha256
{
	uint32_t state[8];
	uint64_t length;       /* of the message so far, in bytes */
	uint8_t  block[BLOCK]; /* its last, incomplete block */
} Sha256;

static uint32_t
rotate(uint32_t value, int bits)
{
	return value >> bits | value << (32 - bits);
}

static void
sha256_begin(Sha256 *sha)
{
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
										0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(sha->state, initial, sizeof(initial));
	sha->length = 0;
}

/* Work the full block into the state. */
static void
sha256_block(Sha256 *sha)
{
	uint32_t word[64];
	uint32_t v[8]; /* a to h of the standard */

	for (int i = 0; i < 16; i++)
		word[i] = (uint32_t) sha->block[4 * i] << 24 | (uint32_t) sha->block[4 * i + 1] << 16 |
			(uint32_t) sha->block[4 * i + 2] << 8 | sha->block[4 * i + 3];
	for (int i = 16; i < 64; i++)
	{
		uint32_t a = word[i - 15];
		uint32_t b = word[i - 2];

		word[i] = word[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + word[i - 7] +
			(rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
	memcpy(v, sha->state, sizeof(v));
	for (int i = 0; i < 64; i++)
	{
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
		uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + choice +
			round_constants[i] + word[i];
		uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + majority;

		memmove(v + 1, v, sizeof(uint32_t) * 7);
		v[0] = t1 + t2;
		v[4] += t1;
	}
	for (int i = 0; i < 8; i++)
		sha->state[i] += v[i];
}

static void
sha256_add(Sha256 *sha, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		sha->block[sha->length++ % BLOCK] = bytes[i];
		if (sha->length % BLOCK == 0)
			sha256_block(sha);
	}
}

static void
sha256_end(Sha256 *sha, uint8_t *result)
{
	uint64_t bits = sha->length * 8;
	uint8_t  ending[8];

	for (int i = 0; i < 8; i++)
		ending[i] = (uint8_t) (bits >> (56 - 8 * i));
	sha256_add(sha, (const uint8_t *) "\x80", 1);
	while (sha->length % BLOCK != BLOCK - sizeof(ending))
		sha256_add(sha, (const uint8_t *) "", 1);
	sha256_add(sha, ending, sizeof(ending));
	for (int i = 0; i < SHA256_LENGTH; i++)
		result[i] = (uint8_t) (sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

void
hmac_sha256(const uint8_t *key, size_t key_length, const uint8_t *message, size_t length,
			uint8_t *result)
{
	uint8_t pad[BLOCK] = {0};
	Sha256  sha;

	if (key_length > BLOCK)
	{
		sha256_begin(&sha);
		sha256_add(&sha, key, key_length);
		sha256_end(&sha, pad);
	}
	else
		memcpy(pad, key, key_length);

	for (int i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	sha256_begin(&sha);
	sha256_add(&sha, pad, BLOCK);
	sha256_add(&sha, message, length);
	sha256_end(&sha, result);

	for (int i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_begin(&sha);
	sha256_add(&sha, pad, BLOCK);
	sha256_add(&sha, result, SHA256_LENGTH);
	sha256_end(&sha, result);
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(Buffer *to, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 3)
	{
		size_t   have = length - i < 3 ? length - i : 3;
		uint32_t three = (uint32_t) bytes[i] << 16;
		char     four[4];

		if (have > 1)
			three |= (uint32_t) bytes[i + 1] << 8;
		if (have > 2)
			three |= bytes[i + 2];
		for (size_t digit = 0; digit < 4; digit++)
			four[digit] = digit <= have ? base64_digits[three >> (18 - 6 * digit) & 63] : '=';
		buffer_append_bytes(to, four, 4);
	}
}

bool
base64_decode(Buffer *to, const char *text)
{
	size_t   digits = strcspn(text, "=");
	uint32_t bits = 0;

	if (strspn(text + digits, "=") != strlen(text + digits) || digits % 4 == 1)
		return false;
	for (size_t i = 0; i < digits; i++)
	{
		const char *found = strchr(base64_digits, text[i]);
		char        byte;

		if (found == NULL)
			return false;
		bits = bits << 6 | (uint32_t) (found - base64_digits);
		if (i % 4 == 0)
			continue;
		byte = (char) (bits >> (6 - 2 * (i % 4)));
		buffer_append_bytes(to, &byte, 1);
	}
	return true;
}
