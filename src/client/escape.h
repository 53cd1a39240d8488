/*
 * escape.h
 *	  Texts made fit for JSON, for terminals, for headers and for forms.
 *
 * Characters that could move a cursor or turn the direction of writing are those
 * below U+0020, U+007F to U+009F, and Unicode's bidirectional marks, separators of
 * lines and U+FEFF.
 */
#ifndef NEWTERM_ESCAPE_H
#define NEWTERM_ESCAPE_H

#include "buffer.h"

/* Append a JSON document with such characters, which only strings can hold, as \u009b. */
extern void escape_document(Buffer *to, const char *json);

/* Append a text as the inside of a JSON string. */
extern void escape_json_string(Buffer *to, const char *text);

/* Append a text for a line on a terminal or in a header: such characters as \u001b. */
extern void escape_line(Buffer *to, const char *text);

/* Append a text percent-encoded, for forms and URLs. */
extern void escape_form(Buffer *to, const char *text);

#endif /* NEWTERM_ESCAPE_H */
