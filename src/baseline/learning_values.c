/*
 * learning_values.c
 *	  learning_values: a scope learns its first n distinct terms.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/array.h"
#include "base/compat.h"
#include "base/hash_table.h"
#include "baseline/learning_values.h"
#include "baseline/sighting.h"
#include "rule/rule_digest.h"
#include "store/extension.h"
#include "baseline/event_ref.h"
#include "store/tables.h"

/* A term that is, was or may become one of the first n of its scope. */
typedef struct Member
{
	PendingTerm    *pending; /* of this merge, or made for a stored one */
	int64           first_seen;
	Jsonb          *term; /* as objects, which ties are ordered by */
	Jsonb          *entity;
	EventReference *reference; /* of its event, where this merge shows it, or NULL ... */
	Jsonb          *event;     /* ... else the event, or NULL */
	bool            stored;    /* has a row, with this time and event */
	int64           stored_first_seen;
	Jsonb          *stored_event;
	ItemPointerData place;    /* of the row */
	bool            in_merge; /* its news are merged anyway */
} Member;

typedef struct Scope
{
	Digest   digest; /* hash key */
	Rule    *rule;
	int      nmembers;
	int      allocated;
	Member **members;
} Scope;

typedef struct MemberEntry
{
	Digest  term; /* hash key */
	Member *member;
} MemberEntry;

/* Whether a term is in or out after this merge. */
typedef struct Standing
{
	Digest  term; /* hash key */
	bool    included;
	Member *member;
} Standing;

struct LearningValues
{
	HTAB *standings;
};

Digest
LearningValuesScope(const RuleSet *set, const Rule *rule, const PendingTerm *pending)
{
	return pending->by_entity ? pending->entity_clock : RuleClockDigest(set, rule);
}

/* An event of KeptEvents. */
typedef struct KeptEventEntry
{
	Digest term; /* hash key */
	int64  first_seen;
	Jsonb *event;
} KeptEventEntry;

struct KeptEvents
{
	HTAB *entries;
};

/* Keep the event of a stored row, which may have none. */
static void
KeepEvent(KeptEvents *kept, TupleTableSlot *slot)
{
	bool            isnull;
	Jsonb          *event = SlotJsonb(slot, LEARNED_VALUE_EVENT);
	KeptEventEntry *entry;

	if (event == NULL)
		return;
	entry = hash_search(kept->entries,
						DatumGetPointer(SlotColumn(slot, LEARNED_VALUE_DIGEST, &isnull)),
						HASH_ENTER, NULL);
	entry->first_seen =
		UNIX_MICROS(DatumGetTimestampTz(SlotColumn(slot, LEARNED_VALUE_FIRST_SEEN, &isnull)));
	entry->event = event;
}

KeptEvents *
LearningValuesTake(const ExtensionOids *oids, int32 version_id)
{
	KeptEvents     *kept = palloc(sizeof(KeptEvents));
	TableStore      store;
	TableScanDesc   scan;
	TupleTableSlot *slot;

	kept->entries = HashTableOfDigests("newterm kept events", 64, sizeof(KeptEventEntry));
	TableStoreOpen(&store, oids->learned_values);
	slot = table_slot_create(store.table, NULL);
	scan = table_beginscan(store.table, SnapshotSelf, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool isnull;

		CHECK_FOR_INTERRUPTS();
		if (DatumGetInt32(SlotColumn(slot, LEARNED_VALUE_VERSION_ID, &isnull)) != version_id)
			continue;
		KeepEvent(kept, slot);
		TableStoreDelete(&store, &slot->tts_tid);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	TableStoreClose(&store);
	return kept;
}

Jsonb *
KeptEvent(const KeptEvents *kept, const Digest *term, int64 first_seen)
{
	KeptEventEntry *entry = kept == NULL ? NULL : hash_search(kept->entries, term, HASH_FIND, NULL);

	return entry != NULL && entry->first_seen == first_seen ? entry->event : NULL;
}

static void
AddMember(Scope *scope, Member *member)
{
	ARRAY_RESERVE(CurrentMemoryContext, scope->members, scope->allocated, scope->nmembers + 1, 16);
	scope->members[scope->nmembers++] = member;
}

static void
SetObjects(Member *member, const Rule *rule, const PendingTerm *pending)
{
	int nentity = rule->shape.nentity;

	member->term = TermObject(pending->term_values, rule->texts + nentity,
							  rule->shape.ncolumns - nentity);
	member->entity = TermObject(pending->entity_values, rule->texts, nentity);
}

/* The stored members of a scope. */
static void
ReadScope(TableStore *store, Scope *scope)
{
	TupleTableSlot *slot;

	TableStoreFindDigest(store, &scope->digest);
	while (TableStoreNext(store, &slot))
	{
		bool    isnull;
		Member *member = palloc0(sizeof(Member));

		member->pending = palloc0(sizeof(PendingTerm));
		memcpy(&member->pending->term,
			   DatumGetPointer(SlotColumn(slot, LEARNED_VALUE_DIGEST, &isnull)), sizeof(Digest));
		member->pending->version_id = scope->rule->version_id;
		member->pending->by_entity = scope->rule->by_entity;
		member->pending->entity_clock = scope->digest;
		member->pending->term_values = SlotJsonb(slot, LEARNED_VALUE_TERM);
		member->pending->entity_values = SlotJsonb(slot, LEARNED_VALUE_ENTITY);
		member->event = member->stored_event = SlotJsonb(slot, LEARNED_VALUE_EVENT);
		member->first_seen = member->stored_first_seen =
			UNIX_MICROS(DatumGetTimestampTz(SlotColumn(slot, LEARNED_VALUE_FIRST_SEEN, &isnull)));
		SetObjects(member, scope->rule, member->pending);
		member->stored = true;
		member->place = slot->tts_tid;
		AddMember(scope, member);
	}
}

/* Enter a pending term as a candidate. */
static void
EnterPending(Scope *scope, HTAB *members, RunStore *runs, PendingLevel *level,
			 const KeptEvents *kept, PendingTerm *pending)
{
	Member      *member;
	StoredRuns   stored;
	int64        first_seen = pending->runs[0].first_seen;
	MemberEntry *entry;
	bool         found;

	entry = hash_search(members, &pending->term, HASH_ENTER, &found);
	if (!found)
	{
		member = palloc0(sizeof(Member));
		SetObjects(member, scope->rule, pending);
		member->first_seen = PG_INT64_MAX;
		AddMember(scope, member);
		entry->member = member;
	}
	member = entry->member;
	member->pending = pending;
	member->in_merge = true;

	RunsRead(runs, &pending->term, &stored);
	if (stored.nruns > 0)
		member->first_seen = Min(member->first_seen, stored.runs[0].first_seen);
	if (first_seen < member->first_seen)
	{
		member->first_seen = first_seen;
		member->event = NULL;
		member->reference = pending->runs[0].source < 0
			? NULL
			: &level->references[pending->runs[0].source];
	}
	if (member->event == NULL && member->reference == NULL)
		member->event = KeptEvent(kept, &pending->term, member->first_seen);
}

/* By term, and where rule-wide terms are alike, by entity. */
static int
CompareTerms(const Member *left, const Member *right)
{
	int order = compareJsonbContainers(&left->term->root, &right->term->root);

	if (order == 0)
		order = compareJsonbContainers(&left->entity->root, &right->entity->root);
	return order;
}

/* By first sighting, ties by term. */
static int
CompareMembers(const void *a, const void *b)
{
	const Member *left = *(Member *const *) a;
	const Member *right = *(Member *const *) b;

	if (left->first_seen != right->first_seen)
		return left->first_seen < right->first_seen ? -1 : 1;
	return CompareTerms(left, right);
}

/* The event of a member, as far as it is stored, or NULL; valid until another one is read. */
static Jsonb *
MemberEvent(Member *member, EventReader *reader)
{
	EventReference *reference = member->reference;
	Jsonb          *event = reference == NULL ? NULL : EventReaderRead(reader, reference);

	return event == NULL ? member->event : EventSample(event, &reference->with_values);
}

static void
InsertMember(TableStore *store, const Scope *scope, Member *member, EventReader *reader)
{
	Datum  row[LEARNED_VALUE_COLUMNS];
	bool   nulls[LEARNED_VALUE_COLUMNS] = {0};
	Jsonb *event = MemberEvent(member, reader);

	row[LEARNED_VALUE_SCOPE - 1] = PointerGetDatum(&scope->digest);
	row[LEARNED_VALUE_VERSION_ID - 1] = Int32GetDatum(scope->rule->version_id);
	row[LEARNED_VALUE_DIGEST - 1] = PointerGetDatum(&member->pending->term);
	row[LEARNED_VALUE_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(member->first_seen));
	row[LEARNED_VALUE_TERM - 1] = PointerGetDatum(member->pending->term_values);
	row[LEARNED_VALUE_ENTITY - 1] = PointerGetDatum(member->pending->entity_values);
	nulls[LEARNED_VALUE_ENTITY - 1] = member->pending->entity_values == NULL;
	row[LEARNED_VALUE_EVENT - 1] = PointerGetDatum(event);
	nulls[LEARNED_VALUE_EVENT - 1] = event == NULL;
	TableStoreInsert(store, LEARNED_VALUE_COLUMNS, row, nulls);
}

/* Store the first n members of a scope, and enter in `values` which are in and out. */
static void
SettleScope(LearningValues *values, TableStore *store, Scope *scope, List **pushed_out)
{
	EventReader reader;

	EventReaderOpen(&reader);
	qsort(scope->members, scope->nmembers, sizeof(Member *), CompareMembers);
	for (int i = 0; i < scope->nmembers; i++)
	{
		Member   *member = scope->members[i];
		bool      included = i < scope->rule->learning_values;
		bool      found;
		Standing *standing = hash_search(values->standings, &member->pending->term, HASH_ENTER,
										 &found);

		CHECK_FOR_INTERRUPTS();
		standing->included = included;
		standing->member = member;
		if (member->stored && (!included || member->first_seen != member->stored_first_seen))
			TableStoreDelete(store, &member->place);
		if (included && (!member->stored || member->first_seen != member->stored_first_seen))
			InsertMember(store, scope, member, &reader);
		if (member->stored && !included && !member->in_merge)
			*pushed_out = lappend(*pushed_out, member->pending);
	}
	EventReaderClose(&reader);
}

/* The scopes that a merge concerns, and all members of them by their terms. */
typedef struct Scopes
{
	HTAB      *scopes; /* NULL: none so far */
	HTAB      *members;
	TableStore store; /* of newterm.learned_values, once there is a scope */
} Scopes;

/* The scope of a digest, with its stored members. */
static Scope *
FindScope(Scopes *scopes, const ExtensionOids *oids, const Digest *digest, Rule *rule)
{
	Scope *scope;
	bool   found;

	if (scopes->scopes == NULL)
	{
		scopes->scopes = HashTableOfDigests("newterm scopes", 16, sizeof(Scope));
		scopes->members = HashTableOfDigests("newterm members", 64, sizeof(MemberEntry));
		TableStoreOpenBy(&scopes->store, oids->learned_values, LEARNED_VALUE_SCOPE);
	}
	scope = hash_search(scopes->scopes, digest, HASH_ENTER, &found);
	if (found)
		return scope;
	*scope = (Scope){.digest = *digest, .rule = rule};
	ReadScope(&scopes->store, scope);
	for (int i = 0; i < scope->nmembers; i++)
	{
		MemberEntry *entry = hash_search(scopes->members, &scope->members[i]->pending->term,
										 HASH_ENTER, NULL);

		entry->member = scope->members[i];
	}
	return scope;
}

/* Settle all scopes.  Returns the terms that are pushed out and not in the merge so far. */
static List *
SettleScopes(Scopes *scopes, LearningValues *values)
{
	List           *pushed_out = NIL;
	HASH_SEQ_STATUS each;
	Scope          *scope;

	hash_seq_init(&each, scopes->scopes);
	while ((scope = hash_seq_search(&each)) != NULL)
		SettleScope(values, &scopes->store, scope, &pushed_out);
	TableStoreClose(&scopes->store);
	return pushed_out;
}

void
LearningValuesApply(LearningValues **result, RuleSet *set, const ExtensionOids *oids,
					RunStore *runs, PendingLevel *level, const KeptEvents *kept,
					PendingTerm ***terms, int *nterms)
{
	Scopes    scopes = {0};
	List     *pushed_out;
	ListCell *cell;

	*result = NULL;
	for (int i = 0; i < *nterms; i++)
	{
		PendingTerm *pending = (*terms)[i];
		Rule        *rule = RuleByVersion(set, pending->version_id);
		Scope       *scope;
		Digest       digest;

		CHECK_FOR_INTERRUPTS();
		if (rule->learning_values < 0 || pending->nruns == 0 || pending->continues)
			continue;
		digest = LearningValuesScope(set, rule, pending);
		scope = FindScope(&scopes, oids, &digest, rule);
		EnterPending(scope, scopes.members, runs, level, kept, pending);
	}
	if (scopes.scopes == NULL)
		return;

	*result = palloc(sizeof(LearningValues));
	(*result)->standings = HashTableOfDigests("newterm first values", 64, sizeof(Standing));
	pushed_out = SettleScopes(&scopes, *result);
	if (pushed_out == NIL)
		return;
	*terms = repalloc_huge(*terms, sizeof(PendingTerm *) * (*nterms + list_length(pushed_out)));
	foreach(cell, pushed_out)
		(*terms)[(*nterms)++] = lfirst(cell);
}

bool
LearningValuesInclude(LearningValues *values, const Digest *term)
{
	Standing *standing = values == NULL ? NULL
										: hash_search(values->standings, term, HASH_FIND, NULL);

	return standing != NULL && standing->included;
}

Jsonb *
LearningValuesEvent(LearningValues *values, const Digest *term, int64 first_seen)
{
	Standing *standing = hash_search(values->standings, term, HASH_FIND, NULL);

	if (standing == NULL)
		return NULL;
	if (standing->member->stored && standing->member->stored_first_seen == first_seen)
		return standing->member->stored_event;
	if (standing->member->first_seen == first_seen)
		return standing->member->reference == NULL ? standing->member->event
												   : ReferenceEvent(standing->member->reference);
	return NULL;
}
