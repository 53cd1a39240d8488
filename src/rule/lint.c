/*
 * lint.c
 *	  What newterm.lint() asks of a rule's texts: which paths they name, and what
 *	  values they compare with.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "catalog/pg_type.h"
#include "rule/rule_parse.h"

PG_FUNCTION_INFO_V1(newterm_rule_paths);
PG_FUNCTION_INFO_V1(newterm_name_distance);

#define RULE_PATHS_COLUMNS 4

/* One field of the rule's texts, and what a filter's leaf compares it with. */
typedef struct Mention
{
	ReturnSetInfo *result;
	const char    *part;     /* as the rule writes it; of filters the canonical text */
	const char    *operator; /* NULL for a field by itself */
	const char    *value;    /* or NULL */
} Mention;

static Datum
StepsArray(char **steps, int nsteps)
{
	Datum *elements = palloc(sizeof(Datum) * nsteps);

	for (int i = 0; i < nsteps; i++)
		elements[i] = CStringGetTextDatum(steps[i]);
	return PointerGetDatum(construct_array(elements, nsteps, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
PutText(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text != NULL)
		values[column] = CStringGetTextDatum(text);
}

static void
PutPath(const Mention *mention, const Field *path)
{
	Datum values[RULE_PATHS_COLUMNS];
	bool  nulls[RULE_PATHS_COLUMNS] = {0};

	PutText(values, nulls, 0, mention->part);
	nulls[1] = path == NULL;
	if (path != NULL)
		values[1] = StepsArray(path->steps, path->nsteps);
	PutText(values, nulls, 2, mention->operator);
	PutText(values, nulls, 3, mention->value);
	tuplestore_putvalues(mention->result->setResult, mention->result->setDesc, values, nulls);
}

/* A row for each path that a field reads; one without a path where it reads none. */
static void
PutPaths(const Mention *mention, const Field *field)
{
	CHECK_FOR_INTERRUPTS();
	if (field->kind == FIELD_PATH)
		PutPath(mention, field);
	else if (field->kind == FIELD_ATTRIBUTE)
		PutPath(mention, NULL);
	else
		for (int i = 0; i < field->narguments; i++)
			PutPaths(mention, field->arguments[i]);
}

static char *
WildcardText(const FilterNode *node)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < node->val.wildcard.nparts; i++)
	{
		const WildcardPart *part = &node->val.wildcard.parts[i];

		if (part->kind == WILDCARD_TEXT)
			appendBinaryStringInfo(&text, part->text, part->length);
		else
			appendStringInfoChar(&text, part->kind == WILDCARD_ANY_TEXT ? '*' : '?');
	}
	return text.data;
}

static void
PutLeaf(ReturnSetInfo *result, const FilterNode *node)
{
	Mention mention = {.result = result, .part = FieldToText(node->field)};

	switch (node->kind)
	{
		case FILTER_EQUALS:
			mention.operator= "equals";
			mention.value = node->val.literal.text;
			break;
		case FILTER_WILDCARD:
			mention.operator= "wildcard";
			mention.value = WildcardText(node);
			break;
		default:
			mention.operator= "other";
			break;
	}
	PutPaths(&mention, node->field);
	if (node->kind == FILTER_EQUAL)
	{
		mention.part = FieldToText(node->val.other.field);
		PutPaths(&mention, node->val.other.field);
	}
}

static void
PutFilter(ReturnSetInfo *result, const FilterNode *node)
{
	CHECK_FOR_INTERRUPTS();
	if (node->field != NULL && node->kind != FILTER_ELEMENT)
		PutLeaf(result, node);
	for (int i = 0; i < node->nchildren; i++)
		PutFilter(result, node->children[i]);
}

/*
 * newterm.rule_paths(filter text, fields text[], language text)
 *		returns table (part text, path text[], operator text, value text)
 *		A row for each path of the record that a filter's leaves and the fields read.
 */
Datum
newterm_rule_paths(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Language       language = LanguageByName(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	FilterNode    *filter = ParseFilter(text_to_cstring(PG_GETARG_TEXT_PP(0)), language);
	int            count;
	char         **texts = ArrayTexts(PG_GETARG_ARRAYTYPE_P(1), "fields", &count);

	InitMaterializedSRF(fcinfo, 0);
	PutFilter(result, filter);
	for (int i = 0; i < count; i++)
	{
		Mention mention = {.result = result, .part = texts[i]};

		PutPaths(&mention, ParseField(texts[i], language));
	}
	return (Datum) 0;
}

/*
 * newterm.name_distance(a text, b text) returns integer
 *		How many characters must change for one name to be the other; NULL where they are
 *		too long for it.
 */
Datum
newterm_name_distance(PG_FUNCTION_ARGS)
{
	text     *a = PG_GETARG_TEXT_PP(0);
	text     *b = PG_GETARG_TEXT_PP(1);
	const int longest = 255;

	if (pg_mbstrlen_with_len(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a)) > longest ||
		pg_mbstrlen_with_len(VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b)) > longest)
		PG_RETURN_NULL();
	PG_RETURN_INT32(varstr_levenshtein(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a), VARDATA_ANY(b),
									   VARSIZE_ANY_EXHDR(b), 1, 1, 1, true));
}
