/*
 * mask.h
 *	  Secrets that nobody may read in a log.
 */
#ifndef NEWTERM_MASK_H
#define NEWTERM_MASK_H

#include "buffer.h"

/* Hide a text from now on, unless it is too short to be a secret. */
extern void mask_add(const char *text);

/* Put *** in place of every such text. */
extern void mask_apply(Buffer *text);

#endif /* NEWTERM_MASK_H */
