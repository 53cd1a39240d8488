/*
 * destination.h
 *	  The destination of changes.
 */
#ifndef NEWTERM_DESTINATION_H
#define NEWTERM_DESTINATION_H

#include "buffer.h"
#include "options.h"

typedef enum DestinationKind
{
	TO_SLACK,
	TO_PAGERDUTY,
	TO_WEBHOOK,
	TO_LINES, /* on standard output */
	TO_COMMAND
} DestinationKind;

typedef struct Destination
{
	DestinationKind kind;
	const char     *name;   /* for people */
	const char     *format; /* of newterm.signal_as() */
	bool            text;   /* lines for people instead of JSON */
	double          rate;   /* requests a second; 0: no limit */
	double          burst;
	double          timeout;

	const char *url;
	const char *key; /* PagerDuty's routing key */
	int         nheaders;
	char      **headers;          /* templates */
	bool       *header_is_secret; /* came from a file: not to be shown */
	const char *body;             /* a template, or NULL: the document */
	const char *content_type;
	Buffer      hmac_key; /* empty: nothing is signed */
	const char *command;
} Destination;

/* Read the destination from the options; mistakes end the program. */
extern void destination_prepare(Destination *destination, const Options *options);

#endif /* NEWTERM_DESTINATION_H */
