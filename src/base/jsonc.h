/*
 * jsonc.h
 *	  JSON documents by json-c: text columns and log files into jsonb.
 *
 * json-c's names clash with PostgreSQL's, so that only jsonc.c includes its
 * headers.
 */
#ifndef NEWTERM_JSONC_H
#define NEWTERM_JSONC_H

#include "utils/jsonb.h"

/* Arrays and objects may lie this deep in each other. */
#define JSON_MAX_DEPTH 256
/* Longest document, in bytes. */
#define JSON_MAX_LENGTH (256 * 1024 * 1024)

typedef struct JsonError
{
	int         position; /* byte at which the parser gave up, from 1 */
	const char *message;
} JsonError;

/*
 * Parse the JSON value that starts at *offset of the text, skipping white
 * space before and after it, and move *offset behind it.  Returns NULL and
 * fills *error where the text is no JSON (strictly: RFC 8259).  U+0000, which
 * jsonb cannot hold, and lone surrogates become U+FFFD.  The result is
 * palloc'd in the current memory context.
 */
extern Jsonb *JsonParse(const char *text, int length, int *offset, JsonError *error);

#endif /* NEWTERM_JSONC_H */
