/*
 * filter_parse.h
 *	  What the two filter grammars share: their state and the tree's makers.
 *
 * Private to filter.c, filter_build.c and the scanners and grammars.
 */
#ifndef NEWTERM_FILTER_PARSE_H
#define NEWTERM_FILTER_PARSE_H

#include <setjmp.h>

#include "lang/filter.h"

/* A token's place in the text, in bytes.  Also the grammars' location type. */
typedef struct FilterSpan
{
	int			start;
	int			end;
	bool		quoted;			/* a value in quotes, which the span leaves out */
} FilterSpan;

/* What stands before a colon. */
typedef struct FilterName
{
	Field	   *field;
	const char *constant;		/* or else: Elastic's constant field's value */
} FilterName;

/* The end of a range. */
typedef struct FilterLimit
{
	FilterSpan	value;
	bool		inclusive;
} FilterLimit;

/* A "(" or "{" that is not closed yet. */
typedef struct FilterOpen
{
	int			offset;			/* where it stands, in bytes */
	char	   *prefix;			/* KQL's "{": what inner names begin with */
} FilterOpen;

typedef struct FilterParseState
{
	const char *text;
	int			length;
	Language	language;
	SyntaxError *error;
	bool		failed;			/* *error is set; the first error stands */
	FilterNode *result;

	/* The scanner's. */
	int			next;			/* byte offset of what is not yet read */
	FilterSpan	token;			/* the latest token */
	FilterSpan	previous;		/* the one before it; empty at the start */
	int			nopen;
	FilterOpen *open;			/* FILTER_MAX_DEPTH + 1 of them */
	int			group;			/* nopen outside the value group we are in, or
								 * -1 */
	sigjmp_buf	fatal;			/* where the scanner's fatal errors go */
} FilterParseState;

/* What could stand where an unexpected token stands. */
#define EXPECT_END			0x0001
#define EXPECT_CLOSE		0x0002	/* ")" or "}" */
#define EXPECT_CONDITION	0x0004
#define EXPECT_COLON		0x0008
#define EXPECT_VALUE		0x0010
#define EXPECT_TO			0x0020
#define EXPECT_RANGE_END	0x0040
#define EXPECT_COMMA		0x0080
#define EXPECT_NETWORK		0x0100
#define EXPECT_FIELD		0x0200	/* also wherever a condition could stand */

/*
 * Errors.  Both note the error unless there is one already.  FilterFail is
 * given the place of the error, FilterFailUnexpected takes the latest token.
 * FilterFailFatal does not return to its caller but to FilterParse.
 */
extern void FilterFail(FilterParseState *state, int offset,
					   const char *message, const char *hint);
extern void FilterFailUnexpected(FilterParseState *state, int expected);
extern void FilterFailFatal(FilterParseState *state, const char *message);

/* The scanners' common parts. */
extern void FilterToken(FilterParseState *state, int start, int end);
extern bool FilterOpenParenthesis(FilterParseState *state, const char *prefix);
extern char *FilterPrefixedName(FilterParseState *state, int start, int end);
extern bool FilterReadName(FilterParseState *state, int start, int end,
						   FilterName *name);

/*
 * Makers of nodes.  All return NULL with the error set when they refuse, and
 * NULL when given NULL.  Values have no field until FilterApplyName.
 */
extern FilterNode *FilterMakeEverything(void);
extern FilterNode *FilterMakeAnd(FilterParseState *state, FilterNode *left,
								 FilterNode *right);
extern FilterNode *FilterMakeOr(FilterParseState *state, FilterNode *left,
								FilterNode *right);
extern FilterNode *FilterMakeNot(FilterParseState *state, FilterNode *child);
extern FilterNode *FilterMakeValue(FilterParseState *state, FilterSpan value);
extern FilterNode *FilterMakeRange(FilterParseState *state,
								   const FilterLimit *lower,
								   const FilterLimit *upper);
extern FilterNode *FilterMakeNetworks(void);
extern FilterNode *FilterAddNetwork(FilterParseState *state,
									FilterNode *networks, FilterSpan network);
extern FilterNode *FilterApplyName(FilterParseState *state,
								   const FilterName *name, FilterNode *values);

/* The grammars.  They return 0 with state->result set, or fail. */
extern int	FilterParseDatadog(FilterParseState *state);
extern int	FilterParseKql(FilterParseState *state);

#endif							/* NEWTERM_FILTER_PARSE_H */
