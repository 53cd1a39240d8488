/*
 * filter_wildcard.c
 *	  Matching wildcard patterns and networks against a value.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* for memmem */
#endif
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lang/filter.h"

/*
 * The length in bytes of the UTF-8 character at `text`.  A byte that begins no character
 * counts as one.
 */
static int
CharacterLength(const char *text, const char *end)
{
	unsigned char lead = text[0];
	int           length;

	if (lead < 0xC0)
		return 1;
	length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
	return Min(length, end - text);
}

/*
 * Match parts of text and "?" at the beginning of a text.  Returns the end of the match,
 * or NULL.
 */
static const char *
MatchHere(const WildcardPart *parts, int nparts, const char *text, const char *end)
{
	for (int i = 0; i < nparts; i++)
	{
		if (parts[i].kind == WILDCARD_TEXT)
		{
			if (end - text < parts[i].length || memcmp(text, parts[i].text, parts[i].length) != 0)
				return NULL;
			text += parts[i].length;
		}
		else
		{
			if (text == end)
				return NULL;
			text += CharacterLength(text, end);
		}
	}
	return text;
}

/*
 * Match parts of text and "?" at the end of a text.  Returns the beginning of the match,
 * or NULL.
 */
static const char *
MatchBackwards(const WildcardPart *parts, int nparts, const char *text, const char *end)
{
	for (int i = nparts - 1; i >= 0; i--)
	{
		if (parts[i].kind == WILDCARD_TEXT)
		{
			if (end - text < parts[i].length ||
				memcmp(end - parts[i].length, parts[i].text, parts[i].length) != 0)
				return NULL;
			end -= parts[i].length;
		}
		else
		{
			if (text == end)
				return NULL;
			end--;
			for (int back = 0; back < 3 && end > text && UTF8_CONTINUES(*end); back++)
				end--;
		}
	}
	return end;
}

/* Candidates for a match that FindText looks at one by one. */
#define FIND_CANDIDATES 16

/*
 * Find a text.  User agents, names and ARNs are short, so that looking for its rarest byte takes
 * less time than memmem needs to prepare itself (docs/experiments.md).  After some vain candidates
 * memmem takes over, whose time is linear.
 */
static const char *
FindText(const WildcardPart *part, const char *text, const char *end)
{
	for (int i = 0; i < FIND_CANDIDATES; i++)
	{
		const char *rare;

		if (end - text < part->length)
			return NULL;
		rare = memchr(text + part->rare, part->text[part->rare], end - text - part->length + 1);
		if (rare == NULL)
			return NULL;
		text = rare - part->rare;
		if (memcmp(text, part->text, part->length) == 0)
			return text;
		text++;
	}
	return memmem(text, end - text, part->text, part->length);
}

/*
 * Find the first place where parts of text and "?" match, of which the first is text.
 * Returns the end of the match, or NULL.
 *
 * The first place is the best one, because it leaves the most text for the parts that
 * follow.  Parts with a "?" are at most FILTER_MAX_SEGMENT long, so that trying them at
 * every place is linear in the length of the text.
 */
static const char *
Find(const WildcardPart *parts, int nparts, const char *text, const char *end)
{
	while ((text = FindText(&parts[0], text, end)) != NULL)
	{
		const char *behind = MatchHere(parts + 1, nparts - 1, text + parts[0].length, end);

		if (behind != NULL)
			return behind;
		text++;
	}
	return NULL;
}

/*
 * FilterWildcardMatch
 *		Do all `length` bytes at `text` match the node's pattern?  The parts before the
 *		first "*" must begin the text, and those behind the last one must end it.  Those
 *		between are sought from left to right, each once.
 */
bool
FilterWildcardMatch(const FilterNode *node, const char *text, int length)
{
	const WildcardPart *parts = node->val.wildcard.parts;
	const char         *end = text + length;
	int                 first_star;
	int                 last_star;
	int                 start;

	/* "*text*", the usual form of a word that is looked for */
	if (node->val.wildcard.nparts == 3 && parts[0].kind == WILDCARD_ANY_TEXT &&
		parts[1].kind == WILDCARD_TEXT && parts[2].kind == WILDCARD_ANY_TEXT)
		return FindText(&parts[1], text, end) != NULL;
	/* most texts differ in the first byte */
	if (parts[0].kind == WILDCARD_TEXT && (length == 0 || text[0] != parts[0].text[0]))
		return false;

	for (first_star = 0; first_star < node->val.wildcard.nparts; first_star++)
	{
		if (parts[first_star].kind == WILDCARD_ANY_TEXT)
			break;
	}
	text = MatchHere(parts, first_star, text, end);
	if (first_star == node->val.wildcard.nparts || text == NULL)
		return text == end;

	for (last_star = node->val.wildcard.nparts - 1;; last_star--)
	{
		if (parts[last_star].kind == WILDCARD_ANY_TEXT)
			break;
	}
	end = MatchBackwards(parts + last_star + 1, node->val.wildcard.nparts - last_star - 1, text,
						 end);
	if (end == NULL)
		return false;

	start = first_star + 1;
	for (int i = start; i <= last_star; i++)
	{
		if (parts[i].kind != WILDCARD_ANY_TEXT)
			continue;
		text = Find(parts + start, i - start, text, end);
		if (text == NULL)
			return false;
		start = i + 1;
	}
	return true;
}

/*
 * FilterNetworkMatch
 *		Is the IP address in the `length` bytes at `text` in one of the node's networks?
 */
bool
FilterNetworkMatch(const FilterNode *node, const char *text, int length)
{
	IpNetwork address;

	if (!IpAddressParse(text, length, &address))
		return false;
	for (int i = 0; i < node->val.cidr.nnetworks; i++)
	{
		if (IpNetworkContains(&node->val.cidr.networks[i], &address))
			return true;
	}
	return false;
}
