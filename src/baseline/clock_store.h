/*
 * clock_store.h
 *	  Learning clocks: when a rule, or an entity of it, began to learn.
 *
 * A clock is set once, by the first transaction that commits one, and is a
 * stored fact from then on.  A rule's own clock is a column of
 * newterm.rule_versions; entities' clocks are rows of newterm.entity_clocks.
 */
#ifndef NEWTERM_CLOCK_STORE_H
#define NEWTERM_CLOCK_STORE_H

#include "baseline/pending.h"
#include "store/table_store.h"
#include "store/extension.h"

typedef struct ClockStore
{
	RuleSet    *set;
	const ExtensionOids *oids;
	HTAB	   *rules;			/* clocks of rules that this merge needs */
	HTAB	   *entities;		/* of entities, likewise */
	List	   *published;		/* version ids whose clock is now stored */
} ClockStore;

extern void ClocksOpen(ClockStore *clocks, RuleSet *set, const ExtensionOids *oids);
extern void ClocksClose(ClockStore *clocks);

/*
 * Find the clocks that the news need and read those that are stored; the
 * others get what this transaction has as their earliest.  Keeps nothing of the
 * news; the current context has to live as long as the store.
 */
extern void ClocksCollect(ClockStore *clocks, PendingLevel *level, PendingTerm **terms, int nterms);

/* Digests (Digest *) of the clocks that are not stored yet. */
extern List *ClocksToLock(ClockStore *clocks);

/* Is there an entity among them? */
extern bool ClocksNewEntities(ClockStore *clocks);

/* Under their locks: store the clocks that nobody stored meanwhile. */
extern void ClocksSet(ClockStore *clocks);

/* The clock that decides about a term; set or found by now. */
extern int64 ClockOf(ClockStore *clocks, const Rule *rule, const PendingTerm *pending);

/* Append the versions whose clock is stored to a list, in the current context. */
extern List *ClocksPublished(ClockStore *clocks, List *versions);

#endif							/* NEWTERM_CLOCK_STORE_H */
