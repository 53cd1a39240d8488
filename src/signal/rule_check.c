/*
 * rule_check.c
 *	  Checks all texts of a rule, its templates included, before it is stored.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "rule/rule.h"
#include "rule/rule_parse.h"
#include "signal/template.h"
#include "store/tables.h"
#include "store/extension.h"

PG_FUNCTION_INFO_V1(newterm_check_texts);

/* Parse each text as a field and refuse the same one twice. */
static void
CheckFields(char **texts, int count, Language language)
{
	Field **fields = palloc(sizeof(Field *) * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		fields[i] = ParseField(texts[i], language);
		CheckBuiltIn(FieldNeeds(fields[i]));
		for (int j = 0; j < i; j++)
			if (FieldEqual(fields[i], fields[j]))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("field \"%s\" is named twice", texts[i])));
	}
}

/* A column of the rule as a C string, or NULL. */
static char *
TextOf(const TriggerData *data, HeapTuple row, int column)
{
	return SPI_getvalue(row, RelationGetDescr(data->tg_relation), column);
}

static const char *
NameOf(const TriggerData *data, int column)
{
	return NameStr(TupleDescAttr(RelationGetDescr(data->tg_relation), column - 1)->attname);
}

/* A column that must not be NULL, as a C string. */
static char *
RequiredText(const TriggerData *data, HeapTuple row, int column)
{
	char *text = TextOf(data, row, column);

	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of a rule must not be null", NameOf(data, column))));
	return text;
}

/* The elements of a text[] column that must not be NULL. */
static char **
RequiredTexts(const TriggerData *data, HeapTuple row, int column, int *count)
{
	bool  isnull;
	Datum value = SPI_getbinval(row, RelationGetDescr(data->tg_relation), column, &isnull);

	if (isnull)
		(void) RequiredText(data, row, column);
	return ArrayTexts(DatumGetArrayTypeP(value), NameOf(data, column), count);
}

static void
CheckTexts(const TriggerData *data, HeapTuple row)
{
	int      nfields;
	int      ngroup;
	char   **fields = RequiredTexts(data, row, RULE_FIELDS, &nfields);
	char    *filter = RequiredText(data, row, RULE_FILTER);
	char   **group_by = RequiredTexts(data, row, RULE_GROUP_BY, &ngroup);
	Language language = LanguageByName(RequiredText(data, row, RULE_LANGUAGE));
	char    *title = TextOf(data, row, RULE_TITLE);
	char    *message = TextOf(data, row, RULE_MESSAGE);

	if (nfields < 1 || nfields > TERM_MAX_FIELDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a rule has 1 to %d fields, not %d", TERM_MAX_FIELDS, nfields)));
	if (ngroup > TERM_MAX_FIELDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("group_by has at most %d fields, not %d", TERM_MAX_FIELDS, ngroup)));
	CheckBuiltIn(FilterNeeds(ParseFilter(filter, language)));
	CheckFields(fields, nfields, language);
	CheckFields(group_by, ngroup, language);
	if (title != NULL)
		TemplateCheck("title", title);
	if (message != NULL)
		TemplateCheck("message", message);
}

/*
 * newterm.check_texts() returns trigger
 *		For newterm.rules alone, BEFORE INSERT or UPDATE of a row: raise an error where
 *		one of its texts is wrong.
 */
Datum
newterm_check_texts(PG_FUNCTION_ARGS)
{
	const TriggerData   *data = (TriggerData *) fcinfo->context;
	const ExtensionOids *oids = ExtensionLookup();
	HeapTuple            row;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) || oids == NULL ||
		RelationGetRelid(data->tg_relation) != oids->rules)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("newterm.check_texts is the trigger function of newterm.rules")));
	row = TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple : data->tg_trigtuple;
	CheckTexts(data, row);
	return PointerGetDatum(row);
}
