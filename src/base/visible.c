/*
 * visible.c
 *	  Text that people read, made so that it shows all that it holds.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/visible.h"

/* A range of characters. */
typedef struct Characters
{
	pg_wchar first;
	pg_wchar last;
} Characters;

/* What is escaped. */
static const Characters Escaped[] = {{0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c},
									 {0x200e, 0x200f}, {0x2028, 0x2029}, {0x202a, 0x202e},
									 {0x2066, 0x2069}, {0xfeff, 0xfeff}};

/* What shows nothing, beside that. */
static const Characters Blank[] = {{0x0020, 0x0020},  {0x00a0, 0x00a0}, {0x00ad, 0x00ad},
								   {0x034f, 0x034f},  {0x115f, 0x1160}, {0x1680, 0x1680},
								   {0x17b4, 0x17b5},  {0x180b, 0x180f}, {0x2000, 0x200d},
								   {0x202f, 0x202f},  {0x205f, 0x2065}, {0x206a, 0x206f},
								   {0x2800, 0x2800},  {0x3000, 0x3000}, {0x3164, 0x3164},
								   {0xfe00, 0xfe0f},  {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
								   {0xe0000, 0xe0fff}};

static bool
IsAmong(const Characters *ranges, int nranges, pg_wchar character)
{
	for (int i = 0; i < nranges; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

/*
 * NextCharacter
 *		The character that begins here, of *bytes bytes.  One that is not known by its
 *		number, as in other encodings, is taken for a letter.
 */
static pg_wchar
NextCharacter(const char *text, int length, int *bytes)
{
	const unsigned char *byte = (const unsigned char *) text;

	*bytes = 1;
	if (!IS_HIGHBIT_SET(*byte))
		return *byte;
	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
	{
		int width = pg_utf_mblen(byte);

		if (width <= length && pg_utf8_islegal(byte, width))
		{
			*bytes = width;
			return utf8_to_unicode(byte);
		}
	}
	return 'x';
}

/* How many of the bytes, from the first on, are ASCII that shows? */
static int
PlainLength(const char *text, int length)
{
	int plain = 0;

	while (plain < length && text[plain] >= 0x20 && text[plain] < 0x7f)
		plain++;
	return plain;
}

void
VisibleAppend(StringInfo out, const char *text, int length, const char *kept)
{
	int bytes;

	for (int i = 0; i < length; i += bytes)
	{
		pg_wchar character;

		bytes = PlainLength(text + i, length - i);
		if (bytes > 0)
		{
			appendBinaryStringInfo(out, text + i, bytes);
			continue;
		}
		character = NextCharacter(text + i, length - i, &bytes);
		if (!IsAmong(Escaped, lengthof(Escaped), character) ||
			(character < 0x80 && strchr(kept, character) != NULL))
			appendBinaryStringInfo(out, text + i, bytes);
		else
			appendStringInfo(out, "\\u%04x", character);
	}
}

bool
VisibleIsBlank(const char *text)
{
	int length = strlen(text);
	int bytes;

	for (int i = 0; i < length; i += bytes)
	{
		pg_wchar character = NextCharacter(text + i, length - i, &bytes);

		if (!IsAmong(Escaped, lengthof(Escaped), character) &&
			!IsAmong(Blank, lengthof(Blank), character))
			return false;
	}
	return true;
}
