/*
 * mute.c
 *	  Is a detection muted by a suppression?
 */
#include "postgres.h"

#include "base/compat.h"
#include "rule/rule_digest.h"
#include "rule/suppression.h"
#include "signal/mute.h"

const char *
MutedBy(RuleSet *set, const Subject *subject, int64 first_seen, Jsonb *event)
{
	const Rule        *rule = subject->rule;
	const Suppression *suppression;
	Digest             row[TERM_MAX_COLUMNS];

	if (rule->nsuppressions == 0)
		return NULL;
	StoredDigests(rule, subject->entity_values, subject->term_values, row);
	if (event != NULL)
		EventBegin(set->fields, &event->root);
	set->evaluation->time = first_seen;
	suppression = SuppressionMutes(set->evaluation, rule, row, event != NULL);
	return suppression == NULL ? NULL : suppression->name;
}
