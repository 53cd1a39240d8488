/*
 * spill.h
 *	  News that do not fit into memory, in a temporary file until they are merged.
 */
#ifndef NEWTERM_SPILL_H
#define NEWTERM_SPILL_H

#include "news.h"

typedef struct Spill Spill;

/* A file that lives until SpillClose, at most to the end of the transaction. */
extern Spill *SpillCreate(void);
extern void SpillClose(Spill *spill);

/* Close a file that could not be written, without trying again. */
extern void SpillDiscard(Spill *spill);

/* Append the news of one term, with the references of its runs. */
extern void SpillWrite(Spill *spill, const NewsLevel *level, const News *news);

/* Read from the start again. */
extern void SpillRewind(Spill *spill);

/*
 * Add the file's next terms to a level, until it has `limit` bytes; false
 * where there were none.
 */
extern bool SpillRead(Spill *spill, NewsLevel *level, Size limit);

#endif							/* NEWTERM_SPILL_H */
