/*
 * clock_store.h
 *	  Learning clocks: when a rule, or an entity of it, began to learn.
 *
 * A rule's own clock is set once, by the first transaction that commits one, and is
 * a stored fact from then on: a column of newterm.rule_versions.  An entity's
 * clock, a row of newterm.entity_clocks, is its earliest sighting, whenever that
 * arrives: a merge that brings an earlier one moves the clock and decides the
 * entity's other terms again.
 *
 * Whoever decides by an entity's clock holds a shared lock on the slot of its
 * digest, and whoever sets or moves it an exclusive one.  So no merge of the
 * entity's terms goes on beside one that moves its clock.  Clocks that are only
 * read do not keep merges apart.
 */
#ifndef NEWTERM_CLOCK_STORE_H
#define NEWTERM_CLOCK_STORE_H

#include "baseline/pending.h"
#include "store/lock.h"
#include "store/table_store.h"
#include "store/extension.h"

typedef struct ClockStore
{
	RuleSet    *set;
	const ExtensionOids *oids;
	HTAB	   *rules;			/* clocks of rules that this merge needs */
	HTAB	   *entities;		/* of entities, likewise */
	TableStore	entity_store;	/* table NULL: not needed so far */
	List	   *published;		/* version ids whose clock is now stored */
} ClockStore;

extern void ClocksOpen(ClockStore *clocks, RuleSet *set, const ExtensionOids *oids);
extern void ClocksClose(ClockStore *clocks);

/*
 * Find the clocks that the news need, with what this transaction has as their
 * earliest.  Keeps nothing of the news; the current context has to live as long as
 * the store.
 */
extern void ClocksCollect(ClockStore *clocks, PendingLevel *level, PendingTerm **terms, int nterms);

/* How many clocks were found: the most that ClocksToLock may ask for. */
extern int	ClocksCount(const ClockStore *clocks);

/*
 * Fill `requests` with the locks that the clocks need, by what is stored now, and
 * return their number.
 */
extern int	ClocksToLock(ClockStore *clocks, SlotRequest *requests);

/*
 * Under these locks: store the clocks that nobody stored meanwhile, and move those of
 * entities that turn out to have been seen earlier.
 */
extern void ClocksSet(ClockStore *clocks);

/* An entity whose clock ClocksSet moved. */
typedef struct MovedClock
{
	int32		version_id;
	Digest		entity;
	int64		learning_from;	/* as it is now */
} MovedClock;

/* Those entities (MovedClock *), in the current memory context. */
extern List *ClocksMoved(ClockStore *clocks);

/* The clock that decides about a term; set or found by now. */
extern int64 ClockOf(ClockStore *clocks, const Rule *rule, const PendingTerm *pending);

/* Append the versions whose clock is stored to a list, in the current context. */
extern List *ClocksPublished(ClockStore *clocks, List *versions);

#endif							/* NEWTERM_CLOCK_STORE_H */
