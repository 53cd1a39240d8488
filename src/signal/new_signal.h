/*
 * new_signal.h
 *	  Making a signal.
 */
#ifndef NEWTERM_NEW_SIGNAL_H
#define NEWTERM_NEW_SIGNAL_H

#include "signal/signal_writer.h"

/* A signal before it is stored. */
typedef struct NewSignal
{
	int64         id;
	const Rule   *rule;
	const char   *title;
	const char   *message; /* or NULL */
	Jsonb        *entity;  /* this and the next ones are of its first detection */
	Jsonb        *term;
	Jsonb        *event;    /* or NULL */
	const char   *event_id; /* or NULL */
	int64         event_time;
	const char   *source; /* or NULL */
	Jsonb        *context;
	int64         previous; /* or NO_SIGNAL */
	List         *terms;    /* of term_list.h */
	int32         detections;
	int64         first_seen;
	int64         last_seen;
	const Digest *group; /* or NULL */
} NewSignal;

/*
 * Render the signal of a detection, with a number of its own.  It is made of what the
 * detection has, and else allocated in the current memory context.
 */
extern void NewSignalRender(SignalWriter *writer, const Detection *detection, NewSignal *signal);

/* Store the signal and, where its origin is live, announce it. */
extern void NewSignalStore(SignalWriter *writer, const NewSignal *signal);

/*
 * Tell of the signal, where the writer's origin is live: a change of this kind, for this
 * reason or NULL.
 */
extern void NewSignalTell(SignalWriter *writer, const NewSignal *signal, const char *kind,
						  const char *reason);

#endif /* NEWTERM_NEW_SIGNAL_H */
