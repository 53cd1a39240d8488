/*
 * rule_load.c
 *	  Reads stored rules and compiles them into a rule set.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "base/compat.h"
#include "base/guard.h"
#include "base/hash_table.h"
#include "rule/dispatch.h"
#include "rule/reference_load.h"
#include "rule/evaluation.h"
#include "rule/rule_load.h"
#include "rule/suppression.h"
#include "rule/rule_digest.h"
#include "store/lock_wait.h"
#include "store/table_store.h"
#include "store/extension.h"
#include "rule/rule_parse.h"
#include "store/tables.h"

/* Rules live as long as the session, so larger blocks would stay half empty. */
#define RULES_BLOCK (32 * 1024)

/* The reference data of rules, including their titles. */
#define REFERENCES_OF_RULES (NEEDS_KNOWN_ACCOUNTS | NEEDS_OWN_ACCOUNTS | NEEDS_LISTS)

/* ReadVersions: the current version of each rule that is enabled. */
#define VERSIONS_IN_USE 0

/* A copy of a stored row. */
typedef struct Row
{
	Datum *values;
	bool  *nulls;
} Row;

typedef struct RuleRow
{
	int64 id; /* hash key */
	Row   row;
} RuleRow;

/* The stored rows of a version and its rule. */
typedef struct StoredVersion
{
	int32 id;
	Row   version;
	Row   rule;
} StoredVersion;

/* ---------- reading ---------- */

static Row
CopyRow(const TableStore *store, TupleTableSlot *slot)
{
	TupleDesc desc = RelationGetDescr(store->table);
	Row       row;

	row.values = palloc(sizeof(Datum) * desc->natts);
	row.nulls = palloc(sizeof(bool) * desc->natts);
	heap_deform_tuple(ExecCopySlotHeapTuple(slot), desc, row.values, row.nulls);
	return row;
}

static Datum
Column(const Row *row, int column)
{
	return row->values[column - 1];
}

static bool
ColumnIsNull(const Row *row, int column)
{
	return row->nulls[column - 1];
}

static char *
ColumnText(const Row *row, int column)
{
	return ColumnIsNull(row, column) ? NULL : TextDatumGetCString(Column(row, column));
}

/* Has a text column that is never NULL this value? */
static bool
ColumnIs(const Row *row, int column, const char *wanted)
{
	const text  *value = DatumGetTextPP(Column(row, column));
	const size_t length = VARSIZE_ANY_EXHDR(value);

	return length == strlen(wanted) && memcmp(VARDATA_ANY(value), wanted, length) == 0;
}

/* An interval in microseconds, months and years as EXTRACT(epoch) has them. */
static int64
ColumnMicros(const Row *row, int column)
{
	const Interval *interval = DatumGetIntervalP(Column(row, column));
	int64           days = (int64) interval->day +
		(int64) (interval->month % MONTHS_PER_YEAR) * DAYS_PER_MONTH;
	int64 years = interval->month / MONTHS_PER_YEAR;

	return interval->time + days * USECS_PER_DAY + years * (USECS_PER_DAY / 4 * 1461);
}

/* All rules, by their id. */
static HTAB *
ReadRuleRows(TableStore *store, Snapshot snapshot)
{
	HTAB *rules = HashTableIn(CurrentMemoryContext, "newterm rule rows", 64, sizeof(int64),
							  sizeof(RuleRow));
	TupleTableSlot *slot;

	TableStoreScan(store, snapshot);
	while (TableStoreScanNext(store, &slot))
	{
		bool     isnull;
		int64    id = DatumGetInt64(SlotColumn(slot, RULE_ID, &isnull));
		RuleRow *entry = hash_search(rules, &id, HASH_ENTER, NULL);

		entry->row = CopyRow(store, slot);
	}
	return rules;
}

static int
CompareVersions(const ListCell *a, const ListCell *b)
{
	const StoredVersion *left = lfirst(a);
	const StoredVersion *right = lfirst(b);

	return left->id < right->id ? -1 : left->id > right->id;
}

/* Read one version, or those in use, with their rules; sorted by id. */
static List *
ReadVersions(TableStore *rule_store, TableStore *version_store, Snapshot snapshot, int32 wanted)
{
	HTAB           *rules = ReadRuleRows(rule_store, snapshot);
	List           *versions = NIL;
	TupleTableSlot *slot;

	TableStoreScan(version_store, snapshot);
	while (TableStoreScanNext(version_store, &slot))
	{
		bool           isnull;
		int32          id = DatumGetInt32(SlotColumn(slot, VERSION_ID, &isnull));
		int64          rule_id = DatumGetInt64(SlotColumn(slot, VERSION_RULE_ID, &isnull));
		int32          version = DatumGetInt32(SlotColumn(slot, VERSION_VERSION, &isnull));
		RuleRow       *rule = hash_search(rules, &rule_id, HASH_FIND, NULL);
		StoredVersion *stored;

		if (rule == NULL)
			continue;
		if (wanted == VERSIONS_IN_USE ? (!DatumGetBool(Column(&rule->row, RULE_ENABLED)) ||
										 version != DatumGetInt32(Column(&rule->row, RULE_VERSION)))
									  : id != wanted)
			continue;
		stored = palloc(sizeof(StoredVersion));
		stored->id = id;
		stored->version = CopyRow(version_store, slot);
		stored->rule = rule->row;
		versions = lappend(versions, stored);
	}
	list_sort(versions, CompareVersions);
	return versions;
}

/* Read the secret of digests; there is none before the first rule. */
static void
ReadDigestKey(TableStore *store, Snapshot snapshot, DigestKey *key)
{
	TupleTableSlot *slot;
	uint8           secret[DIGEST_SECRET_BYTES] = {0};

	TableStoreScan(store, snapshot);
	if (TableStoreScanNext(store, &slot))
	{
		bool       isnull;
		pg_uuid_t *stored = DatumGetUUIDP(SlotColumn(slot, DIGEST_KEY_KEY, &isnull));

		memcpy(secret, stored->data, sizeof(secret));
	}
	DigestKeyExpand(key, secret);
}

/* ---------- compiling ---------- */

/* The elements of a text[] column, after texts[*count]. */
static void
ColumnTexts(const Row *row, int column, char **texts, int *count)
{
	Datum *elements;
	int    nelements;

	deconstruct_array(DatumGetArrayTypeP(Column(row, column)), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, NULL, &nelements);
	for (int i = 0; i < nelements && *count < TERM_MAX_COLUMNS; i++)
		texts[(*count)++] = TextDatumGetCString(elements[i]);
}

/* Which of the entity's fields group signals, as bits: those that group_signals_by names, or all. */
static uint32
GroupColumns(const Row *rule, char **entity, int nentity)
{
	char  *texts[TERM_MAX_COLUMNS];
	int    ntexts = 0;
	uint32 columns = 0;

	if (ColumnIsNull(rule, RULE_GROUP_SIGNALS_BY))
		return ((uint32) 1 << nentity) - 1;
	ColumnTexts(rule, RULE_GROUP_SIGNALS_BY, texts, &ntexts);
	for (int i = 0; i < nentity; i++)
		for (int j = 0; j < ntexts; j++)
			if (strcmp(entity[i], texts[j]) == 0)
				columns |= (uint32) 1 << i;
	return columns;
}

/* The rule's setting own_accounts, by its text or NULL. */
static OwnAccounts
OwnAccountsByName(const char *name)
{
	if (name == NULL)
		return OWN_ACCOUNTS_STAY;
	return strcmp(name, "join") == 0 ? OWN_ACCOUNTS_JOIN : OWN_ACCOUNTS_DEPART;
}

/* The parsed texts of a rule. */
typedef struct ParsedRule
{
	Language    language;
	FilterNode *filter;
	int         nentity;
	int         ncolumns; /* the group_by fields first */
	char       *texts[TERM_MAX_COLUMNS];
	Field      *fields[TERM_MAX_COLUMNS];
} ParsedRule;

static void
ParseRule(const Row *version, ParsedRule *parsed)
{
	Language language = LanguageByName(ColumnText(version, VERSION_LANGUAGE));

	parsed->language = language;
	parsed->filter = ParseFilter(ColumnText(version, VERSION_FILTER), language);
	parsed->ncolumns = 0;
	ColumnTexts(version, VERSION_GROUP_BY, parsed->texts, &parsed->ncolumns);
	parsed->nentity = parsed->ncolumns;
	ColumnTexts(version, VERSION_FIELDS, parsed->texts, &parsed->ncolumns);
	for (int i = 0; i < parsed->ncolumns; i++)
		parsed->fields[i] = ParseField(parsed->texts[i], language);
}

/* Set which events the rule is about and what their terms are. */
static void
SetDefinition(Rule *rule, RuleSet *set, const Row *of_rule, ParsedRule *parsed)
{
	rule->language = parsed->language;
	rule->filter = FilterBind(parsed->filter, set->fields);
	TermShapeInitialise(&rule->shape, set->fields, parsed->fields, parsed->ncolumns,
						parsed->nentity, DatumGetBool(Column(of_rule, RULE_OPTIONAL_GROUP_BY)));
	rule->texts = palloc(sizeof(char *) * parsed->ncolumns);
	for (int i = 0; i < parsed->ncolumns; i++)
		rule->texts[i] = pstrdup(parsed->texts[i]);
}

/* Set what is learned, for how long it is known, and the clock. */
static void
SetLearning(Rule *rule, const Row *of_rule, const Row *of_version)
{
	rule->learning = ColumnMicros(of_rule, RULE_LEARNING);
	rule->learning_values = ColumnIsNull(of_rule, RULE_LEARNING_VALUES)
		? -1
		: DatumGetInt32(Column(of_rule, RULE_LEARNING_VALUES));
	rule->by_entity = ColumnIs(of_rule, RULE_LEARNING_SCOPE, "entity");
	rule->span.granule = ColumnMicros(of_rule, RULE_GRANULE);
	rule->span.forget_after = ColumnIsNull(of_rule, RULE_FORGET_AFTER)
		? -1
		: ColumnMicros(of_rule, RULE_FORGET_AFTER);
	rule->stored_terms = -1;
	rule->clock_set = !ColumnIsNull(of_version, VERSION_LEARNING_FROM);
	if (rule->clock_set)
		rule->learning_from =
			UNIX_MICROS(DatumGetTimestampTz(Column(of_version, VERSION_LEARNING_FROM)));
}

/* Set what its signals say, and which detections they take. */
static void
SetSignals(Rule *rule, const Row *of_rule, ParsedRule *parsed)
{
	rule->silent = ColumnIs(of_rule, RULE_MODE, "observe");
	rule->keep_alive = ColumnMicros(of_rule, RULE_KEEP_ALIVE);
	rule->max_duration = ColumnMicros(of_rule, RULE_MAX_DURATION);
	rule->group_columns = GroupColumns(of_rule, parsed->texts, parsed->nentity);
	rule->severity = ColumnText(of_rule, RULE_SEVERITY);
	rule->title = ColumnText(of_rule, RULE_TITLE);
	rule->message = ColumnText(of_rule, RULE_MESSAGE);
	rule->tags = PointerGetDatum(PG_DETOAST_DATUM_COPY(Column(of_rule, RULE_TAGS)));
}

/*
 * Compile a rule into its set's memory.  Parsing allocates in the current memory context,
 * which the caller resets, as a session keeps its rules for its lifetime.
 */
static Rule *
CompileRule(RuleSet *set, const StoredVersion *stored)
{
	const Row    *of_rule = &stored->rule;
	const Row    *of_version = &stored->version;
	ParsedRule    parsed;
	MemoryContext caller;
	Rule         *rule;

	ParseRule(of_version, &parsed);
	caller = MemoryContextSwitchTo(set->context);
	rule = AllocateLines(set->context, sizeof(Rule));
	rule->id = DatumGetInt64(Column(of_rule, RULE_ID));
	rule->version_id = stored->id;
	rule->version = DatumGetInt32(Column(of_version, VERSION_VERSION));
	rule->key = &set->key;
	rule->term_start = TermDigestStart(rule);
	rule->name = ColumnText(of_rule, RULE_NAME);
	rule->own_accounts = OwnAccountsByName(ColumnText(of_rule, RULE_OWN_ACCOUNTS));
	SetDefinition(rule, set, of_rule, &parsed);
	SetLearning(rule, of_rule, of_version);
	SetSignals(rule, of_rule, &parsed);
	MemoryContextSwitchTo(caller);
	return rule;
}

static Evaluation *
EvaluationCreate(RuleSet *set)
{
	Evaluation *event = palloc0(sizeof(Evaluation));

	event->set = set;
	event->fields = set->fields;
	event->matching = palloc(sizeof(Rule *) * Max(set->nrules, 1));
	event->too_many = palloc(sizeof(TooManyTerms) * Max(set->nrules, 1));
	event->terms_allocated = 64;
	event->terms = palloc(sizeof(TermOfRule) * event->terms_allocated);
	return event;
}

/* ---------- both ---------- */

/* Compile stored rules, each parsed in a memory context that is emptied after it. */
static void
CompileAll(RuleSet *set, const List *stored, MemoryContext parsing)
{
	ListCell *cell;

	MemoryContextSwitchTo(set->context);
	set->fields = FieldSetCreate(&set->key, ReferenceCreate());
	set->rules = palloc(sizeof(Rule *) * Max(list_length(stored), 1));
	set->clockless = palloc(sizeof(Rule *) * Max(list_length(stored), 1));
	foreach(cell, stored)
	{
		Rule *rule;

		MemoryContextSwitchTo(parsing);
		rule = CompileRule(set, lfirst(cell));
		MemoryContextSwitchTo(set->context);
		MemoryContextReset(parsing);
		rule->evaluated = true;
		set->rules[set->nrules++] = rule;
		if (!rule->clock_set)
			set->clockless[set->nclockless++] = rule;
	}
}

/* Read and compile all rules in use into a set. */
static void
LoadSet(void *state)
{
	RuleSet             *set = state;
	const ExtensionOids *oids = ExtensionLast(); /* RulesCurrent looked */
	MemoryContext        scratch = AllocSetContextCreate(CurTransactionContext, "newterm rule rows",
														 ALLOCSET_DEFAULT_SIZES);
	MemoryContext        parsing = AllocSetContextCreate(scratch, "newterm rule parsing",
														 ALLOCSET_DEFAULT_SIZES);
	MemoryContext        caller = MemoryContextSwitchTo(scratch);
	TableStore           digest_key;
	TableStore           rules;
	TableStore           versions;
	SuppressionTables    suppressions;
	Snapshot             snapshot;

	TableStoreOpenWhole(&digest_key, oids->digest_key);
	TableStoreOpenWhole(&rules, oids->rules);
	TableStoreOpenWhole(&versions, oids->rule_versions);
	SuppressionTablesOpen(&suppressions);
	snapshot = TableStoreLatestSnapshot();
	ReadDigestKey(&digest_key, snapshot, &set->key);
	CompileAll(set, ReadVersions(&rules, &versions, snapshot, VERSIONS_IN_USE), parsing);
	MemoryContextSwitchTo(parsing);
	SuppressionsLoad(set, &suppressions, snapshot);
	MemoryContextSwitchTo(scratch);
	ReferenceLoad(set->fields->reference, REFERENCES_OF_RULES, InvalidSnapshot);
	MemoryContextSwitchTo(set->context);
	set->evaluation = EvaluationCreate(set);
	DispatchBuild(set);

	SuppressionTablesClose(&suppressions);
	TableStoreClose(&versions);
	TableStoreClose(&rules);
	TableStoreClose(&digest_key);
	UnregisterSnapshot(snapshot);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

/* Check a row that no trigger of newterm.rules has checked. */
static void
CheckDescribed(TupleDesc desc, const Row *rule)
{
	int nfields;
	int ngroup;

	for (int i = 0; i < desc->natts; i++)
		if (rule->nulls[i] && TupleDescAttr(desc, i)->attnotnull)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s of a rule must not be null",
							NameStr(TupleDescAttr(desc, i)->attname))));
	nfields = ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(Column(rule, RULE_FIELDS))),
							 ARR_DIMS(DatumGetArrayTypeP(Column(rule, RULE_FIELDS))));
	ngroup = ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(Column(rule, RULE_GROUP_BY))),
							ARR_DIMS(DatumGetArrayTypeP(Column(rule, RULE_GROUP_BY))));
	if (nfields < 1 || nfields > TERM_MAX_FIELDS || ngroup > TERM_MAX_FIELDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rule \"%s\": a rule has 1 to %d fields and at most as many in group_by",
						ColumnText(rule, RULE_NAME), TERM_MAX_FIELDS)));
	if (ColumnMicros(rule, RULE_GRANULE) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rule \"%s\": granule must be positive", ColumnText(rule, RULE_NAME))));
}

/* A row of newterm.rules as a stored version. */
static StoredVersion
DescribedVersion(HeapTupleHeader header, int32 number)
{
	TupleDesc     desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header),
												HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	StoredVersion stored = {.id = number};
	const int     columns[][2] = {{VERSION_VERSION, RULE_VERSION},
								  {VERSION_FIELDS, RULE_FIELDS},
								  {VERSION_FILTER, RULE_FILTER},
								  {VERSION_GROUP_BY, RULE_GROUP_BY},
								  {VERSION_LANGUAGE, RULE_LANGUAGE},
								  {VERSION_LEARNING_FROM, RULE_LEARNING_FROM}};

	stored.rule.values = palloc(sizeof(Datum) * desc->natts);
	stored.rule.nulls = palloc(sizeof(bool) * desc->natts);
	heap_deform_tuple(&tuple, desc, stored.rule.values, stored.rule.nulls);
	CheckDescribed(desc, &stored.rule);
	stored.version.values = palloc0(sizeof(Datum) * VERSION_LEARNING_FROM);
	stored.version.nulls = palloc0(sizeof(bool) * VERSION_LEARNING_FROM);
	for (int i = 0; i < (int) lengthof(columns); i++)
	{
		stored.version.values[columns[i][0] - 1] = Column(&stored.rule, columns[i][1]);
		stored.version.nulls[columns[i][0] - 1] = ColumnIsNull(&stored.rule, columns[i][1]);
	}
	ReleaseTupleDesc(desc);
	return stored;
}

RuleSet *
RulesCompile(ArrayType *rules, const void *secret, Snapshot snapshot)
{
	RuleSet          *set = palloc0(sizeof(RuleSet));
	MemoryContext     parsing = AllocSetContextCreate(CurrentMemoryContext, "newterm rule parsing",
													  ALLOCSET_DEFAULT_SIZES);
	SuppressionTables suppressions;
	Datum            *elements;
	int               count;

	set->context = CurrentMemoryContext;
	DigestKeyExpand(&set->key, secret);
	set->fields = FieldSetCreate(&set->key, ReferenceCreate());
	deconstruct_array(rules, ARR_ELEMTYPE(rules), -1, false, TYPALIGN_DOUBLE, &elements, NULL,
					  &count);
	set->rules = palloc(sizeof(Rule *) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		StoredVersion stored;

		MemoryContextSwitchTo(parsing);
		stored = DescribedVersion(DatumGetHeapTupleHeader(elements[i]), i + 1);
		set->rules[i] = CompileRule(set, &stored);
		set->rules[i]->evaluated = true;
		MemoryContextSwitchTo(set->context);
		MemoryContextReset(parsing);
	}
	set->nrules = count;
	MemoryContextSwitchTo(parsing);
	SuppressionTablesOpen(&suppressions);
	SuppressionsLoad(set, &suppressions, snapshot);
	SuppressionTablesClose(&suppressions);
	MemoryContextSwitchTo(set->context);
	ReferenceLoad(set->fields->reference, REFERENCES_OF_RULES, snapshot);
	set->evaluation = EvaluationCreate(set);
	DispatchBuild(set);
	MemoryContextDelete(parsing);
	return set;
}

RuleSet *
RulesLoad(bool wait)
{
	MemoryContext context = AllocSetContextCreate(CacheMemoryContext, "newterm rules",
												  ALLOCSET_DEFAULT_MINSIZE,
												  ALLOCSET_DEFAULT_INITSIZE, RULES_BLOCK);
	RuleSet      *set = MemoryContextAllocZero(context, sizeof(RuleSet));
	ErrorData    *error;

	set->context = context;
	error = wait ? RunGuarded(LoadSet, set) : LockWaitsNever(LoadSet, set);
	if (error == NULL)
		return set;
	if (ErrorIsFinal(error->sqlerrcode))
	{
		MemoryContextDelete(context);
		ReThrowError(error);
	}
	MemoryContextReset(context);
	set = MemoryContextAllocZero(context, sizeof(RuleSet));
	set->context = context;
	set->failure = MemoryContextStrdup(context, error->message);
	set->failure_code = error->sqlerrcode;
	if (!ErrorIsContention(error->sqlerrcode))
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("newterm could not load its rules: %s", error->message)));
	return set;
}

Rule *
RuleLoadVersion(RuleSet *set, int32 version_id)
{
	const ExtensionOids *oids = ExtensionLookup();
	MemoryContext        scratch = AllocSetContextCreate(CurrentMemoryContext, "newterm rule rows",
														 ALLOCSET_DEFAULT_SIZES);
	MemoryContext        caller = MemoryContextSwitchTo(scratch);
	TableStore           rules;
	TableStore           versions;
	Snapshot             snapshot;
	List                *stored;
	Rule                *rule = NULL;

	TableStoreOpenWhole(&rules, oids->rules);
	TableStoreOpenWhole(&versions, oids->rule_versions);
	snapshot = TableStoreLatestSnapshot();
	stored = ReadVersions(&rules, &versions, snapshot, version_id);
	if (stored != NIL)
		rule = CompileRule(set, linitial(stored));
	TableStoreClose(&versions);
	TableStoreClose(&rules);
	UnregisterSnapshot(snapshot);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return rule;
}
