/*
 * signals.h
 *	  Writes the detections and signals of a merge, and tells of them.
 *
 * All functions run inside an open SPI connection, as the extension's owner.
 */
#ifndef NEWTERM_SIGNALS_H
#define NEWTERM_SIGNALS_H

#include "signal/signal_writer.h"

/*
 * Open a writer that is zeroed or was closed, write its buffered rows, and close it.
 * Closing keeps the notifications.
 */
extern void SignalsOpen(SignalWriter *writer, const ExtensionOids *oids, RuleSet *set,
						Origin origin, MemoryContext context);
extern void SignalsFlush(SignalWriter *writer);
extern void SignalsClose(SignalWriter *writer);

/*
 * A run of the term starts outside learning at first_seen.  If the event is NULL, it is
 * taken from an earlier detection with the same start, if there is one.
 */
extern void SignalDetect(SignalWriter *writer, const Subject *subject, int64 first_seen,
						 Jsonb *event);

/* The detection at `before` now starts at first_seen. */
extern void SignalAmend(SignalWriter *writer, const Subject *subject, int64 before,
						int64 first_seen, Jsonb *event);

/*
 * Retract the detection at `before`: the term's run starts at first_seen, which is learned
 * or has a detection of its own.
 */
extern void SignalRetract(SignalWriter *writer, const Subject *subject, int64 before,
						  int64 first_seen, bool learned);

#endif /* NEWTERM_SIGNALS_H */
