/*
 * hmac.h
 *	  Signatures of webhooks: HMAC with SHA-256, in base64.
 */
#ifndef NEWTERM_HMAC_H
#define NEWTERM_HMAC_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

#define SHA256_LENGTH 32

/* The HMAC of a message (RFC 2104, FIPS 180-4). */
extern void hmac_sha256(const uint8_t *key, size_t key_length, const uint8_t *message,
						size_t length, uint8_t *result);

/* Append bytes in base64. */
extern void base64_encode(Buffer *to, const uint8_t *bytes, size_t length);

/* Append the bytes of a text in base64; false if it is none. */
extern bool base64_decode(Buffer *to, const char *text);

#endif /* NEWTERM_HMAC_H */
