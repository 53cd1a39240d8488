/*
 * lock_wait.h
 *	  How long a merge may wait for locks.
 *
 * Whoever holds a lock may keep it for hours: on a table of ours, on a row of it, or the
 * gate (lock.h).  So a merge has a budget of time for all its waits together, of which
 * PostgreSQL's own lock timer is told what is left.  Times are in milliseconds.
 */
#ifndef NEWTERM_LOCK_WAIT_H
#define NEWTERM_LOCK_WAIT_H

#define LOCK_WAITS_UNLIMITED	(-1)

/*
 * What this session's settings allow one merge: the shortest of newterm.lock_timeout,
 * lock_timeout and statement_timeout that are set.  (PostgreSQL by itself ends no
 * statement by statement_timeout any more when it commits.)
 */
extern int	LockWaitsAllowed(void);

/*
 * Run a function as RunLast (base/guard.h) does, waiting for locks no longer than
 * *budget in all; what is left of it is put there.  A lock that is not to be had in time
 * is an error of ERRCODE_LOCK_NOT_AVAILABLE.
 */
extern ErrorData *LockWaitsRun(void (*function) (void *state), void *state, int *budget);

/* Run a function as RunGuarded (base/guard.h) does, where TableStoreOpenWhole waits for no lock. */
extern ErrorData *LockWaitsNever(void (*function) (void *state), void *state);

/* May it wait? */
extern bool LockMayWait(void);

/* Inside of LockWaitsRun: use at most so much of the budget, until LockWaitsUncap. */
extern void LockWaitsCap(int most);
extern void LockWaitsUncap(void);

/* Inside of LockWaitsRun: count what was waited.  Cheap: every row that is written calls it. */
extern void LockWaitsCount(void);

#endif							/* NEWTERM_LOCK_WAIT_H */
