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
	TableStore		store;
	bool		rewrite;		/* RunsWrite writes all rows: their entity_digest changes */
	int			allocated;		/* of the buffers that RunsRead fills */
	Run		   *runs;
	ItemPointerData *places;
} RunStore;

/* The stored runs of one term, sorted; valid until the next RunsRead. */
typedef struct StoredRuns
{
	int			nruns;
	Run		   *runs;
	ItemPointerData *places;	/* of their rows */
} StoredRuns;

extern void RunsOpen(RunStore *runs, const ExtensionOids *oids);
extern void RunsClose(RunStore *runs);

extern void RunsRead(RunStore *runs, const Digest *term, StoredRuns *stored);

/* What is called for a run that others committed. */
typedef void (*RunFunction) (void *state, const Digest *term, int32 version_id,
							 const Run *run);

/*
 * Call `function` for each of the terms that has a committed run: with the one
 * that holds `time`, or else its latest.  For none of them where looking would
 * have to wait.
 */
extern void RunsLookUp(const ExtensionOids *oids, const Digest *terms, int nterms,
					   int64 time, RunFunction function, void *state);

/*
 * Call `function` for every committed run, in no order, where `wanted` agrees, which
 * is told how many blocks and about how many runs there are.  False where it does
 * not, or looking would have to wait or failed.
 */
extern bool RunsScan(const ExtensionOids *oids,
					 bool (*wanted) (void *state, int64 nblocks, int64 nruns),
					 RunFunction function, void *state);

/* Stored runs of a rule version; counting stops at `limit`. */
extern int64 RunsCount(RunStore *runs, int32 version_id, int64 limit);

/*
 * TableStore the runs after a merge in place of those before it: each run before
 * lies inside one after.  New rows become visible to RunsRead at the latest
 * when the store is closed.
 */
extern void RunsWrite(RunStore *runs, const PendingTerm *pending, const StoredRuns *before,
					  const Run *after, int nafter);

/*
 * All terms of a rule version as news that repeat their first stored run, in
 * no order.  *rewrite tells whether some row has no entity_digest although `by_entity`,
 * or has one although not.
 */
extern List *RunsTerms(const ExtensionOids *oids, int32 version_id, bool by_entity,
					   bool *rewrite);

/* What is called for a term. */
typedef void (*TermFunction) (void *state, PendingTerm *term);

/*
 * Call `function` for each learned run of an entity that begins at `from` or later, with
 * its term, without news, allocated in `context`.  For rules with learning_scope
 * entity.  The function may write runs of the entity, and reset the context.
 */
extern void RunsLearnedSince(const ExtensionOids *oids, const Digest *entity, int64 from,
							 MemoryContext context, TermFunction function, void *state);

#endif							/* NEWTERM_RUN_STORE_H */
