/*
 * send.h
 *	  Telling a destination of changes.
 */
#ifndef NEWTERM_SEND_H
#define NEWTERM_SEND_H

#include "answer.h"
#include "database.h"
#include "destination.h"

/* Send a change, of which `document` is what newterm.signal_as() gave. */
extern void send_change(const Destination *destination, const Change *change, const char *document,
						Outcome *outcome);

/* Show on standard output what would be sent. */
extern void show_change(const Destination *destination, const Change *change, const char *document);

/*
 * May changes be told together, where there are more than the rate allows?  Of PagerDuty's
 * those that trigger: to acknowledge or resolve is about one incident.
 */
extern bool may_digest(const Destination *destination, const char *document);

/* Send one message for many changes: how many they are, and the query that lists them. */
extern void send_digest(const Destination *destination, const Change *const *changes, int count,
						Outcome *outcome);

#endif /* NEWTERM_SEND_H */
