/*
 * signal_apply.h
 *	  Changing a signal after one of its detections was amended or retracted.
 */
#ifndef NEWTERM_SIGNAL_APPLY_H
#define NEWTERM_SIGNAL_APPLY_H

#include "signal/signal_postponed.h"

typedef enum Applied
{
	APPLIED_CHANGED,   /* the signal has its new values */
	APPLIED_RETRACTED, /* the same, and it has no detection left */
	APPLIED_NOT        /* somebody else holds a lock on the row */
} Applied;

/* Make the change, unless another session has locked the row. */
extern Applied SignalApply(const ExtensionOids *oids, const SignalChange *change);

/*
 * Make a postponed change, and tell of it if it turned out to be another kind of change.
 * Returns false if the row is still locked.
 */
extern bool SignalApplyPostponed(const ExtensionOids *oids, const SignalChange *change);

#endif /* NEWTERM_SIGNAL_APPLY_H */
