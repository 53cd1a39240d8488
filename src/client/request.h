/*
 * request.h
 *	  The requests that are posted to a destination.
 */
#ifndef NEWTERM_REQUEST_H
#define NEWTERM_REQUEST_H

#include "database.h"
#include "destination.h"
#include "http.h"

/*
 * The request for a change; `document` is the result of newterm.signal_as().
 * Its first header is the type of its content; the user's follow in their order.
 */
extern void request_build(const Destination *destination, const Change *change,
						  const char *document, HttpRequest *request);

/* The request for many changes together. */
extern void request_build_digest(const Destination *destination, const Change *const *changes,
								 int count, HttpRequest *request);

#endif /* NEWTERM_REQUEST_H */
