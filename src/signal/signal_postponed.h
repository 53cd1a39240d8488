/*
 * signal_postponed.h
 *	  Changes that are postponed because another session has locked the signals' rows.
 */
#ifndef NEWTERM_SIGNAL_POSTPONED_H
#define NEWTERM_SIGNAL_POSTPONED_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "store/extension.h"
#include "store/retry.h"

/* The kind of change that subscribers are told. */
typedef enum ChangeKind
{
	CHANGE_UPDATE, /* a detection is retracted, others are not */
	CHANGE_AMEND,  /* a detection starts earlier */
	CHANGE_RETRACT /* no detection is left */
} ChangeKind;

/* A change to make in a signal's row. */
typedef struct SignalChange
{
	int64      signal;
	int64      detection; /* that was amended or retracted */
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
 * and the time at which there is something to be tried again.  The texts for event_errors
 * about those that failed are appended to *texts.
 */
extern bool SignalChangesRetry(const ExtensionOids *oids, RetryScope scope,
							   SignalChangeFunction function, TimestampTz *next, List **texts);

#endif /* NEWTERM_SIGNAL_POSTPONED_H */
