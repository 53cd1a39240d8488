/*
 * event_fault.h
 *	  Events that were not, or not wholly, evaluated: what newterm.event_errors tells of them.
 */
#ifndef NEWTERM_EVENT_FAULT_H
#define NEWTERM_EVENT_FAULT_H

#include "baseline/pending.h"
#include "rule/evaluation.h"

/* The event shows more terms to rules of evaluation->too_many than are judged. */
extern void EventFaultTooMany(PendingLevel *level, Oid table, const Evaluation *evaluation,
							  Jsonb *event);

/* Something went wrong inside; warns of the first event of a transaction and table. */
extern void EventFaultInternal(PendingLevel *level, Oid table, Jsonb *event,
							   const ErrorData *error);

#endif							/* NEWTERM_EVENT_FAULT_H */
