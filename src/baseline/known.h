/*
 * known.h
 *	  What a session knows: which sightings bring no news.
 *
 * Committed facts enter at the commit of the transaction that read or wrote
 * them, or when a term is first met and looked up in the stored baseline, and
 * are forgotten together when another session unlearns something.
 * What this transaction has noted already is kept apart, and purged when the
 * transaction or any of its subtransactions ends badly.
 */
#ifndef NEWTERM_KNOWN_H
#define NEWTERM_KNOWN_H

#include "baseline/run.h"
#include "base/digest.h"
#include "rule/rule.h"
#include "rule/evaluation.h"

/* Called once, when the library is loaded. */
extern void KnownInitialise(void);

/* How a sighting stands to what a session knows. */
typedef enum Novelty
{
	NOVELTY_NONE,				/* inside a run that is committed or noted */
	NOVELTY_LATER,				/* goes on with such a run */
	NOVELTY_NEW					/* starts one, or moves a start */
} Novelty;

/* Do all these terms lie inside committed runs, as far as the session knows? */
extern bool KnownAll(const TermOfRule *terms, int nterms, int64 time);

/*
 * Have the processor fetch what KnownAll will look at, so that it need not wait for
 * memory when it is called some hundred nanoseconds later.
 */
extern void KnownExpect(const TermOfRule *terms, int nterms);

/* Does the session know of a stored run of the term, KnownLookUp's last ones included? */
extern bool KnownStored(const Digest *term);

/* By what is committed alone. */
extern Novelty KnownNovelty(const Digest *term, int64 time, const Span *span);

/*
 * Look those of an event's terms up in the stored baseline that this session
 * meets for the first time: a new session would otherwise note every term at
 * first.  Where a transaction brings new terms only, looking is given up, and it is
 * not begun where the session has read the whole baseline, until KnownMissed: what
 * is noted is looked up in the merge.  With newterm.max_terms_per_rule it goes on, as
 * only what is stored is noted of a full rule.
 */
extern void KnownLookUp(const TermOfRule *terms, int nterms, int64 time);

/* Is the term most likely not stored, as the session has read the whole baseline? */
extern bool KnownNotStored(const Digest *term);

/* A term that was noted turned out to be stored: did the session know of no run of it? */
extern void KnownMissed(const Digest *term);

/*
 * By what is committed and by what this transaction has noted; the sighting
 * counts as noted from now on.
 */
extern Novelty PendingNovelty(const Digest *term, int64 time, const Span *span);

/* Counts transactions and failed subtransactions: pending marks of an older
 * epoch are void. */
extern uint32 PendingEpoch(void);

/* A fact that becomes known when this transaction commits. */
extern void KnowAtCommit(const Digest *term, const Run *run, int64 granule);

#endif							/* NEWTERM_KNOWN_H */
