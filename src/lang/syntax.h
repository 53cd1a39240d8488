/*
 * syntax.h
 *	  What the parsers of fields and filters have in common.
 *
 * The parsers report an error as a value instead of raising it, so that they
 * can be built and fuzzed outside the server.
 */
#ifndef NEWTERM_SYNTAX_H
#define NEWTERM_SYNTAX_H

typedef enum Language
{
	LANGUAGE_DATADOG, /* Datadog's log search syntax (the default) */
	LANGUAGE_KQL      /* Elastic's KQL, with Elastic's field names */
} Language;

typedef struct SyntaxError
{
	/* place of the first wrong character, counted in characters from 1 */
	int position;
	/* what is wrong and what was expected */
	char *message;
	char *hint; /* what to write instead, or NULL */
} SyntaxError;

/*
 * Fill *error.  `offset` is the place of the first wrong character, in bytes of `text`.
 * The message is copied, as is the hint, which may be NULL.
 */
extern void SyntaxErrorSet(SyntaxError *error, const char *text, int offset, const char *message,
						   const char *hint);

/*
 * Copy `length` bytes at `text` for a message, palloc'd.  A long text is cut at the end of
 * a character, and three dots are appended.
 */
extern char *SyntaxExcerpt(const char *text, int length);

/* Is this byte the second or a later one of a UTF-8 character? */
#define UTF8_CONTINUES(byte) (((unsigned char) (byte) &0xC0) == 0x80)

/* The value of a hexadecimal digit, or -1. */
extern int HexDigit(char digit);

#endif /* NEWTERM_SYNTAX_H */
