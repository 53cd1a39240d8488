/*
 * send.h
 *	  Telling a destination of changes.
 */
#ifndef NEWTERM_SEND_H
#define NEWTERM_SEND_H

#include "answer.h"
#include "database.h"
#include "destination.h"

/* Send a change; `document` is the result of newterm.signal_as(). */
extern void send_change(const Destination *destination, const Change *change, const char *document,
						Outcome *outcome);

/* Show on standard output what send_change() would send. */
extern void show_change(const Destination *destination, const Change *change, const char *document);

/*
 * May the change be part of a digest, if there are more than the rate allows?  Of PagerDuty's
 * only those that trigger, as acknowledging or resolving is about one incident.
 */
extern bool may_digest(const Destination *destination, const char *document);

/* Send one message for many changes: how many they are, and the query that lists them. */
extern void send_digest(const Destination *destination, const Change *const *changes, int count,
						Outcome *outcome);

#endif /* NEWTERM_SEND_H */
