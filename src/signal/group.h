/*
 * group.h
 *	  Signals that take several detections.
 *
 * A rule with keep_alive has groups: detections with the same values of group_signals_by.
 * A detection joins the newest signal of its group that is neither archived nor retracted,
 * where its event time is within keep_alive of what the signal spans, and the signal would
 * not span more than max_duration.  The merge holds the lock slot of the
 * group's digest (rule_digest.h).
 *
 * A merge writes each signal once, and tells of it once, when the groups are
 * flushed.
 */
#ifndef NEWTERM_GROUP_H
#define NEWTERM_GROUP_H

#include "signal/signal_writer.h"

/* The signal that takes the detection, made where none does; returns its number. */
extern int64 GroupTake(SignalWriter *writer, const Detection *detection);

/* Write the signals and tell of them. */
extern void GroupsFlush(SignalWriter *writer);

/* Close the tables after a flush. */
extern void GroupsClose(SignalWriter *writer);

#endif /* NEWTERM_GROUP_H */
