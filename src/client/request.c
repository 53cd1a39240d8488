/*
 * request.c
 *	  The requests that are posted to a destination.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "digest.h"
#include "escape.h"
#include "hmac.h"
#include "lines.h"
#include "request.h"
#include "template.h"

static void
add_header(HttpRequest *request, const char *name, const char *value)
{
	Buffer header = {0};

	buffer_printf(&header, "%s: %s", name, value);
	http_add_header(request, &header);
}

/* PagerDuty's events have the key inside. */
static void
append_with_key(Buffer *body, const char *key, const char *document)
{
	buffer_append(body, "{\"routing_key\":\"");
	escape_json_string(body, key);
	buffer_append(body, "\",");
	escape_document(body, strchr(document, '{') + 1);
}

/* Sign as Standard Webhooks do: id, time and body, so that no old request can be sent again. */
static void
sign(const Destination *destination, HttpRequest *request, const char *id)
{
	uint8_t hmac[SHA256_LENGTH];
	char    now[24];
	Buffer  message = {0};
	Buffer  header = {0};

	snprintf(now, sizeof(now), "%lld", (long long) time(NULL));
	add_header(request, "webhook-id", id);
	add_header(request, "webhook-timestamp", now);
	if (destination->hmac_key.length == 0)
		return;
	buffer_printf(&message, "%s.%s.", id, now);
	buffer_append_bytes(&message, buffer_text(&request->body), request->body.length);
	hmac_sha256((const uint8_t *) destination->hmac_key.data, destination->hmac_key.length,
				(const uint8_t *) message.data, message.length, hmac);
	buffer_append(&header, "webhook-signature: v1,");
	base64_encode(&header, hmac, SHA256_LENGTH);
	http_add_header(request, &header);
	buffer_free(&message);
}

static Escape
escape_for(const char *content_type)
{
	if (strstr(content_type, "json") != NULL)
		return ESCAPE_JSON;
	if (strncmp(content_type, "application/x-www-form-urlencoded", 33) == 0)
		return ESCAPE_FORM;
	return ESCAPE_LINE;
}

/* Headers and body of the user's own. */
static void
fill_templates(const Destination *destination, HttpRequest *request, const char *document)
{
	json_object *values = NULL;

	if (destination->nheaders == 0 && destination->body == NULL)
		return;
	values = template_parse(document);
	for (int i = 0; i < destination->nheaders; i++)
	{
		Buffer header = {0};

		template_fill(&header, destination->headers[i], values, ESCAPE_LINE);
		http_add_header(request, &header);
	}
	if (destination->body != NULL)
		template_fill(&request->body, destination->body, values,
					  escape_for(destination->content_type));
	json_object_put(values);
}

void
request_build(const Destination *destination, const Change *change, const char *document,
			  HttpRequest *request)
{
	request->url = destination->url;
	add_header(request, "Content-Type", destination->content_type);
	fill_templates(destination, request, document);
	if (destination->kind == TO_PAGERDUTY)
		append_with_key(&request->body, destination->key, document);
	else if (destination->body == NULL && strcmp(destination->format, "ecs") == 0)
		lines_append_bulk(&request->body, change, document);
	else if (destination->body == NULL)
		escape_document(&request->body, document);
	if (destination->kind == TO_WEBHOOK)
		sign(destination, request, change->uuid);
}

void
request_build_digest(const Destination *destination, const Change *const *changes, int count,
					 HttpRequest *request)
{
	Buffer document = {0};

	request->url = destination->url;
	add_header(request, "Content-Type", destination->content_type);
	if (destination->kind == TO_PAGERDUTY)
	{
		digest_for_pagerduty(&document, changes, count);
		append_with_key(&request->body, destination->key, buffer_text(&document));
		buffer_free(&document);
	}
	else
		digest_for_slack(&request->body, changes, count);
}
