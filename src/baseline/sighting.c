/*
 * sighting.c
 *	  The terms that an event shows to the rules whose filter it passes.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "baseline/known.h"
#include "settings.h"
#include "baseline/sighting.h"
#include "rule/rule_digest.h"
#include "rule/suppression.h"

/* The tuples of a matching rule; enters the rule in too_many if there are more. */
static void
RuleTuples(Evaluation *event, Rule *rule, TupleList *tuples)
{
	uint64 left = TermTuples(&rule->shape, event->fields, &event->set->key, MaxTermsPerEventSetting,
							 tuples);

	if (left > 0)
		event->too_many[event->ntoo_many++] = (TooManyTerms){rule, left};
}

/* How many terms has the event for a rule, as far as that is easy to see? */
typedef enum TermCount
{
	TERMS_NONE, /* a required value is missing */
	TERMS_ONE,
	TERMS_ANY /* an array is involved, a value that may be missing, or a suppression */
} TermCount;

/*
 * OnlyTerm
 *		The digest of the event's only term for a rule, in the usual case: no array and
 *		no missing value is involved.
 */
static inline TermCount
OnlyTerm(Evaluation *event, const Rule *rule, Digest *term)
{
	const TermShape *shape = &rule->shape;
	Digest           sum = rule->term_start;

	for (int i = 0; i < shape->ncolumns; i++)
	{
		EventSlot *slot = EventSingle(event->fields, shape->slots[i]);

		if (slot == NULL)
			return TERMS_ANY;
		if (slot->count == 0)
			return shape->optional_entity ? TERMS_ANY : TERMS_NONE;
		DigestAddPart(&event->set->key, &sum, i, EventDigest(event->fields, slot));
	}
	*term = sum;
	return TERMS_ONE;
}

/* Does a row of values count for nothing? */
static inline bool
IsVoid(Evaluation *event, const Rule *rule, const Digest *row)
{
	return rule->excludes && SuppressionExcludes(event, rule, row, FILTERS_ASKED);
}

/* Make room in event->terms. */
static void
EnlargeTerms(Evaluation *event, int count)
{
	while (event->nterms + count > event->terms_allocated)
	{
		event->terms_allocated *= 2;
		event->terms = repalloc(event->terms, sizeof(TermOfRule) * event->terms_allocated);
	}
}

/* All terms that an event shows to a rule, where they may be several or none. */
static pg_noinline void
AppendTerms(Evaluation *event, Rule *rule)
{
	const int ncolumns = rule->shape.ncolumns;
	TupleList tuples;

	RuleTuples(event, rule, &tuples);
	EnlargeTerms(event, tuples.count);
	for (int j = 0; j < tuples.count; j++)
		if (!IsVoid(event, rule, &tuples.digests[j * ncolumns]))
			event->terms[event->nterms++] = (TermOfRule){
				rule,
				TermDigest(rule, &tuples.digests[j * ncolumns]),
			};
}

void
EventTerms(Evaluation *event, bool expect)
{
	EnlargeTerms(event, event->nmatching - event->nshown);
	for (int i = event->nshown; i < event->nmatching; i++)
	{
		Rule       *rule = event->matching[i];
		TermOfRule *next = &event->terms[event->nterms];

		switch (rule->excludes ? TERMS_ANY : OnlyTerm(event, rule, &next->term))
		{
			case TERMS_NONE:
				break;
			case TERMS_ONE:
				next->rule = rule;
				event->nterms++;
				if (expect)
					KnownExpect(next, 1);
				break;
			case TERMS_ANY:
				AppendTerms(event, rule);
				EnlargeTerms(event, event->nmatching - i);
				break;
		}
	}
	event->nshown = event->nmatching;
}

void
RuleSightings(Evaluation *event, Rule *rule, SightingFunction function, void *state)
{
	int       ncolumns = rule->shape.ncolumns;
	TupleList tuples;

	RuleTuples(event, rule, &tuples);
	for (int i = 0; i < tuples.count; i++)
	{
		Sighting sighting;

		CHECK_FOR_INTERRUPTS();
		sighting.rule = rule;
		sighting.row = &tuples.values[i * ncolumns];
		sighting.row_digests = &tuples.digests[i * ncolumns];
		if (IsVoid(event, rule, sighting.row_digests))
			continue;
		sighting.term = TermDigest(rule, sighting.row_digests);
		function(state, &sighting);
	}
}

void
EventSightings(Evaluation *event, SightingFunction function, void *state)
{
	event->ntoo_many = 0;
	for (int i = 0; i < event->nmatching; i++)
		RuleSightings(event, event->matching[i], function, state);
}
