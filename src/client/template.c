/*
 * template.c
 *	  Bodies and headers of webhooks: texts with {{path}} in them.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "template.h"

/* PostgreSQL's own stack allows for less. */
#define MAX_DEPTH 20000

json_object *
template_parse(const char *json)
{
	json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
	json_object  *document;

	if (tokener == NULL)
		return NULL;
	document = json_tokener_parse_ex(tokener, json, -1);
	json_tokener_free(tokener);
	return document;
}

/* The element of an array that a path begins with; *rest is the rest of the path. */
static json_object *
array_element(json_object *array, const char *path, const char **rest)
{
	char         *end;
	unsigned long index;

	if (!isdigit((unsigned char) *path))
		return NULL;
	index = strtoul(path, &end, 10);
	if (*end != '\0' && *end != '.')
		return NULL;
	*rest = *end == '.' ? end + 1 : end;
	return json_object_array_get_idx(array, index);
}

/* The member of an object that has the longest key which the path begins with. */
static json_object *
object_member(json_object *object, char *path, const char **rest)
{
	size_t length = strlen(path);

	while (length > 0)
	{
		char         behind = path[length];
		json_object *member;
		bool         found;

		path[length] = '\0';
		found = json_object_object_get_ex(object, path, &member);
		path[length] = behind;
		if (found)
		{
			*rest = behind == '.' ? path + length + 1 : path + length;
			return member;
		}
		do
			length--;
		while (length > 0 && path[length] != '.');
	}
	return NULL;
}

json_object *
template_value(json_object *document, const char *path)
{
	char       *copy = must_copy(path);
	const char *rest = copy;

	while (document != NULL && *rest != '\0')
	{
		const char *here = rest;

		if (json_object_is_type(document, json_type_array))
			document = array_element(document, here, &rest);
		else if (json_object_is_type(document, json_type_object))
			document = object_member(document, copy + (here - copy), &rest);
		else
			document = NULL;
	}
	free(copy);
	return document;
}

const char *
template_text(json_object *document, const char *path)
{
	json_object *value = template_value(document, path);

	return value == NULL ? "" : json_object_get_string(value);
}

static void
append_value(Buffer *to, json_object *value, Escape escape)
{
	const char *text;
	bool        is_string = json_object_is_type(value, json_type_string);

	if (value == NULL)
		return;
	text = is_string
		? json_object_get_string(value)
		: json_object_to_json_string_ext(value,
										 JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (escape == ESCAPE_FORM)
		escape_form(to, text);
	else if (escape == ESCAPE_LINE)
		escape_line(to, text);
	else if (is_string)
		escape_json_string(to, text);
	else
		escape_document(to, text);
}

/* The next {{path}} of the text, trimmed and allocated; NULL at the end. */
static char *
next_placeholder(const char *text, const char **open, const char **rest)
{
	const char *close;
	const char *from;
	char       *path;
	size_t      length;

	*open = strstr(text, "{{");
	close = *open == NULL ? NULL : strstr(*open + 2, "}}");
	if (close == NULL)
		return NULL;
	from = *open + 2;
	*rest = close + 2;
	while (from < close && isspace((unsigned char) *from))
		from++;
	length = close - from;
	while (length > 0 && isspace((unsigned char) from[length - 1]))
		length--;
	path = must_allocate(length + 1);
	memcpy(path, from, length);
	return path;
}

void
template_fill(Buffer *to, const char *template, json_object *document, Escape escape)
{
	const char *open;
	const char *rest;
	char       *path;

	while ((path = next_placeholder(template, &open, &rest)) != NULL)
	{
		buffer_append_bytes(to, template, open - template);
		append_value(to, template_value(document, path), escape);
		free(path);
		template = rest;
	}
	buffer_append(to, template);
}

const char *
template_check(const char *template)
{
	const char *open;
	const char *rest;
	char       *path;

	while ((path = next_placeholder(template, &open, &rest)) != NULL)
	{
		bool empty = *path == '\0';

		free(path);
		if (empty)
			return "a placeholder {{}} is empty";
		template = rest;
	}
	return open == NULL ? NULL : "a placeholder {{ has no end }}";
}
