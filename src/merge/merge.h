/*
 * merge.h
 *	  All news of a transaction into the stored runs, in one sorted pass.
 */
#ifndef NEWTERM_MERGE_H
#define NEWTERM_MERGE_H

#include "baseline/pending.h"

/* Called once, when the library is loaded. */
extern void MergeInitialise(void);

/* Merge what two-phase transactions left behind when this one commits. */
extern void MergePostponedAtCommit(void);

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

#endif							/* NEWTERM_MERGE_H */
