/*
 * pending_file.h
 *	  PendingTerm that do not fit into memory, in a temporary file until they are merged.
 */
#ifndef NEWTERM_PENDING_FILE_H
#define NEWTERM_PENDING_FILE_H

#include "baseline/pending.h"

typedef struct PendingFile PendingFile;

/* A file that lives until PendingFileClose, at most to the end of the transaction. */
extern PendingFile *PendingFileCreate(void);
extern void PendingFileClose(PendingFile *spill);

/* Close a file that could not be written, without trying again. */
extern void PendingFileDiscard(PendingFile *spill);

/* Append the news of one term, with the references of its runs. */
extern void PendingFileWrite(PendingFile *spill, const PendingLevel *level, const PendingTerm *pending);

/* Read from the start again. */
extern void PendingFileRewind(PendingFile *spill);

/* What is done with a part of what is in files. */
typedef void (*BatchFunction) (PendingLevel *batch, void *state);

/*
 * Read all files, in their order, by parts of newterm.merge_memory, and call the
 * function for each part, which is gone afterwards.
 */
extern void PendingFilesForEach(List *spills, BatchFunction function, void *state);

#endif							/* NEWTERM_PENDING_FILE_H */
