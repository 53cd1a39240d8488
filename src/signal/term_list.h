/*
 * term_list.h
 *	  The terms of a signal: each once, the first ones.
 */
#ifndef NEWTERM_TERM_LIST_H
#define NEWTERM_TERM_LIST_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* So many terms a signal shows. */
#define TERM_LIST_MAX 100

/* Add a term, unless the list of Jsonb has it or is full; in the current memory context. */
extern List *TermListAdd(List *terms, Jsonb *term);

/* From and to the array that is stored. */
extern List  *TermListRead(Jsonb *array);
extern Jsonb *TermListArray(const List *terms);

#endif /* NEWTERM_TERM_LIST_H */
