/*
 * answer.c
 *	  The outcome of sending a change.
 */
#include <string.h>

#include <json-c/json.h>

#include "answer.h"
#include "escape.h"
#include "mask.h"
#include "template.h"

/* The bytes of an answer that an error quotes. */
#define TOLD_ANSWER 500

static bool
is_success(long status)
{
	return status >= 200 && status < 300;
}

/* The error with the beginning of the answer, as one line without secrets. */
static void
tell_answer(Outcome *outcome, const HttpAnswer *answer, long status)
{
	Buffer text = {0};

	if (status == 0)
		buffer_append(&text, answer->error);
	else
		buffer_printf(&text, "HTTP %ld", status);
	if (answer->body.length > 0)
		buffer_printf(&text, ": %.*s", TOLD_ANSWER, buffer_text(&answer->body));
	mask_apply(&text);
	escape_line(&outcome->error, buffer_text(&text));
	buffer_free(&text);
}

/*
 * Elasticsearch answers _bulk with 200 whatever it does.  The status of its one item
 * counts; 409 says that the document is there already.
 */
static long
bulk_status(const HttpAnswer *answer)
{
	json_object *document = template_parse(buffer_text(&answer->body));
	json_object *status = template_value(document, "items.0.create.status");
	long         result = status == NULL ? answer->status : json_object_get_int(status);

	json_object_put(document);
	return result == 409 ? 200 : result;
}

void
answer_judge(const Destination *destination, const HttpAnswer *answer, Outcome *outcome)
{
	long status = answer->status;

	if (is_success(status) && strcmp(destination->format, "ecs") == 0)
		status = bulk_status(answer);
	outcome->wait = answer->retry_after;
	outcome->counts = true;
	if (is_success(status))
	{
		outcome->kind = SENT;
		return;
	}
	tell_answer(outcome, answer, status);
	if (status == 0)
	{
		/* where nothing got there, the change is not at fault */
		outcome->kind = TRY_AGAIN;
		outcome->counts = answer->reached;
	}
	else if (status == 408 || status == 425 || status == 429 || status >= 500)
	{
		outcome->kind = TRY_AGAIN;
		outcome->counts = status != 429;
	}
	else
		outcome->kind = REFUSED;
}
