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

/* What is told of it. */
typedef enum ChangeKind
{
	CHANGE_UPDATE, /* a detection is no more, others are */
	CHANGE_AMEND,  /* a detection starts earlier */
	CHANGE_RETRACT /* no detection is left */
} ChangeKind;

/* A change of a signal that is to be made in its row. */
typedef struct SignalChange
{
	int64      signal;
	int64      detection; /* that was amended or is no more */
	ChangeKind kind;
	Jsonb     *event; /* amended: of the new start, or NULL */
	char      *reason;
} SignalChange;

/* The kind as changes have it. */
extern const char *SignalChangeName(ChangeKind kind);

/* Write a change down in newterm.postponed_changes. */
extern void SignalChangePostpone(const ExtensionOids *oids, const SignalChange *change);

/* Makes a change; false where somebody else still has the row locked. */
typedef bool (*SignalChangeFunction)(const ExtensionOids *oids, const SignalChange *change);

/*
 * Make the changes that wait, each in a subtransaction of its own.  The caller has the
 * right of LockPostponed.  False where none is due.  *next becomes the earlier of itself
 * and the time at which there is something to be tried again.  What is to be told of those
 * that failed is appended to the texts.
 */
extern bool SignalChangesRetry(const ExtensionOids *oids, RetryScope scope,
							   SignalChangeFunction function, TimestampTz *next, List **texts);

#endif /* NEWTERM_SIGNAL_POSTPONED_H */
