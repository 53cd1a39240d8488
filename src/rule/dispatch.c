/*
 * dispatch.c
 *	  Finds the rules whose filter an event passes.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/pg_list.h"

#include "base/cache_line.h"
#include "base/compat.h"
#include "rule/dispatch.h"
#include "rule/evaluation.h"
#include "event/filter_compare.h"

/* A rule, and the filter by which it is tried where dispatch has led to it. */
typedef struct Candidate
{
	Rule             *rule;
	const FilterNode *filter;
} Candidate;

/*
 * Dispatch: a rule whose filter demands one of some strings at a slot is tried
 * only for events that show one of them there.
 */
typedef struct DispatchEntry
{
	Digest     value;
	int        ncandidates;
	int        allocated;
	Candidate *candidates;
} DispatchEntry;

/* Open addressing: it is searched for every event. */
typedef struct DispatchTable
{
	int            slot;
	uint32         nentries;
	uint32         size;    /* a power of two, at most half full */
	DispatchEntry *entries; /* without candidates: free */
} DispatchTable;

typedef struct Dispatch
{
	int           ntables;
	DispatchTable tables[8];
	int           nunfiltered; /* rules without a filter: the first matching ones */
	int           nothers;     /* rules that demand nothing */
	Candidate    *others;
} Dispatch;

/* A child of a filter, and what it costs to try it. */
typedef struct CostOfChild
{
	FilterNode *child;
	int         cost;
	int         position;
} CostOfChild;

/* Cheap ones first, equals in the writer's order. */
static int
CompareCosts(const void *a, const void *b)
{
	const CostOfChild *left = a;
	const CostOfChild *right = b;

	return left->cost != right->cost ? left->cost - right->cost : left->position - right->position;
}

static void
SortByCost(FilterNode **children, int nchildren)
{
	CostOfChild *costs = palloc(sizeof(CostOfChild) * nchildren);

	for (int i = 0; i < nchildren; i++)
		costs[i] = (CostOfChild){children[i], FilterCompareCost(children[i]), i};
	qsort(costs, nchildren, sizeof(CostOfChild), CompareCosts);
	for (int i = 0; i < nchildren; i++)
		children[i] = costs[i].child;
	pfree(costs);
}

/* A copy of `size` bytes in the current memory context. */
static void *
Copy(const void *bytes, Size size)
{
	return memcpy(palloc(size), bytes, size);
}

static FilterLiteral
BindLiteral(const FilterLiteral *parsed)
{
	FilterLiteral bound = *parsed;

	bound.text = Copy(parsed->text, parsed->length + 1);
	FilterCompareReady(&bound);
	return bound;
}

static FilterBound
BindBound(const FilterBound *parsed)
{
	FilterBound bound = *parsed;

	if (parsed->present)
		bound.literal = BindLiteral(&parsed->literal);
	return bound;
}

/* Nodes of a filter. */
static int
CountNodes(const FilterNode *filter)
{
	int count = 1;

	for (int i = 0; i < filter->nchildren; i++)
		count += CountNodes(filter->children[i]);
	return count;
}

/* An element of an array as a record of its own, and the filter that it has to pass. */
struct FilterElement
{
	FieldSet   *fields;
	FilterNode *filter;
};

static FilterNode *BindBelow(const FilterNode *parsed, FieldSet *fields, int skip);

/* The slot of a field of which the first `skip` keys lead to the set's record. */
static int
BindField(const Field *field, FieldSet *fields, int skip)
{
	Field *relative;

	if (skip == 0)
		return FieldSetAdd(fields, field);
	relative = FieldRelative(field, skip);
	return FieldSetAdd(fields, relative);
}

/* What tries the filter of ELEMENT on one element. */
static struct FilterElement *
BindElement(const FilterNode *parsed, const FieldSet *fields)
{
	struct FilterElement *element = palloc(sizeof(struct FilterElement));

	element->fields = FieldSetCreate(&fields->key, fields->reference);
	element->filter = BindBelow(parsed->children[0], element->fields, parsed->field->nsteps);
	return element;
}

/* The list of a LIST() filter, which ReferenceLoad fills. */
static const ReferenceList *
BindList(const FilterNode *parsed, FieldSet *fields)
{
	Reference *reference = fields->reference;

	if (reference == NULL)
		reference = ReferenceCreate(); /* nobody will: an empty one */
	return ReferenceListNamed(reference, parsed->val.list.name);
}

/* Add the byte with which strings begin that match a leaf; false where there is not one. */
static bool
AddBegin(const FilterNode *leaf, uint64 begins[4])
{
	unsigned char begin;

	if (leaf->kind == FILTER_EQUALS && leaf->val.literal.length > 0)
		begin = leaf->val.literal.text[0];
	else if (leaf->kind == FILTER_WILDCARD && leaf->val.wildcard.parts[0].kind == WILDCARD_TEXT)
		begin = leaf->val.wildcard.parts[0].text[0];
	else
		return false;
	begins[begin >> 6] |= UINT64CONST(1) << (begin & 63);
	return true;
}

/*
 * BindBegins
 *		Collect the bytes with which strings begin that match one of an OR's children, if all
 *		ask for one field.  Most strings begin otherwise, and the children need not be tried.
 */
static void
BindBegins(FilterNode *bound)
{
	memset(bound->val.begins, 0, sizeof(bound->val.begins));
	bound->slot = bound->children[0]->slot;
	for (int i = 0; i < bound->nchildren && bound->slot >= 0; i++)
		if (bound->children[i]->slot != bound->slot ||
			!AddBegin(bound->children[i], bound->val.begins))
			bound->slot = -1;
}

/* BindBelow, whose nodes lie from *next on in the order in which they are tried. */
static FilterNode *
Bind(const FilterNode *parsed, FieldSet *fields, int skip, FilterNode **next)
{
	FilterNode *bound = (*next)++;

	*bound = *parsed;
	if (parsed->field != NULL)
		bound->slot = BindField(parsed->field, fields, skip);
	bound->field = NULL;
	switch (parsed->kind)
	{
		case FILTER_EVERYTHING:
		case FILTER_EXISTS:
			break;
		case FILTER_AND:
		case FILTER_OR:
		case FILTER_NOT:
		case FILTER_ELEMENT:
			bound->children = Copy(parsed->children, sizeof(FilterNode *) * parsed->nchildren);
			if (parsed->nchildren > 1)
				SortByCost(bound->children, bound->nchildren);
			for (int i = 0; i < bound->nchildren; i++)
				bound->children[i] = Bind(bound->children[i], fields, skip, next);
			if (parsed->kind == FILTER_ELEMENT)
				bound->val.element = BindElement(parsed, fields);
			if (parsed->kind == FILTER_OR)
				BindBegins(bound);
			break;
		case FILTER_EQUALS:
			bound->val.literal = BindLiteral(&parsed->val.literal);
			break;
		case FILTER_WILDCARD:
			bound->val.wildcard.parts = Copy(parsed->val.wildcard.parts,
											 sizeof(WildcardPart) * parsed->val.wildcard.nparts);
			for (int i = 0; i < bound->val.wildcard.nparts; i++)
			{
				WildcardPart *part = &bound->val.wildcard.parts[i];

				if (part->kind == WILDCARD_TEXT)
					part->text = Copy(part->text, part->length + 1);
			}
			break;
		case FILTER_RANGE:
			bound->val.range = palloc(sizeof(FilterRange));
			bound->val.range->lower = BindBound(&parsed->val.range->lower);
			bound->val.range->upper = BindBound(&parsed->val.range->upper);
			break;
		case FILTER_CIDR:
			bound->val.cidr.networks = Copy(parsed->val.cidr.networks,
											sizeof(IpNetwork) * parsed->val.cidr.nnetworks);
			break;
		case FILTER_LIST:
			bound->val.list.name = pstrdup(parsed->val.list.name);
			bound->val.list.values = BindList(parsed, fields);
			break;
		case FILTER_EQUAL:
			bound->val.other.slot = BindField(parsed->val.other.field, fields, skip);
			bound->val.other.field = NULL;
			break;
	}
	return bound;
}

/* FilterBind of a filter whose fields' first `skip` keys lead to the set's record. */
static FilterNode *
BindBelow(const FilterNode *parsed, FieldSet *fields, int skip)
{
	FilterNode *nodes = AllocateLines(CurrentMemoryContext,
									  sizeof(FilterNode) * CountNodes(parsed));

	return Bind(parsed, fields, skip, &nodes);
}

FilterNode *
FilterBind(const FilterNode *parsed, FieldSet *fields)
{
	return BindBelow(parsed, fields, 0);
}

/* Does one element of an array, or what stands in its place, pass the filter? */
static bool
MatchesElement(const FilterNode *filter, FieldSet *fields)
{
	const struct FilterElement *element = filter->val.element;
	const EventSlot            *slot = EventSingle(fields, filter->slot);

	if (slot != NULL)
		return slot->count > 0 && FilterMatches(filter->children[0], fields);
	slot = EventValues(fields, filter->slot);
	for (int i = 0; i < slot->count; i++)
	{
		const JsonbValue *value = &SlotValues(slot)[i];

		CHECK_FOR_INTERRUPTS();
		if (value->type != jbvBinary)
			continue;
		EventBegin(element->fields, value->val.binary.data);
		if (FilterMatches(element->filter, element->fields))
			return true;
	}
	return false;
}

static int
CompareDigests(const void *a, const void *b)
{
	return DigestCompare(a, b);
}

/* The digests of a slot's values, palloc'd. */
static Digest *
SlotDigests(const FieldSet *fields, const EventSlot *slot)
{
	Digest *digests = palloc(sizeof(Digest) * slot->count);

	for (int i = 0; i < slot->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		digests[i] = DigestJsonbValue(&fields->key, &SlotValues(slot)[i]);
	}
	return digests;
}

/* Has one of a field's values another field, too? */
static bool
SharesValue(const FilterNode *filter, FieldSet *fields)
{
	EventSlot    *slot = EventValues(fields, filter->slot);
	EventSlot    *other = EventValues(fields, filter->val.other.slot);
	MemoryContext old;
	Digest       *digests;
	Digest       *sorted;
	bool          found = false;

	if (slot->count == 0 || other->count == 0)
		return false;
	if (slot->single && other->single)
		return DigestEqual(*EventDigest(fields, slot), *EventDigest(fields, other));
	old = EventContextEnter(fields);
	digests = SlotDigests(fields, slot);
	sorted = SlotDigests(fields, other);
	qsort(sorted, other->count, sizeof(Digest), CompareDigests);
	for (int i = 0; i < slot->count && !found; i++)
		found = bsearch(&digests[i], sorted, other->count, sizeof(Digest), CompareDigests) != NULL;
	MemoryContextSwitchTo(old);
	return found;
}

/* FilterMatches of conditions that are not on one value of one field. */
static pg_noinline bool
MatchesOther(const FilterNode *filter, FieldSet *fields)
{
	return filter->kind == FILTER_ELEMENT ? MatchesElement(filter, fields)
										  : SharesValue(filter, fields);
}

/* Does one of several values satisfy the leaf? */
static pg_noinline bool
MatchesAny(const FilterNode *leaf, const EventSlot *slot)
{
	for (int i = 0; i < slot->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (FilterCompareScalar(leaf, &SlotValues(slot)[i]))
			return true;
	}
	return false;
}

/* May one of the children of an OR match, by the first byte of the value that they ask for? */
static inline bool
MayBegin(const FilterNode *any, FieldSet *fields)
{
	const EventSlot *slot = EventSingle(fields, any->slot);
	unsigned char    begin;

	if (slot == NULL)
		return true; /* there are several values */
	if (slot->count == 0)
		return false;
	if (slot->own.type != jbvString || slot->own.val.string.len == 0)
		return true;
	begin = slot->own.val.string.val[0];
	return (any->val.begins[begin >> 6] >> (begin & 63) & 1) != 0;
}

bool
FilterMatches(const FilterNode *filter, FieldSet *fields)
{
	const EventSlot *slot;

	switch (filter->kind)
	{
		case FILTER_EVERYTHING:
			return true;
		case FILTER_AND:
			for (int i = 0; i < filter->nchildren; i++)
				if (!FilterMatches(filter->children[i], fields))
					return false;
			return true;
		case FILTER_OR:
			if (filter->slot >= 0 && !MayBegin(filter, fields))
				return false;
			for (int i = 0; i < filter->nchildren; i++)
				if (FilterMatches(filter->children[i], fields))
					return true;
			return false;
		case FILTER_NOT:
			return !FilterMatches(filter->children[0], fields);
		case FILTER_EXISTS:
			return EventValues(fields, filter->slot)->count > 0;
		case FILTER_EQUAL:
		case FILTER_ELEMENT:
			return MatchesOther(filter, fields);
		default:
			slot = EventValues(fields, filter->slot);
			if (slot->single)
				return slot->count > 0 && FilterCompareScalar(filter, &slot->own);
			return MatchesAny(filter, slot);
	}
}

/*
 * DemandAt
 *		The strings one of which an event must show at `slot` for the filter to
 *		match, or NIL where the filter demands none there.  To be freed.
 */
static List *
DemandAt(FilterNode *filter, int slot)
{
	List *best = NIL;

	switch (filter->kind)
	{
		case FILTER_EQUALS:
			if (filter->slot == slot && !filter->val.literal.is_number &&
				!filter->val.literal.is_boolean)
				return list_make1(&filter->val.literal);
			return NIL;
		case FILTER_AND:
			for (int i = 0; i < filter->nchildren; i++)
			{
				List *demand = DemandAt(filter->children[i], slot);

				if (demand != NIL && (best == NIL || list_length(demand) < list_length(best)))
				{
					list_free(best);
					best = demand;
				}
				else
					list_free(demand);
			}
			return best;
		case FILTER_OR:
			for (int i = 0; i < filter->nchildren; i++)
			{
				List *demand = DemandAt(filter->children[i], slot);

				if (demand == NIL)
				{
					list_free(best);
					return NIL;
				}
				best = list_concat(best, demand);
				list_free(demand);
			}
			return best;
		case FILTER_ELEMENT: /* what one element shows, the event does */
			return DemandAt(filter->children[0], slot);
		default:
			return NIL;
	}
}

static DispatchTable *
DispatchTableAt(Dispatch *dispatch, int slot)
{
	DispatchTable *table;

	for (int i = 0; i < dispatch->ntables; i++)
		if (dispatch->tables[i].slot == slot)
			return &dispatch->tables[i];
	if (dispatch->ntables == lengthof(dispatch->tables))
		return NULL;
	table = &dispatch->tables[dispatch->ntables++];
	table->slot = slot;
	table->size = 16;
	table->entries = palloc0(sizeof(DispatchEntry) * table->size);
	return table;
}

/* The entry of a value, or the free one where it would be. */
static inline DispatchEntry *
DispatchFind(const DispatchTable *table, const Digest *value)
{
	uint32 at = value->h1 & (table->size - 1);

	while (table->entries[at].ncandidates > 0 && !DigestEqual(table->entries[at].value, *value))
		at = (at + 1) & (table->size - 1);
	return &table->entries[at];
}

static void
DispatchEnter(DispatchTable *table, const Digest *value, const Candidate *candidate)
{
	DispatchEntry *entry = DispatchFind(table, value);

	if (entry->ncandidates == 0)
	{
		if (++table->nentries * 2 > table->size)
		{
			DispatchTable larger = *table;

			larger.size *= 2;
			larger.entries = palloc0(sizeof(DispatchEntry) * larger.size);
			for (uint32 i = 0; i < table->size; i++)
				if (table->entries[i].ncandidates > 0)
					*DispatchFind(&larger, &table->entries[i].value) = table->entries[i];
			pfree(table->entries);
			*table = larger;
			entry = DispatchFind(table, value);
		}
		entry->value = *value;
		entry->allocated = 4;
		entry->candidates = palloc(sizeof(Candidate) * entry->allocated);
	}
	else if (entry->candidates[entry->ncandidates - 1].rule == candidate->rule)
		return; /* the same literal twice */
	if (entry->ncandidates == entry->allocated)
	{
		entry->allocated *= 2;
		entry->candidates = repalloc(entry->candidates, sizeof(Candidate) * entry->allocated);
	}
	entry->candidates[entry->ncandidates++] = *candidate;
}

static JsonbValue
StringOfLiteral(const FilterLiteral *literal)
{
	JsonbValue value;

	value.type = jbvString;
	value.val.string.val = literal->text;
	value.val.string.len = literal->length;
	return value;
}

/* Does the filter match every event that shows this string at `slot`? */
static bool
FollowsFromString(const FilterNode *filter, int slot, const JsonbValue *string)
{
	switch (filter->kind)
	{
		case FILTER_EVERYTHING:
			return true;
		case FILTER_AND:
			for (int i = 0; i < filter->nchildren; i++)
				if (!FollowsFromString(filter->children[i], slot, string))
					return false;
			return true;
		case FILTER_OR:
			for (int i = 0; i < filter->nchildren; i++)
				if (FollowsFromString(filter->children[i], slot, string))
					return true;
			return false;
		case FILTER_NOT:
		case FILTER_EQUAL:
		case FILTER_ELEMENT:
			return false;
		case FILTER_EXISTS:
			return filter->slot == slot;
		default:
			return filter->slot == slot && FilterCompareScalar(filter, string);
	}
}

/*
 * What is known of an event when a filter is tried.  Of a rule it is that the event has
 * a value in each column that has to have one: where it does not it shows no term, so
 * that it does not matter whether it passes.
 */
typedef struct Given
{
	const Rule *rule;
	int         slot;    /* it shows one of these strings here */
	const List *strings; /* NIL: nothing is known of the slot */
} Given;

/* Is the slot a column in which a term has to have a value? */
static bool
TermNeeds(const TermShape *shape, int slot)
{
	for (int i = shape->optional_entity ? shape->nentity : 0; i < shape->ncolumns; i++)
		if (shape->slots[i] == slot)
			return true;
	return false;
}

/* Does the filter match every event of which this is known? */
static bool
FollowsFrom(const FilterNode *filter, const Given *given)
{
	ListCell *cell;

	if (filter->kind == FILTER_EXISTS && TermNeeds(&given->rule->shape, filter->slot))
		return true;
	foreach(cell, given->strings)
	{
		JsonbValue string = StringOfLiteral(lfirst(cell));

		if (!FollowsFromString(filter, given->slot, &string))
			return false;
	}
	return given->strings != NIL || filter->kind == FILTER_EVERYTHING;
}

/* With more strings than these a filter is tried as it is. */
#define LEFT_STRINGS 64

/* What of the filter is left to be tried. */
static FilterNode *
FilterLeft(FilterNode *filter, const Given *given)
{
	static FilterNode everything = {.kind = FILTER_EVERYTHING};
	FilterNode       *left;

	if (list_length(given->strings) > LEFT_STRINGS)
		return filter;
	if (FollowsFrom(filter, given))
		return &everything;
	if (filter->kind != FILTER_AND)
		return filter;
	left = palloc(sizeof(FilterNode));
	*left = *filter;
	left->children = palloc(sizeof(FilterNode *) * filter->nchildren);
	left->nchildren = 0;
	for (int i = 0; i < filter->nchildren; i++)
		if (!FollowsFrom(filter->children[i], given))
			left->children[left->nchildren++] = filter->children[i];
	if (left->nchildren > 1 && left->nchildren < filter->nchildren)
		return left;
	if (left->nchildren == 1)
		filter = left->children[0];
	else if (left->nchildren == 0)
		filter = &everything;
	pfree(left->children);
	pfree(left);
	return filter;
}

/* Enter a rule into the table of the slot at which what is left of its filter makes demands. */
static bool
DispatchAdd(RuleSet *set, Rule *rule, FilterNode *filter, int slot)
{
	List          *demand = DemandAt(filter, slot);
	DispatchTable *table;
	Candidate      candidate;
	ListCell      *cell;

	if (demand == NIL)
		return false;
	table = DispatchTableAt(set->dispatch, slot);
	if (table == NULL)
	{
		list_free(demand);
		return false;
	}
	candidate = (Candidate){rule, FilterLeft(filter, &(Given){rule, slot, demand})};
	foreach(cell, demand)
	{
		JsonbValue string = StringOfLiteral(lfirst(cell));
		Digest     digest = DigestJsonbValue(&set->key, &string);

		DispatchEnter(table, &digest, &candidate);
	}
	list_free(demand);
	return true;
}

/* The slots of equality leaves, in the order they stand in the filter. */
static void
EqualitySlots(FilterNode *filter, List **slots)
{
	if (filter->kind == FILTER_EQUALS)
		*slots = list_append_unique_int(*slots, filter->slot);
	else if (filter->kind != FILTER_NOT)
		for (int i = 0; i < filter->nchildren; i++)
			EqualitySlots(filter->children[i], slots);
}

void
DispatchBuild(RuleSet *set)
{
	Dispatch *dispatch = palloc0(sizeof(Dispatch));
	int       preferred[] = {
			  FieldSetAddPath(set->fields, "eventName"),
			  FieldSetAddPath(set->fields, "eventSource"),
    };

	set->dispatch = dispatch;
	dispatch->others = palloc(sizeof(Candidate) * Max(set->nrules, 1));
	for (int i = 0; i < set->nrules; i++)
	{
		Rule       *rule = set->rules[i];
		FilterNode *filter = FilterLeft(rule->filter, &(Given){.rule = rule});
		bool        entered = false;
		List       *slots = NIL;
		ListCell   *cell;

		if (filter->kind == FILTER_EVERYTHING)
		{
			set->evaluation->matching[dispatch->nunfiltered++] = rule;
			continue;
		}
		for (int j = 0; j < (int) lengthof(preferred) && !entered; j++)
			entered = DispatchAdd(set, rule, filter, preferred[j]);
		EqualitySlots(filter, &slots);
		foreach(cell, slots)
			if (!entered && FilterCompareIsCheap(FieldOfSlot(set->fields, lfirst_int(cell))))
				entered = DispatchAdd(set, rule, filter, lfirst_int(cell));
		list_free(slots);
		if (!entered)
			dispatch->others[dispatch->nothers++] = (Candidate){rule, filter};
	}
}

/* Enter a rule into the matching ones where its filter matches. */
static inline void
TryCandidate(Evaluation *event, const Candidate *candidate)
{
	if (FilterMatches(candidate->filter, event->fields))
		event->matching[event->nmatching++] = candidate->rule;
}

void
DispatchExpect(const Evaluation *event)
{
	const Dispatch *dispatch = event->set->dispatch;

	for (int i = 0; i < dispatch->nunfiltered; i++)
	{
		CompatPrefetch(event->matching[i]);
		CompatPrefetch(&event->matching[i]->shape.slots);
	}
	for (int i = 0; i < dispatch->nothers; i++)
		CompatPrefetch(dispatch->others[i].filter);
}

void
DispatchBegin(Evaluation *event, int64 time)
{
	event->number++;
	event->time = time;
	event->nmatching = event->set->dispatch->nunfiltered;
	event->nshown = 0;
	event->nterms = 0;
	event->ntoo_many = 0;
}

void
DispatchEvent(Evaluation *event)
{
	RuleSet  *set = event->set;
	Dispatch *dispatch = set->dispatch;

	for (int i = 0; i < dispatch->ntables; i++)
	{
		DispatchTable *table = &dispatch->tables[i];
		EventSlot     *slot = EventValues(event->fields, table->slot);

		for (int j = 0; j < slot->count; j++)
		{
			Digest         digest;
			DispatchEntry *entry;

			if (slot->single)
				digest = *EventDigest(event->fields, slot);
			else
			{
				CHECK_FOR_INTERRUPTS();
				digest = DigestJsonbValue(&set->key, &SlotValues(slot)[j]);
			}
			entry = DispatchFind(table, &digest);
			for (int k = 0; k < entry->ncandidates; k++)
			{
				Rule *rule = entry->candidates[k].rule;

				if (rule->matched == event->number)
					continue; /* another value led here already */
				rule->matched = event->number;
				TryCandidate(event, &entry->candidates[k]);
			}
		}
	}
	for (int i = 0; i < dispatch->nothers; i++)
		TryCandidate(event, &dispatch->others[i]);
}
