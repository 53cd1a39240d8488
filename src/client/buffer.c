/*
 * buffer.c
 *	  Texts that grow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

static void
out_of_memory(void)
{
	fputs("newterm-alerts: out of memory\n", stderr);
	exit(1);
}

void *
must_allocate(size_t size)
{
	void *memory = calloc(1, size > 0 ? size : 1);

	if (memory == NULL)
		out_of_memory();
	return memory;
}

char *
must_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		out_of_memory();
	return copy;
}

/* Make room for `more` bytes and the zero behind them. */
static void
buffer_reserve(Buffer *buffer, size_t more)
{
	size_t wanted = buffer->length + more + 1;

	if (wanted <= buffer->allocated)
		return;
	if (wanted < buffer->allocated * 2)
		wanted = buffer->allocated * 2;
	buffer->data = realloc(buffer->data, wanted);
	if (buffer->data == NULL)
		out_of_memory();
	buffer->allocated = wanted;
}

void
buffer_append_bytes(Buffer *buffer, const char *bytes, size_t length)
{
	buffer_reserve(buffer, length);
	if (length > 0)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void
buffer_append(Buffer *buffer, const char *text)
{
	buffer_append_bytes(buffer, text, strlen(text));
}

void
buffer_vprintf(Buffer *buffer, const char *format, va_list args)
{
	va_list again;
	int     length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return;
	buffer_reserve(buffer, length);
	vsnprintf(buffer->data + buffer->length, length + 1, format, args);
	buffer->length += length;
}

void
buffer_printf(Buffer *buffer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buffer_vprintf(buffer, format, args);
	va_end(args);
}

const char *
buffer_text(const Buffer *buffer)
{
	return buffer->data == NULL ? "" : buffer->data;
}

void
buffer_reset(Buffer *buffer)
{
	buffer->length = 0;
	if (buffer->data != NULL)
		buffer->data[0] = '\0';
}

void
buffer_free(Buffer *buffer)
{
	free(buffer->data);
	memset(buffer, 0, sizeof(Buffer));
}
