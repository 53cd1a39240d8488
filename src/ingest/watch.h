/*
 * watch.h
 *	  Watched tables: what their trigger observes, and reading an event from a
 *	  row.
 *
 * The trigger is the only place that says a table is watched and by which
 * columns: its WHEN clause names them.  So renaming a column, attaching a
 * partition with another column order, or dump and restore need no care.
 */
#ifndef NEWTERM_WATCH_H
#define NEWTERM_WATCH_H

#include "executor/tuptable.h"
#include "utils/jsonb.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "event/event.h"
#include "baseline/pending.h"

typedef struct Watch
{
	AttrNumber	event_column;
	Oid			event_type;		/* jsonb, json or text */
	AttrNumber	time_column;	/* 0: the record's eventTime */
	Oid			time_type;		/* timestamptz or timestamp */
} Watch;

/* Is it a trigger that newterm.watch() made?  Looks at its function's name. */
extern bool IsWatchingTrigger(const Trigger *trigger);

/* Does the table have a watching trigger?  Cheap: its clause is not read. */
extern bool IsWatched(Relation table);

/* Read the table's watching trigger; false where it has none. */
extern bool WatchOf(Relation table, Watch *watch);

/*
 * The watch that a trigger's WHEN clause (Trigger.tgqual) describes; false
 * where the clause is not ours.
 */
extern bool WatchOfClause(char *condition, Watch *watch);

/* A record, or why there is none. */
typedef struct Record
{
	Jsonb	   *jsonb;			/* NULL where the value is no JSON object */
	const char *cause;			/* for newterm.event_errors; NULL: no fault */
	char	   *detail;
	bool		absent;			/* the column is NULL: there is no event */
	int64		time;
} Record;

/*
 * Read an event's column values, and point `fields` (or NULL) at it.  A value
 * that is no JSON object, or a time that is not usable, is told in `cause`; the
 * record is evaluated all the same where jsonb is not NULL.
 */
extern void RecordRead(Record *record, FieldSet *fields, Datum event,
					   bool event_null, Oid event_type, bool has_time_column,
					   Datum time, bool time_null, Oid time_type);

/*
 * The event that a reference leads to, or NULL where it is gone: its table was
 * dropped, or truncated or rewritten by the transaction itself.  Raises an error
 * where the row is damaged.
 */
extern Jsonb *ReferenceEvent(const EventReference *reference);

#endif							/* NEWTERM_WATCH_H */
