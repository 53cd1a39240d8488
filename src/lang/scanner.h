/*
 * scanner.h
 *	  What both scanners of filters define for flex.
 *
 * Private to the scanners.  The macros use the variables that flex declares in a
 * scanner's actions.
 */
#ifndef NEWTERM_SCANNER_H
#define NEWTERM_SCANNER_H

#include "lang/filter_parse.h"

#define YYLTYPE FilterSpan

/* Before each action: set the place of what was matched. */
#define YY_USER_ACTION \
	do \
	{ \
		yylloc->start = yyextra->next; \
		yyextra->next += yyleng; \
		yylloc->end = yyextra->next; \
		yylloc->quoted = false; \
	} while (0);

/* Return a token. */
#define TOKEN(kind) \
	do \
	{ \
		FilterToken(yyextra, yylloc->start, yylloc->end); \
		return (kind); \
	} while (0)

/* Return a value in quotes, without the quotes, which belong to the token alone. */
#define QUOTED_TOKEN(kind) \
	do \
	{ \
		yylval->span.start = yylloc->start + 1; \
		yylval->span.end = yylloc->end - 1; \
		yylval->span.quoted = true; \
		TOKEN(kind); \
	} while (0)

/* Return the token of a "(" or "{", which opens a group; see FilterOpenParenthesis. */
#define OPEN_TOKEN(kind, prefix) \
	do \
	{ \
		FilterToken(yyextra, yylloc->start, yylloc->end); \
		return FilterOpenParenthesis(yyextra, (prefix)) ? (kind) : INVALID; \
	} while (0)

/* Set an error at a byte of the text, and end the scan. */
#define FAIL(offset, message, hint) \
	do \
	{ \
		FilterFail(yyextra, (offset), (message), (hint)); \
		TOKEN(INVALID); \
	} while (0)

#endif /* NEWTERM_SCANNER_H */
