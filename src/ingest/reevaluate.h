/*
 * reevaluate.h
 *	  Evaluates rows after their insertion.
 *
 * The rules may have changed since, or a delayed event (prefetch.h) was not known.
 */
#ifndef NEWTERM_REEVALUATE_H
#define NEWTERM_REEVALUATE_H

#include "baseline/pending.h"

/*
 * Evaluate again those events of the level that another rule set than `set` evaluated, and
 * add their terms for the rules of `set`.  Terms of replaced versions stay: CollectTerms
 * of merge.c treats them.
 */
extern void ReevaluateLevel(PendingLevel *level, RuleSet *set);

/*
 * Evaluate an event by the rules of `set`, at reference->time, and add its terms to
 * `level`.  An error is recorded, unless it must end the transaction.
 */
extern void EvaluateLate(PendingLevel *level, RuleSet *set, const EventReference *reference,
						 Jsonb *event);

/*
 * Move the current subtransaction's pending terms to a file if they take more than
 * newterm.merge_memory.  If writing fails, because of a full disk or temp_file_limit, they
 * stay in memory: taking more memory is better than losing terms.
 */
extern void PendingSpillLarge(void);

#endif /* NEWTERM_REEVALUATE_H */
