/*
 * pending_spill.h
 *	  Pending terms beyond newterm.merge_memory, in temporary files.
 */
#ifndef NEWTERM_PENDING_SPILL_H
#define NEWTERM_PENDING_SPILL_H

#include "baseline/pending.h"

/* Move the terms of the level, and of the levels around it, from memory to files. */
extern void PendingSpill(PendingLevel *level);

/* Called for a part of the terms in files. */
typedef void (*BatchFunction)(PendingLevel *batch, void *state);

/*
 * Read all files of a level (PendingLevel.spills), in their order, in parts that fit into
 * newterm.merge_memory, and call the function for each part, which is freed after that.
 */
extern void PendingSpillsForEach(List *spills, BatchFunction function, void *state);

#endif /* NEWTERM_PENDING_SPILL_H */
