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

/* The digest of a term's scope, which a merge locks. */
extern Digest LearningValuesScope(const RuleSet *set, const Rule *rule, const PendingTerm *pending);

/* Events of terms that were among the first n. */
typedef struct KeptEvents KeptEvents;

/*
 * Delete a version's rows of newterm.learned_values, so that all of its terms can be applied
 * again.  Returns their events.
 */
extern KeptEvents *LearningValuesTake(const ExtensionOids *oids, int32 version_id);

/* The event of a term that was first seen at first_seen, or NULL; `kept` may be NULL. */
extern Jsonb *KeptEvent(const KeptEvents *kept, const Digest *term, int64 first_seen);

/*
 * Update newterm.learned_values by pending terms, with the events of LearningValuesTake or
 * NULL.  Stored terms that they push out are appended to *terms, to be merged as well.
 * *values is NULL if no rule learns by values; otherwise the functions below read it.
 */
extern void LearningValuesApply(LearningValues **values, RuleSet *set, const ExtensionOids *oids,
								RunStore *runs, PendingLevel *level, const KeptEvents *kept,
								PendingTerm ***terms, int *nterms);

/* Is the term among the first n of its scope? */
extern bool LearningValuesInclude(LearningValues *values, const Digest *term);

/*
 * The stored event of a term that is or was among them and was first seen at first_seen,
 * or NULL.
 */
extern Jsonb *LearningValuesEvent(LearningValues *values, const Digest *term, int64 first_seen);

#endif /* NEWTERM_LEARNING_VALUES_H */
