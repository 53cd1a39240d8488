/*
 * log_gzip.h
 *	  Log files that are compressed by gzip.
 */
#ifndef NEWTERM_LOG_GZIP_H
#define NEWTERM_LOG_GZIP_H

#include "lib/stringinfo.h"

/* Do the bytes begin like a gzip file? */
extern bool IsGzip(const char *data, size_t length);

/* The result of GzipRead. */
typedef struct GzipText
{
	char       *text; /* a zero byte is behind it */
	size_t      length;
	const char *damage;   /* why the text ends too early, or NULL */
	size_t      position; /* of the damage, in the compressed bytes, from 1 */
} GzipText;

/*
 * Decompress one or more members, one after the other; damaged ones as far as possible.
 * Raises an error if the text would exceed newterm.max_log_size.  The text is palloc'd in
 * the current memory context.
 */
extern GzipText GzipRead(const char *data, size_t length);

#endif /* NEWTERM_LOG_GZIP_H */
