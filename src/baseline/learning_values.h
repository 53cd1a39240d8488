/*
 * learning_values.h
 *	  learning_values: a scope learns its first n distinct terms.
 *
 * The scope is the rule, or an entity of it.  newterm.learned_values holds the n terms
 * with the earliest first sightings; ties are ordered by term.  A late event may push
 * the last of them out, which is a detection then.
 */
#ifndef NEWTERM_LEARNING_VALUES_H
#define NEWTERM_LEARNING_VALUES_H

#include "baseline/pending.h"
#include "baseline/run_store.h"
#include "store/extension.h"

typedef struct LearningValues LearningValues;

/* The digest that stands for a term's scope, which merge locks. */
extern Digest LearningValuesScope(const RuleSet *set, const Rule *rule, const PendingTerm *pending);

/* Events of terms that were among the first ones. */
typedef struct KeptEvents KeptEvents;

/*
 * Take what is stored of a version's first terms away, so that all of its terms can be
 * applied anew, and keep the events.
 */
extern KeptEvents *LearningValuesTake(const ExtensionOids *oids, int32 version_id);

/* The event of a term that was first seen at first_seen, or NULL; `kept` may be NULL. */
extern Jsonb *KeptEvent(const KeptEvents *kept, const Digest *term, int64 first_seen);

/*
 * Bring newterm.learned_values up to the news, with events that LearningValuesTake kept, or
 * NULL.  Terms that the news push out are appended to the terms to be merged.  *values
 * is NULL where no rule learns by values; otherwise it answers the questions below.
 */
extern void LearningValuesApply(LearningValues **values, RuleSet *set,
							 const ExtensionOids *oids, RunStore *runs,
							 PendingLevel *level, const KeptEvents *kept,
							 PendingTerm ***terms, int *nterms);

/* Is the term among the first n of its scope? */
extern bool LearningValuesInclude(LearningValues *values, const Digest *term);

/*
 * The event kept of a term that is or was among them and was first seen at
 * first_seen, or NULL.
 */
extern Jsonb *LearningValuesEvent(LearningValues *values, const Digest *term,
							   int64 first_seen);

#endif							/* NEWTERM_LEARNING_VALUES_H */
