/*
 * watch.h
 *	  Watched tables: which columns their trigger observes.
 *
 * Only the trigger says that a table is watched and by which columns: its WHEN clause
 * names them.  So renaming a column, attaching a partition with another column order, dump
 * and restore need no code.
 */
#ifndef NEWTERM_WATCH_H
#define NEWTERM_WATCH_H

#include "access/attnum.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

typedef struct Watch
{
	AttrNumber  event_column; /* 0: several columns make the event */
	Oid         event_type;   /* not a domain */
	AttrNumber  time_column;  /* 0: the record's eventTime */
	Oid         time_type;    /* timestamptz or timestamp */
	int         ncolumns;     /* of several */
	AttrNumber *columns;
	char      **members; /* of the record, one for each of these columns */
} Watch;

/* Is it a trigger that newterm.watch() made?  Looks at its function's name. */
extern bool IsWatchingTrigger(const Trigger *trigger);

/*
 * How many watching triggers does the table have?  A partition may have its own and its
 * parent's.  Cheap: their clauses are not read.
 */
extern int CountWatches(Relation table);

/*
 * Read the table's first watching trigger; false if it has none.  Lists are palloc'd in
 * the current memory context.
 */
extern bool WatchOf(Relation table, Watch *watch);

/*
 * Read a trigger's WHEN clause (Trigger.tgqual); false if the clause is not ours.
 */
extern bool WatchOfClause(char *condition, Watch *watch);

#endif /* NEWTERM_WATCH_H */
