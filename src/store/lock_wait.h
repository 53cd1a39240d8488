/*
 * lock_wait.h
 *	  Limits the time for which a merge waits for locks.
 *
 * A lock on a table of ours, on a row of it, or the gate (lock.h) may be held for hours.
 * So a merge has a budget for all its waits together.  PostgreSQL's lock timer gets what
 * is left of it.  Times are in milliseconds.
 */
#ifndef NEWTERM_LOCK_WAIT_H
#define NEWTERM_LOCK_WAIT_H

#define LOCK_WAITS_UNLIMITED (-1)

/*
 * The budget of a merge in this session: the shortest of newterm.lock_timeout, lock_timeout
 * and statement_timeout that are set.  (During commit PostgreSQL itself no longer applies
 * statement_timeout.)
 */
extern int LockWaitsAllowed(void);

/*
 * Run a function as RunLast (base/guard.h) does, and wait for locks no longer than *budget in
 * all.  Sets *budget to what is left.  A lock that is not free in time is an error with
 * ERRCODE_LOCK_NOT_AVAILABLE.
 */
extern ErrorData *LockWaitsRun(void (*function)(void *state), void *state, int *budget);

/* Run a function as RunGuarded (base/guard.h) does; TableStoreOpenWhole does not wait in it. */
extern ErrorData *LockWaitsNever(void (*function)(void *state), void *state);

/* False inside of LockWaitsNever. */
extern bool LockMayWait(void);

/* Inside of LockWaitsRun: use at most that much of the budget, until LockWaitsUncap. */
extern void LockWaitsCap(int most);
extern void LockWaitsUncap(void);

/* Inside of LockWaitsRun: take waits off the budget.  Cheap, as each written row calls it. */
extern void LockWaitsCount(void);

#endif /* NEWTERM_LOCK_WAIT_H */
