/*
 * run_store.h
 *	  The stored baseline: newterm.runs, a row for each run of a term.
 */
#ifndef NEWTERM_RUN_STORE_H
#define NEWTERM_RUN_STORE_H

#include "baseline/pending.h"
#include "store/table_store.h"
#include "store/extension.h"

typedef struct RunStore
{
	TableStore            store;
	bool                  rewrite;    /* RunsWrite writes all rows: their entity_digest changes */
	const EventReference *references; /* of the events that runs written have as sources */
	bool                  backfilled; /* these events are stored ones */
	int                   allocated;  /* of the buffers that RunsRead fills */
	Run                  *runs;
	ItemPointerData      *places;
} RunStore;

/* The stored runs of one term, sorted; valid until the next RunsRead. */
typedef struct StoredRuns
{
	int              nruns;
	Run             *runs;
	ItemPointerData *places; /* of their rows */
} StoredRuns;

extern void RunsOpen(RunStore *runs, const ExtensionOids *oids);
extern void RunsClose(RunStore *runs);

extern void RunsRead(RunStore *runs, const Digest *term, StoredRuns *stored);

/* Called for a committed run. */
typedef void (*RunFunction)(void *state, const Digest *term, int32 version_id, const Run *run);

/*
 * Call `function` for each of the terms that has a committed run: with the run that holds
 * `time`, else with its latest.  Calls it for none if reading would wait for a lock.
 */
extern void RunsLookUp(const ExtensionOids *oids, const Digest *terms, int nterms, int64 time,
					   RunFunction function, void *state);

/*
 * Call `function` for every committed run, in any order, if `wanted` returns true for the
 * number of blocks and the estimated number of runs.  Returns false if it does not, or if
 * reading would wait for a lock or failed.
 */
extern bool RunsScan(const ExtensionOids *oids,
					 bool (*wanted)(void *state, int64 nblocks, int64 nruns), RunFunction function,
					 void *state);

/* Count the stored runs of a rule version, up to `limit`. */
extern int64 RunsCount(RunStore *runs, int32 version_id, int64 limit);

/*
 * Store a term's runs after a merge in place of those before it.  Each run before must lie
 * inside one after.  RunsRead sees new rows once the store was flushed or closed.
 */
extern void RunsWrite(RunStore *runs, const PendingTerm *pending, const StoredRuns *before,
					  const Run *after, int nafter);

/* The identity of the event that began a stored run, palloc'd, or NULL. */
extern char *RunsEventId(RunStore *runs, const Digest *term, int64 first_seen);

/* The stored term of a digest, without news; false where there is none. */
extern bool RunsReadTerm(RunStore *runs, const Digest *digest, PendingTerm *term);

/*
 * Store the runs after in place of those before, whatever became of them: both sorted,
 * and known by their starts.
 */
extern void RunsReplace(RunStore *runs, const PendingTerm *pending, const StoredRuns *before,
						const Run *after, int nafter);

/*
 * All terms of a rule version, in any order, as pending terms with their first stored run.
 * *rewrite tells whether a row lacks its entity_digest although `by_entity` is true, or
 * has one although it is false.
 */
extern List *RunsTerms(const ExtensionOids *oids, int32 version_id, bool by_entity, bool *rewrite);

/* Called for a term. */
typedef void (*TermFunction)(void *state, PendingTerm *term);

/*
 * Call `function` with the term of each learned run of an entity that begins at `from` or
 * later, for rules with learning_scope entity.  Terms have no runs and are allocated in
 * `context`, which the function may reset.  It may write runs of the entity.
 */
extern void RunsLearnedSince(const ExtensionOids *oids, const Digest *entity, int64 from,
							 MemoryContext context, TermFunction function, void *state);

/* Runs of one entity of a rule version, or of one term in all entities of a version with group_by. */
typedef enum RunsAroundKind
{
	RUNS_OF_ENTITY,
	RUNS_OF_TERM
} RunsAroundKind;

/* Open to read such runs; false where somebody holds a lock against that, or the index is gone. */
extern bool RunsAroundOpen(TableStore *store, const ExtensionOids *oids, RunsAroundKind kind);

/* By what an entity or a term is found: its values as they are stored, NULL for none. */
extern int64 RunsKey(int32 version_id, const Jsonb *values);

/* Which of them. */
typedef struct RunsAsked
{
	int64 key;
	bool  newest; /* backward */
	int   most;   /* so many rows are read */
} RunsAsked;

/* What is called for a run, with the digest of its entity and term. */
typedef void (*RunAroundFunction)(void *state, const Digest *term, const Run *run);

/*
 * Call `function` for such runs, about in the order in which they were stored.  Returns how
 * many rows were read.
 */
extern int RunsAround(TableStore *store, const RunsAsked *asked, RunAroundFunction function,
					  void *state);

#endif /* NEWTERM_RUN_STORE_H */
