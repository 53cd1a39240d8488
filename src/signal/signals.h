/*
 * signals.h
 *	  Detections and signals: what a merge decided becomes rows and is told.
 *
 * All functions run inside an open SPI connection, as the extension's owner.
 */
#ifndef NEWTERM_SIGNALS_H
#define NEWTERM_SIGNALS_H

#include "signal/signal_writer.h"

/*
 * Begin to write, into a writer that is zeroed or was closed, whose notifications stay;
 * write what is to be written together; and end.
 */
extern void SignalsOpen(SignalWriter *writer, const ExtensionOids *oids, RuleSet *set,
						Origin origin, MemoryContext context);
extern void SignalsFlush(SignalWriter *writer);
extern void SignalsClose(SignalWriter *writer);

/*
 * A run of the term starts outside learning at first_seen.  Without an event, that of an
 * earlier detection of the same start is taken, should there be one.
 */
extern void SignalDetect(SignalWriter *writer, const Subject *subject, int64 first_seen,
						 Jsonb *event);

/* The detection at `before` now starts at first_seen. */
extern void SignalAmend(SignalWriter *writer, const Subject *subject, int64 before,
						int64 first_seen, Jsonb *event);

/*
 * The detection at `before` is no more: the term's run starts at first_seen,
 * `learned` or with a detection of its own.
 */
extern void SignalRetract(SignalWriter *writer, const Subject *subject, int64 before,
						  int64 first_seen, bool learned);

#endif /* NEWTERM_SIGNALS_H */
