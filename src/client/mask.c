/*
 * mask.c
 *	  Secrets that nobody may read in a log.
 */
#include <string.h>

#include "mask.h"

/* Shorter texts would be found everywhere. */
#define SHORTEST_SECRET 6

#define MOST_SECRETS 64

static char *secrets[MOST_SECRETS];
static int   nsecrets = 0;

void
mask_add(const char *text)
{
	if (strlen(text) >= SHORTEST_SECRET && nsecrets < MOST_SECRETS)
		secrets[nsecrets++] = must_copy(text);
}

void
mask_apply(Buffer *text)
{
	for (int i = 0; i < nsecrets && text->data != NULL; i++)
	{
		size_t length = strlen(secrets[i]);
		char  *found;

		while ((found = strstr(text->data, secrets[i])) != NULL)
		{
			memcpy(found, "***", 3);
			memmove(found + 3, found + length, strlen(found + length) + 1);
			text->length -= length - 3;
		}
	}
}
