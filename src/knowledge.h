/*
 * knowledge.h
 *	  What a session knows: which sightings bring no news.
 *
 * Committed facts enter at the commit of the transaction that read or wrote
 * them, and are forgotten together when another session unlearns something.
 * What this transaction has queued already is kept apart, and purged when the
 * transaction or any of its subtransactions ends badly.
 */
#ifndef NEWTERM_KNOWLEDGE_H
#define NEWTERM_KNOWLEDGE_H

#include "decide.h"
#include "digest.h"

/* Called once, when the library is loaded. */
extern void KnowledgeInitialise(void);

/* Is the sighting of a term at `time` inside a run that is committed? */
extern bool KnownCovers(const Digest *term, int64 time);

/*
 * Is it covered by what this transaction has queued?  When not, it is counted
 * as queued from now on.
 */
extern bool PendingCovers(const Digest *term, int64 time, const Span *span);

/* Counts transactions and failed subtransactions: pending marks of an older
 * epoch are void. */
extern uint32 PendingEpoch(void);

/* A fact that becomes known when this transaction commits. */
extern void KnowAtCommit(const Digest *term, const Run *run, int64 granule);

#endif							/* NEWTERM_KNOWLEDGE_H */
