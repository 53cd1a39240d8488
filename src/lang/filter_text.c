/*
 * filter_text.c
 *	  Writing a filter's tree as text in Datadog's syntax.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lib/stringinfo.h"

#include "lang/filter.h"

/*
 * Is the byte written in values without quotes?  The grammar allows a few more, but a
 * value that has them is easier to read in quotes.
 */
static bool
IsPlain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') || strchr("_./@-", byte) != NULL;
}

/* Append a text, in quotes unless it is a plain word. */
static void
AppendText(StringInfo out, const char *text, int length)
{
	static const char *const words[] = {"AND", "OR", "NOT", "TO", "and", "or", "not", "to"};
	bool                     plain = length > 0 && text[0] != '-';

	for (int i = 0; i < length && plain; i++)
		plain = IsPlain(text[i]);
	for (int i = 0; i < (int) lengthof(words) && plain; i++)
		plain = strcmp(text, words[i]) != 0;

	if (plain)
	{
		appendBinaryStringInfo(out, text, length);
		return;
	}
	appendStringInfoChar(out, '"');
	for (int i = 0; i < length; i++)
	{
		if (text[i] == '"' || text[i] == '\\')
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, text[i]);
	}
	appendStringInfoChar(out, '"');
}

static void
AppendLiteral(StringInfo out, const FilterLiteral *literal)
{
	AppendText(out, literal->text, literal->length);
}

/*
 * Does a no-break space, which is white space, begin here?  So may bytes that begin like
 * one and are no character.
 */
static bool
MayBeSpace(const char *text, int length)
{
	return text[0] == '\xC2' && (length < 2 || !UTF8_CONTINUES(text[1]) || text[1] == '\xA0');
}

/*
 * Append text of a wildcard pattern, and escape all bytes that could have a meaning.
 * Beyond ASCII these are typographic quotes at the start, and no-break spaces.
 */
static void
AppendRun(StringInfo out, const WildcardPart *part, bool is_first)
{
	for (int i = 0; i < part->length; i++)
	{
		char byte = part->text[i];
		bool leading = is_first && i == 0;

		if ((!IsPlain(byte) && !IS_HIGHBIT_SET(byte)) ||
			(leading && (byte == '-' || IS_HIGHBIT_SET(byte))) ||
			MayBeSpace(part->text + i, part->length - i))
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, byte);
	}
}

static void
AppendPattern(StringInfo out, const FilterNode *node)
{
	for (int i = 0; i < node->val.wildcard.nparts; i++)
	{
		const WildcardPart *part = &node->val.wildcard.parts[i];

		switch (part->kind)
		{
			case WILDCARD_ANY_CHARACTER:
				appendStringInfoChar(out, '?');
				break;
			case WILDCARD_ANY_TEXT:
				appendStringInfoChar(out, '*');
				break;
			case WILDCARD_TEXT:
				AppendRun(out, part, i == 0);
				break;
		}
	}
}

/* Append a range, or a comparison if one bound is absent. */
static void
AppendRange(StringInfo out, const FilterBound *lower, const FilterBound *upper)
{
	if (!upper->present)
	{
		appendStringInfoString(out, lower->inclusive ? ">=" : ">");
		AppendLiteral(out, &lower->literal);
	}
	else if (!lower->present)
	{
		appendStringInfoString(out, upper->inclusive ? "<=" : "<");
		AppendLiteral(out, &upper->literal);
	}
	else
	{
		appendStringInfoChar(out, lower->inclusive ? '[' : '{');
		AppendLiteral(out, &lower->literal);
		appendStringInfoString(out, " TO ");
		AppendLiteral(out, &upper->literal);
		appendStringInfoChar(out, upper->inclusive ? ']' : '}');
	}
}

static void AppendNode(StringInfo out, const FilterNode *node, FilterKind around);

/* Append the children of AND or OR. */
static void
AppendJoined(StringInfo out, const FilterNode *node)
{
	for (int i = 0; i < node->nchildren; i++)
	{
		if (i > 0)
			appendStringInfoString(out, node->kind == FILTER_AND ? " AND " : " OR ");
		AppendNode(out, node->children[i], node->kind);
	}
}

static void
AppendNetworks(StringInfo out, const FilterNode *node)
{
	char network[IPADDRESS_TEXT_SIZE];

	for (int i = 0; i < node->val.cidr.nnetworks; i++)
	{
		(void) IpNetworkToText(&node->val.cidr.networks[i], network);
		appendStringInfo(out, i > 0 ? ", %s" : "%s", network);
	}
}

/* Append a function of a filter: the field is its first argument. */
static void
AppendFunction(StringInfo out, const char *name, const FilterNode *node)
{
	appendStringInfo(out, "%s(%s, ", name, FieldToText(node->field));
	if (node->kind == FILTER_CIDR)
		AppendNetworks(out, node);
	else if (node->kind == FILTER_LIST)
		AppendText(out, node->val.list.name, strlen(node->val.list.name));
	else if (node->kind == FILTER_EQUAL)
		appendStringInfoString(out, FieldToText(node->val.other.field));
	else
		AppendNode(out, node->children[0], FILTER_OR);
	appendStringInfoChar(out, ')');
}

/* Append a condition on the field's value: field:value. */
static void
AppendCondition(StringInfo out, const FilterNode *node)
{
	appendStringInfo(out, "%s:", FieldToText(node->field));
	if (node->kind == FILTER_EXISTS)
		appendStringInfoChar(out, '*');
	else if (node->kind == FILTER_EQUALS)
		AppendLiteral(out, &node->val.literal);
	else if (node->kind == FILTER_WILDCARD)
		AppendPattern(out, node);
	else
		AppendRange(out, &node->val.range->lower, &node->val.range->upper);
}

/*
 * Append a tree, in parentheses if it binds less than the node `around` it.  The whole
 * filter is as if in an OR, which binds least.
 */
static void
AppendNode(StringInfo out, const FilterNode *node, FilterKind around)
{
	bool parentheses = (node->kind == FILTER_OR && around != FILTER_OR) ||
		(node->kind == FILTER_AND && around == FILTER_NOT);

	switch (node->kind)
	{
		case FILTER_EVERYTHING:
			appendStringInfoChar(out, '*');
			break;
		case FILTER_AND:
		case FILTER_OR:
			if (parentheses)
				appendStringInfoChar(out, '(');
			AppendJoined(out, node);
			if (parentheses)
				appendStringInfoChar(out, ')');
			break;
		case FILTER_NOT:
			appendStringInfoString(out, "NOT ");
			AppendNode(out, node->children[0], FILTER_NOT);
			break;
		case FILTER_CIDR:
			AppendFunction(out, "CIDR", node);
			break;
		case FILTER_LIST:
			AppendFunction(out, "LIST", node);
			break;
		case FILTER_EQUAL:
			AppendFunction(out, "EQUAL", node);
			break;
		case FILTER_ELEMENT:
			AppendFunction(out, "ELEMENT", node);
			break;
		case FILTER_EXISTS:
		case FILTER_EQUALS:
		case FILTER_WILDCARD:
		case FILTER_RANGE:
			AppendCondition(out, node);
			break;
	}
}

/*
 * FilterToText
 *		Write the tree as text; see filter.h.
 */
char *
FilterToText(const FilterNode *filter)
{
	StringInfoData out;

	initStringInfo(&out);
	AppendNode(&out, filter, FILTER_OR);
	return out.data;
}
