/*
 * rule_parse.h
 *	  Parsing a rule's texts, with errors for the user who wrote them.
 */
#ifndef NEWTERM_RULE_PARSE_H
#define NEWTERM_RULE_PARSE_H

#include "utils/array.h"

#include "base/compat.h"
#include "lang/filter.h"

/* "datadog" or "kql"; raises an error for any other name. */
extern Language LanguageByName(const char *name);

/* Raise a parser's error as an error of PostgreSQL, with a caret below the text. */
pg_noreturn extern void ReportSyntaxError(const char *what, const char *text,
										  const SyntaxError *error);

/* Parse a filter or a field; raise an error if that fails. */
extern FilterNode *ParseFilter(const char *text, Language language);
extern Field      *ParseField(const char *text, Language language);

/* Raise an error if an expression needs something this build lacks (NEEDS_..., field.h). */
extern void CheckBuiltIn(int needs);

/* The elements of a text[] without NULLs as C strings; `what` is named in errors. */
extern char **ArrayTexts(ArrayType *array, const char *what, int *count);

#endif /* NEWTERM_RULE_PARSE_H */
