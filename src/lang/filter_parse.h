/*
 * filter_parse.h
 *	  What the two filter grammars share: the state of a parse and the makers of nodes.
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
	int  start;
	int  end;
	bool quoted; /* a value in quotes, which the span leaves out */
} FilterSpan;

/* A name before a colon: a field, or a name that Datadog or Elastic adds to the record. */
typedef struct FilterName
{
	Field      *field;
	const char *constant; /* its value in all records */
	const char
		*failed; /* its value in records with an errorCode; NULL: it is constant or a field */
	const char *succeeded; /* and in the others */
} FilterName;

/* The end of a range. */
typedef struct FilterLimit
{
	FilterSpan value;
	bool       inclusive;
} FilterLimit;

/* A "(" or "{" that is not closed yet. */
typedef struct FilterOpen
{
	int   offset; /* where it stands, in bytes */
	char *prefix; /* KQL's "{": what inner names begin with */
} FilterOpen;

/* The functions of a filter, whose arguments the scanner reads by their own rules. */
typedef enum FilterFunction
{
	FUNCTION_CIDR,   /* a field, networks */
	FUNCTION_LIST,   /* a field, a list's name */
	FUNCTION_EQUAL,  /* two fields */
	FUNCTION_ELEMENT /* a field, a filter */
} FilterFunction;

typedef struct FilterParseState
{
	const char  *text;
	int          length;
	Language     language;
	SyntaxError *error;
	bool         failed; /* *error is set; the first error stands */
	FilterNode  *result;

	/* of the scanner */
	int            next;     /* byte offset of the text that is not read yet */
	FilterSpan     token;    /* the latest token */
	FilterSpan     previous; /* the one before it; empty at the start */
	int            nopen;
	FilterOpen    *open;     /* FILTER_MAX_DEPTH + 1 of them */
	int            group;    /* nopen outside the group of values, or -1 outside such a group */
	FilterFunction function; /* the one whose arguments are read */
	sigjmp_buf     fatal;    /* where FilterFailFatal jumps to */
} FilterParseState;

/* What could stand in place of an unexpected token. */
#define EXPECT_END       0x0001
#define EXPECT_CLOSE     0x0002 /* ")" or "}" */
#define EXPECT_CONDITION 0x0004
#define EXPECT_COLON     0x0008
#define EXPECT_VALUE     0x0010
#define EXPECT_TO        0x0020
#define EXPECT_RANGE_END 0x0040
#define EXPECT_COMMA     0x0080
#define EXPECT_NETWORK   0x0100
#define EXPECT_FIELD     0x0200 /* also wherever a condition could stand */
#define EXPECT_LIST      0x0400

/*
 * Set the error, unless one is set already: at byte `offset` of the text, or at the latest
 * token.  The message is copied, as is the hint, which may be NULL.  FilterFailFatal jumps
 * to FilterParse instead of returning.
 */
extern void FilterFail(FilterParseState *state, int offset, const char *message, const char *hint);
extern void FilterFailDepth(FilterParseState *state, int offset);
extern void FilterFailUnexpected(FilterParseState *state, int expected);
extern void FilterFailFatal(FilterParseState *state, const char *message);

/* Functions that both scanners use; filter.c describes them. */
extern const char *FilterSkipSpace(const char *text);
extern void        FilterToken(FilterParseState *state, int start, int end);
extern bool        FilterOpenParenthesis(FilterParseState *state, const char *prefix);
extern char       *FilterPrefixedName(FilterParseState *state, int start, int end);
extern bool        FilterReadName(FilterParseState *state, int start, int end, FilterName *name);
extern Field      *FilterGroupPath(FilterParseState *state, int start, int end);

/*
 * Makers of nodes, palloc'd.  All return NULL with the error set where they refuse
 * something, and NULL where an argument node is NULL.  Nodes of values have no field until
 * FilterApplyName.  `offset` is the place of a name that may be refused, in bytes.
 */
extern FilterNode *FilterMakeEverything(void);
extern FilterNode *FilterMakeAnd(FilterParseState *state, FilterNode *left, FilterNode *right);
extern FilterNode *FilterMakeOr(FilterParseState *state, FilterNode *left, FilterNode *right);
extern FilterNode *FilterMakeNot(FilterParseState *state, FilterNode *child);
extern FilterNode *FilterMakeValue(FilterParseState *state, FilterSpan value);
extern FilterNode *FilterMakeRange(FilterParseState *state, const FilterLimit *lower,
								   const FilterLimit *upper);
extern FilterNode *FilterMakeNetworks(void);
extern FilterNode *FilterAddNetwork(FilterParseState *state, FilterNode *networks,
									FilterSpan network);
extern FilterNode *FilterMakeExists(FilterParseState *state);
extern FilterNode *FilterMakeList(FilterParseState *state, FilterSpan name);
extern FilterNode *FilterMakeEqual(FilterParseState *state, int offset, const FilterName *name,
								   const FilterName *other);
extern FilterNode *FilterMakeElement(FilterParseState *state, Field *path, FilterNode *filter);
extern FilterNode *FilterMakeElementCall(FilterParseState *state, int offset,
										 const FilterName *name, FilterNode *filter);
extern FilterNode *FilterApplyName(FilterParseState *state, const FilterName *name,
								   FilterNode *values);

/* Parse state->text.  Returns 0 with state->result set, anything else with the error set. */
extern int FilterParseDatadog(FilterParseState *state);
extern int FilterParseKql(FilterParseState *state);

#endif /* NEWTERM_FILTER_PARSE_H */
