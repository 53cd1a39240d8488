/*
 * jsonb_copy.h
 *	  Values of jsonb that outlive what they were read from.
 */
#ifndef NEWTERM_JSONB_COPY_H
#define NEWTERM_JSONB_COPY_H

#include "utils/jsonb.h"

/* A copy in this memory context; of NULL: NULL. */
extern Jsonb *JsonbCopy(MemoryContext context, const Jsonb *value);

#endif /* NEWTERM_JSONB_COPY_H */
