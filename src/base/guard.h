/*
 * guard.h
 *	  Faults of newterm that must not become faults of the insert.
 */
#ifndef NEWTERM_GUARD_H
#define NEWTERM_GUARD_H

/*
 * Errors that tell of others at work and not of a fault: a lock that was not to be had in
 * time, a deadlock, a serialization failure.  Trying again later helps.
 */
extern bool ErrorIsContention(int sqlerrcode);

/* Why something of ours failed: PostgreSQL's text speaks of the user's statement otherwise. */
extern const char *ErrorReason(const ErrorData *error);

/*
 * Errors that end the statement whatever we think of it: somebody asked for
 * that (cancel, timeout, shutdown), or newterm.on_error = fail does.
 */
extern bool ErrorIsFinal(int sqlerrcode);

/*
 * Run a function in a subtransaction of its own.  Returns NULL where it went
 * well; otherwise its work is undone and the error returned, allocated in the
 * current memory context, for the caller to report or to raise again.
 */
extern ErrorData *RunGuarded(void (*function) (void *state), void *state);

/*
 * The same for what writes newterm's tables as the last act of a transaction, before
 * its commit or PREPARE: user code that it runs is restricted (base/user_code.h), what
 * that code defers is checked at once, and cursors that it leaves open are closed.
 */
extern ErrorData *RunLast(void (*function) (void *state), void *state);

/*
 * RunGuarded for callers that have nothing to clean up: an error that is final is
 * raised again.
 */
extern ErrorData *RunUnlessFinal(void (*function) (void *state), void *state);

#endif							/* NEWTERM_GUARD_H */
