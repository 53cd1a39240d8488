/*
 * options.h
 *	  The options of the command line.
 */
#ifndef NEWTERM_OPTIONS_H
#define NEWTERM_OPTIONS_H

#include <stdbool.h>

#define MOST_HEADERS 32

typedef struct Options
{
	const char *subscription;
	const char *to;   /* slack, webhook=@FILE, ...; NULL where exec is given */
	const char *exec; /* a command */

	/* of webhooks and commands */
	const char *format; /* NULL: newterm */
	int         nheaders;
	const char *headers[MOST_HEADERS]; /* as given: templates, or @FILE */
	const char *body;                  /* the same */
	const char *content_type;
	const char *hmac_key; /* a reference to a secret */
	const char *pagerduty_url;
	const char *ca_file;

	double      rate;    /* requests a second; negative: the destination's own */
	int         batch;   /* changes that are leased at once */
	double      lease;   /* in seconds, as are those that follow */
	double      timeout; /* of a request */
	double      poll;
	double      backoff; /* the first wait after a failure */
	const char *channel; /* NULL: the server's newterm.channel */
	bool        once;
	bool        dry_run;

	/* as psql takes them; NULL where not given */
	const char *dbname;
	const char *host;
	const char *port;
	const char *user;
} Options;

/* Read the command line; mistakes, --help and --version end the program. */
extern void options_read(Options *options, int argc, char **argv);

#endif /* NEWTERM_OPTIONS_H */
