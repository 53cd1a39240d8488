/*
 * pending_file.h
 *	  A temporary file of bytes that lives longer than the subtransaction that made it.
 *
 * What is written there, and read again, is pending_spill.c's affair.
 */
#ifndef NEWTERM_PENDING_FILE_H
#define NEWTERM_PENDING_FILE_H

typedef struct PendingFile PendingFile;

/* A file that lives until PendingFileClose, at most to the end of the transaction. */
extern PendingFile *PendingFileCreate(void);
extern void PendingFileClose(PendingFile *file);

/* Close a file that could not be written, without trying again. */
extern void PendingFileDiscard(PendingFile *file);

/* Append bytes. */
extern void PendingFileWrite(PendingFile *file, const void *bytes, size_t size);

/* Read from the start again. */
extern void PendingFileRewind(PendingFile *file);

/* Read the next bytes: false at the end of the file; an error where it ends among them. */
extern bool PendingFileRead(PendingFile *file, void *bytes, size_t size);

#endif							/* NEWTERM_PENDING_FILE_H */
