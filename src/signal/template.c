/*
 * template.c
 *	  Titles and messages: texts with {{placeholders}}.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "base/compat.h"
#include "base/jsonbtext.h"
#include "signal/template.h"
#include "rule/rule_parse.h"

/* The member of an object by its key. */
static void
AppendMember(StringInfo text, Jsonb *object, const char *key)
{
	JsonbValue	value;

	if (object != NULL &&
		getKeyJsonValueFromContainer(&object->root, key, strlen(key), &value) != NULL)
		JsonbTextAppend(text, &value);
}

/* All members' values of an object, separated by commas. */
static void
AppendMembers(StringInfo text, Jsonb *object)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	bool		first = true;

	if (object == NULL)
		return;
	iterator = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_VALUE)
			continue;
		if (!first)
			appendStringInfoString(text, ", ");
		first = false;
		JsonbTextAppend(text, &value);
	}
}

/*
 * AppendField
 *		The values that the event shows at a field, separated by commas.  The
 *		field belongs to no rule, so it has a set of its own.
 */
static void
AppendField(StringInfo text, const char *name, const TemplateValues *values)
{
	SyntaxError error;
	Field	   *field = FieldParse(name, LANGUAGE_DATADOG, &error);
	FieldSet   *fields;
	const EventSlot *found;
	int			slot;

	if (field == NULL || values->event == NULL)
		return;
	fields = FieldSetCreate(&values->set->key);
	FieldSetShareVendors(fields, values->set->fields);
	slot = FieldSetAdd(fields, field);
	EventBegin(fields, &values->event->root);
	found = EventValues(fields, slot);
	for (int i = 0; i < found->count; i++)
	{
		if (i > 0)
			appendStringInfoString(text, ", ");
		JsonbTextAppend(text, &SlotValues(found)[i]);
	}
}

/* The name inside the next {{…}}, trimmed; NULL and *rest unchanged at the end. */
static char *
NextPlaceholder(const char *text, const char **before, const char **rest)
{
	const char *open = strstr(text, "{{");
	const char *close = open == NULL ? NULL : strstr(open + 2, "}}");
	const char *from;
	const char *to;

	if (close == NULL)
		return NULL;
	*before = open;
	*rest = close + 2;
	from = open + 2;
	to = close;
	while (from < to && *from == ' ')
		from++;
	while (to > from && to[-1] == ' ')
		to--;
	return pnstrdup(from, to - from);
}

static bool
StartsWith(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

char *
TemplateRender(const char *template, const TemplateValues *values)
{
	StringInfoData text;
	const char *before;
	const char *rest;
	char	   *name;

	initStringInfo(&text);
	while ((name = NextPlaceholder(template, &before, &rest)) != NULL)
	{
		appendBinaryStringInfo(&text, template, before - template);
		if (strcmp(name, "rule.name") == 0)
			appendStringInfoString(&text, values->rule->name);
		else if (strcmp(name, "rule.severity") == 0)
			appendStringInfoString(&text, values->rule->severity);
		else if (strcmp(name, "term") == 0)
			AppendMembers(&text, values->term);
		else if (strcmp(name, "entity") == 0)
			AppendMembers(&text, values->entity);
		else if (StartsWith(name, "term."))
			AppendMember(&text, values->term, name + strlen("term."));
		else if (StartsWith(name, "entity."))
			AppendMember(&text, values->entity, name + strlen("entity."));
		else
			AppendField(&text, name, values);
		template = rest;
	}
	appendStringInfoString(&text, template);
	return text.data;
}

void
TemplateCheck(const char *what, const char *template)
{
	const char *before;
	const char *rest = template;
	char	   *name;

	while ((name = NextPlaceholder(rest, &before, &rest)) != NULL)
	{
		SyntaxError error;

		if (strcmp(name, "rule.name") == 0 || strcmp(name, "rule.severity") == 0 ||
			strcmp(name, "term") == 0 || strcmp(name, "entity") == 0 ||
			StartsWith(name, "term.") || StartsWith(name, "entity."))
			continue;
		if (StartsWith(name, "rule."))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s has no placeholder {{%s}}", what, name),
					 errhint("Of the rule there are {{rule.name}} and {{rule.severity}}.")));
		if (FieldParse(name, LANGUAGE_DATADOG, &error) == NULL)
			ReportSyntaxError(psprintf("placeholder of %s", what), name, &error);
	}
}

char *
TemplateDefaultTitle(const TemplateValues *values)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s: first seen ", values->rule->name);
	AppendMembers(&text, values->term);
	if (values->entity != NULL && JsonContainerSize(&values->entity->root) > 0)
	{
		appendStringInfoString(&text, " for ");
		AppendMembers(&text, values->entity);
	}
	return text.data;
}

const char *
TemplateClip(const char *text, int limit)
{
	int			length = strlen(text);

	if (length <= limit)
		return text;
	return psprintf("%.*s…", pg_mbcliplen(text, length, limit), text);
}
