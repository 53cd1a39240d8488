/*
 * postpone.h
 *	  Pending terms that a later merge writes: newterm.postponed.
 *
 * A transaction's terms are postponed, and not lost, where they cannot be merged at its
 * commit:
 *
 * - PREPARE TRANSACTION.  A prepared transaction may stay open for days, so it must hold
 *   no lock that other loaders need, and PostgreSQL does not prepare one that notified.
 * - A lock that is not free within newterm.lock_timeout.
 * - An error: a constraint of a user refuses a row, the disk is full, rules cannot be
 *   loaded.
 *
 * The terms are stored as rows, with their events.  The next merge of any session takes
 * the rows that are due.  COMMIT PREPARED and newterm.merge_postponed() take all.  A row
 * that fails is tried again after growing pauses, and in the end only on demand
 * (store/retry.h); the rows beside it are merged without it.
 */
#ifndef NEWTERM_POSTPONE_H
#define NEWTERM_POSTPONE_H

#include "baseline/pending.h"
#include "signal/signals.h"
#include "store/extension.h"
#include "store/retry.h"

/* Pending terms that were not merged. */
typedef struct Unmerged
{
	PendingLevel    *level;
	const ErrorData *error;    /* the reason; NULL: the transaction is being prepared */
	int              attempts; /* number of failed attempts to merge them */
	Origin           origin;
} Unmerged;

/*
 * Store a level's terms and clocks in newterm.postponed, in the caller's subtransaction.
 * Its errors are not stored.  `unmerged` is an Unmerged.
 */
extern void PostponePending(void *unmerged);

/*
 * Could newterm.postponed hold rows that are due?  Other sessions announce such rows by
 * invalidations, so this costs nothing while there are none.
 */
extern bool PostponedMayWait(void);

/* The rows of newterm.postponed that one merge takes. */
typedef struct Postponed Postponed;

/*
 * Take the lock for merging postponed rows, before the gate (store/lock.h), and apply
 * postponed changes of signals that are due.  Returns NULL if no rows are due, or if
 * another transaction holds the lock and `wait` is false.  Allocates in the current
 * memory context.
 */
extern Postponed *PostponedOpen(const ExtensionOids *oids, RetryScope scope, bool wait);

/* A function that merges a level in a subtransaction, or raises an error. */
typedef void (*PostponedFunction)(PendingLevel *level, Origin origin, void *state);

/*
 * Merge the rows that are due, as many as the scope allows.  The caller holds the gate
 * exclusively.  All rows are merged in one subtransaction; if that fails, in smaller and
 * smaller parts, so that a bad row fails alone.
 */
extern void PostponedMerge(Postponed *postponed, RuleSet *set, PostponedFunction function,
						   void *state);

/* After the merge or the transaction failed: the rows it took are back.  After commit. */
extern void PostponedForget(void);
extern void PostponedCommitted(void);

#endif /* NEWTERM_POSTPONE_H */
