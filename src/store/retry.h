/*
 * retry.h
 *	  Rows that are tried again later.
 *
 * Rows of newterm.postponed and newterm.postponed_changes hold the number of failed
 * attempts and the time of the next one.  Each pause is twice as long as the one before.
 * After RETRY_ATTEMPTS, a quarter of an hour, only newterm.merge_postponed() tries again.
 */
#ifndef NEWTERM_RETRY_H
#define NEWTERM_RETRY_H

#include "datatype/timestamp.h"
#include "executor/tuptable.h"

#include "store/table_store.h"

#define RETRY_ATTEMPTS 10

/* Which rows of such a table does a merge take? */
typedef enum RetryScope
{
	RETRY_NONE,
	RETRY_SOME, /* some that are due, as other loaders wait meanwhile */
	RETRY_DUE,  /* all that are due */
	RETRY_ALL   /* all, including those that were given up */
} RetryScope;

/* The columns that both tables have. */
typedef struct RetryColumns
{
	int attempts; /* their numbers in the table */
	int error;
	int next_attempt;
} RetryColumns;

/* The state of a row. */
typedef struct Retry
{
	int         attempts;
	TimestampTz next_attempt; /* DT_NOBEGIN: at once; DT_NOEND: given up */
} Retry;

extern Retry RetryRead(TupleTableSlot *slot, const RetryColumns *columns);

/* Should the row be tried now? */
extern bool RetryIsDue(const Retry *retry, RetryScope scope);

/*
 * Store a failed attempt and its error in a row.  An attempt that failed for a lock does not
 * count, and is repeated at the next merge.  Sets *retry to the new state.
 */
extern void RetryFailed(TableStore *store, ItemPointer place, const RetryColumns *columns,
						Retry *retry, const ErrorData *error);

#endif /* NEWTERM_RETRY_H */
