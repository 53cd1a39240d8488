/*
 * replay_state.h
 *	  The runs that stored events show, in memory, apart from the stored baseline.
 *
 * A state is a union of runs.  States combine in any order, so each process of a parallel
 * query fills one.  A state has a memory limit: beyond it, the state drops the terms with
 * the highest keys, and the caller reads the events again for those.
 */
#ifndef NEWTERM_REPLAY_STATE_H
#define NEWTERM_REPLAY_STATE_H

#include "utils/jsonb.h"

#include "base/digest.h"
#include "baseline/run.h"
#include "event/term.h"

/* Keys of terms, by which the work is divided, are below this. */
#define REPLAY_KEYS (INT64CONST(1) << 62)

/* What is kept of the event that starts a run. */
typedef struct ReplaySource
{
	char *event_id; /* its identity, or NULL */
	char *muted;    /* name of the suppression that mutes the detection, or NULL */
} ReplaySource;

/* A term's values and runs, which most sightings do not look at. */
typedef struct ReplayRuns
{
	int64         key;           /* by which the work is divided */
	Jsonb        *entity_values; /* array; NULL without group_by */
	Jsonb        *term_values;   /* array */
	int           nruns;
	int           allocated;
	Run          *runs; /* source: index of sources, the run's own */
	ReplaySource *sources;
} ReplayRuns;

/* A term in the hash table, with all that most sightings need. */
typedef struct ReplayTerm
{
	Digest      digest;       /* hash key */
	uint32      status;       /* the hash table's */
	int32       rule;         /* position in the list of rules */
	int64       covered_from; /* of the run that was seen last: its first sighting ... */
	int64       covered_end;  /* ... and the end of its last granule */
	ReplayRuns *known;
} ReplayTerm;

/* What runs of a rule are joined and decided by, and the rule's counts. */
typedef struct ReplayRule
{
	Span   span;
	bool   by_entity;       /* learning_scope entity */
	int64  learning;        /* microseconds */
	int64  learning_values; /* -1: a window */
	int64  clock;           /* given by learning_from; PG_INT64_MAX: not given */
	int64  clock_at_most;   /* if not given: the stored clock, or PG_INT64_MAX */
	int32  nentity;         /* columns of group_by, which come first */
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

/* The term that has the digest, or NULL. */
extern ReplayTerm *ReplayFind(ReplayState *state, const Digest *digest);

/*
 * Enter a term that ReplayFind did not find.  Both values are copied.  Returns NULL if the
 * state does not keep terms of its key.
 */
extern ReplayTerm *ReplayEnter(ReplayState *state, const Digest *digest, int rule, int64 key,
							   const Jsonb *entity_values, const Jsonb *term_values);

/* Does the state keep terms of this key? */
static inline bool
ReplayKeeps(const ReplayState *state, int64 key)
{
	return key >= state->from && key < state->below;
}

/* Add a run to a term; the texts of its source are copied. */
extern void ReplayAddRun(ReplayState *state, ReplayTerm *term, const Run *run, ReplaySource source);

/*
 * Add a sighting if it continues a run, for which nothing of its event is needed.  Returns
 * false if it starts a run or moves the start of one.
 */
extern bool ReplayContinue(ReplayState *state, ReplayTerm *term, int64 time);

/* Is the sighting inside the run of the term that was seen last? */
static inline bool
ReplayCovers(const ReplayTerm *term, int64 time)
{
	return time >= term->covered_from && time < term->covered_end;
}

/* Drop the terms with the highest keys until the state is within its limit. */
extern void ReplayBound(ReplayState *state);

/* Add all of `other`.  An error where it is not of the same rules and part of the work. */
extern void ReplayCombine(ReplayState *state, const ReplayState *other);

/* The number of terms. */
extern int64 ReplayCountTerms(const ReplayState *state);

/* Call a function for each term, in no order. */
typedef void (*ReplayFunction)(ReplayTerm *term, void *argument);
extern void ReplayForEach(const ReplayState *state, ReplayFunction function, void *argument);

#endif /* NEWTERM_REPLAY_STATE_H */
