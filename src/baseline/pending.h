/*
 * pending.h
 *	  What the events of this transaction showed, until it is merged.
 *
 * observe.c adds what a row shows when it is inserted, reevaluate.c what can only
 * be added later; merge.c takes it out at the end of the transaction.  PendingTerm are
 * kept by subtransaction, so that a savepoint that is rolled back takes its news
 * with it.
 */
#ifndef NEWTERM_PENDING_H
#define NEWTERM_PENDING_H

#include "nodes/pg_list.h"
#include "utils/hsearch.h"

#include "baseline/event_ref.h"
#include "baseline/run.h"
#include "rule/rule.h"
#include "baseline/sighting.h"

/* The sightings of one term. */
typedef struct PendingTerm
{
	Digest		term;			/* hash key */
	int32		version_id;
	bool		continues;		/* once it is merged: of a version that is not evaluated, so
								 * that it begins no run and changes no learning */
	bool		by_entity;		/* likewise: of a rule with learning_scope entity ... */
	Digest		entity_clock;	/* ... whose entity has this digest */
	Jsonb	   *entity_values;	/* array; NULL without group_by */
	Jsonb	   *term_values;	/* array */
	int			nruns;
	int			runs_allocated;
	Run		   *runs;			/* source: index of PendingLevel.references */
} PendingTerm;

/* The earliest event of the transaction, for rules without a clock. */
typedef struct PendingClock
{
	int32		version_id;		/* hash key */
	int64		earliest;
} PendingClock;

/* What event_errors counts by; longer causes are cut. */
typedef struct EventErrorKey
{
	Oid			table;
	char		cause[28];
} EventErrorKey;

/* A row of newterm.event_errors to be: events of a table that met the same cause. */
typedef struct EventError
{
	EventErrorKey key;			/* hash key */
	int64		events;
	/* of the first one, by EventErrorDescribe */
	char	   *source;			/* the table's qualified name, or NULL */
	char	   *event_id;		/* or NULL */
	bool		has_time;
	TimestampTz event_time;
	char	   *detail;			/* or NULL */
} EventError;

typedef struct PendingLevel
{
	struct PendingLevel *outer;
	int			nesting;		/* of the subtransaction */
	MemoryContext context;
	HTAB	   *terms;			/* PendingTerm; NULL while there is none */
	HTAB	   *clocks;			/* PendingClock */
	int64		nreferences;
	int64		references_allocated;
	EventReference *references;
	List	   *faults;			/* EventError, in order */
	HTAB	   *faults_by_key;	/* the same; NULL while there is none */
	List	   *spills;			/* PendingFile: terms that did not fit into memory */
	Size		kept;			/* bytes that stayed when terms were written to a file */
	bool		unspillable;	/* writing failed: it holds all in memory */
} PendingLevel;

/* Called once, when the library is loaded. */
extern void PendingInitialise(void);

/* The level of the current subtransaction, made where it is not there yet. */
extern PendingLevel *PendingCurrent(void);

/* The same of the current one or one around it, by GetCurrentTransactionNestLevel(). */
extern PendingLevel *PendingOfNesting(int nesting);

/* The current one, or NULL where the current subtransaction has no news. */
extern PendingLevel *PendingExisting(void);

/* Where the event of the coming sightings is stored; returns its index. */
extern int	PendingReference(PendingLevel *level, const EventReference *reference);

/*
 * An event that could not be evaluated, as rules could not be loaded: it is evaluated at
 * its `time` when the level is merged.
 */
extern void PendingAddUnevaluated(PendingLevel *level, const EventReference *reference);

/* The event of some sightings; put into a level once one of them needs it. */
typedef struct EventSource
{
	EventReference reference;
	int			index;			/* of PendingLevel.references; -1: not there yet */
} EventSource;

/* Add a sighting at `time`; `source` is NULL where no detection can come of it. */
extern void PendingAddSighting(PendingLevel *level, const Sighting *sighting, int64 time,
							EventSource *source);

/* Add a run of a term that is given by its stored form (copied). */
extern void PendingAddRun(PendingLevel *level, const PendingTerm *pending, const Run *run,
					   const Span *span);

extern void PendingAddClock(PendingLevel *level, int32 version_id, int64 earliest);

/*
 * Count events of a table (or of none) that could not be evaluated.  Returns the row to be
 * where they are the first ones that met this cause, for the caller to describe, else NULL.
 */
extern EventError *PendingAddError(PendingLevel *level, Oid table, const char *cause,
								   int64 events);

/* Does it hold terms, or what may become some? */
extern bool PendingHasTerms(const PendingLevel *level);

/* Bytes that the level holds. */
extern Size PendingSize(const PendingLevel *level);

/* Forget the level's terms and references; clocks, errors and files stay. */
extern void PendingDropTerms(PendingLevel *level);

/* A level by itself, in the current memory context, of no subtransaction. */
extern PendingLevel *PendingApart(void);

/* Everything of a level, to be freed by PendingFree; the level is empty then. */
extern PendingLevel *PendingTake(PendingLevel *level);

/* Free what PendingApart or PendingTake gave. */
extern void PendingFree(PendingLevel *level);

/* Take everything out. */
extern void PendingClear(PendingLevel *level);

#endif							/* NEWTERM_PENDING_H */
