/*
 * merge.h
 *	  What events showed, into the stored runs, in one sorted pass.
 */
#ifndef NEWTERM_MERGE_H
#define NEWTERM_MERGE_H

#include "baseline/pending.h"
#include "signal/signals.h"
#include "store/retry.h"

/* What one merge is to do, and what came of it. */
typedef struct MergeJob
{
	PendingLevel *level;		/* what the transaction showed */
	RetryScope	postponed;		/* what of newterm.postponed it merges before that */
	int			round;			/* merges of this transaction before this one */
	MemoryContext context;		/* of all that it allocates */
	List	   *published;		/* version ids whose clocks are stored now */
} MergeJob;

/*
 * Do a MergeJob, for LockWaitsRun: in a subtransaction as the last act before commit.
 * Raises an error where it cannot be done.
 */
extern void MergeRun(void *job);

/*
 * Decide again about all stored runs of a rule version, enabled or not, after
 * its learning changed.  The caller holds the gate exclusively and restricts user
 * code (base/user_code.h).
 */
extern void MergeRedecide(int32 version_id);

/*
 * What this transaction merges, up to its end, has origin backfill: its detections have
 * signals only where asked for, and are told to nobody.
 */
extern void MergeAsBackfill(bool signals);

/* The origin of what this transaction merges, and that the transaction ends. */
extern Origin MergeOrigin(void);
extern void MergeTransactionEnds(void);

#endif							/* NEWTERM_MERGE_H */
