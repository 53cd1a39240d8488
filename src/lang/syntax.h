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
	/* first wrong character, counted from 1 in characters (not bytes) of the UTF-8 text */
	int position;
	/*
	 * what is wrong and what was expected: the part after "syntax error in filter at position N: "
	 */
	char *message;
	char *hint; /* what to write instead, or NULL */
} SyntaxError;

/*
 * Fill *error: `offset` is in bytes of `text`; message and hint (which may be
 * NULL) are copied.
 */
extern void SyntaxErrorSet(SyntaxError *error, const char *text, int offset, const char *message,
						   const char *hint);

/* `length` bytes of text as a message quotes them: palloc'd, shortened. */
extern char *SyntaxExcerpt(const char *text, int length);

#endif /* NEWTERM_SYNTAX_H */
