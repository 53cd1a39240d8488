/*
 * clock_store.c
 *	  Learning clocks: when a rule, or an entity of it, began to learn.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/hash_table.h"
#include "baseline/clock_store.h"
#include "rule/rule_digest.h"
#include "baseline/sighting.h"
#include "store/extension.h"
#include "store/row_change.h"
#include "store/tables.h"

typedef struct RuleClock
{
	int32  version_id; /* hash key */
	Digest digest;
	bool   stored;
	int64  learning_from;
} RuleClock;

typedef struct EntityClock
{
	Digest digest; /* hash key */
	int32  version_id;
	Jsonb *entity_values;
	int64  earliest;      /* sighting of this merge */
	bool   moved;         /* by it */
	int64  learning_from; /* once it is set */
} EntityClock;

void
ClocksOpen(ClockStore *clocks, RuleSet *set, const ExtensionOids *oids)
{
	memset(clocks, 0, sizeof(ClockStore));
	clocks->set = set;
	clocks->oids = oids;
	clocks->rules = HashTableIn(CurrentMemoryContext, "newterm rule clocks", 16, sizeof(int32),
								sizeof(RuleClock));
	clocks->entities = HashTableOfDigests("newterm entity clocks", 16, sizeof(EntityClock));
}

void
ClocksClose(ClockStore *clocks)
{
	hash_destroy(clocks->rules);
	hash_destroy(clocks->entities);
	if (clocks->entity_store.table != NULL)
		TableStoreClose(&clocks->entity_store);
}

/* Is the rule's clock stored?  Then *learning_from is set. */
static bool
ReadRuleClock(TableStore *store, int32 version_id, int64 *learning_from, HeapTuple *row)
{
	TupleTableSlot *slot;
	bool            stored = false;

	TableStoreFind(store, F_INT4EQ, Int32GetDatum(version_id));
	while (TableStoreNext(store, &slot))
	{
		bool  isnull;
		Datum value = SlotColumn(slot, VERSION_LEARNING_FROM, &isnull);

		if (!isnull)
			*learning_from = UNIX_MICROS(DatumGetTimestampTz(value));
		stored = !isnull;
		if (row != NULL)
			*row = ExecCopySlotHeapTuple(slot);
	}
	return stored;
}

/*
 * FindEntityClock
 *		The row of a stored clock, which is valid until the next look-up, and its time;
 *		NULL where none is stored.
 */
static TupleTableSlot *
FindEntityClock(ClockStore *clocks, const EntityClock *clock, int64 *learning_from)
{
	TableStore     *store = &clocks->entity_store;
	TupleTableSlot *slot;
	bool            isnull;

	if (store->table == NULL)
		TableStoreOpenBy(store, clocks->oids->entity_clocks, ENTITY_CLOCK_DIGEST);
	TableStoreFindDigest(store, &clock->digest);
	if (!TableStoreNext(store, &slot))
		return NULL;
	*learning_from =
		UNIX_MICROS(DatumGetTimestampTz(SlotColumn(slot, ENTITY_CLOCK_LEARNING_FROM, &isnull)));
	return slot;
}

/* The earliest event of this transaction, for a rule without a clock. */
static void
EvaluateRuleClock(ClockStore *clocks, Rule *rule, int64 earliest)
{
	bool       found;
	RuleClock *clock = hash_search(clocks->rules, &rule->version_id, HASH_ENTER, &found);

	if (found)
	{
		if (!clock->stored)
			clock->learning_from = Min(clock->learning_from, earliest);
		return;
	}
	clock->digest = RuleClockDigest(clocks->set, rule);
	clock->stored = false;
	clock->learning_from = earliest;
}

static void
EvaluateEntityClock(ClockStore *clocks, const PendingTerm *pending)
{
	bool         found;
	EntityClock *clock = hash_search(clocks->entities, &pending->entity_clock, HASH_ENTER, &found);
	int64        earliest = pending->runs[0].first_seen;

	if (found)
	{
		clock->earliest = Min(clock->earliest, earliest);
		return;
	}
	clock->version_id = pending->version_id;
	/* copied, as the term's batch may be freed before the clock is set */
	clock->entity_values = pending->entity_values == NULL
		? NULL
		: DatumGetJsonbPCopy(JsonbPGetDatum(pending->entity_values));
	clock->earliest = earliest;
	clock->moved = false;
}

/* The clocks of rules that no term of the transaction showed. */
static void
CollectLevel(ClockStore *clocks, const PendingLevel *level)
{
	HASH_SEQ_STATUS each;
	PendingClock   *pending;

	if (level->clocks == NULL)
		return;
	hash_seq_init(&each, level->clocks);
	while ((pending = hash_seq_search(&each)) != NULL)
	{
		Rule *rule = RuleByVersion(clocks->set, pending->version_id);

		if (rule != NULL && !rule->clock_set)
			EvaluateRuleClock(clocks, rule, pending->earliest);
	}
}

static void
CollectTerms(ClockStore *clocks, PendingTerm **terms, int nterms)
{
	for (int i = 0; i < nterms; i++)
	{
		Rule *rule = RuleByVersion(clocks->set, terms[i]->version_id);

		CHECK_FOR_INTERRUPTS();
		if (terms[i]->continues)
			continue;
		if (terms[i]->by_entity)
			EvaluateEntityClock(clocks, terms[i]);
		else if (!rule->clock_set)
			EvaluateRuleClock(clocks, rule, terms[i]->runs[0].first_seen);
	}
}

/* Which of the rules' clocks has another transaction stored meanwhile? */
static void
ReadRuleClocks(ClockStore *clocks)
{
	HASH_SEQ_STATUS each;
	RuleClock      *clock;
	TableStore      store;

	if (hash_get_num_entries(clocks->rules) == 0)
		return;
	TableStoreOpenBy(&store, clocks->oids->rule_versions, VERSION_ID);
	hash_seq_init(&each, clocks->rules);
	while ((clock = hash_seq_search(&each)) != NULL)
		clock->stored = ReadRuleClock(&store, clock->version_id, &clock->learning_from, NULL);
	TableStoreClose(&store);
}

void
ClocksCollect(ClockStore *clocks, PendingLevel *level, PendingTerm **terms, int nterms)
{
	CollectLevel(clocks, level);
	CollectTerms(clocks, terms, nterms);
	ReadRuleClocks(clocks);
}

int
ClocksCount(const ClockStore *clocks)
{
	return hash_get_num_entries(clocks->rules) + hash_get_num_entries(clocks->entities);
}

int
ClocksToLock(ClockStore *clocks, SlotRequest *requests)
{
	HASH_SEQ_STATUS each;
	RuleClock      *rule;
	EntityClock    *entity;
	int             count = 0;

	hash_seq_init(&each, clocks->rules);
	while ((rule = hash_seq_search(&each)) != NULL)
		if (!rule->stored)
			requests[count++] = (SlotRequest){.digest = rule->digest};
	hash_seq_init(&each, clocks->entities);
	while ((entity = hash_seq_search(&each)) != NULL)
	{
		int64 learning_from;
		bool  stays = FindEntityClock(clocks, entity, &learning_from) != NULL &&
			learning_from <= entity->earliest;

		/* until the lock is ours, others can only move it to an earlier time */
		requests[count++] = (SlotRequest){entity->digest, stays};
	}
	return count;
}

static void
SetRuleClock(TableStore *store, RuleClock *clock)
{
	HeapTuple row = NULL;

	if (ReadRuleClock(store, clock->version_id, &clock->learning_from, &row))
		return;
	if (row != NULL)
	{
		RowChange change;

		RowChangeBegin(&change, store, row);
		RowChangeSet(&change, VERSION_LEARNING_FROM,
					 TimestampTzGetDatum(TIMESTAMP_OF(clock->learning_from)), false);
		RowChangeWrite(&change);
	}
}

/* Read an entity's clock, and store the sighting of this merge where it is earlier. */
static void
SetEntityClock(ClockStore *clocks, EntityClock *clock)
{
	TableStore     *store = &clocks->entity_store;
	int64           stored;
	TupleTableSlot *slot = FindEntityClock(clocks, clock, &stored);
	Datum           row[ENTITY_CLOCK_COLUMNS];
	bool            nulls[ENTITY_CLOCK_COLUMNS] = {0};
	bool            replace[ENTITY_CLOCK_COLUMNS] = {[ENTITY_CLOCK_LEARNING_FROM - 1] = true};

	clock->learning_from = slot == NULL ? clock->earliest : Min(stored, clock->earliest);
	row[ENTITY_CLOCK_DIGEST - 1] = PointerGetDatum(&clock->digest);
	row[ENTITY_CLOCK_VERSION_ID - 1] = Int32GetDatum(clock->version_id);
	row[ENTITY_CLOCK_ENTITY - 1] = PointerGetDatum(clock->entity_values);
	nulls[ENTITY_CLOCK_ENTITY - 1] = clock->entity_values == NULL;
	row[ENTITY_CLOCK_LEARNING_FROM - 1] = TimestampTzGetDatum(TIMESTAMP_OF(clock->learning_from));
	if (slot == NULL)
		TableStoreInsert(store, ENTITY_CLOCK_COLUMNS, row, nulls);
	else if (clock->learning_from < stored)
	{
		TableStoreUpdate(store, ExecCopySlotHeapTuple(slot), ENTITY_CLOCK_COLUMNS, row, nulls,
						 replace);
		clock->moved = true;
	}
}

void
ClocksSet(ClockStore *clocks)
{
	HASH_SEQ_STATUS each;
	RuleClock      *rule;
	EntityClock    *entity;
	TableStore      store;

	if (hash_get_num_entries(clocks->rules) > 0)
	{
		TableStoreOpenBy(&store, clocks->oids->rule_versions, VERSION_ID);
		hash_seq_init(&each, clocks->rules);
		while ((rule = hash_seq_search(&each)) != NULL)
		{
			if (!rule->stored)
				SetRuleClock(&store, rule);
			RuleByVersion(clocks->set, rule->version_id)->learning_from = rule->learning_from;
			clocks->published = lappend_int(clocks->published, rule->version_id);
		}
		TableStoreClose(&store);
	}
	hash_seq_init(&each, clocks->entities);
	while ((entity = hash_seq_search(&each)) != NULL)
		SetEntityClock(clocks, entity);
}

List *
ClocksMoved(ClockStore *clocks)
{
	HASH_SEQ_STATUS each;
	EntityClock    *entity;
	List           *moved = NIL;

	hash_seq_init(&each, clocks->entities);
	while ((entity = hash_seq_search(&each)) != NULL)
		if (entity->moved)
		{
			MovedClock *clock = palloc(sizeof(MovedClock));

			*clock = (MovedClock){entity->version_id, entity->digest, entity->learning_from};
			moved = lappend(moved, clock);
		}
	return moved;
}

int64
ClockOf(ClockStore *clocks, const Rule *rule, const PendingTerm *pending)
{
	EntityClock *clock;

	if (!pending->by_entity)
		return rule->learning_from;
	clock = hash_search(clocks->entities, &pending->entity_clock, HASH_FIND, NULL);
	Assert(clock != NULL);
	return clock->learning_from;
}

List *
ClocksPublished(ClockStore *clocks, List *versions)
{
	return list_concat(versions, clocks->published);
}
