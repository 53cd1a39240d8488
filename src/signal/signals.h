/*
 * signals.h
 *	  Detections and signals: rendering and storing.
 *
 * All functions run inside an open SPI connection, as the extension's owner.
 */
#ifndef NEWTERM_SIGNALS_H
#define NEWTERM_SIGNALS_H

#include "baseline/pending.h"
#include "signal/notification.h"
#include "signal/signal_change.h"
#include "signal/signal_postponed.h"
#include "rule/rule.h"
#include "store/table_store.h"
#include "store/extension.h"

typedef enum Origin
{
	ORIGIN_LIVE,				/* notifies */
	ORIGIN_REDECIDED,			/* by changed learning; of this and the next, only changes
								 * of live signals are told */
	ORIGIN_BACKFILL,			/* by stored events: detections alone */
	ORIGIN_BACKFILL_SIGNALS		/* the same, with signals */
} Origin;

/* What detections are written through during one merge. */
typedef struct SignalWriter
{
	const ExtensionOids *oids;
	TableStore		detections;		/* table NULL: not needed so far */
	TableStore		signals;		/* likewise */
	RuleSet    *set;
	Origin		origin;
	const char *reason;			/* why detections are no more, where no event shows it; or NULL */
	bool		signals_stay;	/* then: their signals stay as they are */
	MemoryContext context;		/* of the stores and of notifications */
	Notifications notifications;
	ChangeWriter changes;
} SignalWriter;

/*
 * Begin to write, into a writer that is zeroed or was closed, whose notifications stay;
 * write what is to be written together; and end.
 */
extern void SignalsOpen(SignalWriter *writer, const ExtensionOids *oids, RuleSet *set,
						Origin origin, MemoryContext context);
extern void SignalsFlush(SignalWriter *writer);
extern void SignalsClose(SignalWriter *writer);

/* What a detection is of. */
typedef struct Subject
{
	Rule	   *rule;
	const Digest *term;
	Jsonb	   *entity_values;	/* or NULL */
	Jsonb	   *term_values;
	Jsonb	   *sample;			/* what is stored of its event, and told; NULL: all of it */
	const char *event_id;		/* its identity, where the event is not given; or NULL */
} Subject;

/*
 * A run of the term starts outside learning at first_seen.  Without an event, that of an
 * earlier detection of the same start is taken, should there be one.
 */
extern void SignalDetect(SignalWriter *writer, const Subject *subject,
						 int64 first_seen, Jsonb *event);

/* The detection at `before` now starts at first_seen. */
extern void SignalAmend(SignalWriter *writer, const Subject *subject,
						int64 before, int64 first_seen, Jsonb *event);

/*
 * The detection at `before` is no more: the term's run starts at first_seen,
 * `learned` or with a detection of its own.
 */
extern void SignalRetract(SignalWriter *writer, const Subject *subject,
						  int64 before, int64 first_seen, bool learned);

/*
 * Make the change, unless somebody else holds a lock on the row: then false,
 * and the change has to wait for a later merge.
 */
extern bool SignalApply(const ExtensionOids *oids, const SignalChange *change);

#endif							/* NEWTERM_SIGNALS_H */
