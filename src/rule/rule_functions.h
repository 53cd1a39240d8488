/*
 * rule_functions.h
 *	  What functions that answer questions about an event have in common.
 */
#ifndef NEWTERM_RULE_FUNCTIONS_H
#define NEWTERM_RULE_FUNCTIONS_H

#include "event/event.h"

/* Raise an error where the event is no JSON object. */
extern void CheckEventObject(Jsonb *event);

#endif							/* NEWTERM_RULE_FUNCTIONS_H */
