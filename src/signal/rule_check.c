/*
 * rule_check.c
 *	  Checks all texts of a rule, its templates included, before it is stored.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "rule/rule.h"
#include "rule/rule_parse.h"
#include "signal/template.h"

PG_FUNCTION_INFO_V1(newterm_check_rule);

/* Parse each text as a field and refuse the same one twice. */
static void
CheckFields(char **texts, int count, Language language)
{
	Field	  **fields = palloc(sizeof(Field *) * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		fields[i] = ParseField(texts[i], language);
		for (int j = 0; j < i; j++)
			if (FieldEqual(fields[i], fields[j]))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("field \"%s\" is named twice", texts[i])));
	}
}

/*
 * newterm.check_rule(fields text[], filter text, group_by text[],
 *					  language text, title text, message text)
 *		Raise an error where one of these texts is wrong.
 */
Datum
newterm_check_rule(PG_FUNCTION_ARGS)
{
	int			nfields;
	int			ngroup;
	char	  **fields = ArrayTexts(PG_GETARG_ARRAYTYPE_P(0), "fields", &nfields);
	char	   *filter = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	  **group_by = ArrayTexts(PG_GETARG_ARRAYTYPE_P(2), "group_by", &ngroup);
	Language	language = LanguageByName(text_to_cstring(PG_GETARG_TEXT_PP(3)));

	if (nfields < 1 || nfields > TERM_MAX_FIELDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a rule has 1 to %d fields, not %d", TERM_MAX_FIELDS, nfields)));
	if (ngroup > TERM_MAX_FIELDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("group_by has at most %d fields, not %d", TERM_MAX_FIELDS, ngroup)));
	ParseFilter(filter, language);
	CheckFields(fields, nfields, language);
	CheckFields(group_by, ngroup, language);
	if (!PG_ARGISNULL(4))
		TemplateCheck("title", text_to_cstring(PG_GETARG_TEXT_PP(4)));
	if (!PG_ARGISNULL(5))
		TemplateCheck("message", text_to_cstring(PG_GETARG_TEXT_PP(5)));
	PG_RETURN_VOID();
}
