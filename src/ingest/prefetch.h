/*
 * prefetch.h
 *	  Delays the check of one event so that the CPU can fetch its cache entries.
 *
 * Most events have known terms only, and much of the time of finding that out is waiting
 * for memory: at least one of an event's terms was not seen for so long that its entry in
 * the table of known terms has left the processor's caches.  So after some known events,
 * the next one is not checked at once.  Its entries are prefetched, and looked at when the
 * next event comes, or at the end of the transaction.  The event may be gone by then, so
 * it is copied.  docs/experiments.md has what this saves.
 *
 * The delayed event belongs to the subtransaction that inserted it, and is dropped if that
 * rolls back.
 */
#ifndef NEWTERM_PREFETCH_H
#define NEWTERM_PREFETCH_H

#include "baseline/pending.h"
#include "rule/evaluation.h"

/* Called once, when the library is loaded. */
extern void PrefetchInitialise(void);

/* Were enough events in a row known to delay the next one? */
extern bool PrefetchIsTime(void);

/* May the event with evaluation->terms be delayed, or must it be checked at once? */
extern bool PrefetchMayWait(const Evaluation *evaluation, const Jsonb *event);

/* Delay an event.  The one before must be settled.  Copies everything. */
extern void PrefetchEvent(const Evaluation *evaluation, EventReference reference,
						  const Jsonb *event);

/* Did this transaction insert events into watched tables? */
extern bool PrefetchSawEvents(void);

/* Count an event that was checked at once. */
extern void PrefetchLearn(bool known);

/*
 * Check the delayed event, if there is one, by the rules in use.  Returns true if it was
 * not known: it was evaluated again then, so the rule set no longer holds another event.
 */
extern bool PrefetchSettle(void);

#endif /* NEWTERM_PREFETCH_H */
