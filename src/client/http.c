/*
 * http.c
 *	  One POST at a time, over a connection that is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "http.h"
#include "log.h"
#include "stop.h"

/* Of an answer so much is kept. */
#define ANSWER_LIMIT (64 * 1024)

static CURL *curl = NULL;
static char  curl_error[CURL_ERROR_SIZE];

static size_t
keep_answer(char *bytes, size_t size, size_t count, void *body)
{
	Buffer *buffer = body;
	size_t  length = size * count;
	size_t  room = ANSWER_LIMIT - buffer->length;

	buffer_append_bytes(buffer, bytes, length < room ? length : room);
	return length;
}

/* Asked for again and again; another value than 0 gives the request up. */
static int
is_given_up(void *unused, curl_off_t down, curl_off_t down_now, curl_off_t up, curl_off_t up_now)
{
	(void) unused, (void) down, (void) down_now, (void) up, (void) up_now;
	return stop_at_once();
}

static void
set_option(CURLcode code)
{
	if (code != CURLE_OK)
		log_fatal("libcurl refuses an option: %s", curl_easy_strerror(code));
}

void
http_start(const char *user_agent, double timeout, const char *ca_file)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (curl = curl_easy_init()) == NULL)
		log_fatal("libcurl does not start");
	set_option(curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent));
	set_option(curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long) (timeout * 1000)));
	set_option(curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L));
	set_option(curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, curl_error));
	set_option(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_answer));
	set_option(curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_given_up));
	set_option(curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L));
#if LIBCURL_VERSION_NUM >= 0x075500
	set_option(curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https"));
#else
	set_option(curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	if (ca_file != NULL)
		set_option(curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file));
}

void
http_add_header(HttpRequest *request, const Buffer *header)
{
	request->headers = realloc(request->headers, sizeof(Buffer) * (request->nheaders + 1));
	if (request->headers == NULL)
		log_fatal("out of memory");
	request->headers[request->nheaders++] = *header;
}

void
http_request_free(HttpRequest *request)
{
	for (int i = 0; i < request->nheaders; i++)
		buffer_free(&request->headers[i]);
	free(request->headers);
	buffer_free(&request->body);
	memset(request, 0, sizeof(HttpRequest));
}

/* Could the server have seen anything of a request that ended so? */
static bool
reached_server(CURLcode code)
{
	switch (code)
	{
		case CURLE_COULDNT_RESOLVE_PROXY:
		case CURLE_COULDNT_RESOLVE_HOST:
		case CURLE_COULDNT_CONNECT:
		case CURLE_SSL_CONNECT_ERROR:
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_CACERT_BADFILE:
			return false;
		default:
			{
				double connected = 0;

				curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME, &connected);
				return connected > 0;
			}
	}
}

void
http_post(const HttpRequest *request, HttpAnswer *answer)
{
	struct curl_slist *headers = NULL;
	CURLcode           code;
	curl_off_t         retry_after = 0;

	/* no waiting for the server's consent to a long body */
	headers = curl_slist_append(headers, "Expect:");
	for (int i = 0; i < request->nheaders; i++)
		headers = curl_slist_append(headers, buffer_text(&request->headers[i]));
	set_option(curl_easy_setopt(curl, CURLOPT_URL, request->url));
	set_option(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers));
	set_option(curl_easy_setopt(curl, CURLOPT_POSTFIELDS, buffer_text(&request->body)));
	set_option(curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
								(curl_off_t) request->body.length));
	set_option(curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer->body));

	curl_error[0] = '\0';
	code = curl_easy_perform(curl);
	answer->reached = reached_server(code);
	if (code == CURLE_OK)
	{
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
		curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
		answer->retry_after = (long) retry_after;
	}
	else
		snprintf(answer->error, sizeof(answer->error), "%s",
				 curl_error[0] != '\0' ? curl_error : curl_easy_strerror(code));
	curl_slist_free_all(headers);
}
