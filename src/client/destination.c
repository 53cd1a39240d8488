/*
 * destination.c
 *	  Reads the destination from the options.
 */
#include <stdlib.h>
#include <string.h>

#include "destination.h"
#include "hmac.h"
#include "http.h"
#include "log.h"
#include "mask.h"
#include "secret.h"
#include "template.h"

/* A template, or the contents of a file. */
static const char *
read_text(const char *what, const char *argument, bool *secret)
{
	*secret = *argument == '@';
	return *secret ? secret_read_file(what, argument + 1) : argument;
}

static void
add_template_header(Destination *destination, const char *line, bool secret)
{
	const char *wrong = template_check(line);
	size_t      name = strcspn(line, ": \t{");

	if (wrong != NULL)
		log_fatal("%s in a header", wrong);
	if (name == 0 || line[name] != ':')
		log_fatal("a header is no \"Name: value\"");
	destination->headers = realloc(destination->headers,
								   sizeof(char *) * (destination->nheaders + 1));
	destination->header_is_secret = realloc(destination->header_is_secret,
											sizeof(bool) * (destination->nheaders + 1));
	if (destination->headers == NULL || destination->header_is_secret == NULL)
		log_fatal("out of memory");
	destination->headers[destination->nheaders] = must_copy(line);
	destination->header_is_secret[destination->nheaders++] = secret;
	if (secret)
		mask_add(line + name + 1 + strspn(line + name + 1, " \t"));
}

static void
read_headers(Destination *destination, const Options *options)
{
	for (int i = 0; i < options->nheaders; i++)
	{
		bool  secret;
		char *rest = must_copy(read_text("headers", options->headers[i], &secret));
		char *line;

		while ((line = strsep(&rest, "\r\n")) != NULL)
			if (*line != '\0')
				add_template_header(destination, line, secret);
	}
}

/* Keys of Standard Webhooks are written whsec_ and base64; others are taken as they are. */
static void
read_hmac_key(Destination *destination, const Options *options)
{
	char *key;

	if (options->hmac_key == NULL)
		return;
	key = secret_read("key of signatures", options->hmac_key, "NEWTERM_HMAC_KEY");
	if (strncmp(key, "whsec_", 6) != 0)
		buffer_append(&destination->hmac_key, key);
	else if (!base64_decode(&destination->hmac_key, key + 6) || destination->hmac_key.length == 0)
		log_fatal("the key of signatures begins with whsec_, but what follows is no base64");
}

static void
prepare_webhook(Destination *destination, const Options *options, const char *reference)
{
	const char *wrong;
	bool        unused;

	destination->kind = TO_WEBHOOK;
	destination->url = secret_read_url("URL of the webhook", reference, "NEWTERM_WEBHOOK_URL");
	read_headers(destination, options);
	read_hmac_key(destination, options);
	if (options->body != NULL)
	{
		destination->body = read_text("body", options->body, &unused);
		wrong = template_check(destination->body);
		if (wrong != NULL)
			log_fatal("%s in the body", wrong);
		if (strcmp(destination->format, "newterm") != 0)
			log_fatal("--body and --format exclude each other: a template's values are those of format newterm");
	}
	if (strcmp(destination->format, "cloudevents") == 0)
		destination->content_type = "application/cloudevents+json";
	if (strcmp(destination->format, "ecs") == 0)
		destination->content_type = "application/x-ndjson";
	if (options->content_type != NULL)
		destination->content_type = options->content_type;
}

/* Is the word `name`, alone or with =REFERENCE behind it?  Then *reference is that, or NULL. */
static bool
is_destination(const char *word, const char *name, const char **reference)
{
	size_t length = strlen(name);

	if (strncmp(word, name, length) != 0 || (word[length] != '\0' && word[length] != '='))
		return false;
	*reference = word[length] == '=' ? word + length + 1 : NULL;
	return true;
}

static void
prepare_lines(Destination *destination, const char *name)
{
	static const char *const formats[] = {"ocsf", "ecs", "cloudevents"};

	destination->kind = TO_LINES;
	if (strcmp(name, "text") == 0)
		destination->text = true;
	else if (strcmp(name, "json") != 0)
	{
		for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
			if (strcmp(name, formats[i]) == 0)
			{
				destination->format = formats[i];
				return;
			}
		log_fatal("there is no destination \"%s\"; newterm-alerts --help lists them", name);
	}
}

/* A format of newterm.signal_as(). */
static const char *
check_format(const char *format)
{
	static const char *const formats[] = {"newterm", "slack", "pagerduty",
										  "ocsf",    "ecs",   "cloudevents"};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(format, formats[i]) == 0)
			return format;
	log_fatal("there is no format \"%s\"; newterm-alerts --help lists them", format);
}

static void
choose(Destination *destination, const Options *options)
{
	const char *reference;

	destination->format = check_format(options->format != NULL ? options->format : "newterm");
	if (options->exec != NULL || is_destination(options->to, "exec", &reference))
	{
		destination->kind = TO_COMMAND;
		destination->name = "the command";
		destination->command = options->exec != NULL ? options->exec : reference;
		if (destination->command == NULL || *destination->command == '\0')
			log_fatal("--exec has no command");
	}
	else if (is_destination(options->to, "slack", &reference))
	{
		destination->kind = TO_SLACK;
		destination->name = destination->format = "slack";
		destination->url = secret_read_url("URL of Slack's webhook", reference,
										   "NEWTERM_SLACK_URL");
		destination->rate = 1;
		destination->burst = 5;
	}
	else if (is_destination(options->to, "pagerduty", &reference))
	{
		destination->kind = TO_PAGERDUTY;
		destination->name = destination->format = "pagerduty";
		destination->key = secret_read("routing key of PagerDuty", reference,
									   "NEWTERM_PAGERDUTY_KEY");
		destination->url = options->pagerduty_url;
		destination->rate = 2;
		destination->burst = 10;
	}
	else if (is_destination(options->to, "webhook", &reference))
	{
		destination->name = "the webhook";
		prepare_webhook(destination, options, reference);
	}
	else
	{
		destination->name = "standard output";
		prepare_lines(destination, options->to);
	}
}

/* Refuse options that the destination would ignore. */
static void
refuse_unused(const Destination *destination, const Options *options)
{
	if (destination->kind != TO_WEBHOOK &&
		(options->nheaders > 0 || options->body != NULL || options->content_type != NULL ||
		 options->hmac_key != NULL))
		log_fatal("--header, --body, --content-type and --hmac-key are for webhooks, not for %s",
				  destination->name);
	if (options->format != NULL && destination->kind != TO_WEBHOOK &&
		destination->kind != TO_COMMAND)
		log_fatal("--format is for webhooks and commands, not for %s", destination->name);
}

void
destination_prepare(Destination *destination, const Options *options)
{
	memset(destination, 0, sizeof(Destination));
	destination->content_type = "application/json";
	destination->timeout = options->timeout;
	choose(destination, options);
	refuse_unused(destination, options);
	if (options->rate >= 0)
	{
		destination->rate = options->rate;
		destination->burst = options->rate > 1 ? options->rate : 1;
	}
	if (destination->url != NULL)
		http_start("newterm-alerts/" NEWTERM_VERSION, options->timeout, options->ca_file);
}
