/*
 * http.h
 *	  One POST at a time, over a connection that is kept.
 */
#ifndef NEWTERM_HTTP_H
#define NEWTERM_HTTP_H

#include "buffer.h"

typedef struct HttpRequest
{
	const char *url;
	int         nheaders;
	Buffer     *headers; /* "Name: value" each */
	Buffer      body;
} HttpRequest;

/* The answer to a request. */
typedef struct HttpAnswer
{
	long   status;      /* 0: there was no answer */
	bool   reached;     /* the server took the request, or part of it */
	long   retry_after; /* seconds, as the server asked for; 0: it did not */
	Buffer body;        /* its beginning */
	char   error[256];  /* why there was no answer */
} HttpAnswer;

/* Once, at the start; ca_file may be NULL. */
extern void http_start(const char *user_agent, double timeout, const char *ca_file);

extern void http_add_header(HttpRequest *request, const Buffer *header);
extern void http_request_free(HttpRequest *request);

/* Post the request; `answer` is all zeros before and belongs to the caller. */
extern void http_post(const HttpRequest *request, HttpAnswer *answer);

#endif /* NEWTERM_HTTP_H */
