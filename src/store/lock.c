/*
 * lock.c
 *	  The locks of a merge.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "store/lock.h"
#include "store/lock_wait.h"

/*
 * Advisory locks of a class of their own: PostgreSQL's functions use classes
 * 1 and 2, so that users' advisory locks never meet ours.
 */
#define LOCK_CLASS 0x4e54

/* First key: what is locked. */
#define LOCK_GATE      0
#define LOCK_SLOT      1
#define LOCK_POSTPONED 2
#define LOCK_POSITIONS 3

#define SLOTS 65536

/* A slot to be locked, or locked. */
typedef struct Slot
{
	uint16 number;
	bool   shared;
} Slot;

/* The slots that the merge in progress has locked, in TopTransactionContext. */
static Slot *Held = NULL;
static int   NHeld = 0;

static LOCKMODE
ModeOf(const Slot *slot)
{
	return slot->shared ? ShareLock : ExclusiveLock;
}

static LOCKTAG
TagOf(uint32 kind, uint32 slot)
{
	LOCKTAG tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, kind, slot, LOCK_CLASS);
	return tag;
}

/* Acquire until the end of the transaction. */
static bool
Acquire(uint32 kind, uint32 slot, LOCKMODE mode, bool wait)
{
	LOCKTAG tag = TagOf(kind, slot);

	LockWaitsCount();
	return LockAcquire(&tag, mode, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

void
LockGateShared(void)
{
	NHeld = 0;
	Acquire(LOCK_GATE, 0, ShareLock, true);
}

bool
LockGateExclusive(bool wait)
{
	return Acquire(LOCK_GATE, 0, ExclusiveLock, wait);
}

bool
LockGateHeld(void)
{
	LOCKTAG tag = TagOf(LOCK_GATE, 0);

	return CompatLockHeld(&tag, ExclusiveLock);
}

void
LockGateInstead(void)
{
	LOCKTAG tag = TagOf(LOCK_GATE, 0);

	if (LockGateHeld())
		return;
	/* whoever waits for the gate must hold nothing that others wait for */
	for (int i = 0; i < NHeld; i++)
	{
		LOCKTAG slot = TagOf(LOCK_SLOT, Held[i].number);

		LockRelease(&slot, ModeOf(&Held[i]), false);
	}
	NHeld = 0;
	while (CompatLockHeld(&tag, ShareLock))
		LockRelease(&tag, ShareLock, false);
	LockGateExclusive(true);
}

/* By number, exclusive ones first. */
static int
CompareSlots(const void *a, const void *b)
{
	const Slot *left = a;
	const Slot *right = b;

	if (left->number != right->number)
		return (int) left->number - (int) right->number;
	return (int) left->shared - (int) right->shared;
}

void
LockSlots(const SlotRequest *requests, int count)
{
	Slot *slots;
	int   distinct = 0;

	if (LockGateHeld())
		return;
	Assert(NHeld == 0);
	slots = MemoryContextAlloc(TopTransactionContext, sizeof(Slot) * Max(count, 1));
	for (int i = 0; i < count; i++)
		slots[i] = (Slot){requests[i].digest.h1 % SLOTS, requests[i].shared};
	qsort(slots, count, sizeof(Slot), CompareSlots);
	for (int i = 0; i < count; i++)
		if (i == 0 || slots[i].number != slots[distinct - 1].number)
			slots[distinct++] = slots[i];

	/*
	 * The lock table has room for max_locks_per_transaction locks of each
	 * session; with more, the gate stands for all of them.
	 */
	if (distinct > max_locks_per_xact)
	{
		pfree(slots);
		LockGateInstead();
		return;
	}
	Held = slots;
	for (NHeld = 0; NHeld < distinct; NHeld++)
		Acquire(LOCK_SLOT, slots[NHeld].number, ModeOf(&slots[NHeld]), true);
}

bool
LockPostponed(bool wait)
{
	return Acquire(LOCK_POSTPONED, 0, ExclusiveLock, wait);
}

void
UnlockPostponed(void)
{
	LOCKTAG tag = TagOf(LOCK_POSTPONED, 0);

	LockRelease(&tag, ExclusiveLock, false);
}

/*
 * LockPositions
 *		By trying again and again: a wait in the lock's queue would end in an error, and
 *		its holder usually commits at once.
 */
bool
LockPositions(int milliseconds)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);

	while (!Acquire(LOCK_POSITIONS, 0, ExclusiveLock, false))
	{
		CHECK_FOR_INTERRUPTS();
		if (GetCurrentTimestamp() >= until)
			return false;
		pg_usleep(1000);
	}
	return true;
}
