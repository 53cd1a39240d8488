/*
 * prefetch.h
 *	  The event whose terms are on their way from memory.
 *
 * Most events show nothing new, and much of the time that it takes to see that goes
 * into waiting: of an event's terms at least one was not met for so long that its place
 * in the table of known terms is in none of the processor's caches.  So where events in
 * a row showed nothing new, the next one is not judged at once: its terms' places are
 * asked for, and looked at when the event behind it comes, or the end of the
 * transaction.  Then the event may be gone from where it was, so that it is copied.
 *
 * An event that waits belongs to the subtransaction that inserted it, and goes with it.
 */
#ifndef NEWTERM_PREFETCH_H
#define NEWTERM_PREFETCH_H

#include "baseline/pending.h"
#include "rule/evaluation.h"

/* Called once, when the library is loaded. */
extern void PrefetchInitialise(void);

/* Were enough events in a row known for the next one to wait? */
extern bool PrefetchIsTime(void);

/* May an event that shows evaluation->terms wait, or is it to be judged at once? */
extern bool PrefetchMayWait(const Evaluation *evaluation, const Jsonb *event);

/* Let it wait, after the one that waited before was settled.  Copies everything. */
extern void PrefetchEvent(const Evaluation *evaluation, EventReference reference, const Jsonb *event);

/* Did this transaction insert events into watched tables? */
extern bool PrefetchSawEvents(void);

/* Tell of an event that was judged at once whether it was all known. */
extern void PrefetchLearn(bool known);

/*
 * Judge the event that waits, if there is one, by the rules that are in use.  True
 * where it was not known: their set does no longer hold another event then.
 */
extern bool PrefetchSettle(void);

#endif							/* NEWTERM_PREFETCH_H */
