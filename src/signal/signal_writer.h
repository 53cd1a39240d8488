/*
 * signal_writer.h
 *	  What detections and signals are written through during one merge.
 */
#ifndef NEWTERM_SIGNAL_WRITER_H
#define NEWTERM_SIGNAL_WRITER_H

#include "signal/notification.h"
#include "signal/signal_change.h"
#include "signal/template.h"
#include "rule/rule.h"
#include "store/table_store.h"
#include "store/extension.h"

typedef enum Origin
{
	ORIGIN_LIVE, /* notifies */
	/* by changed learning; of this and the next, only changes of live signals are told */
	ORIGIN_REDECIDED,
	ORIGIN_BACKFILL,        /* by stored events: detections alone */
	ORIGIN_BACKFILL_SIGNALS /* the same, with signals */
} Origin;

typedef struct SignalWriter
{
	const ExtensionOids *oids;
	TableStore           detections; /* table NULL: not needed so far */
	TableStore           signals;    /* likewise */
	RuleSet             *set;
	Origin               origin;
	const char          *reason; /* why detections are no more, where no event shows it; or NULL */
	bool                 signals_stay; /* then: their signals stay as they are */
	MemoryContext        context;      /* of the stores and of notifications */
	Notifications        notifications;
	ChangeWriter         changes;
	struct SignalGroups *groups;     /* signals that still take detections, or NULL */
	struct SignalContexts *contexts; /* where context is read from, or NULL */
} SignalWriter;

/* What a detection is of. */
typedef struct Subject
{
	Rule         *rule;
	const Digest *term;
	Jsonb        *entity_values; /* or NULL */
	Jsonb        *term_values;
	Jsonb        *sample;   /* what is stored of its event, and told; NULL: all of it */
	const char   *event_id; /* its identity, where the event is not given; or NULL */
	int64        *signal;   /* the signal that this merge made for the term last, or NO_SIGNAL */
} Subject;

/* A detection that is made. */
typedef struct Detection
{
	const Subject *subject;
	int64          first_seen;
	TemplateValues given;    /* entity, term, and the event or NULL */
	const char    *event_id; /* or NULL */
	const char    *muted_by; /* the suppression, or NULL */
} Detection;

/* Of a detection that has none. */
#define NO_SIGNAL 0

/* As the columns "origin" have it. */
extern const char *OriginName(Origin origin);

/* The log of detections, which the first use opens. */
extern TableStore *WriterDetections(SignalWriter *writer);

/* Insert a row of newterm.signals, its SIGNAL_COLUMNS columns; some get their defaults. */
extern void WriterInsertSignal(SignalWriter *writer, const Datum *values, const bool *nulls);

/* Tell of a signal, or of a change of one: to those who subscribed and those who listen. */
extern void WriterTell(SignalWriter *writer, const Notification *told);

#endif /* NEWTERM_SIGNAL_WRITER_H */
