/*
 * reevaluate.h
 *	  Rows that are evaluated after their insertion.
 */
#ifndef NEWTERM_REEVALUATE_H
#define NEWTERM_REEVALUATE_H

#include "baseline/pending.h"

/*
 * Evaluate the level's events again that were evaluated by another rule set
 * than `set`, and add what they show to the rules as they are now.  What they
 * showed to versions that were replaced stays: see CollectTerms of merge.c.
 */
extern void ReevaluateLevel(PendingLevel *level, RuleSet *set);

/*
 * Add to `level` what an event shows to the rules of `set`: the one that was stored
 * at the reference, at whose time it is evaluated.  What goes wrong becomes a fault,
 * unless the error is final.
 */
extern void EvaluateLate(PendingLevel *level, RuleSet *set, const EventReference *reference,
						Jsonb *event);

/*
 * Write the news of the current subtransaction to a file where they are more than
 * newterm.merge_memory.  Where that fails, for a full disk or temp_file_limit,
 * they stay in memory: rather more of it than losing some.
 */
extern void PendingSpillLarge(void);

#endif							/* NEWTERM_REEVALUATE_H */
