/*
 * escape.c
 *	  Texts made fit for JSON, for terminals, for headers and for forms.
 */
#include <stdint.h>
#include <string.h>

#include "escape.h"

/*
 * Read a character of UTF-8.  A byte that begins none stands for itself, as U+FFFD:
 * texts come from a database in UTF-8, or from files of the user's.
 */
static uint32_t
next_character(const char *text, int *length)
{
	const unsigned char *bytes = (const unsigned char *) text;
	uint32_t             character;
	int                  more;

	*length = 1;
	if (bytes[0] < 0x80)
		return bytes[0];
	more = bytes[0] >= 0xf0 ? 3 : bytes[0] >= 0xe0 ? 2 : bytes[0] >= 0xc2 ? 1 : 0;
	if (more == 0 || bytes[0] > 0xf4)
		return 0xfffd;
	character = bytes[0] & (0x3f >> more);
	for (int i = 1; i <= more; i++)
	{
		if ((bytes[i] & 0xc0) != 0x80)
			return 0xfffd;
		character = character << 6 | (bytes[i] & 0x3f);
	}
	*length = more + 1;
	return character;
}

static bool
is_hostile(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character <= 0x9f) || character == 0x061c ||
		character == 0x200e || character == 0x200f ||
		(character >= 0x2028 && character <= 0x202e) ||
		(character >= 0x2066 && character <= 0x2069) || character == 0xfeff;
}

/* Append the text, and the characters that are hostile as \u001b. */
static void
append_escaped(Buffer *to, const char *text, bool json_string, bool keep_below_space)
{
	while (*text != '\0')
	{
		int      length;
		uint32_t character = next_character(text, &length);

		if (character == 0xfffd && length == 1)
			buffer_append(to, "\xef\xbf\xbd");
		else if (is_hostile(character) && !(keep_below_space && character < 0x20))
			buffer_printf(to, "\\u%04x", (unsigned) character);
		else
		{
			if (json_string && (character == '"' || character == '\\'))
				buffer_append(to, "\\");
			buffer_append_bytes(to, text, length);
		}
		text += length;
	}
}

void
escape_document(Buffer *to, const char *json)
{
	/* between its tokens JSON may have ends of lines */
	append_escaped(to, json, false, true);
}

void
escape_json_string(Buffer *to, const char *text)
{
	append_escaped(to, text, true, false);
}

void
escape_line(Buffer *to, const char *text)
{
	append_escaped(to, text, false, false);
}

void
escape_form(Buffer *to, const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

	for (; *text != '\0'; text++)
	{
		if (strchr(plain, *text) != NULL)
			buffer_append_bytes(to, text, 1);
		else
			buffer_printf(to, "%%%02X", (unsigned char) *text);
	}
}
