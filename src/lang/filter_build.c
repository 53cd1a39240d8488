/*
 * filter_build.c
 *	  Makers of a filter's nodes, which the actions of the grammars call.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include <sys/socket.h>

#include "lib/stringinfo.h"

#include "base/decimal.h"
#include "lang/elastic.h"
#include "lang/filter_parse.h"
#include "base/isotime.h"

/* The typographic double quotes, in UTF-8. */
#define LEFT_QUOTE  "\xE2\x80\x9C"
#define RIGHT_QUOTE "\xE2\x80\x9D"

/* A new node of this kind, else empty, palloc'd. */
static FilterNode *
MakeNode(FilterKind kind)
{
	FilterNode *node = palloc0(sizeof(FilterNode));

	node->kind = kind;
	node->depth = 1;
	return node;
}

/*
 * FilterMakeEverything
 *		The filter that matches every event.
 */
FilterNode *
FilterMakeEverything(void)
{
	return MakeNode(FILTER_EVERYTHING);
}

/* Does the node match no event at all? */
static bool
IsNothing(const FilterNode *node)
{
	return node->kind == FILTER_NOT && node->children[0]->kind == FILTER_EVERYTHING;
}

/* Add a child.  The array doubles when it is full, so that n conditions cost O(n). */
static void
AddChild(FilterNode *node, FilterNode *child)
{
	int n = node->nchildren;

	if (n == 0)
		node->children = palloc(2 * sizeof(FilterNode *));
	else if (n >= 2 && (n & (n - 1)) == 0)
		node->children = repalloc(node->children, 2 * n * sizeof(FilterNode *));
	node->children[node->nchildren++] = child;
	node->depth = Max(node->depth, child->depth + 1);
}

/* Return the node, or NULL with the error set where it is nested too deep. */
static FilterNode *
CheckDepth(FilterParseState *state, FilterNode *node)
{
	if (node->depth <= FILTER_MAX_DEPTH)
		return node;
	FilterFailDepth(state, state->token.start);
	return NULL;
}

/*
 * Join two nodes by AND or OR.  A node that is of this kind already is merged into the
 * result; `left` is changed in place then.
 */
static FilterNode *
Join(FilterParseState *state, FilterKind kind, FilterNode *left, FilterNode *right)
{
	FilterNode *node = left;

	if (left->kind != kind)
	{
		node = MakeNode(kind);
		AddChild(node, left);
	}
	if (right->kind == kind)
	{
		for (int i = 0; i < right->nchildren; i++)
			AddChild(node, right->children[i]);
	}
	else
		AddChild(node, right);
	return CheckDepth(state, node);
}

/*
 * FilterMakeAnd
 *		Both conditions; what matches everything or nothing is simplified away.
 */
FilterNode *
FilterMakeAnd(FilterParseState *state, FilterNode *left, FilterNode *right)
{
	if (left == NULL || right == NULL)
		return NULL;
	if (left->kind == FILTER_EVERYTHING || IsNothing(right))
		return right;
	if (right->kind == FILTER_EVERYTHING || IsNothing(left))
		return left;
	return Join(state, FILTER_AND, left, right);
}

/*
 * FilterMakeOr
 *		Either condition; what matches everything or nothing is simplified away.
 */
FilterNode *
FilterMakeOr(FilterParseState *state, FilterNode *left, FilterNode *right)
{
	if (left == NULL || right == NULL)
		return NULL;
	if (left->kind == FILTER_EVERYTHING || IsNothing(right))
		return left;
	if (right->kind == FILTER_EVERYTHING || IsNothing(left))
		return right;
	return Join(state, FILTER_OR, left, right);
}

/*
 * FilterMakeNot
 *		The opposite.  Two negations cancel each other out.
 */
FilterNode *
FilterMakeNot(FilterParseState *state, FilterNode *child)
{
	FilterNode *node;

	if (child == NULL)
		return NULL;
	if (child->kind == FILTER_NOT)
		return child->children[0];
	node = MakeNode(FILTER_NOT);
	AddChild(node, child);
	return CheckDepth(state, node);
}

/* Fill *literal with a text, which it keeps, and find as what it can be compared. */
static void
ReadLiteral(FilterLiteral *literal, char *text, int length)
{
	memset(literal, 0, sizeof(FilterLiteral));
	literal->text = text;
	literal->length = length;
	literal->is_number = DecimalValid(text, length);
	literal->is_boolean = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
	literal->is_time = IsoTimeParse(text, length, &literal->time);
}

/* A value that is being read, as a list of parts, of which the last one grows. */
typedef struct ValueReader
{
	FilterParseState *state;
	int               nparts;
	int               capacity;
	WildcardPart     *parts;
	bool              in_text; /* `text` is the last part's */
	StringInfoData    text;
} ValueReader;

/* Where in a text the byte stands that is the rarest one in names, ARNs and user agents. */
static int
RarestByte(const char *text, int length)
{
	static const char common[] =
		"easitonrlcdmpu-./:0123456789hgbfywvkxzjq"; /* the commonest first */
	int rarest = 0;
	int best = -1;

	for (int i = 0; i < length && best < (int) lengthof(common); i++)
	{
		const char *at = text[i] == '\0' ? NULL : strchr(common, text[i]);
		int         rank = at == NULL ? (int) lengthof(common) : (int) (at - common);

		if (rank > best)
		{
			best = rank;
			rarest = i;
		}
	}
	return rarest;
}

/*
 * Finish the text that is being read, if any.  It is copied, because a StringInfo takes at
 * least a kilobyte, and a filter may have thousands of values.
 */
static void
EndText(ValueReader *reader)
{
	WildcardPart *part;

	if (!reader->in_text)
		return;
	part = &reader->parts[reader->nparts - 1];
	part->length = reader->text.len;
	part->text = palloc(part->length + 1);
	memcpy(part->text, reader->text.data, part->length + 1);
	part->rare = RarestByte(part->text, part->length);
	pfree(reader->text.data);
	reader->in_text = false;
}

/* Begin a new part of this kind. */
static void
AddPart(ValueReader *reader, WildcardKind kind)
{
	EndText(reader);
	if (reader->nparts == reader->capacity)
	{
		reader->capacity *= 2;
		reader->parts = repalloc(reader->parts, reader->capacity * sizeof(WildcardPart));
	}
	memset(&reader->parts[reader->nparts], 0, sizeof(WildcardPart));
	reader->parts[reader->nparts++].kind = kind;
	if (kind == WILDCARD_TEXT)
	{
		initStringInfo(&reader->text);
		reader->in_text = true;
	}
}

/* Add bytes of text. */
static void
AddText(ValueReader *reader, const char *bytes, int count)
{
	if (!reader->in_text)
		AddPart(reader, WILDCARD_TEXT);
	appendBinaryStringInfo(&reader->text, bytes, count);
}

/*
 * Add a "*" or "?".  "**" is "*", and "*?" is written "?*", so that a "*" is always
 * followed by text or by the end.
 */
static void
AddWildcard(ValueReader *reader, WildcardKind kind)
{
	WildcardPart *last = reader->nparts > 0 ? &reader->parts[reader->nparts - 1] : NULL;

	if (last != NULL && last->kind == WILDCARD_ANY_TEXT)
	{
		if (kind == WILDCARD_ANY_TEXT)
			return;
		last->kind = WILDCARD_ANY_CHARACTER;
		kind = WILDCARD_ANY_TEXT;
	}
	AddPart(reader, kind);
}

/*
 * The number of four hexadecimal digits at `start` of the text; -1 where there are fewer
 * before `end`.
 */
static int
ReadHex(const FilterParseState *state, int start, int end)
{
	int value = 0;

	if (end - start < 4)
		return -1;
	for (int i = start; i < start + 4; i++)
	{
		const int digit = HexDigit(state->text[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* Is the number half of a pair of surrogates? */
static bool
IsSurrogate(int character)
{
	return character >= 0xD800 && character <= 0xDFFF;
}

/* Write a character in UTF-8; returns how many of the four bytes it takes. */
static int
EncodeUtf8(int character, char bytes[4])
{
	if (character < 0x80)
	{
		bytes[0] = character;
		return 1;
	}
	if (character < 0x800)
	{
		bytes[0] = 0xC0 | (character >> 6);
		bytes[1] = 0x80 | (character & 0x3F);
		return 2;
	}
	if (character < 0x10000)
	{
		bytes[0] = 0xE0 | (character >> 12);
		bytes[1] = 0x80 | ((character >> 6) & 0x3F);
		bytes[2] = 0x80 | (character & 0x3F);
		return 3;
	}
	bytes[0] = 0xF0 | (character >> 18);
	bytes[1] = 0x80 | ((character >> 12) & 0x3F);
	bytes[2] = 0x80 | ((character >> 6) & 0x3F);
	bytes[3] = 0x80 | (character & 0x3F);
	return 4;
}

/*
 * The second half of the pair of surrogates whose first half's backslash is at `offset`,
 * or -1 where none follows it.
 */
static int
ReadLowSurrogate(const FilterParseState *state, int offset, int end)
{
	int low = -1;

	if (end - offset >= 12 && state->text[offset + 6] == '\\' && state->text[offset + 7] == 'u')
		low = ReadHex(state, offset + 8, end);
	return low >= 0xDC00 && low <= 0xDFFF ? low : -1;
}

/*
 * Read KQL's \uXXXX, whose backslash is at `offset`, and add the character.  Two of them
 * that are a pair of surrogates are one character.  Returns the length in bytes, or 0 with
 * the error set.
 */
static int
AddUnicode(ValueReader *reader, int offset, int end)
{
	int  character = ReadHex(reader->state, offset + 2, end);
	int  low = -1;
	char bytes[4];

	if (character >= 0xD800 && character <= 0xDBFF)
		low = ReadLowSurrogate(reader->state, offset, end);
	if (low >= 0)
		character = 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00);
	if (character < 1 || IsSurrogate(character))
	{
		FilterFail(reader->state, offset,
				   "expected four hexadecimal digits of a character after \"\\u\"", NULL);
		return 0;
	}
	AddText(reader, bytes, EncodeUtf8(character, bytes));
	return low >= 0 ? 12 : 6;
}

/* Is the backslash at `offset` of a quoted text of KQL no escape? */
static bool
StandsForItself(const FilterParseState *state, int offset, int end)
{
	switch (state->text[offset + 1])
	{
		case '\\':
		case '"':
		case 't':
		case 'r':
		case 'n':
			return false;
		case 'u':
			return ReadHex(state, offset + 2, end) < 0;
		default:
			return true;
	}
}

/*
 * Read the escape whose backslash is at `offset`.  Returns its length in bytes, or 0 with
 * the error set.
 */
static int
AddEscape(ValueReader *reader, int offset, int end, bool quoted)
{
	FilterParseState *state = reader->state;
	char              escaped;

	if (offset + 1 >= end)
	{
		FilterFail(state, offset, "expected a character after \"\\\"", NULL);
		return 0;
	}
	escaped = state->text[offset + 1];
	if (state->language == LANGUAGE_KQL)
	{
		if (quoted && StandsForItself(state, offset, end))
		{
			AddText(reader, "\\", 1);
			return 1;
		}
		switch (escaped)
		{
			case 't':
				escaped = '\t';
				break;
			case 'r':
				escaped = '\r';
				break;
			case 'n':
				escaped = '\n';
				break;
			case 'u':
				return AddUnicode(reader, offset, end);
			default:
				break;
		}
	}
	AddText(reader, &escaped, 1);
	return 2;
}

/*
 * Does the value begin with a typographic quote?  Word processors turn quotes into these,
 * which quote nothing.
 */
static bool
BeginsTypographic(const FilterParseState *state, FilterSpan value)
{
	return !value.quoted && value.end - value.start >= 3 &&
		(memcmp(state->text + value.start, LEFT_QUOTE, 3) == 0 ||
		 memcmp(state->text + value.start, RIGHT_QUOTE, 3) == 0);
}

/* Do && or ||, which join conditions elsewhere, stand at `offset`? */
static bool
IsDoubled(const FilterParseState *state, int offset, int end)
{
	const char byte = state->text[offset];

	return (byte == '&' || byte == '|') && offset + 1 < end && state->text[offset + 1] == byte;
}

/*
 * Read an escape, a wildcard or a byte at `offset` of a value.  Returns its length in
 * bytes, or 0 with the error set.
 */
static int
ReadPart(ValueReader *reader, FilterSpan value, int offset)
{
	FilterParseState *state = reader->state;
	const char       *byte = &state->text[offset];

	if (*byte == '\\')
		return AddEscape(reader, offset, value.end, value.quoted);
	if (!value.quoted && *byte == '*')
		AddWildcard(reader, WILDCARD_ANY_TEXT);
	else if (!value.quoted && *byte == '?' && state->language == LANGUAGE_DATADOG)
		AddWildcard(reader, WILDCARD_ANY_CHARACTER);
	else if (!value.quoted && IsDoubled(state, offset, value.end))
	{
		FilterFail(state, offset, psprintf("unexpected \"%c%c\" in a value", *byte, *byte),
				   *byte == '&'
					   ? "Join conditions by AND, and put a value that holds && in quotes."
					   : "Join conditions by OR, and put a value that holds || in quotes.");
		return 0;
	}
	else
		AddText(reader, byte, 1);
	return 1;
}

/* Read a value into parts.  Returns false with the error set where it is refused. */
static bool
ReadValue(ValueReader *reader, FilterParseState *state, FilterSpan value)
{
	if (BeginsTypographic(state, value))
	{
		FilterFail(state, value.start, "unexpected typographic quote",
				   "Quote with straight double quotes, or escape it by a backslash.");
		return false;
	}
	memset(reader, 0, sizeof(ValueReader));
	reader->state = state;
	reader->capacity = 4;
	reader->parts = palloc(reader->capacity * sizeof(WildcardPart));
	for (int i = value.start; i < value.end;)
	{
		int taken = ReadPart(reader, value, i);

		if (taken == 0)
			return false;
		i += taken;
	}
	EndText(reader);
	return true;
}

/* Has the value a wildcard? */
static bool
HasWildcard(const ValueReader *reader)
{
	for (int i = 0; i < reader->nparts; i++)
	{
		if (reader->parts[i].kind != WILDCARD_TEXT)
			return true;
	}
	return false;
}

/* Fill *literal with a value that has no wildcard. */
static void
TakeLiteral(const ValueReader *reader, FilterLiteral *literal)
{
	if (reader->nparts == 0)
		ReadLiteral(literal, pstrdup(""), 0);
	else
		ReadLiteral(literal, reader->parts[0].text, reader->parts[0].length);
}

/* Is a part between two "*" longer than FILTER_MAX_SEGMENT, if it has a "?"? */
static bool
HasLongSegment(const ValueReader *reader)
{
	int  length = 0;
	bool has_any = false;
	bool behind_star = false;

	for (int i = 0; i < reader->nparts; i++)
	{
		const WildcardPart *part = &reader->parts[i];

		switch (part->kind)
		{
			case WILDCARD_TEXT:
				length += part->length;
				break;
			case WILDCARD_ANY_CHARACTER:
				length++;
				has_any = true;
				break;
			case WILDCARD_ANY_TEXT:
				if (behind_star && has_any && length > FILTER_MAX_SEGMENT)
					return true;
				length = 0;
				has_any = false;
				behind_star = true;
				break;
		}
	}
	return false;
}

/*
 * FilterMakeValue
 *		The condition of a value: equality, a wildcard pattern or existence.
 */
FilterNode *
FilterMakeValue(FilterParseState *state, FilterSpan value)
{
	ValueReader reader;
	FilterNode *node;

	if (!ReadValue(&reader, state, value))
		return NULL;
	if (!HasWildcard(&reader))
	{
		node = MakeNode(FILTER_EQUALS);
		TakeLiteral(&reader, &node->val.literal);
		return node;
	}
	if (reader.nparts == 1 && reader.parts[0].kind == WILDCARD_ANY_TEXT)
		return MakeNode(FILTER_EXISTS);
	if (HasLongSegment(&reader))
	{
		FilterFail(state, value.start,
				   psprintf("more than %d characters between two \"*\" of a pattern with \"?\"",
							FILTER_MAX_SEGMENT),
				   NULL);
		return NULL;
	}
	node = MakeNode(FILTER_WILDCARD);
	node->val.wildcard.nparts = reader.nparts;
	node->val.wildcard.parts = reader.parts;
	return node;
}

/* Is the text one of Elastic's relative times, such as now or now-15d? */
static bool
IsRelativeTime(const char *text)
{
	return strncmp(text, "now", 3) == 0 && strchr("+-/", text[3]) != NULL;
}

/*
 * Fill *bound, which stays absent for NULL and an unquoted "*".  Returns false with the
 * error set where the value is refused.
 */
static bool
ReadBound(FilterParseState *state, const FilterLimit *limit, FilterBound *bound)
{
	ValueReader reader;

	if (limit == NULL)
		return true;
	if (!ReadValue(&reader, state, limit->value))
		return false;
	if (HasWildcard(&reader))
	{
		if (reader.nparts == 1 && reader.parts[0].kind == WILDCARD_ANY_TEXT)
			return true;
		FilterFail(state, limit->value.start, "a bound cannot have wildcards", NULL);
		return false;
	}
	bound->present = true;
	bound->inclusive = limit->inclusive;
	bound->offset = limit->value.start;
	TakeLiteral(&reader, &bound->literal);
	if (state->language == LANGUAGE_KQL && !limit->value.quoted &&
		IsRelativeTime(bound->literal.text))
	{
		FilterFail(state, limit->value.start, "relative times are not offered",
				   "Write an ISO 8601 time: an event is matched when it arrives, whenever that is.");
		return false;
	}
	return true;
}

/*
 * FilterMakeRange
 *		The condition that a value is between two limits, either of which may be NULL.
 *		Without limits it is the condition that a value exists.
 */
FilterNode *
FilterMakeRange(FilterParseState *state, const FilterLimit *lower, const FilterLimit *upper)
{
	FilterRange *range = palloc0(sizeof(FilterRange));
	FilterNode  *node;

	if (!ReadBound(state, lower, &range->lower) || !ReadBound(state, upper, &range->upper))
		return NULL;
	if (!range->lower.present && !range->upper.present)
		return MakeNode(FILTER_EXISTS);
	node = MakeNode(FILTER_RANGE);
	node->val.range = range;
	return node;
}

/*
 * FilterMakeNetworks
 *		A condition on networks, still without any.
 */
FilterNode *
FilterMakeNetworks(void)
{
	return MakeNode(FILTER_CIDR);
}

/* Add a network.  The array doubles when it is full. */
static void
AppendNetwork(FilterNode *node, const IpNetwork *network)
{
	int n = node->val.cidr.nnetworks;

	if (n == 0)
		node->val.cidr.networks = palloc(2 * sizeof(IpNetwork));
	else if (n >= 2 && (n & (n - 1)) == 0)
		node->val.cidr.networks = repalloc(node->val.cidr.networks, 2 * n * sizeof(IpNetwork));
	node->val.cidr.networks[node->val.cidr.nnetworks++] = *network;
}

/*
 * FilterAddNetwork
 *		Add a network to the node.  Returns the node, or NULL with the error set where the
 *		token is no network.
 */
FilterNode *
FilterAddNetwork(FilterParseState *state, FilterNode *networks, FilterSpan network)
{
	IpNetwork parsed;

	if (networks == NULL)
		return NULL;
	if (!IpNetworkParse(state->text + network.start, network.end - network.start, &parsed))
	{
		FilterFail(state, network.start,
				   psprintf("\"%s\" is no IP address or network",
							SyntaxExcerpt(state->text + network.start,
										  network.end - network.start)),
				   "Write networks as 10.0.0.0/8 or 2001:db8::/32.");
		return NULL;
	}
	AppendNetwork(networks, &parsed);
	return networks;
}

/* Does a constant satisfy a tree of values?  The answer is known when the filter is parsed. */
static bool
ConstantMatches(const FilterNode *values, const char *constant)
{
	int length = strlen(constant);

	switch (values->kind)
	{
		case FILTER_EVERYTHING:
		case FILTER_EXISTS:
			return true;
		case FILTER_AND:
			for (int i = 0; i < values->nchildren; i++)
			{
				if (!ConstantMatches(values->children[i], constant))
					return false;
			}
			return true;
		case FILTER_OR:
			for (int i = 0; i < values->nchildren; i++)
			{
				if (ConstantMatches(values->children[i], constant))
					return true;
			}
			return false;
		case FILTER_NOT:
			return !ConstantMatches(values->children[0], constant);
		case FILTER_EQUALS:
			return values->val.literal.length == length &&
				memcmp(values->val.literal.text, constant, length) == 0;
		case FILTER_WILDCARD:
			return FilterWildcardMatch(values, constant, length);
		default:
			return false; /* constants are no numbers, times or addresses */
	}
}

/* A condition that all events meet, or none. */
static FilterNode *
MakeTruth(FilterParseState *state, bool truth)
{
	FilterNode *everything = FilterMakeEverything();

	return truth ? everything : FilterMakeNot(state, everything);
}

/*
 * The condition on a name that has one value in events with an errorCode and another in
 * those without.
 */
static FilterNode *
ApplyOutcome(FilterParseState *state, const FilterName *name, const FilterNode *values)
{
	bool        failed = ConstantMatches(values, name->failed);
	bool        succeeded = ConstantMatches(values, name->succeeded);
	FilterNode *error;
	SyntaxError unused;

	if (failed == succeeded)
		return MakeTruth(state, failed);
	error = MakeNode(FILTER_EXISTS);
	error->field = FieldParse("errorCode", LANGUAGE_DATADOG, &unused);
	return failed ? error : FilterMakeNot(state, error);
}

/*
 * Make a bound of a range, if it is there, an IP address.  Returns false with the error
 * set where it is none.
 */
static bool
ReadAddressBound(FilterParseState *state, FilterBound *bound)
{
	IpNetwork address;

	if (!bound->present)
		return true;
	if (!IpAddressParse(bound->literal.text, bound->literal.length, &address))
	{
		FilterFail(state, bound->offset,
				   psprintf("\"%s\" is no IP address",
							SyntaxExcerpt(bound->literal.text, bound->literal.length)),
				   "The field holds IP addresses alone.");
		return false;
	}
	bound->literal.is_number = bound->literal.is_boolean = bound->literal.is_time = false;
	bound->literal.is_address = true;
	return true;
}

/*
 * Change a condition on address(path): a value may be a network, and bounds are addresses.
 * Returns false with the error set where a bound is no address.
 */
static bool
ApplyAddress(FilterParseState *state, FilterNode *leaf)
{
	IpNetwork network;

	if (leaf->kind == FILTER_RANGE)
		return ReadAddressBound(state, &leaf->val.range->lower) &&
			ReadAddressBound(state, &leaf->val.range->upper);
	if (leaf->kind == FILTER_EQUALS &&
		IpNetworkParse(leaf->val.literal.text, leaf->val.literal.length, &network))
	{
		leaf->kind = FILTER_CIDR;
		memset(&leaf->val, 0, sizeof(leaf->val));
		AppendNetwork(leaf, &network);
	}
	if (leaf->kind == FILTER_CIDR)
		leaf->field = leaf->field->arguments[0];
	return true;
}

/* The length of the time that a timestamp names, a day to a microsecond, in microseconds. */
static int64
TimePrecision(const FilterLiteral *literal)
{
	const int64 second = INT64CONST(1000000);
	const char *digits;
	int64       precision = second;

	if (literal->length <= 10) /* 2024-01-02 */
		return 24 * 60 * 60 * second;
	if (literal->length < 19 || literal->text[16] != ':')
		return 60 * second;
	if (literal->text[19] == '.')
	{
		for (digits = literal->text + 20; *digits >= '0' && *digits <= '9' && precision > 1;
			 digits++)
			precision /= 10;
	}
	return precision;
}

/*
 * Change equality with a time into the range of times that it names, as Elastic compares
 * dates: 2024-01-02 matches any time of that day.
 */
static void
ApplyTime(FilterNode *leaf)
{
	FilterLiteral literal = leaf->val.literal;
	FilterRange  *range;
	char          end[ISOTIME_TEXT_SIZE];

	if (!IsoTimeFormat(literal.time + TimePrecision(&literal), end))
		return;
	range = palloc0(sizeof(FilterRange));
	range->lower.present = range->upper.present = true;
	range->lower.inclusive = true;
	range->lower.literal = literal;
	ReadLiteral(&range->upper.literal, pstrdup(end), strlen(end));
	leaf->kind = FILTER_RANGE;
	leaf->val.range = range;
}

/* Could a value that Elastic drops meet the condition? */
static bool
MatchesDropped(const FilterNode *leaf)
{
	static const char *const dropped[] = {"", "-", "none"};
	const FilterRange       *range = leaf->val.range;

	switch (leaf->kind)
	{
		case FILTER_EQUALS:
			for (int i = 0; i < (int) lengthof(dropped); i++)
			{
				if (strcmp(leaf->val.literal.text, dropped[i]) == 0)
					return true;
			}
			return false;
		case FILTER_WILDCARD:
			for (int i = 0; i < (int) lengthof(dropped); i++)
			{
				if (FilterWildcardMatch(leaf, dropped[i], strlen(dropped[i])))
					return true;
			}
			return false;
		case FILTER_RANGE:
			return !range->lower.literal.is_number && !range->lower.literal.is_time &&
				!range->upper.literal.is_number && !range->upper.literal.is_time;
		case FILTER_CIDR:
			return false;
		default:
			return true;
	}
}

/*
 * Change a condition on filled(path) into one on the path where that says the same,
 * because a path is looked up once for all rules.
 */
static void
ApplyFilled(FilterParseState *state, FilterNode *leaf, Field *text)
{
	Field *path = leaf->field->arguments[0];

	if (path->kind != FIELD_PATH)
		return;
	if (state->language == LANGUAGE_KQL)
	{
		if (text != NULL &&
			(leaf->kind == FILTER_EQUALS || leaf->kind == FILTER_WILDCARD ||
			 leaf->kind == FILTER_RANGE))
		{
			leaf->field = text;
			return;
		}
		if (leaf->kind == FILTER_EQUALS && leaf->val.literal.is_time && ElasticIsTime(path))
			ApplyTime(leaf);
	}
	if (!MatchesDropped(leaf))
		leaf->field = path;
}

/*
 * Set the field of all leaves of a tree of values.  `text` is the field that texts are
 * compared with instead, or NULL.  Returns false with the error set where a value does not
 * fit the field.
 */
static bool
ApplyField(FilterParseState *state, FilterNode *node, Field *field, Field *text)
{
	switch (node->kind)
	{
		case FILTER_EVERYTHING:
			return true;
		case FILTER_AND:
		case FILTER_OR:
		case FILTER_NOT:
			for (int i = 0; i < node->nchildren; i++)
			{
				if (!ApplyField(state, node->children[i], field, text))
					return false;
			}
			return true;
		default:
			node->field = field;
			if (field->kind == FIELD_ADDRESS)
				return ApplyAddress(state, node);
			if (field->kind == FIELD_FILLED)
				ApplyFilled(state, node, text);
			return true;
	}
}

/*
 * FilterApplyName
 *		Set which field a tree of values is about.  The leaves share the Field.
 */
FilterNode *
FilterApplyName(FilterParseState *state, const FilterName *name, FilterNode *values)
{
	Field *field = name->field;
	Field *text = NULL;

	if (values == NULL)
		return NULL;
	if (name->constant != NULL)
		return MakeTruth(state, ConstantMatches(values, name->constant));
	if (name->failed != NULL)
		return ApplyOutcome(state, name, values);
	if (field->kind == FIELD_FILLED && field->arguments[0]->kind == FIELD_PATH &&
		ElasticIsMapText(field->arguments[0]))
		text = FieldMakeFunction(FIELD_TEXT, field->arguments[0]);
	return ApplyField(state, values, field, text) ? values : NULL;
}

/*
 * FilterMakeExists
 *		The condition that there is a value.
 */
FilterNode *
FilterMakeExists(FilterParseState *state)
{
	(void) state;
	return MakeNode(FILTER_EXISTS);
}

/*
 * FilterMakeList
 *		The condition that a value is in the list of this name.
 */
FilterNode *
FilterMakeList(FilterParseState *state, FilterSpan name)
{
	FilterNode   *node = MakeNode(FILTER_LIST);
	ValueReader   reader;
	FilterLiteral literal;

	name.quoted = true; /* it has no wildcards */
	if (!ReadValue(&reader, state, name))
		return NULL;
	TakeLiteral(&reader, &literal);
	if (literal.length == 0)
	{
		FilterFail(state, name.start, "a list has a name", NULL);
		return NULL;
	}
	node->val.list.name = literal.text;
	return node;
}

/*
 * FilterMakeEqual
 *		The condition that two fields have a value in common.
 */
FilterNode *
FilterMakeEqual(FilterParseState *state, int offset, const FilterName *name,
				const FilterName *other)
{
	FilterNode *node = MakeNode(FILTER_EQUAL);

	if (name->field == NULL || other->field == NULL)
	{
		FilterFail(state, offset, "EQUAL compares two fields of the record", NULL);
		return NULL;
	}
	node->field = name->field;
	node->val.other.field = other->field;
	return node;
}

/* Are all conditions of the tree about fields below the path? */
static bool
IsBelow(const FilterNode *filter, const Field *path)
{
	if (filter->kind == FILTER_EVERYTHING)
		return false;
	if (filter->field != NULL && !FieldIsBelow(filter->field, path))
		return false;
	if (filter->kind == FILTER_EQUAL && !FieldIsBelow(filter->val.other.field, path))
		return false;
	for (int i = 0; i < filter->nchildren; i++)
	{
		if (!IsBelow(filter->children[i], path))
			return false;
	}
	return true;
}

/*
 * FilterMakeElement
 *		The condition that one element of the array at the path passes the whole filter.
 *		It is the filter itself where that says the same, or the path is NULL.
 */
FilterNode *
FilterMakeElement(FilterParseState *state, Field *path, FilterNode *filter)
{
	FilterNode *node;

	if (path == NULL || filter->nchildren == 0 || !IsBelow(filter, path))
		return filter;
	node = MakeNode(FILTER_ELEMENT);
	node->field = path;
	AddChild(node, filter);
	return CheckDepth(state, node);
}

/*
 * FilterMakeElementCall
 *		The condition of ELEMENT(path, filter).  The name stands at byte `offset`.
 */
FilterNode *
FilterMakeElementCall(FilterParseState *state, int offset, const FilterName *name,
					  FilterNode *filter)
{
	Field *path = name->field;

	if (path == NULL || path->kind != FIELD_PATH)
		FilterFail(state, offset, "ELEMENT needs a path of the record", NULL);
	else if (!IsBelow(filter, path))
		FilterFail(state, offset,
				   psprintf("the conditions of ELEMENT are not all about what is below %s",
							SyntaxExcerpt(path->text, strlen(path->text))),
				   "Write whole paths: ELEMENT(a, a.b:1 AND a.c:2).");
	else
		return FilterMakeElement(state, path, filter);
	return NULL;
}
