/*
 * send.c
 *	  Telling a destination of changes.
 */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "command.h"
#include "http.h"
#include "lines.h"
#include "mask.h"
#include "request.h"
#include "send.h"
#include "template.h"

static void
post(const Destination *destination, HttpRequest *request, Outcome *outcome)
{
	HttpAnswer answer = {0};

	http_post(request, &answer);
	answer_judge(destination, &answer, outcome);
	buffer_free(&answer.body);
	http_request_free(request);
}

static void
print(const Buffer *output, Outcome *outcome)
{
	bool written = fwrite(output->data, 1, output->length, stdout) == output->length &&
		fflush(stdout) == 0;

	outcome->kind = written ? SENT : OUTPUT_LOST;
}

static void
run(const Destination *destination, const Change *change, const Buffer *input, Outcome *outcome)
{
	Buffer variables[3] = {{0}};
	char  *environment[4];

	buffer_printf(&variables[0], "NEWTERM_KIND=%s", change->kind);
	buffer_printf(&variables[1], "NEWTERM_SIGNAL=%s", change->signal);
	buffer_printf(&variables[2], "NEWTERM_CHANGE=%s", change->uuid);
	for (int i = 0; i < 3; i++)
		environment[i] = variables[i].data;
	environment[3] = NULL;
	outcome->counts = true;
	outcome->kind = command_run(destination->command, input, environment, destination->timeout,
								&outcome->error)
		? SENT
		: TRY_AGAIN;
	for (int i = 0; i < 3; i++)
		buffer_free(&variables[i]);
}

void
send_change(const Destination *destination, const Change *change, const char *document,
			Outcome *outcome)
{
	HttpRequest request = {0};
	Buffer      output = {0};

	memset(outcome, 0, sizeof(Outcome));
	switch (destination->kind)
	{
		case TO_SLACK:
		case TO_PAGERDUTY:
		case TO_WEBHOOK:
			request_build(destination, change, document, &request);
			post(destination, &request, outcome);
			break;
		case TO_LINES:
			lines_append(&output, destination, change, document);
			print(&output, outcome);
			break;
		case TO_COMMAND:
			lines_append(&output, destination, change, document);
			run(destination, change, &output, outcome);
			break;
	}
	buffer_free(&output);
}

void
show_change(const Destination *destination, const Change *change, const char *document)
{
	HttpRequest request = {0};
	Buffer      output = {0};

	if (destination->kind == TO_LINES || destination->kind == TO_COMMAND)
		lines_append(&output, destination, change, document);
	else
	{
		/* the headers that follow the first one are the user's, in their order */
		request_build(destination, change, document, &request);
		for (int i = 0; i < request.nheaders; i++)
		{
			bool secret = i >= 1 && i <= destination->nheaders &&
				destination->header_is_secret[i - 1];
			Buffer *header = &request.headers[i];

			buffer_printf(&output, "%.*s\n",
						  (int) (secret ? strcspn(header->data, ":") : header->length),
						  header->data);
		}
		buffer_printf(&output, "\n%s\n\n", buffer_text(&request.body));
		mask_apply(&output);
	}
	if (destination->kind != TO_LINES)
		printf("-- change %s of signal %s, to %s:\n", change->uuid, change->signal,
			   destination->name);
	fwrite(output.data, 1, output.length, stdout);
	buffer_free(&output);
	http_request_free(&request);
}

bool
may_digest(const Destination *destination, const char *document)
{
	json_object *event;
	bool         triggers;

	if (destination->kind != TO_PAGERDUTY)
		return destination->kind == TO_SLACK;
	event = template_parse(document);
	triggers = strcmp(template_text(event, "event_action"), "trigger") == 0;
	json_object_put(event);
	return triggers;
}

void
send_digest(const Destination *destination, const Change *const *changes, int count,
			Outcome *outcome)
{
	HttpRequest request = {0};

	memset(outcome, 0, sizeof(Outcome));
	request_build_digest(destination, changes, count, &request);
	post(destination, &request, outcome);
}
