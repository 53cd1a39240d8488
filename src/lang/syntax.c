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
		if (!UTF8_CONTINUES(text[i]))
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
	while (cut > 0 && UTF8_CONTINUES(text[cut]))
		cut--;
	return psprintf("%.*s...", cut, text);
}

int
HexDigit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}
