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
#include "store/extension.h"

PG_FUNCTION_INFO_V1(newterm_check_texts);

/* Parse each text as a field and refuse the same one twice. */
static void
CheckFields(char **texts, int count, Language language)
{
	Field	  **fields = palloc(sizeof(Field *) * Max(count, 1));

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
TextOf(const TriggerData *data, HeapTuple row, const char *name)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);

	return SPI_getvalue(row, desc, SPI_fnumber(desc, name));
}

/* A column that must not be NULL, as a C string. */
static char *
RequiredText(const TriggerData *data, HeapTuple row, const char *name)
{
	char	   *text = TextOf(data, row, name);

	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of a rule must not be null", name)));
	return text;
}

/* The elements of a text[] column that must not be NULL. */
static char **
RequiredTexts(const TriggerData *data, HeapTuple row, const char *name, int *count)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	bool		isnull;
	Datum		value = SPI_getbinval(row, desc, SPI_fnumber(desc, name), &isnull);

	if (isnull)
		(void) RequiredText(data, row, name);
	return ArrayTexts(DatumGetArrayTypeP(value), name, count);
}

static void
CheckTexts(const TriggerData *data, HeapTuple row)
{
	int			nfields;
	int			ngroup;
	char	  **fields = RequiredTexts(data, row, "fields", &nfields);
	char	   *filter = RequiredText(data, row, "filter");
	char	  **group_by = RequiredTexts(data, row, "group_by", &ngroup);
	Language	language = LanguageByName(RequiredText(data, row, "language"));
	char	   *title = TextOf(data, row, "title");
	char	   *message = TextOf(data, row, "message");

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
	const TriggerData *data = (TriggerData *) fcinfo->context;
	const ExtensionOids *oids = ExtensionLookup();
	HeapTuple	row;

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
