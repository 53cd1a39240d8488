/*
 * evaluation.h
 *	  The event at hand, and what rules have to do with it.
 *
 * A rule set has one, made with it; what is evaluated beside it, such as a rule that
 * nobody stored, has a rule set of its own.
 */
#ifndef NEWTERM_EVALUATION_H
#define NEWTERM_EVALUATION_H

#include "rule/rule.h"

/* A term that an event shows, by its digest alone. */
typedef struct TermOfRule
{
	Rule	   *rule;
	Digest		term;
} TermOfRule;

/* A rule to which an event shows more terms than newterm.max_terms_per_event. */
typedef struct TooManyTerms
{
	const Rule *rule;
	uint64		left;			/* as TermTuples counts them */
} TooManyTerms;

typedef struct Evaluation
{
	RuleSet    *set;
	FieldSet   *fields;			/* of the set, pointed at the event by EventBegin */
	uint32		number;			/* counts events, for Rule.matched */
	int64		time;			/* of the event */
	int			nmatching;
	Rule	  **matching;		/* rules whose filter the event passes */
	int			nshown;			/* those of them whose terms EventTerms found */
	int			ntoo_many;
	TooManyTerms *too_many;		/* those that were judged for its first terms alone */
	int			nterms;
	int			terms_allocated;
	TermOfRule *terms;			/* what EventTerms found */
} Evaluation;

#endif							/* NEWTERM_EVALUATION_H */
