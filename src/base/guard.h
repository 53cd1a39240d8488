/*
 * guard.h
 *	  Runs newterm's own code so that its errors do not fail the user's insert.
 */
#ifndef NEWTERM_GUARD_H
#define NEWTERM_GUARD_H

/*
 * Was the error caused by other sessions' work, so that trying again helps?  A lock that was
 * not free in time, a deadlock, a serialization failure.
 */
extern bool ErrorIsContention(int sqlerrcode);

/* The reason of an error of ours: PostgreSQL's text may speak of the user's statement. */
extern const char *ErrorReason(const ErrorData *error);

/*
 * Must the error end the statement?  Yes for cancel, timeout and shutdown, and for all
 * errors with newterm.on_error = fail.
 */
extern bool ErrorIsFinal(int sqlerrcode);

/*
 * Run a function in a subtransaction.  Returns NULL if it succeeds.  Otherwise its work is
 * undone, and the error is returned, allocated in the current memory context, for the
 * caller to report or to raise.
 */
extern ErrorData *RunGuarded(void (*function)(void *state), void *state);

/*
 * The same for a function that writes newterm's tables just before commit or PREPARE.  User
 * code that it runs is restricted (base/user_code.h), deferred triggers of that code fire
 * at once, and cursors that it leaves open are closed.
 */
extern ErrorData *RunLast(void (*function)(void *state), void *state);

/*
 * RunGuarded for callers with nothing to clean up: errors that must end the statement are
 * raised.
 */
extern ErrorData *RunUnlessFinal(void (*function)(void *state), void *state);

#endif /* NEWTERM_GUARD_H */
