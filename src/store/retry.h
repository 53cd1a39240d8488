/*
 * retry.h
 *	  When what could not be done is tried again.
 *
 * Rows of newterm.postponed and newterm.postponed_changes say how often an attempt failed
 * and before which time there is no other.  Each waits twice as long as the one before,
 * and after RETRY_ATTEMPTS (a quarter of an hour) only newterm.merge_postponed() tries.
 */
#ifndef NEWTERM_RETRY_H
#define NEWTERM_RETRY_H

#include "datatype/timestamp.h"
#include "executor/tuptable.h"

#include "store/table_store.h"

#define RETRY_ATTEMPTS		10

/* What is taken of such a table. */
typedef enum RetryScope
{
	RETRY_NONE,
	RETRY_SOME,					/* what is due, as much as others can wait for */
	RETRY_DUE,					/* all that is due */
	RETRY_ALL					/* all, that which is given up as well */
} RetryScope;

/* The columns that both tables have. */
typedef struct RetryColumns
{
	int			attempts;		/* their numbers in the table */
	int			error;
	int			next_attempt;
} RetryColumns;

/* Where a row stands. */
typedef struct Retry
{
	int			attempts;
	TimestampTz next_attempt;	/* DT_NOBEGIN: at once; DT_NOEND: given up */
} Retry;

extern Retry RetryRead(TupleTableSlot *slot, const RetryColumns *columns);

/* Is it to be tried now? */
extern bool RetryIsDue(const Retry *retry, RetryScope scope);

/*
 * Write down that an attempt at the row failed, and why; nothing where it failed because
 * others were at work, which is tried again at once.  *retry is where the row stands now.
 */
extern void RetryFailed(TableStore *store, ItemPointer place, const RetryColumns *columns,
						Retry *retry, const ErrorData *error);

#endif							/* NEWTERM_RETRY_H */
