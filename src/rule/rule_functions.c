/*
 * rule_functions.c
 *	  SQL functions: trying filters and fields, checking rules.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/hash_table.h"
#include "rule/dispatch.h"
#include "settings.h"
#include "rule/question.h"
#include "rule/rule.h"
#include "rule/rule_functions.h"
#include "rule/rule_parse.h"
#include "store/extension.h"

PG_FUNCTION_INFO_V1(newterm_test_filter);
PG_FUNCTION_INFO_V1(newterm_terms);
PG_FUNCTION_INFO_V1(newterm_value);
PG_FUNCTION_INFO_V1(newterm_principal);
PG_FUNCTION_INFO_V1(newterm_rules_changed);
PG_FUNCTION_INFO_V1(newterm_term_object);

void
CheckEventObject(Jsonb *event)
{
	if (!JB_ROOT_IS_OBJECT(event))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the event is no JSON object")));
}

/*
 * newterm.test_filter(filter text, event jsonb, language text) returns boolean
 */
Datum
newterm_test_filter(PG_FUNCTION_ARGS)
{
	char     *filter = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Jsonb    *event = PG_GETARG_JSONB_P(1);
	Language  language = LanguageByName(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	Question *question;

	CheckEventObject(event);
	question = Ask(fcinfo, QUESTION_FILTER, &filter, 1, language, event);
	PG_RETURN_BOOL(FilterMatches(question->filter, question->set));
}

/*
 * newterm.terms(fields text[], event jsonb, language text) returns setof jsonb
 */
Datum
newterm_terms(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int            count;
	char         **texts = ArrayTexts(PG_GETARG_ARRAYTYPE_P(0), "fields", &count);
	Jsonb         *event = PG_GETARG_JSONB_P(1);
	Language       language = LanguageByName(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	Question      *question;
	TupleList      tuples;
	HTAB          *seen = HashTableOfDigests("newterm terms", 64, sizeof(Digest));

	if (count < 1 || count > TERM_MAX_FIELDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fields must name 1 to %d fields, not %d", TERM_MAX_FIELDS, count)));
	CheckEventObject(event);
	question = Ask(fcinfo, QUESTION_FIELDS, texts, count, language, event);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (TermTuples(&question->shape, question->set, QuestionKey(), MaxTermsPerEventSetting,
				   &tuples) > 0)
		ereport(WARNING,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the event shows more than %d terms: these are the first ones",
						MaxTermsPerEventSetting),
				 errhint("Rules judge these alone, too.  Raise newterm.max_terms_per_event to have more of them.")));
	for (int i = 0; i < tuples.count; i++)
	{
		Datum  value;
		bool   isnull = false;
		bool   repeated;
		Digest term = DigestTuple(QuestionKey(), 0, &tuples.digests[i * count], count);

		CHECK_FOR_INTERRUPTS();
		/* each tuple is a term once, however often the event shows it */
		hash_search(seen, &term, HASH_ENTER, &repeated);
		if (repeated)
			continue;
		value = JsonbPGetDatum(TermObject(TermValues(&tuples.values[i * count], 0, count), texts,
										  count));
		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}

/* A value of a slot, by its digest. */
typedef struct SlotValue
{
	Digest digest;
	int    number; /* in the order of the event */
} SlotValue;

static int
CompareSlotValues(const void *a, const void *b)
{
	const SlotValue *left = a;
	const SlotValue *right = b;
	int              order = DigestCompare(&left->digest, &right->digest);

	return order != 0 ? order : left->number - right->number;
}

/* The values of a slot, each of them once: one as it is, several as an array. */
static Jsonb *
DistinctValues(const FieldSet *set, const EventSlot *slot)
{
	JsonbParseState *state = NULL;
	SlotValue       *values = palloc(sizeof(SlotValue) * slot->count);
	bool            *repeated = palloc0(sizeof(bool) * slot->count);
	int              distinct = slot->count;

	for (int i = 0; i < slot->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		values[i] = (SlotValue){DigestJsonbValue(&set->key, &SlotValues(slot)[i]), i};
	}
	qsort(values, slot->count, sizeof(SlotValue), CompareSlotValues);
	for (int i = 1; i < slot->count; i++)
		if (DigestEqual(values[i].digest, values[i - 1].digest))
		{
			repeated[values[i].number] = true;
			distinct--;
		}
	if (distinct == 1)
		return JsonbValueToJsonb(unconstify(JsonbValue *, SlotValues(slot)));
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < slot->count; i++)
		if (!repeated[i])
			pushJsonbValue(&state, WJB_ELEM, unconstify(JsonbValue *, &SlotValues(slot)[i]));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

/*
 * newterm.value(field text, event jsonb, language text) returns jsonb
 *		The value of a field, several ones as an array, NULL for none.  Immutable: what is
 *		no object has no value, as an index on dirty rows must not fail.
 */
Datum
newterm_value(PG_FUNCTION_ARGS)
{
	char      *field = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Jsonb     *event = PG_GETARG_JSONB_P(1);
	Language   language = LanguageByName(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	Question  *question;
	EventSlot *slot;

	if (!JB_ROOT_IS_OBJECT(event))
		PG_RETURN_NULL();
	question = Ask(fcinfo, QUESTION_IMMUTABLE, &field, 1, language, event);
	slot = EventValues(question->set, question->slot);
	if (slot->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(DistinctValues(question->set, slot));
}

/*
 * newterm.principal(event jsonb) returns text
 *		$principal.
 */
Datum
newterm_principal(PG_FUNCTION_ARGS)
{
	static char *field = "$principal";
	Jsonb       *event = PG_GETARG_JSONB_P(0);
	Question    *question;
	EventSlot   *slot;

	if (!JB_ROOT_IS_OBJECT(event))
		PG_RETURN_NULL();
	question = Ask(fcinfo, QUESTION_IMMUTABLE, &field, 1, LANGUAGE_DATADOG, event);
	slot = EventValues(question->set, question->slot);
	if (slot->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(slot->own.val.string.val, slot->own.val.string.len));
}

/*
 * newterm.rules_changed() returns trigger
 *		Statement trigger on tables that rules are compiled from: every session
 *		compiles them anew, and forgets what it knew under the old ones.
 */
Datum
newterm_rules_changed(PG_FUNCTION_ARGS)
{
	/* whoever sends invalidations at will makes every session compile at will */
	(void) ExtensionOfTrigger(fcinfo, "newterm.rules_changed");
	RulesAnnounce();
	return PointerGetDatum(NULL);
}

/*
 * newterm.term_object(fields text[], "values" jsonb) returns jsonb
 *		Stored values as the object that users see; NULL where they are none of these
 *		fields'.
 */
Datum
newterm_term_object(PG_FUNCTION_ARGS)
{
	int    count;
	char **texts;
	Jsonb *values = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	texts = ArrayTexts(PG_GETARG_ARRAYTYPE_P(0), "fields", &count);
	/* a condition on a view may be asked of rows before they are joined by their version */
	if (values != NULL && (!JB_ROOT_IS_ARRAY(values) || JB_ROOT_COUNT(values) < count))
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(TermObject(values, texts, values == NULL ? 0 : count));
}
