/*
 * pending_file.h
 *	  A temporary file that outlives the subtransaction that made it.
 *
 * pending_spill.c decides what is written to it.
 */
#ifndef NEWTERM_PENDING_FILE_H
#define NEWTERM_PENDING_FILE_H

typedef struct PendingFile PendingFile;

/* Create a file that lives until PendingFileClose, at most to the end of the transaction. */
extern PendingFile *PendingFileCreate(void);
extern void         PendingFileClose(PendingFile *file);

/* Close a file that could not be written, without trying again. */
extern void PendingFileDiscard(PendingFile *file);

/* Append bytes. */
extern void PendingFileWrite(PendingFile *file, const void *bytes, size_t size);

/* Read from the start again. */
extern void PendingFileRewind(PendingFile *file);

/* Read the next bytes.  False at the end of the file; an error if it ends within them. */
extern bool PendingFileRead(PendingFile *file, void *bytes, size_t size);

#endif /* NEWTERM_PENDING_FILE_H */
