/*
 * mute.c
 *	  Is a detection muted by a suppression?
 */
#include "postgres.h"

#include "base/compat.h"
#include "rule/suppression.h"
#include "signal/mute.h"

/* The digests of stored values, after digests[*count]. */
static void
AddDigests(const Rule *rule, const Jsonb *values, int nvalues, Digest *digests, int *count)
{
	for (int i = 0; i < nvalues; i++)
		digests[(*count)++] =
			DigestJsonbValue(rule->key,
							 getIthJsonbValueFromContainer(&((Jsonb *) values)->root, i));
}

const char *
MutedBy(RuleSet *set, const Subject *subject, int64 first_seen, Jsonb *event)
{
	const Rule *rule = subject->rule;
	const int	nentity = rule->shape.nentity;
	const Suppression *suppression;
	Digest		row[TERM_MAX_COLUMNS];
	int			count = 0;

	if (rule->nsuppressions == 0)
		return NULL;
	AddDigests(rule, subject->entity_values, nentity, row, &count);
	AddDigests(rule, subject->term_values, rule->shape.ncolumns - nentity, row, &count);
	if (event != NULL)
		EventBegin(set->fields, &event->root);
	set->evaluation->time = first_seen;
	suppression = SuppressionMutes(set->evaluation, rule, row, event != NULL);
	return suppression == NULL ? NULL : suppression->name;
}
