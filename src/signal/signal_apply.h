/*
 * signal_apply.h
 *	  Changing a signal after one of its detections was amended, or is no more.
 */
#ifndef NEWTERM_SIGNAL_APPLY_H
#define NEWTERM_SIGNAL_APPLY_H

#include "signal/signal_postponed.h"

typedef enum Applied
{
	APPLIED_CHANGED,   /* the signal is what its detections say now */
	APPLIED_RETRACTED, /* likewise: it has none any more */
	APPLIED_NOT        /* somebody else holds a lock on the row */
} Applied;

/* Make the change; where that is not possible it has to wait for a later merge. */
extern Applied SignalApply(const ExtensionOids *oids, const SignalChange *change);

/*
 * Make a change that waited, and tell of it where that is another one than was told;
 * false where it has to wait on.
 */
extern bool SignalApplyPostponed(const ExtensionOids *oids, const SignalChange *change);

#endif /* NEWTERM_SIGNAL_APPLY_H */
