/*
 * suppression.c
 *	  Suppressions and unlearnings, as part of the compiled rule.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "rule/dispatch.h"
#include "rule/rule_parse.h"
#include "rule/suppression.h"
#include "store/extension.h"
#include "store/tables.h"

/* A row as it is stored, texts and values in the current memory context. */
typedef struct StoredSuppression
{
	char      *name;
	bool       exclude;
	ArrayType *rules;   /* NULL: all */
	int64      rule_id; /* of an unlearning; else 0 */
	char      *filter;
	char      *language;
	Jsonb     *entity;
	Jsonb     *term;
	int64      from;
	int64      until;
} StoredSuppression;

void
SuppressionTablesOpen(SuppressionTables *tables)
{
	const ExtensionOids *oids = ExtensionLookup();

	TableStoreOpenWhole(&tables->suppressions, oids->suppressions);
	TableStoreOpenWhole(&tables->unlearnings, oids->unlearnings);
}

void
SuppressionTablesClose(SuppressionTables *tables)
{
	TableStoreClose(&tables->unlearnings);
	TableStoreClose(&tables->suppressions);
}

/* ---------- reading ---------- */

/* A time, where infinite ones and NULL are the end of time on that side. */
static int64
SlotTime(TupleTableSlot *slot, int column, int64 missing)
{
	bool        isnull;
	TimestampTz time = DatumGetTimestampTz(SlotColumn(slot, column, &isnull));

	if (isnull)
		return missing;
	if (TIMESTAMP_IS_NOBEGIN(time))
		return PG_INT64_MIN;
	return TIMESTAMP_IS_NOEND(time) ? PG_INT64_MAX : UNIX_MICROS(time);
}

/* What it covers: the numbers of the columns that say so. */
typedef struct CoverColumns
{
	int filter;
	int language;
	int entity;
	int term;
	int from;
	int until;
} CoverColumns;

static StoredSuppression *
ReadCover(TupleTableSlot *slot, const CoverColumns *columns)
{
	StoredSuppression *stored = palloc0(sizeof(StoredSuppression));

	stored->filter = SlotText(slot, columns->filter);
	stored->language = SlotText(slot, columns->language);
	stored->entity = SlotJsonb(slot, columns->entity);
	stored->term = SlotJsonb(slot, columns->term);
	stored->from = SlotTime(slot, columns->from, PG_INT64_MIN);
	stored->until = SlotTime(slot, columns->until, PG_INT64_MAX);
	return stored;
}

static StoredSuppression *
ReadSuppression(TupleTableSlot *slot)
{
	static const CoverColumns columns = {SUPPRESSION_FILTER,    SUPPRESSION_LANGUAGE,
										 SUPPRESSION_ENTITY,    SUPPRESSION_TERM,
										 SUPPRESSION_STARTS_AT, SUPPRESSION_EXPIRES_AT};
	StoredSuppression        *stored = ReadCover(slot, &columns);
	bool                      isnull;
	Datum                     rules = SlotColumn(slot, SUPPRESSION_RULES, &isnull);

	if (!isnull)
		stored->rules = DatumGetArrayTypePCopy(rules);
	stored->name = SlotText(slot, SUPPRESSION_NAME);
	stored->exclude = strcmp(SlotText(slot, SUPPRESSION_KIND), "exclude") == 0;
	return stored;
}

static StoredSuppression *
ReadUnlearning(TupleTableSlot *slot)
{
	static const CoverColumns columns = {UNLEARNING_FILTER, UNLEARNING_LANGUAGE, UNLEARNING_ENTITY,
										 UNLEARNING_TERM,   UNLEARNING_SINCE,    UNLEARNING_UNTIL};
	StoredSuppression        *stored = ReadCover(slot, &columns);
	bool                      isnull;

	stored->exclude = true;
	stored->rule_id = DatumGetInt64(SlotColumn(slot, UNLEARNING_RULE_ID, &isnull));
	return stored;
}

/* ---------- compiling ---------- */

static bool
ArrayHasText(ArrayType *array, const char *wanted)
{
	Datum *elements;
	bool  *nulls;
	int    count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && strcmp(TextDatumGetCString(elements[i]), wanted) == 0)
			return true;
	return false;
}

static bool
Concerns(const StoredSuppression *stored, const Rule *rule)
{
	if (stored->rule_id != 0)
		return stored->rule_id == rule->id;
	return stored->rules == NULL || ArrayHasText(stored->rules, rule->name);
}

/* The column from..to-1 of a rule that is written so, or -1. */
static int
ColumnOfText(const Rule *rule, int from, int to, const JsonbValue *text)
{
	for (int i = from; i < to; i++)
		if (strlen(rule->texts[i]) == text->val.string.len &&
			memcmp(rule->texts[i], text->val.string.val, text->val.string.len) == 0)
			return i;
	return -1;
}

/*
 * AddValues
 *		Demand the members of an entity or term of the columns from..to-1; false where it
 *		names what the rule does not have, so that it covers nothing of it.
 */
static bool
AddValues(Suppression *suppression, const Rule *rule, int from, int to, Jsonb *object)
{
	JsonbIterator     *iterator;
	JsonbIteratorToken token;
	JsonbValue         value;
	int                column = -1;

	if (object == NULL)
		return true;
	iterator = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_KEY && (column = ColumnOfText(rule, from, to, &value)) < 0)
			return false;
		if (token == WJB_VALUE)
			suppression->values[suppression->nvalues++] =
				(SuppressedValue){column, DigestJsonbValue(rule->key, &value)};
	}
	return true;
}

/* Add it to the rule, in the set's memory. */
static void
AddSuppression(RuleSet *set, Rule *rule, const StoredSuppression *stored)
{
	Suppression suppression = {
		.exclude = stored->exclude,
		.from = stored->from,
		.until = stored->until,
	};
	const int     nentity = rule->shape.nentity;
	FilterNode   *parsed = stored->filter == NULL
		  ? NULL
		  : ParseFilter(stored->filter, LanguageByName(stored->language));
	MemoryContext old = MemoryContextSwitchTo(set->context);

	suppression.values = palloc(sizeof(SuppressedValue) * rule->shape.ncolumns);
	if (AddValues(&suppression, rule, 0, nentity, stored->entity) &&
		AddValues(&suppression, rule, nentity, rule->shape.ncolumns, stored->term))
	{
		suppression.name = stored->name == NULL ? NULL : pstrdup(stored->name);
		if (parsed != NULL)
			suppression.filter = FilterBind(parsed, set->fields);
		rule->suppressions = rule->suppressions == NULL
			? palloc(sizeof(Suppression))
			: repalloc(rule->suppressions, sizeof(Suppression) * (rule->nsuppressions + 1));
		rule->suppressions[rule->nsuppressions++] = suppression;
		rule->excludes |= suppression.exclude;
	}
	MemoryContextSwitchTo(old);
}

static void
AddToRules(RuleSet *set, const StoredSuppression *stored)
{
	for (int i = 0; i < set->nrules; i++)
		if (Concerns(stored, set->rules[i]))
			AddSuppression(set, set->rules[i], stored);
}

void
SuppressionsLoad(RuleSet *set, SuppressionTables *tables, Snapshot snapshot)
{
	TupleTableSlot *slot;

	TableStoreScan(&tables->suppressions, snapshot);
	while (TableStoreScanNext(&tables->suppressions, &slot))
		AddToRules(set, ReadSuppression(slot));
	TableStoreScan(&tables->unlearnings, snapshot);
	while (TableStoreScanNext(&tables->unlearnings, &slot))
		AddToRules(set, ReadUnlearning(slot));
}

/* ---------- evaluating ---------- */

/* Does it cover what these values show at event->time, its filter apart? */
static bool
CoversValues(const Suppression *suppression, const Evaluation *event, const Digest *row)
{
	if (event->time < suppression->from || event->time >= suppression->until)
		return false;
	for (int i = 0; i < suppression->nvalues; i++)
		if (!DigestEqual(row[suppression->values[i].column], suppression->values[i].value))
			return false;
	return true;
}

bool
SuppressionExcludes(Evaluation *event, const Rule *rule, const Digest *row, FilterAnswer filters)
{
	for (int i = 0; i < rule->nsuppressions; i++)
	{
		const Suppression *suppression = &rule->suppressions[i];

		if (suppression->exclude && CoversValues(suppression, event, row) &&
			(suppression->filter == NULL || filters == FILTERS_PASS ||
			 (filters == FILTERS_ASKED && FilterMatches(suppression->filter, event->fields))))
			return true;
	}
	return false;
}

const Suppression *
SuppressionMutes(Evaluation *event, const Rule *rule, const Digest *row, bool have_event)
{
	for (int i = 0; i < rule->nsuppressions; i++)
	{
		const Suppression *suppression = &rule->suppressions[i];

		if (!suppression->exclude && CoversValues(suppression, event, row) &&
			(suppression->filter == NULL ||
			 (have_event && FilterMatches(suppression->filter, event->fields))))
			return suppression;
	}
	return NULL;
}
