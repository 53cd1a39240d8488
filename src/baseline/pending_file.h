/*
 * pending_file.h
 *	  News that do not fit into memory, in a temporary file until they are merged.
 */
#ifndef NEWTERM_PENDING_FILE_H
#define NEWTERM_PENDING_FILE_H

#include "baseline/pending.h"

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

/* What is done with a part of what is in files. */
typedef void (*BatchFunction) (NewsLevel *batch, void *state);

/*
 * Read all files, in their order, by parts of newterm.merge_memory, and call the
 * function for each part, which is gone afterwards.
 */
extern void SpillsForEach(List *spills, BatchFunction function, void *state);

#endif							/* NEWTERM_PENDING_FILE_H */
