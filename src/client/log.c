/*
 * log.c
 *	  Messages on standard error.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "log.h"
#include "mask.h"

bool log_verbose = false;

/* A line for each of the text's; all that could mean harm is hidden or escaped. */
static void
say(const char *format, va_list args)
{
	Buffer text = {0};
	Buffer shown = {0};
	char  *line;
	char  *rest;

	buffer_vprintf(&text, format, args);
	mask_apply(&text);
	rest = text.data;
	while ((line = strsep(&rest, "\n")) != NULL)
	{
		if (*line == '\0')
			continue;
		buffer_append(&shown, "newterm-alerts: ");
		escape_line(&shown, line);
		buffer_append(&shown, "\n");
	}
	fputs(buffer_text(&shown), stderr);
	buffer_free(&text);
	buffer_free(&shown);
}

void
log_info(const char *format, ...)
{
	va_list args;

	if (!log_verbose)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

void
log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void
log_fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(1);
}
