/*
 * template.h
 *	  Bodies and headers of webhooks: texts with {{path}} in them.
 *
 * A path leads into the document that newterm.signal_as(…, 'newterm') gives:
 * {{kind}}, {{signal.title}}, {{signal.event.sourceIPAddress}}, {{signal.terms.0}}.  A
 * key may hold dots: the longest one that fits is taken.
 */
#ifndef NEWTERM_CLIENT_TEMPLATE_H
#define NEWTERM_CLIENT_TEMPLATE_H

#include <json-c/json.h>

#include "buffer.h"

/* How values are made fit for the text around them. */
typedef enum Escape
{
	ESCAPE_JSON, /* inside or outside of a string of JSON's */
	ESCAPE_LINE, /* a header, a line */
	ESCAPE_FORM  /* percent-encoded */
} Escape;

/*
 * Parse a document, which may be nested as deep as events may be; NULL if it is no JSON.
 * The caller frees it by json_object_put().
 */
extern json_object *template_parse(const char *json);

/* The value at a path, or NULL; it belongs to the document. */
extern json_object *template_value(json_object *document, const char *path);

/* The same as a text; empty if there is none. */
extern const char *template_text(json_object *document, const char *path);

/*
 * Append the template with values in place of its placeholders; missing values are left
 * out.  Strings have no quotes; objects and arrays are JSON.
 */
extern void template_fill(Buffer *to, const char *template, json_object *document, Escape escape);

/* The fault of the template, or NULL. */
extern const char *template_check(const char *template);

#endif /* NEWTERM_CLIENT_TEMPLATE_H */
