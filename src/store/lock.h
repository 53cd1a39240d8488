/*
 * lock.h
 *	  The locks of a merge.
 *
 * A merge takes, in this order: the lock for merging postponed rows, the gate, and slots
 * in ascending order, all within one call just before commit.  A slot stands for a digest:
 * whoever writes rows of the digest locks it exclusively, whoever only reads them shared.
 * A merge takes the gate exclusively, and no slots, if it needs too many slots, if its
 * terms do not fit into memory, or if it merges postponed rows.  So two merges never wait
 * for each other in a circle, and they wait only for commits in progress.
 *
 * Everything else that changes stored runs (unlearning, changing a rule's learning) takes
 * the gate exclusively before it locks any row, and may keep it for as long as its
 * transaction lasts.  A merge waits no longer than lock_wait.h allows.
 */
#ifndef NEWTERM_LOCK_H
#define NEWTERM_LOCK_H

#include "base/digest.h"

/* The gate, shared: taken by every merge. */
extern void LockGateShared(void);

/* The gate, exclusively; with `wait` false returns false instead of waiting. */
extern bool LockGateExclusive(bool wait);

/*
 * Take the gate exclusively in place of its shared lock and this merge's slots.  These are
 * released first, as two transactions that kept theirs would wait for each other.  Rows
 * that were read under them may have changed.
 */
extern void LockGateInstead(void);

/* Does this transaction hold the gate exclusively? */
extern bool LockGateHeld(void);

/* A slot that a merge needs. */
typedef struct SlotRequest
{
	Digest digest;
	bool   shared; /* else exclusively */
} SlotRequest;

/*
 * Lock the slots of `count` digests, once in a merge.  Takes the gate exclusively instead if
 * there are too many.
 */
extern void LockSlots(const SlotRequest *requests, int count);

/*
 * The lock for giving positions to changes.  Waits at most so many milliseconds; false if
 * another transaction still holds it.
 */
extern bool LockPositions(int milliseconds);

/*
 * The lock for merging postponed rows.  With `wait` false, returns false instead of
 * waiting.  It is released early if no rows are due.
 */
extern bool LockPostponed(bool wait);
extern void UnlockPostponed(void);

#endif /* NEWTERM_LOCK_H */
