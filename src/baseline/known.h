/*
 * known.h
 *	  The session's cache of known terms.
 *
 * The cache holds committed runs only.  They enter when the transaction that read or
 * wrote them commits, or when a new term is looked up in the stored baseline.  All of
 * them are dropped when another session takes stored runs away.
 *
 * Terms that this transaction has buffered already are marked apart from that, so that a
 * repeated term is buffered once.  The marks are dropped when the transaction or one of
 * its subtransactions rolls back.
 */
#ifndef NEWTERM_KNOWN_H
#define NEWTERM_KNOWN_H

#include "baseline/run.h"
#include "base/digest.h"
#include "rule/rule.h"
#include "rule/evaluation.h"

/* Called once, when the library is loaded. */
extern void KnownInitialise(void);

/* How new is a sighting? */
typedef enum Novelty
{
	NOVELTY_NONE,  /* inside a run that is committed or pending */
	NOVELTY_LATER, /* makes such a run longer */
	NOVELTY_NEW    /* starts a run, or moves its start */
} Novelty;

/* Are sightings of these terms at `time` all inside committed runs, by the cache? */
extern bool KnownAll(const TermOfRule *terms, int nterms, int64 time);

/*
 * Prefetch the cache entries of the terms, so that KnownAll does not wait for memory when
 * it is called some hundred nanoseconds later.
 */
extern void KnownExpect(const TermOfRule *terms, int nterms);

/* Is a run of the term in the cache, or among the last ones that KnownLookUp found? */
extern bool KnownStored(const Digest *term);

/* How new is a sighting, by committed runs alone? */
extern Novelty KnownNovelty(const Digest *term, int64 time, const Span *span);

/*
 * Look up the event's terms that are not in the cache in the stored baseline, so that a new
 * session does not buffer every term at first.  This stops in a transaction where most
 * terms turn out to be new, and while the session has read the whole baseline (until
 * KnownMissed): the merge looks buffered terms up anyway.  With newterm.max_terms_per_rule
 * it always goes on, as a full rule buffers stored terms only.
 */
extern void KnownLookUp(const TermOfRule *terms, int nterms, int64 time);

/* Has the session read the whole baseline, and not found the term? */
extern bool KnownNotStored(const Digest *term);

/* A buffered term is stored: if the cache lacks it, read the baseline again some time. */
extern void KnownMissed(const Digest *term);

/*
 * How new is a sighting, by committed runs and those that this transaction has marked?
 * Marks the sighting.
 */
extern Novelty PendingNovelty(const Digest *term, int64 time, const Span *span);

/*
 * A number that changes with each transaction and each rolled back subtransaction: marks of
 * another epoch are void.
 */
extern uint32 PendingEpoch(void);

/* Add a run to the cache when this transaction commits. */
extern void KnowAtCommit(const Digest *term, const Run *run, int64 granule);

#endif /* NEWTERM_KNOWN_H */
