/*
 * clock_store.h
 *	  Learning clocks: when a rule, or one of its entities, began to learn.
 *
 * A rule's clock is a column of newterm.rule_versions.  The first transaction that
 * commits one sets it, and it stays.  An entity's clock is a row of
 * newterm.entity_clocks: the entity's earliest sighting, whenever that arrives.  A merge
 * that brings an earlier sighting moves the clock and decides the entity's other terms
 * again.
 *
 * A merge holds the lock slot of an entity's clock: shared while it decides by the
 * clock, exclusively to set or move it.  So no other merge of the entity's terms runs
 * beside one that moves its clock, and merges that only read a clock do not wait for
 * each other.
 */
#ifndef NEWTERM_CLOCK_STORE_H
#define NEWTERM_CLOCK_STORE_H

#include "baseline/pending.h"
#include "store/lock.h"
#include "store/table_store.h"
#include "store/extension.h"

typedef struct ClockStore
{
	RuleSet             *set;
	const ExtensionOids *oids;
	HTAB                *rules;        /* clocks of rules that this merge needs */
	HTAB                *entities;     /* of entities, likewise */
	TableStore           entity_store; /* table NULL: not needed so far */
	List                *published;    /* version ids whose clock is now stored */
} ClockStore;

extern void ClocksOpen(ClockStore *clocks, RuleSet *set, const ExtensionOids *oids);
extern void ClocksClose(ClockStore *clocks);

/*
 * Collect the clocks that the terms need, with this transaction's earliest time for each.
 * Keeps no pointers to the terms.  Allocates in the current memory context, which must live
 * as long as the store.
 */
extern void ClocksCollect(ClockStore *clocks, PendingLevel *level, PendingTerm **terms, int nterms);

/* Number of collected clocks: ClocksToLock needs at most as many locks. */
extern int ClocksCount(const ClockStore *clocks);

/*
 * Fill `requests` with the locks that the clocks need, given what is stored now; returns
 * their number.
 */
extern int ClocksToLock(ClockStore *clocks, SlotRequest *requests);

/*
 * Store the clocks that nobody else has stored, and move entities' clocks to earlier
 * sightings.  The caller holds the locks of ClocksToLock.
 */
extern void ClocksSet(ClockStore *clocks);

/* An entity whose clock ClocksSet moved. */
typedef struct MovedClock
{
	int32  version_id;
	Digest entity;
	int64  learning_from; /* as it is now */
} MovedClock;

/* A list of all MovedClock *, in the current memory context. */
extern List *ClocksMoved(ClockStore *clocks);

/* The clock by which a term is decided, after ClocksSet. */
extern int64 ClockOf(ClockStore *clocks, const Rule *rule, const PendingTerm *pending);

/* Append the ids of versions whose clock is stored now, in the current context. */
extern List *ClocksPublished(ClockStore *clocks, List *versions);

#endif /* NEWTERM_CLOCK_STORE_H */
