/*
 * notification.h
 *	  Payloads of the channel newterm.channel, and sending them.
 */
#ifndef NEWTERM_NOTIFICATION_H
#define NEWTERM_NOTIFICATION_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "rule/rule.h"

/* The payloads that a transaction sends at its end. */
typedef struct Notifications
{
	MemoryContext context; /* of the payloads */
	int64         count;
	List         *payloads; /* of the first newterm.max_notifications */
} Notifications;

/* The contents of a payload. */
typedef struct Notification
{
	const char *kind; /* new, update, amend or retract */
	int64       signal;
	const Rule *rule;
	const char *title;
	Jsonb      *entity; /* objects, as in newterm.signals */
	Jsonb      *term;
	int64       event_time;
	const char *event_id;   /* or NULL */
	int32       detections; /* that the signal tells of; 0: as before */
	const char *reason;     /* or NULL */
} Notification;

/* Build a payload, with values as long as fit, and keep it for the end. */
extern void NotificationAdd(Notifications *notifications, const Notification *added);

/*
 * Send the payloads.  A full queue must not fail the transaction, so it gives a WARNING.
 */
extern void NotificationsSend(const Notifications *notifications);

/* A time as payloads have it, ISO 8601 in UTC as CloudTrail writes it; palloc'd. */
extern char *NotificationTime(int64 micros);

#endif /* NEWTERM_NOTIFICATION_H */
