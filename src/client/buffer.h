/*
 * buffer.h
 *	  Texts that grow.  Memory that is not there ends the program.
 */
#ifndef NEWTERM_BUFFER_H
#define NEWTERM_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A text with a zero behind it; all zeros is an empty one. */
typedef struct Buffer
{
	char  *data; /* NULL until something is appended */
	size_t length;
	size_t allocated;
} Buffer;

extern void buffer_append(Buffer *buffer, const char *text);
extern void buffer_append_bytes(Buffer *buffer, const char *bytes, size_t length);
extern void buffer_printf(Buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

extern void buffer_vprintf(Buffer *buffer, const char *format, va_list args);

/* The text, never NULL. */
extern const char *buffer_text(const Buffer *buffer);

/* Make it empty, keeping its memory; or give that back. */
extern void buffer_reset(Buffer *buffer);
extern void buffer_free(Buffer *buffer);

/* malloc and strdup that do not fail. */
extern void *must_allocate(size_t size);
extern char *must_copy(const char *text);

#endif /* NEWTERM_BUFFER_H */
