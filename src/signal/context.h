/*
 * context.h
 *	  The context of a signal: the terms that were known before its first detection.
 */
#ifndef NEWTERM_CONTEXT_H
#define NEWTERM_CONTEXT_H

#include "signal/signal_writer.h"

/*
 * An object with known_terms and new_terms_30_days of the entity, entity_since and, with
 * group_by, other_entities that know the term; without those that could not be looked up.
 * It reads at most some hundred rows, after which counts end.
 */
extern Jsonb *ContextOf(SignalWriter *writer, const Detection *detection);

/* Forget the entities; called before runs are written again. */
extern void ContextsForget(SignalWriter *writer);

/* Close the tables. */
extern void ContextsClose(SignalWriter *writer);

#endif /* NEWTERM_CONTEXT_H */
