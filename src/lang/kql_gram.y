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

#include "lang/grammar.h"
#include "lang/kql_gram.h"

%}

%union {
	FilterNode *node;
	FilterName  name;
	FilterSpan  span;
	int         comparison; /* the token of the comparison */
}

%code {
extern int  newterm_kql_yylex(YYSTYPE *value, YYLTYPE *place, void *scanner);
static void yyerror(YYLTYPE *place, void *scanner, FilterParseState *state, const char *message);
static FilterNode *Compare(FilterParseState *state, const FilterName *name, int comparison,
						   FilterSpan value);
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

/* The condition that the field has a value above or below this one.  `comparison` is a token. */
static FilterNode *
Compare(FilterParseState *state, const FilterName *name, int comparison, FilterSpan value)
{
	FilterLimit limit;
	bool        is_lower = comparison == GREATER || comparison == GREATER_EQUAL;

	limit.value = value;
	limit.inclusive = comparison == GREATER_EQUAL || comparison == LESS_EQUAL;
	return FilterApplyName(state, name,
						   FilterMakeRange(state, is_lower ? &limit : NULL,
										   is_lower ? NULL : &limit));
}

/* The EXPECT_... bit of a token, or 0. */
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

/* Set the error of a token that cannot stand at its place; bison calls this. */
static int
yyreport_syntax_error(const yypcontext_t *context, void *scanner, FilterParseState *state)
{
	yysymbol_kind_t tokens[YYNTOKENS];
	int             ntokens = yypcontext_expected_tokens(context, tokens, YYNTOKENS);
	int             expected = 0;

	(void) scanner;
	for (int i = 0; i < ntokens; i++)
		expected |= ExpectationOf(tokens[i]);
	FilterFailUnexpected(state, expected);
	return 0;
}

/* Set the error that the stack has reached YYMAXDEPTH, the only one bison reports here. */
static void
yyerror(YYLTYPE *place, void *scanner, FilterParseState *state, const char *message)
{
	(void) scanner;
	(void) message;
	FilterFailDepth(state, place->start);
}
