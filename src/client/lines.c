/*
 * lines.c
 *	  Changes as lines: for people, for programs, for Elasticsearch's _bulk.
 */
#include <string.h>

#include <json-c/json.h>

#include "escape.h"
#include "lines.h"
#include "template.h"

void
lines_append_bulk(Buffer *to, const Change *change, const char *document)
{
	buffer_printf(to, "{\"create\":{\"_id\":\"%s\"}}\n", change->uuid);
	escape_document(to, document);
	buffer_append(to, "\n");
}

/* 2024-03-02T10:20:30+00:00 high new: the title (rule "names", signal 7): the reason */
static void
append_text_line(Buffer *to, const char *json)
{
	json_object *document = template_parse(json);
	Buffer       line = {0};

	buffer_printf(&line, "%s ", template_text(document, "signal.first_seen"));
	buffer_printf(&line, "%s ", template_text(document, "signal.severity"));
	buffer_printf(&line, "%s: ", template_text(document, "kind"));
	buffer_printf(&line, "%s ", template_text(document, "signal.title"));
	buffer_printf(&line, "(rule \"%s\", ", template_text(document, "signal.rule"));
	buffer_printf(&line, "signal %s)", template_text(document, "signal.id"));
	if (*template_text(document, "reason") != '\0')
		buffer_printf(&line, ": %s", template_text(document, "reason"));
	escape_line(to, buffer_text(&line));
	buffer_append(to, "\n");
	buffer_free(&line);
	json_object_put(document);
}

void
lines_append(Buffer *to, const Destination *destination, const Change *change, const char *document)
{
	if (destination->text)
		append_text_line(to, document);
	else if (strcmp(destination->format, "ecs") == 0)
		lines_append_bulk(to, change, document);
	else
	{
		escape_document(to, document);
		buffer_append(to, "\n");
	}
}
