/*
 * signal_postponed.h
 *	  Changes of signals that wait, as somebody has locked their rows.
 */
#ifndef NEWTERM_SIGNAL_POSTPONED_H
#define NEWTERM_SIGNAL_POSTPONED_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "store/extension.h"
#include "store/retry.h"

/* A change of a signal that is to be made in its row. */
typedef struct SignalChange
{
	int64		signal;
	bool		retracted;		/* else amended */
	int64		first_seen;		/* amended: the new start ... */
	Jsonb	   *event;			/* ... and its event, or NULL */
	char	   *reason;
} SignalChange;

/* Write a change down in newterm.postponed_changes. */
extern void SignalChangePostpone(const ExtensionOids *oids, const SignalChange *change);

/* Makes a change; false where somebody else still has the row locked. */
typedef bool (*SignalChangeFunction) (const ExtensionOids *oids, const SignalChange *change);

/*
 * Make the changes that wait, each in a subtransaction of its own.  The caller has the
 * right of LockPostponed.  False where none is due.  *next becomes the earlier of itself
 * and the time at which there is something to be tried again.  What is to be told of those
 * that failed is appended to the texts.
 */
extern bool SignalChangesRetry(const ExtensionOids *oids, RetryScope scope,
							   SignalChangeFunction function, TimestampTz *next,
							   List **texts);

#endif							/* NEWTERM_SIGNAL_POSTPONED_H */
