/*
 * signal_writer.h
 *	  The open tables of detections and signals during one merge.
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
	/* by changed learning; this and the next ones tell only of changes of live signals */
	ORIGIN_REDECIDED,
	ORIGIN_BACKFILL,        /* by stored events: detections alone */
	ORIGIN_BACKFILL_SIGNALS /* the same, with signals */
} Origin;

typedef struct SignalWriter
{
	const ExtensionOids   *oids;
	TableStore             detections; /* table NULL: not needed so far */
	TableStore             signals;    /* the same */
	RuleSet               *set;
	Origin                 origin;
	const char            *reason;       /* of retracting, if no event is the reason; or NULL */
	bool                   signals_stay; /* then: their signals stay as they are */
	MemoryContext          context;      /* of the stores and of notifications */
	Oid                    table;        /* the last one of WriterSource, and its name */
	const char            *source;
	Notifications          notifications;
	ChangeWriter           changes;
	struct SignalGroups   *groups;   /* signals that still take detections, or NULL */
	struct SignalContexts *contexts; /* of contexts, or NULL */
} SignalWriter;

/* The subject of a detection: a rule's term of an entity. */
typedef struct Subject
{
	Rule         *rule;
	const Digest *term;
	Jsonb        *entity_values; /* or NULL */
	Jsonb        *term_values;
	Jsonb        *sample;   /* the part of its event that is stored; NULL: all of it */
	const char   *event_id; /* its identity, where the event is not given; or NULL */
	Oid           table;    /* that its event was inserted into, or InvalidOid */
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

/*
 * The name of the table that an event was inserted into, or of the partitioned table above
 * it; NULL if there is no such table.
 */
extern const char *WriterSource(SignalWriter *writer, Oid table);

/* Insert a row of newterm.signals, its SIGNAL_COLUMNS columns; some get their defaults. */
extern void WriterInsertSignal(SignalWriter *writer, const Datum *values, const bool *nulls);

/* Tell subscribers and listeners of a signal or of a change of one. */
extern void WriterTell(SignalWriter *writer, const Notification *told);

#endif /* NEWTERM_SIGNAL_WRITER_H */
