/*
 * log_gzip.h
 *	  Log files that are compressed by gzip.
 */
#ifndef NEWTERM_LOG_GZIP_H
#define NEWTERM_LOG_GZIP_H

#include "lib/stringinfo.h"

/* Do the bytes begin as gzip's do? */
extern bool IsGzip(const char *data, size_t length);

/* What GzipRead read. */
typedef struct GzipText
{
	char	   *text;			/* a zero byte is behind it */
	size_t		length;
	const char *damage;			/* what ends it before its time; NULL: nothing */
	size_t		position;		/* of the damage, in the compressed bytes, from 1 */
} GzipText;

/*
 * Read one or more members, one behind the other; where they are damaged, as far as they
 * are whole.  Raises where the text is longer than newterm.max_log_size, before it is
 * longer.  The text is palloc'd in the current memory context.
 */
extern GzipText GzipRead(const char *data, size_t length);

#endif							/* NEWTERM_LOG_GZIP_H */
