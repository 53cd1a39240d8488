/*
 * evaluation.h
 *	  The event that is being evaluated, and the rules and terms found for it.
 *
 * Each rule set has one.  A second event is evaluated beside it with a rule set of its
 * own.
 */
#ifndef NEWTERM_EVALUATION_H
#define NEWTERM_EVALUATION_H

#include "rule/rule.h"

/* A term of the event, by its digest alone. */
typedef struct TermOfRule
{
	Rule  *rule;
	Digest term;
} TermOfRule;

/* A rule for which the event has more terms than newterm.max_terms_per_event. */
typedef struct TooManyTerms
{
	const Rule *rule;
	uint64      left; /* as TermTuples counts them */
} TooManyTerms;

typedef struct Evaluation
{
	RuleSet      *set;
	FieldSet     *fields; /* of the set, pointed at the event by EventBegin */
	uint32        number; /* counts events, for Rule.matched */
	int64         time;   /* of the event */
	int           nmatching;
	Rule        **matching; /* rules whose filter the event passes */
	int           nshown;   /* number of these whose terms EventTerms has found */
	int           ntoo_many;
	TooManyTerms *too_many; /* rules for which only the first terms count */
	int           nterms;
	int           terms_allocated;
	TermOfRule   *terms; /* found by EventTerms */
} Evaluation;

#endif /* NEWTERM_EVALUATION_H */
