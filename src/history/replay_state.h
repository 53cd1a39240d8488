/*
 * replay_state.h
 *	  What reading stored events shows to rules, kept apart from the baseline.
 *
 * The state is a union of runs, which combines in any order: so PostgreSQL's parallel
 * query may add to several of them and combine them.  It is bounded: beyond the limit
 * it keeps only the terms whose key lies below a bound that it lowers, and the caller
 * reads the events again for the rest.
 */
#ifndef NEWTERM_REPLAY_STATE_H
#define NEWTERM_REPLAY_STATE_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "base/digest.h"
#include "baseline/run.h"
#include "event/term.h"

/* Keys of terms are below this: by them the work is divided. */
#define REPLAY_KEYS (INT64CONST(1) << 62)

/* What is known of the event that shows a run's start. */
typedef struct ReplaySource
{
	char *event_id; /* its identity, or NULL */
	char *muted;    /* name of the suppression that mutes it, or NULL */
} ReplaySource;

/* What is known of a term, beside what each sighting looks at. */
typedef struct ReplayRuns
{
	int64         key;           /* which part of the work the term belongs to */
	Jsonb        *entity_values; /* array; NULL without group_by */
	Jsonb        *term_values;   /* array */
	int           nruns;
	int           allocated;
	Run          *runs; /* source: index of sources, the run's own */
	ReplaySource *sources;
} ReplayRuns;

/* A term: what most sightings need lies in one place. */
typedef struct ReplayTerm
{
	Digest      digest;       /* hash key */
	uint32      status;       /* the hash table's */
	int32       rule;         /* position in the list of rules */
	int64       covered_from; /* the run that was shown last: its first sighting ... */
	int64       covered_to;   /* ... and its last granule */
	ReplayRuns *known;
} ReplayTerm;

/* A rule, as far as runs are joined and decided by it, and what was counted of it. */
typedef struct ReplayRule
{
	Span   span;
	bool   by_entity;       /* learning_scope entity */
	int64  learning;        /* microseconds */
	int64  learning_values; /* -1: a window */
	int64  clock;           /* the rule's, as given; PG_INT64_MAX: not given */
	int64  clock_at_most;   /* where it is not given: its stored clock, likewise */
	int32  nentity;         /* columns of group_by, the first ones */
	int32  ncolumns;
	int64  matched;                   /* events that passed its filter */
	int64  lacking;                   /* those of them that showed no term */
	int64  missing[TERM_MAX_COLUMNS]; /* those of them without a value of the column */
	char **texts;                     /* of its columns, as the rule writes them */
} ReplayRule;

typedef struct ReplayState
{
	MemoryContext       context;      /* of the state */
	MemoryContext       term_context; /* of its terms */
	int64               from;         /* keys that it keeps: from here ... */
	int64               below;        /* ... to below this */
	Size                limit;        /* memory that its terms may take */
	int64               events;       /* with a usable time inside the interval */
	int64               unusable;     /* events that could not be evaluated */
	int64               earliest;     /* time of the earliest event; PG_INT64_MAX: none */
	int64               latest;
	int                 nrules;
	ReplayRule         *rules;
	struct replay_hash *terms;
} ReplayState;

/*
 * An empty state in the current memory context, for keys from `from` on.  Its rules are
 * zeroed: the caller fills them.
 */
extern ReplayState *ReplayStateCreate(int nrules, int64 from, Size limit);

/* The term of a digest, or NULL. */
extern ReplayTerm *ReplayFind(ReplayState *state, const Digest *digest);

/*
 * Enter a term that ReplayFind did not find.  Both values are copied.  NULL where its
 * key is not of this part.
 */
extern ReplayTerm *ReplayEnter(ReplayState *state, const Digest *digest, int rule, int64 key,
							   const Jsonb *entity_values, const Jsonb *term_values);

/* Add a run; what is known of its source is copied. */
extern void ReplayAddRun(ReplayState *state, ReplayTerm *term, const Run *run, ReplaySource source);

/* Does the sighting lie in the run of the term that was shown last? */
static inline bool
ReplayCovers(const ReplayTerm *term, int64 time, int64 granule)
{
	return time >= term->covered_from && GranuleStart(time, granule) <= term->covered_to;
}

/* Keep within the limit, by giving up terms of the highest keys. */
extern void ReplayBound(ReplayState *state);

/* Add everything of `other`, whose terms are of the same rules. */
extern void ReplayCombine(ReplayState *state, const ReplayState *other);

/* A state as bytes for another process of this server, and back. */
extern bytea       *ReplayWrite(ReplayState *state);
extern ReplayState *ReplayRead(const bytea *bytes);

/* What is called for each term, in no order. */
typedef void (*ReplayFunction)(ReplayTerm *term, void *argument);
extern void ReplayForEach(const ReplayState *state, ReplayFunction function, void *argument);

#endif /* NEWTERM_REPLAY_STATE_H */
