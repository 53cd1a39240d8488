/*
 * kql_gram.y
 *	  Grammar of filters in KQL, the query language of Elastic's rules.
 *
 * not binds more than and, and more than or.
 */
%define api.prefix {newterm_kql_yy}
%define api.pure full
%define api.location.type {FilterSpan}
%define lr.type canonical-lr
%define parse.error custom
%locations
%param {void *scanner}
%parse-param {FilterParseState *state}

%code requires {
#include "lang/filter_parse.h"
}

%{
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lang/filter_parse.h"
#include "lang/kql_gram.h"

/* The parser's stack is the parse's memory, and bounded. */
#define YYMALLOC	palloc
#define YYFREE		pfree
#define YYMAXDEPTH	(20 * FILTER_MAX_DEPTH)

#define YYLLOC_DEFAULT(current, rhs, n) \
	do { \
		(current).start = YYRHSLOC(rhs, (n) > 0 ? 1 : 0).start; \
		(current).end = YYRHSLOC(rhs, n).end; \
		(current).quoted = false; \
	} while (0)

/* An action's maker refused, and has said why. */
#define CHECK(node) \
	do { \
		if ((node) == NULL) \
			YYABORT; \
	} while (0)
%}

%union {
	FilterNode *node;
	FilterName	name;
	FilterSpan	span;
	int			comparison;		/* the comparison's token */
}

%code {
extern int	newterm_kql_yylex(YYSTYPE *value, YYLTYPE *place, void *scanner);
static void yyerror(YYLTYPE *place, void *scanner, FilterParseState *state,
					const char *message);
static FilterNode *Compare(FilterParseState *state, const FilterName *name,
						   int comparison, FilterSpan value);
}

%token AND OR NOT STAR INVALID
%token COLON OPEN CLOSE OPEN_BRACE CLOSE_BRACE
%token GREATER GREATER_EQUAL LESS LESS_EQUAL
%token <name> NAME
%token <span> WORD QUOTED

%type <node> any_of all_of one condition operand values all_values one_value
%type <span> value words
%type <comparison> comparison

%%

filter:
	%empty						{
									state->result = FilterMakeEverything();
									(void) yynerrs; /* only counted: gcc 16 warns */
								}
	| any_of					{ state->result = $1; }
	;

any_of:
	all_of
	| any_of OR all_of			{ CHECK($$ = FilterMakeOr(state, $1, $3)); }
	;

all_of:
	one
	| all_of AND one			{ CHECK($$ = FilterMakeAnd(state, $1, $3)); }
	;

one:
	condition
	| NOT one					{ CHECK($$ = FilterMakeNot(state, $2)); }
	;

condition:
	STAR						{ $$ = FilterMakeEverything(); }
	| OPEN any_of CLOSE			{ $$ = $2; }
	| NAME COLON operand		{ CHECK($$ = FilterApplyName(state, &$1, $3)); }
	| NAME COLON OPEN_BRACE any_of CLOSE_BRACE
								{ CHECK($$ = FilterMakeElement(state, $1.field, $4)); }
	| NAME comparison value		{ CHECK($$ = Compare(state, &$1, $2, $3)); }
	;

comparison:
	GREATER						{ $$ = GREATER; }
	| GREATER_EQUAL				{ $$ = GREATER_EQUAL; }
	| LESS						{ $$ = LESS; }
	| LESS_EQUAL				{ $$ = LESS_EQUAL; }
	;

operand:
	value						{ CHECK($$ = FilterMakeValue(state, $1)); }
	| OPEN values CLOSE			{ $$ = $2; }
	;

values:
	all_values
	| values OR all_values		{ CHECK($$ = FilterMakeOr(state, $1, $3)); }
	;

all_values:
	one_value
	| all_values AND one_value	{ CHECK($$ = FilterMakeAnd(state, $1, $3)); }
	;

one_value:
	value						{ CHECK($$ = FilterMakeValue(state, $1)); }
	| OPEN values CLOSE			{ $$ = $2; }
	| NOT one_value				{ CHECK($$ = FilterMakeNot(state, $2)); }
	;

value:
	QUOTED
	| words
	;

words:
	WORD
	| words WORD				{
									$$ = $1;
									$$.end = $2.end;
								}
	;

%%

/*
 * The condition that the field's value compares so with a value.
 */
static FilterNode *
Compare(FilterParseState *state, const FilterName *name, int comparison,
		FilterSpan value)
{
	FilterLimit limit;
	bool		is_lower = comparison == GREATER || comparison == GREATER_EQUAL;

	limit.value = value;
	limit.inclusive = comparison == GREATER_EQUAL || comparison == LESS_EQUAL;
	return FilterApplyName(state, name,
						   FilterMakeRange(state, is_lower ? &limit : NULL,
										   is_lower ? NULL : &limit));
}

/*
 * Which of EXPECT_... does the token stand for?
 */
static int
ExpectationOf(yysymbol_kind_t token)
{
	switch (token)
	{
		case YYSYMBOL_YYEOF:
			return EXPECT_END;
		case YYSYMBOL_CLOSE:
		case YYSYMBOL_CLOSE_BRACE:
			return EXPECT_CLOSE;
		case YYSYMBOL_COLON:
			return EXPECT_COLON;
		case YYSYMBOL_NAME:
			return EXPECT_FIELD;
		case YYSYMBOL_STAR:
			return EXPECT_CONDITION;
		case YYSYMBOL_WORD:
		case YYSYMBOL_QUOTED:
			return EXPECT_VALUE;
		default:
			return 0;
	}
}

/*
 * Bison has found a token that cannot stand where it stands.
 */
static int
yyreport_syntax_error(const yypcontext_t *context, void *scanner,
					  FilterParseState *state)
{
	yysymbol_kind_t tokens[YYNTOKENS];
	int			ntokens = yypcontext_expected_tokens(context, tokens, YYNTOKENS);
	int			expected = 0;

	(void) scanner;
	for (int i = 0; i < ntokens; i++)
		expected |= ExpectationOf(tokens[i]);
	FilterFailUnexpected(state, expected);
	return 0;
}

/*
 * Bison calls this for one thing only: its stack has reached YYMAXDEPTH.
 */
static void
yyerror(YYLTYPE *place, void *scanner, FilterParseState *state,
		const char *message)
{
	(void) scanner;
	(void) message;
	FilterFail(state, place->start,
			   psprintf("the filter is nested more than %d levels deep",
						FILTER_MAX_DEPTH), NULL);
}
