/*
 * explain.c
 *	  newterm.filter_steps: tests each clause of a filter by itself, and shows the values
 *	  that the clause looked at.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "rule/dispatch.h"
#include "rule/question.h"
#include "rule/rule_functions.h"
#include "rule/rule_parse.h"

PG_FUNCTION_INFO_V1(newterm_filter_steps);

/* The object being built: the values that a clause looked at, by field. */
typedef struct Seen
{
	FieldSet        *fields;
	JsonbParseState *state;
} Seen;

/* Push the values of a field: one as it is, several as an array, null if there is none. */
static void
PushValues(JsonbParseState **state, const EventSlot *slot)
{
	JsonbValue none = {.type = jbvNull};

	if (slot->count == 0)
		pushJsonbValue(state, WJB_VALUE, &none);
	else if (slot->count == 1)
		pushJsonbValue(state, WJB_VALUE, unconstify(JsonbValue *, &SlotValues(slot)[0]));
	else
	{
		pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
		for (int i = 0; i < slot->count; i++)
			pushJsonbValue(state, WJB_ELEM, unconstify(JsonbValue *, &SlotValues(slot)[i]));
		pushJsonbValue(state, WJB_END_ARRAY, NULL);
	}
}

/*
 * Set `fields` to the fields that a leaf looks at; returns their number.  A condition on
 * array elements looks at none itself: its children do.
 */
static int
FieldsOfLeaf(const FilterNode *node, const Field *fields[2])
{
	if (node->field == NULL || node->kind == FILTER_ELEMENT)
		return 0;
	fields[0] = node->field;
	if (node->kind != FILTER_EQUAL)
		return 1;
	fields[1] = node->val.other.field;
	return 2;
}

/* Add the fields of all leaves below the node to the set, so that it extracts them. */
static void
AddLeaves(FieldSet *set, const FilterNode *node)
{
	const Field *fields[2];

	for (int i = 0; i < node->nchildren; i++)
		AddLeaves(set, node->children[i]);
	for (int i = FieldsOfLeaf(node, fields) - 1; i >= 0; i--)
		FieldSetAdd(set, fields[i]);
}

/* Push the fields of all leaves below the node, with their values. */
static void
SeeLeaves(Seen *seen, const FilterNode *node)
{
	const Field *fields[2];
	int          count;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < node->nchildren; i++)
		SeeLeaves(seen, node->children[i]);
	count = FieldsOfLeaf(node, fields);
	for (int i = 0; i < count; i++)
	{
		JsonbValue key = {.type = jbvString};

		key.val.string.val = FieldToText(fields[i]);
		key.val.string.len = strlen(key.val.string.val);
		pushJsonbValue(&seen->state, WJB_KEY, &key);
		PushValues(&seen->state, EventValues(seen->fields, FieldSetAdd(seen->fields, fields[i])));
	}
}

static Datum
SeenValues(FieldSet *fields, const FilterNode *clause)
{
	Seen seen = {.fields = fields};

	pushJsonbValue(&seen.state, WJB_BEGIN_OBJECT, NULL);
	SeeLeaves(&seen, clause);
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&seen.state, WJB_END_OBJECT, NULL)));
}

/*
 * newterm.filter_steps(filter text, event jsonb, language text)
 *		returns table (clause text, passed boolean, seen jsonb)
 *		A row for each clause that the filter demands.
 */
Datum
newterm_filter_steps(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FilterNode    *parsed = ParseFilter(text_to_cstring(PG_GETARG_TEXT_PP(0)),
										LanguageByName(text_to_cstring(PG_GETARG_TEXT_PP(2))));
	Jsonb         *event = PG_GETARG_JSONB_P(1);
	FieldSet      *fields = QuestionSet(parsed);
	const bool     several = parsed->kind == FILTER_AND;

	CheckEventObject(event);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < (several ? parsed->nchildren : 1); i++)
	{
		const FilterNode *clause = several ? parsed->children[i] : parsed;
		FilterNode       *bound = FilterBind(clause, fields);
		Datum             values[3];
		bool              nulls[3] = {0};

		/* a set that a field was added to is pointed at the event anew */
		AddLeaves(fields, clause);
		EventBegin(fields, &event->root);
		values[0] = CStringGetTextDatum(FilterToText(clause));
		values[1] = BoolGetDatum(FilterMatches(bound, fields));
		values[2] = SeenValues(fields, clause);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
