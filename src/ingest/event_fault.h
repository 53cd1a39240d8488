/*
 * event_fault.h
 *	  Events that were not, or not wholly, evaluated: what newterm.event_errors tells of them.
 */
#ifndef NEWTERM_EVENT_FAULT_H
#define NEWTERM_EVENT_FAULT_H

#include "baseline/pending.h"
#include "event/record.h"
#include "rule/evaluation.h"

/*
 * An event that cannot be evaluated: recorded, unless filters can be asked of it and it
 * passes none.  The fields of the evaluation point at it.
 */
extern void EventFaultRefused(PendingLevel *level, Oid table, Evaluation *evaluation,
							  const Record *record);

/* Events of this session that were passed over by that. */
extern int64 EventFaultsPassedOver(void);

/* The event shows more terms to rules of evaluation->too_many than are judged. */
extern void EventFaultTooMany(PendingLevel *level, Oid table, const Evaluation *evaluation,
							  Jsonb *event);

/* Something went wrong inside; warns of the first event of a transaction and table. */
extern void EventFaultInternal(PendingLevel *level, Oid table, Jsonb *event,
							   const ErrorData *error);

#endif							/* NEWTERM_EVENT_FAULT_H */
