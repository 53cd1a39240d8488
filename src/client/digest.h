/*
 * digest.h
 *	  One message for many changes, sent if there are more than the rate allows.
 */
#ifndef NEWTERM_ALERTS_DIGEST_H
#define NEWTERM_ALERTS_DIGEST_H

#include "buffer.h"
#include "database.h"

/* Append the message: how many changes there are, and the query that lists their signals. */
extern void digest_for_slack(Buffer *to, const Change *const *changes, int count);

/* The same as an event that triggers, without the routing key. */
extern void digest_for_pagerduty(Buffer *to, const Change *const *changes, int count);

#endif /* NEWTERM_ALERTS_DIGEST_H */
