/*
 * visible.h
 *	  Text that people read, made so that it shows all that it holds.
 *
 * Whoever causes an event chooses its values.  Control characters move a
 * terminal's cursor or begin another line; bidirectional marks turn the order of
 * what is read.  They are written out as JSON has them, such as \u202e.
 *
 * Characters beyond ASCII are looked at in databases whose encoding is UTF8, or
 * SQL_ASCII where they are valid UTF-8.
 */
#ifndef NEWTERM_VISIBLE_H
#define NEWTERM_VISIBLE_H

#include "lib/stringinfo.h"

/*
 * Append text of `length` bytes.  Control characters (C0, DEL, C1), the marks
 * U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069 and U+FEFF, and the separators
 * U+2028 and U+2029 are escaped, but for the bytes in `kept`.
 */
extern void VisibleAppend(StringInfo out, const char *text, int length, const char *kept);

/* Does the text show nothing: is it empty, or all white space and characters without width? */
extern bool VisibleIsBlank(const char *text);

#endif /* NEWTERM_VISIBLE_H */
