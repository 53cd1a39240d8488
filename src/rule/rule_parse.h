/*
 * rule_parse.h
 *	  A rule's texts for those who show errors to their writer.
 */
#ifndef NEWTERM_RULE_PARSE_H
#define NEWTERM_RULE_PARSE_H

#include "utils/array.h"

#include "base/compat.h"
#include "lang/filter.h"

/* "datadog" or "kql"; an error for others. */
extern Language LanguageByName(const char *name);

/* Raise a syntax error of the parsers as PostgreSQL's, with a caret below the text. */
pg_noreturn extern void ReportSyntaxError(const char *what, const char *text,
										  const SyntaxError *error);

/* A filter's tree, or a field; raise what is wrong with its text. */
extern FilterNode *ParseFilter(const char *text, Language language);
extern Field *ParseField(const char *text, Language language);

/* Raise an error where an expression needs what this build lacks (NEEDS_..., field.h). */
extern void CheckBuiltIn(int needs);

/* The elements of a text[] without NULLs as C strings; `what` is named in errors. */
extern char **ArrayTexts(ArrayType *array, const char *what, int *count);

#endif							/* NEWTERM_RULE_PARSE_H */
