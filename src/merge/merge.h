/*
 * merge.h
 *	  Writes pending terms to the stored baseline.
 */
#ifndef NEWTERM_MERGE_H
#define NEWTERM_MERGE_H

#include "baseline/pending.h"
#include "signal/signals.h"
#include "store/retry.h"

/* The input of one merge, and the clocks it stored. */
typedef struct MergeJob
{
	PendingLevel *level;     /* the transaction's pending terms */
	RetryScope    postponed; /* which rows of newterm.postponed to merge first */
	int           round;     /* number of merges of this transaction before it */
	MemoryContext context;   /* for its allocations */
	List         *published; /* out: ids of versions whose clocks are stored now */
} MergeJob;

/*
 * Run a MergeJob (a function for LockWaitsRun), in a subtransaction just before commit.
 * Raises an error if it cannot.
 */
extern void MergeRun(void *job);

/*
 * Decide again which stored runs of a rule version are learned: those of all its terms, or,
 * where the rule has one clock and no learning_values, those of some.  `reason` tells why
 * detections are retracted; NULL: its learning changed.  The rule may be disabled.  The
 * caller holds the gate exclusively and has restricted user code (base/user_code.h).
 */
extern void MergeRedecide(int32 version_id, const char *reason);
extern void MergeRedecideTerms(int32 version_id, const Digest *terms, int nterms,
							   const char *reason);

/*
 * Give all detections of this transaction the origin backfill: they get signals only if
 * `signals` is true, and no notification.
 */
extern void MergeAsBackfill(bool signals);

/* The origin of this transaction's detections, and its reset at the transaction's end. */
extern Origin MergeOrigin(void);
extern void   MergeTransactionEnds(void);

#endif /* NEWTERM_MERGE_H */
