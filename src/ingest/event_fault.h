/*
 * event_fault.h
 *	  Events that are recorded in newterm.event_errors when they are inserted.
 */
#ifndef NEWTERM_EVENT_FAULT_H
#define NEWTERM_EVENT_FAULT_H

#include "baseline/pending.h"
#include "event/record.h"
#include "rule/evaluation.h"

/*
 * Record an event that cannot be evaluated.  One that is a JSON object is recorded only if it
 * passes a rule's filter, else counted.  evaluation->fields is set to the event.
 */
extern void EventFaultRefused(PendingLevel *level, Oid table, Evaluation *evaluation,
							  const Record *record);

/* Number of events of this session that were only counted. */
extern int64 EventFaultsPassedOver(void);

/* Record an event with too many terms for the rules of evaluation->too_many. */
extern void EventFaultTooMany(PendingLevel *level, Oid table, const Evaluation *evaluation,
							  Jsonb *event);

/* Record an internal error; warns at the first event of a transaction and table. */
extern void EventFaultInternal(PendingLevel *level, Oid table, Jsonb *event,
							   const ErrorData *error);

#endif /* NEWTERM_EVENT_FAULT_H */
