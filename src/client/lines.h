/*
 * lines.h
 *	  Changes as lines: for people, for programs, for Elasticsearch's _bulk.
 */
#ifndef NEWTERM_LINES_H
#define NEWTERM_LINES_H

#include "buffer.h"
#include "database.h"
#include "destination.h"

/* Append a change as a destination has it, with the end of its line. */
extern void lines_append(Buffer *to, const Destination *destination, const Change *change,
						 const char *document);

/*
 * Append lines for Elasticsearch's _bulk: the action and the document.  Its id makes
 * Elasticsearch refuse the same change the second time.
 */
extern void lines_append_bulk(Buffer *to, const Change *change, const char *document);

#endif /* NEWTERM_LINES_H */
