/*
 * rule.c
 *	  The compiled rules of a session: keeping them until they change, finding
 *	  those that an event may concern, and evaluating them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "mb/pg_wchar.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "newterm.h"
#include "predicate.h"
#include "rule_load.h"

/*
 * Dispatch: a rule whose filter demands one of some strings at a slot is tried
 * only for events that show one of them there.
 */
typedef struct DispatchEntry
{
	Digest		value;
	int			nrules;
	int			allocated;
	Rule	  **rules;
} DispatchEntry;

/* Open addressing: it is searched for every event. */
typedef struct DispatchTable
{
	int			slot;
	uint32		nentries;
	uint32		size;			/* a power of two, at most half full */
	DispatchEntry *entries;		/* without rules: free */
} DispatchTable;

typedef struct Dispatch
{
	int			ntables;
	DispatchTable tables[8];
	int			nothers;		/* rules that demand nothing */
	Rule	  **others;
} Dispatch;

static ExtensionOids Oids;
static RuleSet *Current = NULL;

/*
 * Changes of newterm.rules that we were told of, and how many of them what we
 * have was found after: one may be told while we look.
 */
static uint64 Changes = 1;
static uint64 OidsKnow = 0;
static uint64 CurrentKnows = 0;

/* ---------- invalidation ---------- */

/*
 * A relation changed.  Rule changes announce themselves by invalidating
 * newterm.rules (see rules_changed); the callback only counts.
 */
static void
RelationChanged(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == Oids.rules)
		Changes++;
}

/* What made a load fail, such as a lock, may be gone in the next transaction. */
static void
TransactionEnds(XactEvent event, void *argument)
{
	if (Current != NULL && Current->failure != NULL &&
		(event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
		 event == XACT_EVENT_PREPARE))
		Changes++;
}

void
RulesInitialise(void)
{
	RegisterXactCallback(TransactionEnds, NULL);
	CacheRegisterRelcacheCallback(RelationChanged, (Datum) 0);
}

static Oid
RelationOid(const char *name)
{
	return get_relname_relid(name, Oids.schema);
}

/* The owner of a relation, without a lock that would have to be waited for. */
static bool
OwnerOf(Oid relation, Oid *owner)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));

	if (!HeapTupleIsValid(tuple))
		return false;
	*owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return true;
}

const ExtensionOids *
ExtensionLookup(void)
{
	if (OidsKnow != Changes)
	{
		uint64		known = Changes;

		memset(&Oids, 0, sizeof(Oids));
		Oids.schema = get_namespace_oid("newterm", true);
		if (!OidIsValid(Oids.schema))
			return NULL;
		Oids.rules = RelationOid("rules");
		Oids.baseline = RelationOid("baseline");
		Oids.digest_key = RelationOid("digest_key");
		Oids.known_accounts = RelationOid("known_accounts");
		Oids.rule_versions = RelationOid("rule_versions");
		Oids.rule_versions_key = RelationOid("rule_versions_pkey");
		Oids.runs = RelationOid("runs");
		Oids.runs_index = RelationOid("runs_digest");
		Oids.entity_clocks = RelationOid("entity_clocks");
		Oids.entity_clocks_key = RelationOid("entity_clocks_pkey");
		Oids.learned_values = RelationOid("learned_values");
		Oids.learned_values_index = RelationOid("learned_values_scope");
		Oids.detection_log = RelationOid("detection_log");
		Oids.detection_index = RelationOid("detection_log_digest");
		Oids.detection_sequence = RelationOid("detection_id");
		Oids.signals = RelationOid("signals");
		Oids.signals_key = RelationOid("signals_pkey");
		Oids.signal_sequence = RelationOid("signal_id");
		Oids.postponed = RelationOid("postponed");
		Oids.event_errors = RelationOid("event_errors");
		Oids.error_sequence = RelationOid("event_error_id");
		if (!OidIsValid(Oids.rules) || !OidIsValid(Oids.error_sequence))
			return NULL;		/* in the middle of CREATE or DROP EXTENSION */
		if (!OwnerOf(Oids.rules, &Oids.owner))
			return NULL;
		OidsKnow = known;
	}
	return &Oids;
}

const ExtensionOids *
ExtensionLast(void)
{
	return &Oids;
}

/* ---------- small readers ---------- */

Language
LanguageByName(const char *name)
{
	if (strcmp(name, "datadog") == 0)
		return LANGUAGE_DATADOG;
	if (strcmp(name, "kql") == 0)
		return LANGUAGE_KQL;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown filter language \"%s\"", name),
			 errhint("Use \"datadog\" or \"kql\".")));
}

void
ReportSyntaxError(const char *what, const char *text, const SyntaxError *error)
{
	/* the line that holds the position, and a caret below it */
	const char *line = text;
	const char *at = text;
	const char *end;
	int			column = 0;

	for (int i = 1; i < error->position && *at != '\0'; i++)
	{
		int			length = pg_mblen(at);

		column++;
		if (*at == '\n')
		{
			line = at + 1;
			column = 0;
		}
		at += length;
	}
	end = strchr(at, '\n');

	/* the context would be SQL of ours, which explains nothing to the writer */
	error_context_stack = NULL;
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE('N', 'T', '0', '0', '1')),
			 errmsg("syntax error in %s at position %d: %s", what,
					error->position, error->message),
			 /* from the next line on: clients put a label before the first */
			 errdetail("\n%s\n%*s^",
					   end == NULL ? line : pnstrdup(line, end - line),
					   column, ""),
			 error->hint != NULL ? errhint("%s", error->hint) : 0));
}

/* ---------- compiling ---------- */

void
FilterBind(FilterNode *filter, FieldSet *fields)
{
	if (filter->field != NULL)
		filter->slot = FieldSetAdd(fields, filter->field);
	for (int i = 0; i < filter->nchildren; i++)
		FilterBind(filter->children[i], fields);
	if (filter->kind == FILTER_AND || filter->kind == FILTER_OR)
	{
		/* cheap first; insertion sort keeps equals in the writer's order */
		for (int i = 1; i < filter->nchildren; i++)
		{
			FilterNode *child = filter->children[i];
			int			cost = PredicateCost(child);
			int			j = i;

			for (; j > 0 && PredicateCost(filter->children[j - 1]) > cost; j--)
				filter->children[j] = filter->children[j - 1];
			filter->children[j] = child;
		}
	}
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
			for (int i = 0; i < filter->nchildren; i++)
				if (FilterMatches(filter->children[i], fields))
					return true;
			return false;
		case FILTER_NOT:
			return !FilterMatches(filter->children[0], fields);
		case FILTER_EXISTS:
			return EventValues(fields, filter->slot)->count > 0;
		default:
			slot = EventValues(fields, filter->slot);
			for (int i = 0; i < slot->count; i++)
				if (PredicateMatchScalar(filter, &slot->values[i]))
					return true;
			return false;
	}
}

/*
 * DemandAt
 *		The strings one of which an event must show at `slot` for the filter to
 *		match, or NIL where the filter demands none there.
 */
static List *
DemandAt(FilterNode *filter, int slot)
{
	List	   *best = NIL;

	switch (filter->kind)
	{
		case FILTER_EQUALS:
			if (filter->slot == slot && !filter->literal.is_number &&
				!filter->literal.is_boolean)
				return list_make1(&filter->literal);
			return NIL;
		case FILTER_AND:
			for (int i = 0; i < filter->nchildren; i++)
			{
				List	   *demand = DemandAt(filter->children[i], slot);

				if (demand != NIL &&
					(best == NIL || list_length(demand) < list_length(best)))
					best = demand;
			}
			return best;
		case FILTER_OR:
			for (int i = 0; i < filter->nchildren; i++)
			{
				List	   *demand = DemandAt(filter->children[i], slot);

				if (demand == NIL)
					return NIL;
				best = list_concat(best, demand);
			}
			return best;
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
	uint32		at = value->h1 & (table->size - 1);

	while (table->entries[at].nrules > 0 &&
		   !DigestEqual(table->entries[at].value, *value))
		at = (at + 1) & (table->size - 1);
	return &table->entries[at];
}

static void
DispatchEnter(DispatchTable *table, const Digest *value, Rule *rule)
{
	DispatchEntry *entry = DispatchFind(table, value);

	if (entry->nrules == 0)
	{
		if (++table->nentries * 2 > table->size)
		{
			DispatchTable larger = *table;

			larger.size *= 2;
			larger.entries = palloc0(sizeof(DispatchEntry) * larger.size);
			for (uint32 i = 0; i < table->size; i++)
				if (table->entries[i].nrules > 0)
					*DispatchFind(&larger, &table->entries[i].value) = table->entries[i];
			pfree(table->entries);
			*table = larger;
			entry = DispatchFind(table, value);
		}
		entry->value = *value;
		entry->allocated = 4;
		entry->rules = palloc(sizeof(Rule *) * entry->allocated);
	}
	else if (entry->rules[entry->nrules - 1] == rule)
		return;					/* the same literal twice */
	if (entry->nrules == entry->allocated)
	{
		entry->allocated *= 2;
		entry->rules = repalloc(entry->rules, sizeof(Rule *) * entry->allocated);
	}
	entry->rules[entry->nrules++] = rule;
}

/* Enter a rule into the table of the slot it makes demands at. */
static bool
DispatchAdd(RuleSet *set, Rule *rule, int slot)
{
	List	   *demand = DemandAt(rule->filter, slot);
	DispatchTable *table;
	ListCell   *cell;

	if (demand == NIL)
		return false;
	table = DispatchTableAt(set->dispatch, slot);
	if (table == NULL)
		return false;
	foreach(cell, demand)
	{
		FilterLiteral *literal = lfirst(cell);
		JsonbValue	value;
		Digest		digest;

		value.type = jbvString;
		value.val.string.val = literal->text;
		value.val.string.len = literal->length;
		digest = DigestJsonbValue(&set->key, &value);
		DispatchEnter(table, &digest, rule);
	}
	return true;
}

/* The slots of equality leaves, in the order they stand in the filter. */
static void
EqualitySlots(FilterNode *filter, List **slots)
{
	if (filter->kind == FILTER_EQUALS)
		*slots = list_append_unique_int(*slots, filter->slot);
	else if (filter->kind == FILTER_AND || filter->kind == FILTER_OR)
		for (int i = 0; i < filter->nchildren; i++)
			EqualitySlots(filter->children[i], slots);
}

static int
SlotOfPath(RuleSet *set, const char *path)
{
	SyntaxError error;

	return FieldSetAdd(set->fields, FieldParse(path, LANGUAGE_DATADOG, &error));
}

/*
 * Build the dispatch: by eventName where a rule demands one, else by
 * eventSource, else by whatever else it demands.
 */
void
DispatchBuild(RuleSet *set)
{
	Dispatch   *dispatch = palloc0(sizeof(Dispatch));
	int			preferred[] = {
		SlotOfPath(set, "eventName"),
		SlotOfPath(set, "eventSource")
	};

	set->dispatch = dispatch;
	dispatch->others = palloc(sizeof(Rule *) * Max(set->nrules, 1));
	for (int i = 0; i < set->nrules; i++)
	{
		Rule	   *rule = set->rules[i];
		bool		entered = false;
		List	   *slots = NIL;
		ListCell   *cell;

		for (int j = 0; j < (int) lengthof(preferred) && !entered; j++)
			entered = DispatchAdd(set, rule, preferred[j]);
		EqualitySlots(rule->filter, &slots);
		foreach(cell, slots)
			if (!entered)
				entered = DispatchAdd(set, rule, lfirst_int(cell));
		if (!entered)
			dispatch->others[dispatch->nothers++] = rule;
	}
}

RuleSet *
RulesCurrent(void)
{
	static uint64 generation = 0;

	while (CurrentKnows != Changes)
	{
		uint64		known = Changes;
		RuleSet    *loaded;

		if (ExtensionLookup() == NULL)
			return NULL;
		loaded = RulesLoad();
		if (Current != NULL)
			MemoryContextDelete(Current->context);
		Current = loaded;
		Current->generation = ++generation;
		CurrentKnows = known;
	}
	return Current;
}

RuleSet *
RulesInUse(void)
{
	return Current;
}

bool
RuleIsFull(const Rule *rule)
{
	return MaxTermsPerRuleSetting > 0 &&
		rule->stored_terms >= MaxTermsPerRuleSetting;
}

Rule *
RuleByVersion(RuleSet *set, int32 version_id)
{
	int			low = 0;
	int			high = set->nrules;

	/* they are in the order of version_id */
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (set->rules[middle]->version_id == version_id)
			return set->rules[middle];
		if (set->rules[middle]->version_id < version_id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

Rule *
RuleOfVersion(RuleSet *set, int32 version_id)
{
	Rule	   *rule = RuleByVersion(set, version_id);
	int			position;

	if (rule != NULL)
		return rule;
	rule = RuleLoadVersion(set, version_id);
	if (rule == NULL)
		return NULL;

	/* known to RuleByVersion, but not to dispatch */
	set->rules = repalloc(set->rules, sizeof(Rule *) * (set->nrules + 1));
	for (position = set->nrules++; position > 0 &&
		 set->rules[position - 1]->version_id > version_id; position--)
		set->rules[position] = set->rules[position - 1];
	set->rules[position] = rule;
	return rule;
}

void
RuleClockCommitted(int32 version_id)
{
	Rule	   *rule = Current == NULL ? NULL : RuleByVersion(Current, version_id);

	if (rule == NULL || rule->clock_set)
		return;
	rule->clock_set = true;
	for (int i = 0; i < Current->nclockless; i++)
		if (Current->clockless[i] == rule)
			Current->clockless[i] = Current->clockless[--Current->nclockless];
}

/* ---------- evaluating ---------- */

/* A kind of digest and a rule version as the number of DigestTuple. */
static inline uint64
DigestNumber(char kind, const Rule *rule)
{
	return ((uint64) kind << 32) | (uint32) rule->version_id;
}

Digest
RuleClockDigest(const RuleSet *set, const Rule *rule)
{
	return DigestTuple(&set->key, DigestNumber('r', rule), NULL, 0);
}

Digest
EntityClockDigest(const Rule *rule, const Digest *row_digests)
{
	return DigestTuple(rule->key, DigestNumber('e', rule), row_digests,
					   rule->shape->nentity);
}

Digest
EntityClockOfValues(const RuleSet *set, const Rule *rule, const Jsonb *entity_values)
{
	Digest		digests[TERM_MAX_COLUMNS];

	for (int i = 0; i < rule->shape->nentity; i++)
		digests[i] = DigestJsonbValue(&set->key,
									  getIthJsonbValueFromContainer(&((Jsonb *) entity_values)->root, i));
	return EntityClockDigest(rule, digests);
}

/* Enter a rule into the matching ones where its filter matches. */
static inline void
TryRule(RuleSet *set, Rule *rule)
{
	if (FilterMatches(rule->filter, set->fields))
		set->matching[set->nmatching++] = rule;
}

void
EventMatch(RuleSet *set)
{
	Dispatch   *dispatch = set->dispatch;

	set->event++;
	set->nmatching = 0;
	set->nterms = 0;
	set->too_many = NULL;
	for (int i = 0; i < dispatch->ntables; i++)
	{
		DispatchTable *table = &dispatch->tables[i];
		const EventSlot *slot = EventValues(set->fields, table->slot);

		for (int j = 0; j < slot->count; j++)
		{
			Digest		digest = slot->count == 1 ?
				*EventDigest(set->fields, table->slot) :
				DigestJsonbValue(&set->key, &slot->values[j]);
			DispatchEntry *entry = DispatchFind(table, &digest);

			for (int k = 0; k < entry->nrules; k++)
			{
				Rule	   *rule = entry->rules[k];

				if (rule->matched == set->event)
					continue;	/* another value led here already */
				rule->matched = set->event;
				TryRule(set, rule);
			}
		}
	}
	for (int i = 0; i < dispatch->nothers; i++)
		TryRule(set, dispatch->others[i]);
}

/* The tuples of a matching rule; notes where they are too many. */
static void
RuleTuples(RuleSet *set, Rule *rule, TupleList *tuples)
{
	if (!TermTuples(rule->shape, set->fields, &set->key, MaxTermsPerEventSetting,
					tuples))
		set->too_many = rule;
}

/* Digest of a term from those of its row's first `ncolumns` values; all are a whole one. */
static inline Digest
TermDigest(const Rule *rule, const Digest *row, int ncolumns)
{
	return DigestTuple(rule->key, DigestNumber('t', rule), row, ncolumns);
}

/* How many terms an event shows to a rule, as far as that is simple to tell. */
typedef enum TermCount
{
	TERMS_NONE,					/* a value is missing that has to be there */
	TERMS_ONE,
	TERMS_ANY					/* an array is involved, or a value that may be missing */
} TermCount;

/*
 * OnlyTerm
 *		The digest of the one term that an event shows to a rule where no array
 *		and no missing value is involved, which is the usual case.
 */
static inline TermCount
OnlyTerm(RuleSet *set, const Rule *rule, Digest *term)
{
	const TermShape *shape = rule->shape;

	*term = TermDigest(rule, NULL, 0);
	for (int i = 0; i < shape->ncolumns; i++)
	{
		const EventSlot *slot = EventValues(set->fields, shape->slots[i]);

		if (slot->count != 1 || !slot->single)
			return slot->count == 0 && !shape->optional_entity ? TERMS_NONE : TERMS_ANY;
		DigestAddPart(rule->key, term, i, EventDigest(set->fields, shape->slots[i]));
	}
	return TERMS_ONE;
}

/* Make room in set->terms. */
static void
EnlargeTerms(RuleSet *set, int count)
{
	while (set->nterms + count > set->terms_allocated)
	{
		set->terms_allocated *= 2;
		set->terms = repalloc(set->terms, sizeof(TermOfRule) * set->terms_allocated);
	}
}

/* All terms that an event shows to a rule, where they may be several or none. */
static pg_noinline void
AppendTerms(RuleSet *set, Rule *rule)
{
	const int	ncolumns = rule->shape->ncolumns;
	TupleList	tuples;

	RuleTuples(set, rule, &tuples);
	EnlargeTerms(set, tuples.count);
	for (int j = 0; j < tuples.count; j++)
		set->terms[set->nterms++] = (TermOfRule) {
			rule, TermDigest(rule, &tuples.digests[j * ncolumns], ncolumns)
		};
}

void
EventTerms(RuleSet *set, Rule *rule)
{
	TermOfRule *next;

	EnlargeTerms(set, 1);
	next = &set->terms[set->nterms];
	switch (OnlyTerm(set, rule, &next->term))
	{
		case TERMS_NONE:
			break;
		case TERMS_ONE:
			next->rule = rule;
			set->nterms++;
			break;
		case TERMS_ANY:
			AppendTerms(set, rule);
			break;
	}
}

void
EventSightings(RuleSet *set, SightingFunction function, void *state)
{
	for (int i = 0; i < set->nmatching; i++)
	{
		Rule	   *rule = set->matching[i];
		int			ncolumns = rule->shape->ncolumns;
		TupleList	tuples;

		RuleTuples(set, rule, &tuples);
		for (int j = 0; j < tuples.count; j++)
		{
			Sighting	sighting;

			sighting.rule = rule;
			sighting.row = &tuples.values[j * ncolumns];
			sighting.row_digests = &tuples.digests[j * ncolumns];
			sighting.term = TermDigest(rule, sighting.row_digests, ncolumns);
			function(state, &sighting);
		}
	}
}
