/*
 * rule_parse.c
 *	  Parsing a rule's texts, with errors for the user who wrote them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "event/geoip.h"
#include "rule/rule_parse.h"

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
	int         column = 0;

	for (int i = 1; i < error->position && *at != '\0'; i++)
	{
		int length = pg_mblen(at);

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
			 errmsg("syntax error in %s at position %d: %s", what, error->position, error->message),
			 /* from the next line on: clients put a label before the first */
			 errdetail("\n%s\n%*s^", end == NULL ? line : pnstrdup(line, end - line), column, ""),
			 error->hint != NULL ? errhint("%s", error->hint) : 0));
}

FilterNode *
ParseFilter(const char *text, Language language)
{
	SyntaxError error;
	FilterNode *filter = FilterParse(text, language, &error);

	if (filter == NULL)
		ReportSyntaxError("filter", text, &error);
	return filter;
}

Field *
ParseField(const char *text, Language language)
{
	SyntaxError error;
	Field      *field = FieldParse(text, language, &error);

	if (field == NULL)
		ReportSyntaxError("field", text, &error);
	return field;
}

void
CheckBuiltIn(int needs)
{
	if ((needs & NEEDS_GEOIP) && !GEOIP_BUILT_IN)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this build of newterm has no country(), asn() and as_org()"),
				 errdetail("It was made without libmaxminddb."),
				 errhint("Install libmaxminddb's development files (Debian: libmaxminddb-dev) and build newterm again.")));
}

char **
ArrayTexts(ArrayType *array, const char *what, int *count)
{
	Datum *elements;
	bool  *nulls;
	char **texts;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be an array of one dimension", what)));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, count);
	texts = palloc(sizeof(char *) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not contain NULL", what)));
		texts[i] = TextDatumGetCString(elements[i]);
	}
	return texts;
}
