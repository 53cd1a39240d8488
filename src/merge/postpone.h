/*
 * postpone.h
 *	  What has to wait for a later merge: newterm.postponed.
 *
 * Nothing that a transaction showed is lost where it cannot be merged when it commits:
 *
 * - A prepared transaction may stay open for days and must hold no lock that other loaders
 *   wait for, and PREPARE TRANSACTION refuses one that notified.
 * - A loader waits for locks no longer than newterm.lock_timeout.
 * - A merge may fail: a constraint that somebody added to a table of ours refuses a row, the
 *   disk is full, rules cannot be loaded.
 *
 * Then its sightings are written down as rows, with their events.  Once these are committed
 * the next merge takes them, whoever's it is; COMMIT PREPARED and
 * newterm.merge_postponed() take all there are.  Rows whose merge fails wait longer each
 * time, and are given up in the end (store/retry.h); the others are merged without them.
 */
#ifndef NEWTERM_POSTPONE_H
#define NEWTERM_POSTPONE_H

#include "baseline/pending.h"
#include "signal/signals.h"
#include "store/extension.h"
#include "store/retry.h"

/* A level that is not merged. */
typedef struct Unmerged
{
	PendingLevel *level;
	const ErrorData *error;		/* why; NULL where its transaction is only prepared */
	int			attempts;		/* how many attempts at merging it failed */
	Origin		origin;
} Unmerged;

/*
 * Write down what a level holds, but for its errors, in the caller's subtransaction;
 * `unmerged` is an Unmerged.
 */
extern void PostponePending(void *unmerged);

/*
 * May something wait that is due, as far as this session was told?  Costs nothing while
 * nothing waits.
 */
extern bool PostponedMayWait(void);

/* What is taken of newterm.postponed during one merge. */
typedef struct Postponed Postponed;

/*
 * Take the right to merge what is postponed, before the gate is taken (store/lock.h), and
 * make the changes of signals that are due.  NULL where nothing else is, or where another
 * transaction has the right: with `wait` that is waited for.  Allocates in the current
 * memory context.
 */
extern Postponed *PostponedOpen(const ExtensionOids *oids, RetryScope scope, bool wait);

/* Merges a level of that origin, inside a subtransaction, or raises an error. */
typedef void (*PostponedFunction) (PendingLevel *level, Origin origin, void *state);

/*
 * Merge what is due, as much as the scope says, with the gate held exclusively: together
 * in a subtransaction, and where that fails by parts, so that what fails fails alone.
 */
extern void PostponedMerge(Postponed *postponed, RuleSet *set, PostponedFunction function,
						   void *state);

/* The merge, or the transaction, failed, so that what it took is there again; or it committed. */
extern void PostponedForget(void);
extern void PostponedCommitted(void);

#endif							/* NEWTERM_POSTPONE_H */
