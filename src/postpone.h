/*
 * postpone.h
 *	  News of two-phase transactions.
 *
 * A prepared transaction may stay open for days and must hold no lock that
 * other loaders wait for, and PREPARE TRANSACTION refuses one that notified.
 * So its news are not merged but written down in newterm.postponed; once it is
 * committed, the next merge of any session takes them (as does COMMIT PREPARED
 * itself in a session that has newterm loaded, and newterm.merge_postponed()).
 */
#ifndef NEWTERM_POSTPONE_H
#define NEWTERM_POSTPONE_H

#include "news.h"

/* Write the level's news down, instead of merging them. */
extern void PostponeNews(NewsLevel *level);

/* Take committed postponed news into the level, unless another merge does. */
extern void PostponedTake(const ExtensionOids *oids, RuleSet *set, NewsLevel *level);

#endif							/* NEWTERM_POSTPONE_H */
