/*
 * pending.h
 *	  Pending terms: sightings of this transaction that are not merged yet.
 *
 * observe.c adds the terms of a row when it is inserted, reevaluate.c those of rows that
 * are evaluated later.  merge.c takes them just before commit.  They are kept by
 * subtransaction, so a savepoint that is rolled back drops its own.
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
	Digest term; /* hash key */
	int32  version_id;
	/*
	 * once it is merged: of a version that is not evaluated, so that it begins no run and changes
	 * no learning
	 */
	bool   continues;
	uint64 generation;    /* of the oldest rule set by which it was noted, or GENERATION_NONE */
	bool   by_entity;     /* likewise: of a rule with learning_scope entity ... */
	Digest entity_clock;  /* ... whose entity has this digest */
	bool   extends;       /* likewise: stored runs go on, and no other one begins */
	int64  signal;        /* that the merge made for it last, or 0 */
	Jsonb *entity_values; /* array; NULL without group_by */
	Jsonb *term_values;   /* array */
	int    nruns;
	int    runs_allocated;
	Run   *runs; /* source: index of PendingLevel.references */
} PendingTerm;

/* The earliest event of the transaction, for rules without a clock. */
typedef struct PendingClock
{
	int32 version_id; /* hash key */
	int64 earliest;
} PendingClock;

/* Events of one table and cause become one row of newterm.event_errors. */
typedef struct EventErrorKey
{
	Oid  table;
	char cause[28]; /* longer ones are cut */
} EventErrorKey;

/* A row of newterm.event_errors that will be written. */
typedef struct EventError
{
	EventErrorKey key; /* hash key */
	int64         events;
	/* of the first event, set by EventErrorDescribe */
	char       *source;   /* the table's qualified name, or NULL */
	char       *event_id; /* or NULL */
	bool        has_time;
	TimestampTz event_time;
	char       *detail; /* or NULL */
} EventError;

typedef struct PendingLevel
{
	struct PendingLevel *outer;
	int                  nesting; /* of the subtransaction */
	MemoryContext        context;
	HTAB                *terms;  /* PendingTerm; NULL while there is none */
	HTAB                *clocks; /* PendingClock */
	int64                nreferences;
	int64                references_allocated;
	EventReference      *references;
	List                *faults;        /* EventError, in order */
	HTAB                *faults_by_key; /* the same; NULL while there is none */
	List                *spills;        /* PendingFile: terms that did not fit into memory */
	Size                 kept;          /* bytes that stayed when terms were written to a file */
	bool                 unspillable;   /* writing failed: it holds all in memory */
} PendingLevel;

/* Called once, when the library is loaded. */
extern void PendingInitialise(void);

/* The level of the current subtransaction, created if there is none yet. */
extern PendingLevel *PendingCurrent(void);

/* The level of a subtransaction in progress, by its GetCurrentTransactionNestLevel(). */
extern PendingLevel *PendingOfNesting(int nesting);

/* The level of the current subtransaction, or NULL if there is none. */
extern PendingLevel *PendingExisting(void);

/* Add a reference to the event of the next sightings; returns its index. */
extern int PendingReference(PendingLevel *level, const EventReference *reference);

/*
 * Add an event that was not evaluated, because the rules could not be loaded.  The merge
 * evaluates it, at reference->time.
 */
extern void PendingAddUnevaluated(PendingLevel *level, const EventReference *reference);

/* The event of some sightings; a level gets its reference when one of them needs it. */
typedef struct EventSource
{
	EventReference reference;
	Jsonb         *record; /* the event at hand, whose identity is noted */
	int            index;  /* of PendingLevel.references; -1: not there yet */
} EventSource;

/* Add a sighting at `time`; `source` is NULL if it cannot become a detection. */
extern void PendingAddSighting(PendingLevel *level, const Sighting *sighting, int64 time,
							   EventSource *source);

/*
 * Add a sighting that cannot become a detection, by the term's digest alone.  False if the
 * level does not hold the term.
 */
extern bool PendingAddLater(PendingLevel *level, const Digest *term, int64 time, const Span *span);

/* Add a run of a term, which is copied from `pending`. */
extern void PendingAddRun(PendingLevel *level, const PendingTerm *pending, const Run *run,
						  const Span *span);

extern void PendingAddClock(PendingLevel *level, int32 version_id, int64 earliest);

/*
 * Count events of a table (or InvalidOid) that could not be evaluated.  Returns the new
 * EventError, for the caller to describe, if they are the first of this cause; else NULL.
 */
extern EventError *PendingAddError(PendingLevel *level, Oid table, const char *cause, int64 events);

/* Does the level hold terms, clocks, files, or events that were not evaluated? */
extern bool PendingHasTerms(const PendingLevel *level);

/* Bytes of memory that the level takes. */
extern Size PendingSize(const PendingLevel *level);

/* Free the level's terms and references; its clocks, errors and files stay. */
extern void PendingDropTerms(PendingLevel *level);

/* Create a level that belongs to no subtransaction, in the current memory context. */
extern PendingLevel *PendingApart(void);

/* Move all of a level into a new one, which PendingFree frees. */
extern PendingLevel *PendingTake(PendingLevel *level);

/* Free a level of PendingApart or PendingTake. */
extern void PendingFree(PendingLevel *level);

/* Empty a level. */
extern void PendingClear(PendingLevel *level);

#endif /* NEWTERM_PENDING_H */
