/*
 * sighting.c
 *	  What an event shows to the rules whose filter it passes.
 */
#include "postgres.h"

#include "baseline/known.h"
#include "settings.h"
#include "baseline/sighting.h"

/* A kind of digest and a rule version as the number of DigestTuple. */
static inline uint64
DigestNumber(char kind, const Rule *rule)
{
	return ((uint64) kind << 32) | (uint32) rule->version_id;
}

Digest
RuleClockDigest(const RuleSet *set, const Rule *rule)
{
	return DigestTuple(&set->key, DigestNumber('r', rule), NULL, 0);
}

Digest
TermDigestStart(const Rule *rule)
{
	return DigestTuple(rule->key, DigestNumber('t', rule), NULL, 0);
}

Digest
EntityClockDigest(const RuleSet *set, const Rule *rule, const Jsonb *entity_values)
{
	Digest		digests[TERM_MAX_COLUMNS];

	for (int i = 0; i < rule->shape.nentity; i++)
		digests[i] = DigestJsonbValue(&set->key,
									  getIthJsonbValueFromContainer(&((Jsonb *) entity_values)->root, i));
	return DigestTuple(rule->key, DigestNumber('e', rule), digests, rule->shape.nentity);
}

/* The tuples of a matching rule; notes where they are too many. */
static void
RuleTuples(RuleSet *set, Rule *rule, TupleList *tuples)
{
	if (!TermTuples(&rule->shape, set->fields, &set->key, MaxTermsPerEventSetting,
					tuples))
		set->too_many[set->ntoo_many++] = rule;
}

/* Digest of a term from those of its row's values. */
static Digest
TermDigest(const Rule *rule, const Digest *row)
{
	Digest		term = rule->term_start;

	for (int i = 0; i < rule->shape.ncolumns; i++)
		DigestAddPart(rule->key, &term, i, &row[i]);
	return term;
}

/* How many terms an event shows to a rule, as far as that is simple to tell. */
typedef enum TermCount
{
	TERMS_NONE,					/* a value is missing that has to be there */
	TERMS_ONE,
	TERMS_ANY					/* an array is involved, or a value that may be missing */
} TermCount;

/*
 * OnlyTerm
 *		The digest of the one term that an event shows to a rule where no array
 *		and no missing value is involved, which is the usual case.
 */
static inline TermCount
OnlyTerm(RuleSet *set, const Rule *rule, Digest *term)
{
	const TermShape *shape = &rule->shape;
	Digest		sum = rule->term_start;

	for (int i = 0; i < shape->ncolumns; i++)
	{
		EventSlot  *slot = EventSingle(set->fields, shape->slots[i]);

		if (slot == NULL)
			return TERMS_ANY;
		if (slot->count == 0)
			return shape->optional_entity ? TERMS_ANY : TERMS_NONE;
		DigestAddPart(&set->key, &sum, i, EventDigest(set->fields, slot));
	}
	*term = sum;
	return TERMS_ONE;
}

/* Make room in set->terms. */
static void
EnlargeTerms(RuleSet *set, int count)
{
	while (set->nterms + count > set->terms_allocated)
	{
		set->terms_allocated *= 2;
		set->terms = repalloc(set->terms, sizeof(TermOfRule) * set->terms_allocated);
	}
}

/* All terms that an event shows to a rule, where they may be several or none. */
static pg_noinline void
AppendTerms(RuleSet *set, Rule *rule)
{
	const int	ncolumns = rule->shape.ncolumns;
	TupleList	tuples;

	RuleTuples(set, rule, &tuples);
	EnlargeTerms(set, tuples.count);
	for (int j = 0; j < tuples.count; j++)
		set->terms[set->nterms++] = (TermOfRule) {
			rule, TermDigest(rule, &tuples.digests[j * ncolumns])
		};
}

void
EventTerms(RuleSet *set, bool expect)
{
	EnlargeTerms(set, set->nmatching - set->nshown);
	for (int i = set->nshown; i < set->nmatching; i++)
	{
		Rule	   *rule = set->matching[i];
		TermOfRule *next = &set->terms[set->nterms];

		switch (OnlyTerm(set, rule, &next->term))
		{
			case TERMS_NONE:
				break;
			case TERMS_ONE:
				next->rule = rule;
				set->nterms++;
				if (expect)
					KnownExpect(next, 1);
				break;
			case TERMS_ANY:
				AppendTerms(set, rule);
				EnlargeTerms(set, set->nmatching - i);
				break;
		}
	}
	set->nshown = set->nmatching;
}

void
EventSightings(RuleSet *set, SightingFunction function, void *state)
{
	for (int i = 0; i < set->nmatching; i++)
	{
		Rule	   *rule = set->matching[i];
		int			ncolumns = rule->shape.ncolumns;
		TupleList	tuples;

		RuleTuples(set, rule, &tuples);
		for (int j = 0; j < tuples.count; j++)
		{
			Sighting	sighting;

			sighting.rule = rule;
			sighting.row = &tuples.values[j * ncolumns];
			sighting.row_digests = &tuples.digests[j * ncolumns];
			sighting.term = TermDigest(rule, sighting.row_digests);
			function(state, &sighting);
		}
	}
}
