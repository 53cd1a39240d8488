/*
 * syntax.c
 *	  What the parsers of fields and filters have in common.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lang/syntax.h"

/* Longer texts are cut when a message quotes them. */
#define EXCERPT_BYTES 48

/* Is this byte the second or a later one of a UTF-8 character? */
#define IS_CONTINUATION(byte) (((unsigned char) (byte) &0xC0) == 0x80)

/*
 * SyntaxErrorSet
 *		Fill *error; see syntax.h.
 */
void
SyntaxErrorSet(SyntaxError *error, const char *text, int offset, const char *message,
			   const char *hint)
{
	int position = 1;

	for (int i = 0; i < offset; i++)
	{
		if (!IS_CONTINUATION(text[i]))
			position++;
	}
	error->position = position;
	error->message = pstrdup(message);
	error->hint = hint ? pstrdup(hint) : NULL;
}

/*
 * SyntaxExcerpt
 *		Copy a text for a message; see syntax.h.
 */
char *
SyntaxExcerpt(const char *text, int length)
{
	int cut = length;

	if (length <= EXCERPT_BYTES)
		return psprintf("%.*s", length, text);
	cut = EXCERPT_BYTES;
	while (cut > 0 && IS_CONTINUATION(text[cut]))
		cut--;
	return psprintf("%.*s...", cut, text);
}
