/*
 * postpone.h
 *	  What has to wait for a later merge.
 *
 * A prepared transaction may stay open for days and must hold no lock that
 * other loaders wait for, and PREPARE TRANSACTION refuses one that notified.
 * So its news are not merged but written down in newterm.postponed; once it is
 * committed, the next merge of any session takes them (as does COMMIT PREPARED
 * itself in a session that has newterm loaded, and newterm.merge_postponed()).
 * So is a change of a signal whose row a person's transaction has locked.
 */
#ifndef NEWTERM_POSTPONE_H
#define NEWTERM_POSTPONE_H

#include "baseline/pending.h"
#include "signal/signals.h"
#include "store/extension.h"

/* Write the level's news down, instead of merging them. */
extern void PostponePending(PendingLevel *level);

/* Write down a change of a signal whose row somebody has locked. */
extern void PostponeSignalChange(const ExtensionOids *oids, const SignalChange *change);

/*
 * Take what is postponed and committed: apply the changes of signals, and
 * return the news as a level of their own in the current memory context.  NULL
 * where there are none, or where another merge is taking them.
 */
extern PendingLevel *PostponedTake(const ExtensionOids *oids, RuleSet *set);

#endif							/* NEWTERM_POSTPONE_H */
