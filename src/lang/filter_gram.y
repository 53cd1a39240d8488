/*
 * filter_gram.y
 *	  Grammar of filters in Datadog's log search syntax.
 *
 * NOT binds more than AND, and AND more than OR.  Conditions side by side are joined by AND.
 */
%define api.prefix {newterm_filter_yy}
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
#include "lang/filter_gram.h"

static FilterLimit Limit(FilterSpan value, bool inclusive);
%}

%union {
	FilterNode *node;
	FilterName  name;
	FilterSpan  span;
	bool        inclusive;
}

%code {
extern int  newterm_filter_yylex(YYSTYPE *value, YYLTYPE *place, void *scanner);
static void yyerror(YYLTYPE *place, void *scanner, FilterParseState *state, const char *message);
}

%token AND OR NOT MINUS PLUS STAR CIDR LIST EQUAL ELEMENT EXISTS MISSING TO INVALID
%token COLON COMMA OPEN CLOSE OPEN_BRACKET CLOSE_BRACKET OPEN_BRACE CLOSE_BRACE
%token GREATER GREATER_EQUAL LESS LESS_EQUAL
%token <name> NAME
%token <span> VALUE_TOKEN NETWORK LIST_NAME

%type <node> any_of all_of one condition operand values all_values one_value
%type <node> plain range comparison networks
%type <inclusive> range_start range_end

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
	| all_of one				{ CHECK($$ = FilterMakeAnd(state, $1, $2)); }
	| all_of AND one			{ CHECK($$ = FilterMakeAnd(state, $1, $3)); }
	;

one:
	condition
	| not one					{ CHECK($$ = FilterMakeNot(state, $2)); }
	| PLUS one					{ $$ = $2; }
	;

not:
	NOT
	| MINUS
	;

condition:
	STAR						{ $$ = FilterMakeEverything(); }
	| OPEN any_of CLOSE			{ $$ = $2; }
	| NAME COLON operand		{ CHECK($$ = FilterApplyName(state, &$1, $3)); }
	| EXISTS COLON NAME			{
									CHECK($$ = FilterApplyName(state, &$3,
															   FilterMakeExists(state)));
								}
	| MISSING COLON NAME		{
									$$ = FilterApplyName(state, &$3, FilterMakeExists(state));
									CHECK($$ = FilterMakeNot(state, $$));
								}
	| CIDR OPEN NAME COMMA networks CLOSE
								{ CHECK($$ = FilterApplyName(state, &$3, $5)); }
	| LIST OPEN NAME COMMA LIST_NAME CLOSE
								{
									CHECK($$ = FilterApplyName(state, &$3,
															   FilterMakeList(state, $5)));
								}
	| EQUAL OPEN NAME COMMA NAME CLOSE
								{ CHECK($$ = FilterMakeEqual(state, @3.start, &$3, &$5)); }
	| ELEMENT OPEN NAME COMMA any_of CLOSE
								{ CHECK($$ = FilterMakeElementCall(state, @3.start, &$3, $5)); }
	;

networks:
	NETWORK						{
									$$ = FilterMakeNetworks();
									CHECK($$ = FilterAddNetwork(state, $$, $1));
								}
	| networks COMMA NETWORK	{ CHECK($$ = FilterAddNetwork(state, $1, $3)); }
	;

operand:
	plain
	| OPEN values CLOSE			{ $$ = $2; }
	;

plain:
	VALUE_TOKEN					{ CHECK($$ = FilterMakeValue(state, $1)); }
	| comparison
	| range
	;

values:
	all_values
	| values OR all_values		{ CHECK($$ = FilterMakeOr(state, $1, $3)); }
	;

all_values:
	one_value
	| all_values one_value		{ CHECK($$ = FilterMakeAnd(state, $1, $2)); }
	| all_values AND one_value	{ CHECK($$ = FilterMakeAnd(state, $1, $3)); }
	;

one_value:
	plain
	| OPEN values CLOSE			{ $$ = $2; }
	| not one_value				{ CHECK($$ = FilterMakeNot(state, $2)); }
	;

comparison:
	GREATER VALUE_TOKEN			{
									FilterLimit limit = Limit($2, false);

									CHECK($$ = FilterMakeRange(state, &limit, NULL));
								}
	| GREATER_EQUAL VALUE_TOKEN	{
									FilterLimit limit = Limit($2, true);

									CHECK($$ = FilterMakeRange(state, &limit, NULL));
								}
	| LESS VALUE_TOKEN			{
									FilterLimit limit = Limit($2, false);

									CHECK($$ = FilterMakeRange(state, NULL, &limit));
								}
	| LESS_EQUAL VALUE_TOKEN	{
									FilterLimit limit = Limit($2, true);

									CHECK($$ = FilterMakeRange(state, NULL, &limit));
								}
	;

range:
	range_start VALUE_TOKEN TO VALUE_TOKEN range_end
								{
									FilterLimit lower = Limit($2, $1);
									FilterLimit upper = Limit($4, $5);

									CHECK($$ = FilterMakeRange(state, &lower, &upper));
								}
	;

range_start:
	OPEN_BRACKET				{ $$ = true; }
	| OPEN_BRACE				{ $$ = false; }
	;

range_end:
	CLOSE_BRACKET				{ $$ = true; }
	| CLOSE_BRACE				{ $$ = false; }
	;

%%

/* A limit of a range, which belongs to the range if it is inclusive. */
static FilterLimit
Limit(FilterSpan value, bool inclusive)
{
	FilterLimit limit;

	limit.value = value;
	limit.inclusive = inclusive;
	return limit;
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
			return EXPECT_CLOSE;
		case YYSYMBOL_COLON:
			return EXPECT_COLON;
		case YYSYMBOL_COMMA:
			return EXPECT_COMMA;
		case YYSYMBOL_CLOSE_BRACKET:
			return EXPECT_RANGE_END;
		case YYSYMBOL_TO:
			return EXPECT_TO;
		case YYSYMBOL_NAME:
			return EXPECT_FIELD;
		case YYSYMBOL_STAR:
			return EXPECT_CONDITION;
		case YYSYMBOL_VALUE_TOKEN:
			return EXPECT_VALUE;
		case YYSYMBOL_NETWORK:
			return EXPECT_NETWORK;
		case YYSYMBOL_LIST_NAME:
			return EXPECT_LIST;
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
