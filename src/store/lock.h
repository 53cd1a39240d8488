/*
 * lock.h
 *	  The locks under which news are merged.
 *
 * Order: first the right to take what is postponed, then the gate, then slots in
 * ascending order, all within one call just before commit.  Who writes what a slot stands
 * for locks it exclusively, who only relies on it shared.  A merge that finds too many slots, that has more news than fit into memory, or that takes what is postponed,
 * takes the gate exclusively instead of slots.  So two merges never wait for each other in
 * a circle, and what waits waits for a commit in progress.  Whoever changes stored
 * knowledge otherwise (unlearning, changing a rule's learning) takes the gate exclusively
 * first, before any row, and may keep it as long as its transaction: a merge does not wait
 * longer than lock_wait.h allows it.
 */
#ifndef NEWTERM_LOCK_H
#define NEWTERM_LOCK_H

#include "base/digest.h"

/* The gate, shared: taken by every merge. */
extern void LockGateShared(void);

/* The gate, exclusively; with `wait` false returns false instead of waiting. */
extern bool LockGateExclusive(bool wait);

/*
 * The gate exclusively in place of its shared lock and of the slots of this
 * merge, which are given up first: two transactions that both kept some would
 * wait for each other.  What was read under them may have changed.
 */
extern void LockGateInstead(void);

/* Does this transaction hold the gate exclusively? */
extern bool LockGateHeld(void);

/* What a merge asks for: the slot of a digest. */
typedef struct SlotRequest
{
	Digest		digest;
	bool		shared;			/* else exclusively */
} SlotRequest;

/*
 * The slots of `count` digests, once in a merge; may take the gate exclusively
 * instead.
 */
extern void LockSlots(const SlotRequest *requests, int count);

/*
 * Only one transaction at a time gives positions to changes.  Waits for at most that many
 * milliseconds; false where another one still does.
 */
extern bool LockPositions(int milliseconds);

/*
 * The right to take what is postponed, of one transaction at a time; with `wait` false
 * returns false instead of waiting.  Given back where there was nothing to take.
 */
extern bool LockPostponed(bool wait);
extern void UnlockPostponed(void);

#endif							/* NEWTERM_LOCK_H */
