/*
 * grammar.h
 *	  What both grammars of filters define for bison.
 *
 * Private to the grammars.
 */
#ifndef NEWTERM_GRAMMAR_H
#define NEWTERM_GRAMMAR_H

#include "lang/filter_parse.h"

/* The parser's stack is palloc'd, and its size is limited. */
#define YYMALLOC   palloc
#define YYFREE     pfree
#define YYMAXDEPTH (20 * FILTER_MAX_DEPTH)

/* A rule's place is from the start of its first part to the end of its last one. */
#define YYLLOC_DEFAULT(current, rhs, n) \
	do \
	{ \
		(current).start = YYRHSLOC(rhs, (n) > 0 ? 1 : 0).start; \
		(current).end = YYRHSLOC(rhs, n).end; \
		(current).quoted = false; \
	} while (0)

/* End the parse if the maker of a node refused something: it has set the error. */
#define CHECK(node) \
	do \
	{ \
		if ((node) == NULL) \
			YYABORT; \
	} while (0)

#endif /* NEWTERM_GRAMMAR_H */
