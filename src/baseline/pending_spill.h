/*
 * pending_spill.h
 *	  Terms that do not fit into memory, in temporary files until they are merged.
 */
#ifndef NEWTERM_PENDING_SPILL_H
#define NEWTERM_PENDING_SPILL_H

#include "baseline/pending.h"

/* Write the terms of the level, and of those around it, to files: they are in memory no more. */
extern void PendingSpill(PendingLevel *level);

/* What is done with a part of what is in files. */
typedef void (*BatchFunction) (PendingLevel *batch, void *state);

/*
 * Read all files of a level (PendingLevel.spills), in their order, by parts of
 * newterm.merge_memory, and call the function for each part, which is gone afterwards.
 */
extern void PendingSpillsForEach(List *spills, BatchFunction function, void *state);

#endif							/* NEWTERM_PENDING_SPILL_H */
