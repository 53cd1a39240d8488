/*
 * rule_digest.c
 *	  Digests that identify the terms and clocks of a rule.
 */
#include "postgres.h"

#include "rule/rule_digest.h"

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

/* The digests of the first values of an array. */
static void
ArrayDigests(const Rule *rule, const Jsonb *values, int nvalues, Digest *digests)
{
	for (int i = 0; i < nvalues; i++)
		digests[i] = DigestJsonbValue(rule->key,
									  getIthJsonbValueFromContainer(&((Jsonb *) values)->root, i));
}

Digest
EntityClockDigest(const RuleSet *set, const Rule *rule, const Jsonb *entity_values)
{
	Digest digests[TERM_MAX_COLUMNS];

	ArrayDigests(rule, entity_values, rule->shape.nentity, digests);
	return DigestTuple(rule->key, DigestNumber('e', rule), digests, rule->shape.nentity);
}

void
StoredDigests(const Rule *rule, const Jsonb *entity_values, const Jsonb *term_values, Digest *row)
{
	const int nentity = rule->shape.nentity;

	ArrayDigests(rule, entity_values, nentity, row);
	ArrayDigests(rule, term_values, rule->shape.ncolumns - nentity, row + nentity);
}

Digest
GroupDigest(const Rule *rule, const Jsonb *entity_values)
{
	Digest group = DigestTuple(rule->key, ((uint64) 'g' << 32) ^ (uint64) rule->id, NULL, 0);

	for (int i = 0; i < rule->shape.nentity; i++)
		if (rule->group_columns & ((uint32) 1 << i))
		{
			Digest part =
				DigestJsonbValue(rule->key,
								 getIthJsonbValueFromContainer(&((Jsonb *) entity_values)->root,
															   i));

			DigestAddPart(rule->key, &group, i, &part);
		}
	return group;
}

Digest
TermDigest(const Rule *rule, const Digest *row)
{
	Digest term = rule->term_start;

	for (int i = 0; i < rule->shape.ncolumns; i++)
		DigestAddPart(rule->key, &term, i, &row[i]);
	return term;
}
