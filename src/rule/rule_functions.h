/*
 * rule_functions.h
 *	  Checks that SQL functions about an event share.
 */
#ifndef NEWTERM_RULE_FUNCTIONS_H
#define NEWTERM_RULE_FUNCTIONS_H

#include "event/event.h"

/* Raise an error if the event is not a JSON object. */
extern void CheckEventObject(Jsonb *event);

#endif /* NEWTERM_RULE_FUNCTIONS_H */
