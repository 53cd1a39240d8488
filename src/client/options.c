/*
 * options.c
 *	  The options of the command line.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "options.h"

static const char help[] =
	"newterm-alerts tells one destination of newterm's signals, each change at least once.\n"
	"\n"
	"Usage:\n"
	"  newterm-alerts --subscription NAME --to DESTINATION [OPTION]... [DBNAME]\n"
	"\n"
	"Destinations (a subscription has one):\n"
	"  slack=@FILE|env:NAME      an incoming webhook; default env:NEWTERM_SLACK_URL\n"
	"  pagerduty=@FILE|env:NAME  Events API v2, by routing key; default env:NEWTERM_PAGERDUTY_KEY\n"
	"  webhook=@FILE|env:NAME    any URL; default env:NEWTERM_WEBHOOK_URL\n"
	"  json, text, ocsf, ecs, cloudevents\n"
	"                            lines on standard output; ecs for Elasticsearch's _bulk\n"
	"  --exec COMMAND            a command, with the JSON on its standard input\n"
	"\n"
	"Webhooks and commands:\n"
	"  --format FORMAT           newterm (default), slack, pagerduty, ocsf, ecs or cloudevents\n"
	"  --header 'NAME: VALUE'    one more header, a template; @FILE has one a line\n"
	"  --body TEMPLATE|@FILE     the body, with {{signal.title}} and the like\n"
	"  --content-type TYPE       of the body (default application/json)\n"
	"  --hmac-key @FILE|env:NAME sign as Standard Webhooks do\n"
	"  --pagerduty-url URL       default https://events.pagerduty.com/v2/enqueue\n"
	"  --ca-file FILE            certificates to trust\n"
	"\n"
	"Delivery:\n"
	"  --once                    deliver what waits, and end; status 1 where something failed\n"
	"  --dry-run                 show what would be sent, and leave everything as it is\n"
	"  --rate NUMBER             requests a second (slack 1, pagerduty 2, others no limit: 0)\n"
	"  --batch NUMBER            changes leased at once (100)\n"
	"  --lease SECONDS           for how long (60)\n"
	"  --timeout SECONDS         of a request or command (10)\n"
	"  --poll SECONDS            between looks without a notification (5)\n"
	"  --backoff SECONDS         first wait after a failure; doubles to 300 (1)\n"
	"  --channel NAME            channel of notifications (the server's newterm.channel)\n"
	"\n"
	"Connection, as psql takes it, with PGHOST and so on, services and password files:\n"
	"  -d, --dbname CONNINFO     -h, --host HOST     -p, --port PORT     -U, --username NAME\n"
	"\n"
	"  -v, --verbose             say more on standard error\n"
	"  -V, --version             -?, --help\n";

enum
{
	OPT_EXEC = 256,
	OPT_FORMAT,
	OPT_HEADER,
	OPT_BODY,
	OPT_CONTENT_TYPE,
	OPT_HMAC_KEY,
	OPT_PAGERDUTY_URL,
	OPT_CA_FILE,
	OPT_ONCE,
	OPT_DRY_RUN,
	OPT_RATE,
	OPT_BATCH,
	OPT_LEASE,
	OPT_TIMEOUT,
	OPT_POLL,
	OPT_BACKOFF,
	OPT_CHANNEL
};

static const struct option long_options[] = {
	{"subscription", required_argument, NULL, 's'},
	{"to", required_argument, NULL, 't'},
	{"exec", required_argument, NULL, OPT_EXEC},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"header", required_argument, NULL, OPT_HEADER},
	{"body", required_argument, NULL, OPT_BODY},
	{"content-type", required_argument, NULL, OPT_CONTENT_TYPE},
	{"hmac-key", required_argument, NULL, OPT_HMAC_KEY},
	{"pagerduty-url", required_argument, NULL, OPT_PAGERDUTY_URL},
	{"ca-file", required_argument, NULL, OPT_CA_FILE},
	{"once", no_argument, NULL, OPT_ONCE},
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"rate", required_argument, NULL, OPT_RATE},
	{"batch", required_argument, NULL, OPT_BATCH},
	{"lease", required_argument, NULL, OPT_LEASE},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"poll", required_argument, NULL, OPT_POLL},
	{"backoff", required_argument, NULL, OPT_BACKOFF},
	{"channel", required_argument, NULL, OPT_CHANNEL},
	{"dbname", required_argument, NULL, 'd'},
	{"host", required_argument, NULL, 'h'},
	{"port", required_argument, NULL, 'p'},
	{"username", required_argument, NULL, 'U'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, '?'},
	{NULL, 0, NULL, 0},
};

/* A number of an option between two others. */
static double
number(const char *option, const char *text, double least, double most)
{
	char  *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || isnan(value) || value < least || value > most)
		log_fatal("--%s must be a number from %g to %g, not \"%s\"", option, least, most, text);
	return value;
}

/* Take an argument that may be given once. */
static void
once_only(const char **place, const char *argument, const char *what)
{
	if (*place != NULL)
		log_fatal("there is more than one %s", what);
	*place = argument;
}

static void
take_destination(const char **place, const char *argument)
{
	if (*place != NULL)
		log_fatal("there is more than one destination\n"
				  "A subscription has one: make a subscription for each, and run newterm-alerts for each.");
	*place = argument;
}

/* Take an option of webhooks and commands; false if it is none. */
static bool
take_format(Options *options, int option, const char *argument)
{
	switch (option)
	{
		case OPT_FORMAT:
			options->format = argument;
			return true;
		case OPT_HEADER:
			if (options->nheaders == MOST_HEADERS)
				log_fatal("there are more than %d options --header: use --header @FILE",
						  MOST_HEADERS);
			options->headers[options->nheaders++] = argument;
			return true;
		case OPT_BODY:
			options->body = argument;
			return true;
		case OPT_CONTENT_TYPE:
			options->content_type = argument;
			return true;
		case OPT_HMAC_KEY:
			options->hmac_key = argument;
			return true;
		case OPT_PAGERDUTY_URL:
			options->pagerduty_url = argument;
			return true;
		case OPT_CA_FILE:
			options->ca_file = argument;
			return true;
		default:
			return false;
	}
}

/* Take an option of the delivery; false if it is none. */
static bool
take_delivery(Options *options, int option, const char *argument)
{
	switch (option)
	{
		case OPT_ONCE:
			options->once = true;
			return true;
		case OPT_DRY_RUN:
			options->dry_run = true;
			return true;
		case OPT_RATE:
			options->rate = number("rate", argument, 0, 1000);
			return true;
		case OPT_BATCH:
			options->batch = (int) number("batch", argument, 1, 10000);
			return true;
		case OPT_LEASE:
			options->lease = number("lease", argument, 0.1, 86400);
			return true;
		case OPT_TIMEOUT:
			options->timeout = number("timeout", argument, 0.01, 3600);
			return true;
		case OPT_POLL:
			options->poll = number("poll", argument, 0.01, 3600);
			return true;
		case OPT_BACKOFF:
			options->backoff = number("backoff", argument, 0.001, 300);
			return true;
		case OPT_CHANNEL:
			options->channel = argument;
			return true;
		default:
			return false;
	}
}

/* Take an option of the connection; false if it is none. */
static bool
take_connection(Options *options, int option, const char *argument)
{
	switch (option)
	{
		case 'd':
			options->dbname = argument;
			return true;
		case 'h':
			options->host = argument;
			return true;
		case 'p':
			options->port = argument;
			return true;
		case 'U':
			options->user = argument;
			return true;
		default:
			return false;
	}
}

static void
take(Options *options, int option, const char *argument)
{
	if (take_format(options, option, argument) || take_delivery(options, option, argument) ||
		take_connection(options, option, argument))
		return;
	switch (option)
	{
		case 's':
			once_only(&options->subscription, argument, "--subscription");
			break;
		case 't':
			take_destination(&options->to, argument);
			break;
		case OPT_EXEC:
			take_destination(&options->exec, argument);
			break;
		case 'v':
			log_verbose = true;
			break;
		case 'V':
			puts("newterm-alerts " NEWTERM_VERSION);
			exit(0);
	}
}

/* -? and --help are asked for; an unknown option looks the same to getopt. */
static void
help_or_mistake(char **argv)
{
	const char *argument = argv[optind - 1];

	if (strcmp(argument, "-?") == 0 || strcmp(argument, "--help") == 0)
	{
		fputs(help, stdout);
		exit(0);
	}
	log_fatal("try newterm-alerts --help");
}

static void
check(const Options *options)
{
	if (options->subscription == NULL)
		log_fatal("--subscription is missing\n"
				  "SELECT newterm.subscribe('NAME') makes one.");
	if (options->to == NULL && options->exec == NULL)
		log_fatal("--to is missing; newterm-alerts --help lists the destinations");
	if (options->to != NULL && options->exec != NULL)
		log_fatal("there are two destinations, --to and --exec\n"
				  "A subscription has one: make a subscription for each, and run newterm-alerts for each.");
	if (options->timeout >= options->lease)
		log_fatal("--timeout (%g) must be shorter than --lease (%g)", options->timeout,
				  options->lease);
}

void
options_read(Options *options, int argc, char **argv)
{
	int option;

	*options = (Options){
		.rate = -1,
		.batch = 100,
		.lease = 60,
		.timeout = 10,
		.poll = 5,
		.backoff = 1,
		.pagerduty_url = "https://events.pagerduty.com/v2/enqueue",
	};
	while ((option = getopt_long(argc, argv, "s:t:d:h:p:U:vV?", long_options, NULL)) != -1)
	{
		if (option == '?')
			help_or_mistake(argv);
		take(options, option, optarg);
	}
	if (optind < argc)
		once_only(&options->dbname, argv[optind++], "database");
	if (optind < argc)
		log_fatal("too many arguments, beginning with \"%s\"", argv[optind]);
	check(options);
}
