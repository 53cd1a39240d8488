/*
 * template.c
 *	  Titles and messages: texts with {{placeholders}}.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "base/compat.h"
#include "base/jsonbtext.h"
#include "base/visible.h"
#include "signal/template.h"
#include "rule/rule_parse.h"

/* Shown in place of a missing value. */
#define NO_VALUE "?"

/* Of control characters, a message keeps those of its own template that lay it out. */
#define MESSAGE_LAYOUT "\n\t"

/* The most bytes of a title and of a message. */
#define TITLE_LIMIT   500
#define MESSAGE_LIMIT (64 * 1024)

static void
AppendText(StringInfo text, const char *appended)
{
	VisibleAppend(text, appended, strlen(appended), "");
}

/* Append a value: null as missing, and a blank one in quotes. */
static void
AppendValue(StringInfo text, const JsonbValue *value)
{
	StringInfoData plain;
	const char    *quote;

	if (value->type == jbvNull)
	{
		appendStringInfoString(text, NO_VALUE);
		return;
	}
	initStringInfo(&plain);
	JsonbTextAppend(&plain, value);
	quote = VisibleIsBlank(plain.data) ? "\"" : "";
	appendStringInfoString(text, quote);
	VisibleAppend(text, plain.data, plain.len, "");
	appendStringInfoString(text, quote);
	pfree(plain.data);
}

/* Append the member with this key; false if it is null or missing. */
static bool
AppendMember(StringInfo text, Jsonb *object, const char *key)
{
	JsonbValue value;

	if (object == NULL ||
		getKeyJsonValueFromContainer(&object->root, key, strlen(key), &value) == NULL ||
		value.type == jbvNull)
		return false;
	AppendValue(text, &value);
	return true;
}

/* All members' values of an object, separated by commas. */
static void
AppendMembers(StringInfo text, Jsonb *object)
{
	JsonbIterator     *iterator;
	JsonbIteratorToken token;
	JsonbValue         value;
	bool               first = true;

	if (object == NULL || JsonContainerSize(&object->root) == 0)
	{
		appendStringInfoString(text, NO_VALUE);
		return;
	}
	iterator = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_VALUE)
			continue;
		if (!first)
			appendStringInfoString(text, ", ");
		first = false;
		AppendValue(text, &value);
	}
}

/*
 * NamesColumn
 *		Does the name stand for that column of the rule?  It may be another spelling, or the
 *		record's name of a field that the rule calls by Elastic's.
 */
static bool
NamesColumn(const char *name, const Rule *rule, int column)
{
	SyntaxError error;
	Field      *field;
	Field      *of_rule;

	if (strcmp(name, rule->texts[column]) == 0)
		return true;
	field = FieldParse(name, LANGUAGE_DATADOG, &error);
	of_rule = FieldParse(rule->texts[column], rule->language, &error);
	/* Elastic's names say besides which values are none */
	while (of_rule != NULL && (of_rule->kind == FIELD_FILLED || of_rule->kind == FIELD_ADDRESS))
		of_rule = of_rule->arguments[0];
	return field != NULL && of_rule != NULL && FieldEqual(field, of_rule);
}

/* Append the value of the column with this name among from..to-1; false if none has it. */
static bool
AppendColumn(StringInfo text, const char *name, const TemplateValues *values, int from, int to)
{
	const Rule *rule = values->rule;

	for (int i = from; i < to; i++)
		if (NamesColumn(name, rule, i) &&
			AppendMember(text, i < rule->shape.nentity ? values->entity : values->term,
						 rule->texts[i]))
			return true;
	return false;
}

/*
 * AppendField
 *		The values that the event shows at a field, separated by commas; false where
 *		there are none.  The field belongs to no rule, so it has a set of its own.
 */
static bool
AppendField(StringInfo text, const char *name, const TemplateValues *values)
{
	SyntaxError      error;
	Field           *field = FieldParse(name, LANGUAGE_DATADOG, &error);
	FieldSet        *fields;
	const EventSlot *found;
	int              slot;

	if (field == NULL || values->event == NULL)
		return false;
	fields = FieldSetCreate(&values->set->key, values->set->fields->reference);
	slot = FieldSetAdd(fields, field);
	EventBegin(fields, &values->event->root);
	found = EventValues(fields, slot);
	for (int i = 0; i < found->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoString(text, ", ");
		AppendValue(text, &SlotValues(found)[i]);
	}
	return found->count > 0;
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

/* Append the value of a placeholder. */
static void
AppendPlaceholder(StringInfo text, const char *name, const TemplateValues *values)
{
	const TermShape *shape = &values->rule->shape;
	bool             found;

	if (strcmp(name, "rule.name") == 0)
		AppendText(text, values->rule->name);
	else if (strcmp(name, "rule.severity") == 0)
		AppendText(text, values->rule->severity);
	else if (strcmp(name, "term") == 0)
		AppendMembers(text, values->term);
	else if (strcmp(name, "entity") == 0)
		AppendMembers(text, values->entity);
	else
	{
		if (StartsWith(name, "term."))
			found = AppendColumn(text, name + strlen("term."), values, shape->nentity,
								 shape->ncolumns);
		else if (StartsWith(name, "entity."))
			found = AppendColumn(text, name + strlen("entity."), values, 0, shape->nentity);
		else
			found = AppendField(text, name, values) ||
				AppendColumn(text, name, values, 0, shape->ncolumns);
		if (!found)
			appendStringInfoString(text, NO_VALUE);
	}
}

/*
 * Render
 *		Fill a template in, and cut the text after `limit` bytes: values may be of any
 *		length, and named any number of times.  Of control characters in the template itself,
 *		those in `kept` stay.
 */
static const char *
Render(const char *template, const TemplateValues *values, const char *kept, int limit)
{
	StringInfoData text;
	const char    *before;
	const char    *rest;
	char          *name;

	initStringInfo(&text);
	while (text.len <= limit && (name = NextPlaceholder(template, &before, &rest)) != NULL)
	{
		VisibleAppend(&text, template, before - template, kept);
		AppendPlaceholder(&text, name, values);
		template = rest;
	}
	if (text.len <= limit)
		VisibleAppend(&text, template, strlen(template), kept);
	return TemplateClip(text.data, limit);
}

/* The title of a rule that has none, or one that says nothing. */
static const char *
DefaultTitle(const TemplateValues *values)
{
	StringInfoData text;

	initStringInfo(&text);
	AppendText(&text, values->rule->name);
	appendStringInfoString(&text, ": first seen ");
	AppendMembers(&text, values->term);
	if (values->rule->shape.nentity > 0)
	{
		appendStringInfoString(&text, " for ");
		AppendMembers(&text, values->entity);
	}
	return TemplateClip(text.data, TITLE_LIMIT);
}

const char *
TemplateTitle(const TemplateValues *values)
{
	const char *title = values->rule->title == NULL
		? NULL
		: Render(values->rule->title, values, "", TITLE_LIMIT);

	return title == NULL || VisibleIsBlank(title) ? DefaultTitle(values) : title;
}

const char *
TemplateMessage(const TemplateValues *values)
{
	return values->rule->message == NULL
		? NULL
		: Render(values->rule->message, values, MESSAGE_LAYOUT, MESSAGE_LIMIT);
}

void
TemplateCheck(const char *what, const char *template)
{
	const char *before;
	const char *rest = template;
	char       *name;

	while ((name = NextPlaceholder(rest, &before, &rest)) != NULL)
	{
		SyntaxError error;

		if (strcmp(name, "rule.name") == 0 || strcmp(name, "rule.severity") == 0 ||
			strcmp(name, "term") == 0 || strcmp(name, "entity") == 0 || StartsWith(name, "term.") ||
			StartsWith(name, "entity."))
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

const char *
TemplateClip(const char *text, int limit)
{
	int length = strlen(text);

	if (length <= limit)
		return text;
	return psprintf("%.*s…", pg_mbcliplen(text, length, limit), text);
}
