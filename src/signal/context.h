/*
 * context.h
 *	  What was known around a detection, before it.
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

/* Forget what was read, before runs are written again. */
extern void ContextsForget(SignalWriter *writer);

/* Close what was opened. */
extern void ContextsClose(SignalWriter *writer);

#endif /* NEWTERM_CONTEXT_H */
