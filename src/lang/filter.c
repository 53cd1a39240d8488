/*
 * filter.c
 *	  Filters: parsing them in either language, the errors of that, comparing trees.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lang/elastic.h"
#include "lang/filter_parse.h"

/*
 * FilterParse
 *		Parse a filter; see filter.h.
 */
FilterNode *
FilterParse(const char *text, Language language, SyntaxError *error)
{
	FilterParseState state = {0};
	size_t           length = strlen(text);
	int              result;

	state.text = text;
	state.language = language;
	state.error = error;
	state.group = -1;

	if (length > FILTER_MAX_LENGTH)
	{
		FilterFail(&state, 0, psprintf("the filter is longer than %d bytes", FILTER_MAX_LENGTH),
				   NULL);
		return NULL;
	}
	state.length = length;
	state.open = palloc((FILTER_MAX_DEPTH + 1) * sizeof(FilterOpen));

	if (sigsetjmp(state.fatal, 0) != 0)
		return NULL;
	result = language == LANGUAGE_KQL ? FilterParseKql(&state) : FilterParseDatadog(&state);
	pfree(state.open); /* it is as large as all else of a rule */
	if (result != 0 || state.failed)
		return NULL;
	return state.result;
}

/*
 * FilterFail
 *		Set the error, which stands at byte `offset` of the text.  The first error counts.
 */
void
FilterFail(FilterParseState *state, int offset, const char *message, const char *hint)
{
	if (state->failed)
		return;
	state->failed = true;
	SyntaxErrorSet(state->error, state->text, offset, message, hint);
}

/*
 * FilterFailDepth
 *		Set the error, at byte `offset` of the text, that the filter nests too deep.
 */
void
FilterFailDepth(FilterParseState *state, int offset)
{
	FilterFail(state, offset,
			   psprintf("the filter is nested more than %d levels deep", FILTER_MAX_DEPTH), NULL);
}

/*
 * FilterFailFatal
 *		Set an internal error of a scanner and jump back to FilterParse, instead of exit()
 *		as flex would.  This should never happen: memory is palloc's, which raises its own
 *		error when there is none.
 */
void
FilterFailFatal(FilterParseState *state, const char *message)
{
	FilterFail(state, state->next, message, NULL);
	siglongjmp(state->fatal, 1);
}

/* Is the token this word? */
static bool
TokenIs(const FilterParseState *state, FilterSpan token, const char *word)
{
	return strlen(word) == (size_t) (token.end - token.start) &&
		memcmp(state->text + token.start, word, token.end - token.start) == 0;
}

/* Is the token AND, OR or NOT, as the language writes them? */
static bool
IsKeyword(const FilterParseState *state, FilterSpan token)
{
	int         length = token.end - token.start;
	const char *word = state->text + token.start;

	if (state->language == LANGUAGE_KQL)
		return (length == 3 && pg_strncasecmp(word, "and", 3) == 0) ||
			(length == 2 && pg_strncasecmp(word, "or", 2) == 0) ||
			(length == 3 && pg_strncasecmp(word, "not", 3) == 0);
	return TokenIs(state, token, "AND") || TokenIs(state, token, "OR") ||
		TokenIs(state, token, "NOT");
}

/* A token as messages quote it, palloc'd. */
static char *
QuoteToken(const FilterParseState *state, FilterSpan token)
{
	char *excerpt = SyntaxExcerpt(state->text + token.start, token.end - token.start);

	/* the text has quotes of its own */
	if (excerpt[0] == '"')
		return excerpt;
	return psprintf("\"%s\"", excerpt);
}

/* Fail at a word that has no field. */
static void
FailBareWord(FilterParseState *state)
{
	FilterSpan  word = state->previous;
	const char *hint;

	if (TokenIs(state, word, "and") || TokenIs(state, word, "or") || TokenIs(state, word, "not"))
		hint = "Write AND, OR and NOT in capitals.";
	else if (state->language == LANGUAGE_KQL)
		hint = "Full-text search is not offered: write field: value.";
	else
		hint = "Full-text search is not offered: write field:value.";
	FilterFail(state, word.start, psprintf("the word %s has no field", QuoteToken(state, word)),
			   hint);
}

/* Fail where the filter ends and the innermost bracket is not closed. */
static void
FailUnclosed(FilterParseState *state)
{
	FilterOpen *open = &state->open[state->nopen - 1];
	const char  bracket = state->text[open->offset];
	SyntaxError place;

	/* SyntaxErrorSet counts characters */
	SyntaxErrorSet(&place, state->text, open->offset, "", NULL);
	FilterFail(state, state->token.start, bracket == '{' ? "expected \"}\"" : "expected \")\"",
			   psprintf("The \"%c\" at position %d is never closed.", bracket, place.position));
}

/* Fail behind a complete condition or value. */
static void
FailBehindComplete(FilterParseState *state, int expected)
{
	FilterSpan token = state->token;
	bool       at_end = token.start >= state->length;
	char       first = at_end ? '\0' : state->text[token.start];

	if (at_end && state->nopen > 0)
		FailUnclosed(state);
	else if (first == ')' || first == '}')
		FilterFail(state, token.start,
				   psprintf("\"%c\" without a \"%c\"", first, first == ')' ? '(' : '{'), NULL);
	else if (state->language == LANGUAGE_KQL && first != ':')
		FilterFail(state, token.start,
				   psprintf("expected \"and\" or \"or\" before %s", QuoteToken(state, token)),
				   (expected & EXPECT_VALUE) == 0
					   ? NULL
					   : "To match a text with spaces, put it in quotes.");
	else
		FilterFail(state, token.start, psprintf("unexpected %s", QuoteToken(state, token)),
				   first == ':' ? "Put a value that holds a colon in quotes." : NULL);
}

/* What could have stood where an unexpected token stands. */
typedef struct Expectation
{
	const char *what;
	const char *hint; /* or NULL */
} Expectation;

/* What stands behind the first argument of each function. */
static const Expectation second_arguments[] = {
	[FUNCTION_CIDR] = {"\",\" and a network", "Write CIDR(path, 10.0.0.0/8)."},
	[FUNCTION_LIST] = {"\",\" and the name of a list", "Write LIST(path, name)."},
	[FUNCTION_EQUAL] = {"\",\" and a field", "Write EQUAL(path, path)."},
	[FUNCTION_ELEMENT] = {"\",\" and a filter",
						  "Write ELEMENT(path, path.key:value AND path.key:value)."},
};

/*
 * Choose what to name of what could stand at the latest token.  None of the EXPECT_...
 * bits is EXPECT_END, EXPECT_CLOSE or EXPECT_COLON.
 */
static Expectation
Expected(const FilterParseState *state, int expected)
{
	if (expected & EXPECT_TO)
		return (Expectation){"\"TO\"",
							 TokenIs(state, state->token, "to") ? "Write TO in capitals." : NULL};
	if (expected & EXPECT_RANGE_END)
		return (Expectation){"\"]\" or \"}\""};
	if (expected & EXPECT_COMMA)
		return second_arguments[state->function];
	if (expected & EXPECT_NETWORK)
		return (Expectation){"an IP address or network"};
	if (expected & EXPECT_LIST)
		return (Expectation){"the name of a list"};
	if (expected & EXPECT_VALUE)
		return (Expectation){"a value",
							 IsKeyword(state, state->token)
								 ? "Put a value that is this word in quotes."
								 : NULL};
	return (Expectation){(expected & EXPECT_CONDITION) ? "a condition" : "a field"};
}

/*
 * FilterFailUnexpected
 *		Set the error that the latest token is unexpected; `expected` are EXPECT_... bits.
 */
void
FilterFailUnexpected(FilterParseState *state, int expected)
{
	FilterSpan  token = state->token;
	bool        at_end = token.start >= state->length;
	bool        at_start = state->previous.end == 0;
	Expectation expectation;
	char       *message;

	if (state->failed)
		return;
	if ((expected & (EXPECT_END | EXPECT_CLOSE)) != 0 && !(at_start && !TokenIs(state, token, ")")))
	{
		FailBehindComplete(state, expected);
		return;
	}
	if (expected & EXPECT_COLON)
	{
		FailBareWord(state);
		return;
	}

	expectation = Expected(state, expected);
	if (at_start)
		message = psprintf("expected %s before %s", expectation.what,
						   at_end ? "the end" : QuoteToken(state, token));
	else
		message = psprintf("expected %s after %s", expectation.what,
						   QuoteToken(state, state->previous));
	FilterFail(state, token.start, message, expectation.hint);
}

/*
 * FilterSkipSpace
 *		The first byte from `text` on that is no white space.  The scanners look ahead by
 *		this function and not by trailing context in their rules: for context of variable
 *		length, flex keeps a state for each byte of a token, in an array of fixed size.
 */
const char *
FilterSkipSpace(const char *text)
{
	for (;;)
	{
		text += strspn(text, " \t\n\v\f\r");
		if (strncmp(text, "\xC2\xA0", 2) != 0) /* a no-break space */
			return text;
		text += 2;
	}
}

/*
 * FilterToken
 *		Remember the place of a token that the scanner has found, and of the one before
 *		it.
 */
void
FilterToken(FilterParseState *state, int start, int end)
{
	state->previous = state->token;
	state->token.start = start;
	state->token.end = end;
}

/*
 * FilterOpenParenthesis
 *		Remember that the latest token opens a group.  `prefix` is put before names in the
 *		group (KQL), or NULL; it is copied.  Returns false with the error set where groups
 *		nest too deep.
 */
bool
FilterOpenParenthesis(FilterParseState *state, const char *prefix)
{
	FilterOpen *open = &state->open[state->nopen];

	if (state->nopen == FILTER_MAX_DEPTH)
	{
		FilterFailDepth(state, state->token.start);
		return false;
	}
	open->offset = state->token.start;
	open->prefix = prefix ? pstrdup(prefix) : NULL;
	state->nopen++;
	return true;
}

/* The prefix of names at the scanner's place, or NULL: KQL's f:{ g: x } means f.g. */
static const char *
CurrentPrefix(const FilterParseState *state)
{
	for (int i = state->nopen - 1; i >= 0; i--)
	{
		if (state->open[i].prefix != NULL)
			return state->open[i].prefix;
	}
	return NULL;
}

/*
 * FilterPrefixedName
 *		The name between two byte offsets with the prefix of the groups around it,
 *		palloc'd.
 */
char *
FilterPrefixedName(FilterParseState *state, int start, int end)
{
	const char *prefix = CurrentPrefix(state);
	char       *name = pnstrdup(state->text + start, end - start);

	return prefix ? psprintf("%s.%s", prefix, name) : name;
}

/* Names that Datadog adds to every CloudTrail record. */
static const struct
{
	const char *written;
	FilterName  name;
} datadog_names[] = {
	{"source", {.constant = "cloudtrail"}},
	{"service", {.constant = "cloudtrail"}},
	{"status", {.failed = "error", .succeeded = "info"}},
	{"level", {.failed = "Error", .succeeded = "Info"}},
	{"@level", {.failed = "Error", .succeeded = "Info"}},
};

/* Is the name not one of a field?  Then *name is set. */
static bool
IsNoField(const FilterParseState *state, const char *written, FilterName *name)
{
	if (state->language == LANGUAGE_KQL)
	{
		name->constant = ElasticConstant(written, strlen(written));
		return name->constant != NULL;
	}
	for (int i = 0; i < (int) lengthof(datadog_names); i++)
	{
		if (strcmp(written, datadog_names[i].written) == 0)
		{
			*name = datadog_names[i].name;
			return true;
		}
	}
	return false;
}

/* The length in bytes of the first `characters` characters of a text in UTF-8. */
static int
ByteOffset(const char *text, int characters)
{
	int offset = 0;

	while (characters > 0 && text[offset] != '\0')
	{
		offset++;
		if (!UTF8_CONTINUES(text[offset]))
			characters--;
	}
	return offset;
}

/*
 * FilterReadName
 *		Read the name between two byte offsets into *name.  Returns false with the error
 *		set where the name is none of a field.
 */
bool
FilterReadName(FilterParseState *state, int start, int end, FilterName *name)
{
	char       *written = FilterPrefixedName(state, start, end);
	int         added = strlen(written) - (end - start);
	SyntaxError error;

	memset(name, 0, sizeof(FilterName));
	if (IsNoField(state, written, name))
		return true;
	if (state->language == LANGUAGE_KQL &&
		(strcmp(written, "_exists_") == 0 || strcmp(written, "_missing_") == 0))
	{
		FilterFail(state, start, psprintf("unexpected \"%s\"", written),
				   written[1] == 'e' ? "Write field: *." : "Write not field: *.");
		return false;
	}
	name->field = FieldParse(written, state->language, &error);
	if (name->field == NULL)
	{
		int offset = ByteOffset(written, error.position - 1);

		FilterFail(state, start + Max(offset - added, 0), error.message, error.hint);
		return false;
	}
	pfree(written);
	return true;
}

/*
 * FilterGroupPath
 *		The path of the object that a nested group of KQL is about, f in f:{ g: x }.  NULL
 *		where the name is no path by itself, but only the beginning of one of Elastic's
 *		names.
 */
Field *
FilterGroupPath(FilterParseState *state, int start, int end)
{
	SyntaxError error;
	Field      *field = FieldParse(FilterPrefixedName(state, start, end), state->language, &error);

	if (field != NULL && field->kind == FIELD_FILLED)
		field = field->arguments[0];
	return field != NULL && field->kind == FIELD_PATH ? field : NULL;
}

static bool
LiteralEqual(const FilterLiteral *a, const FilterLiteral *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* Are two bounds of a range the same? */
static bool
BoundEqual(const FilterBound *a, const FilterBound *b)
{
	if (!a->present || !b->present)
		return a->present == b->present;
	return a->inclusive == b->inclusive && LiteralEqual(&a->literal, &b->literal);
}

static bool
WildcardEqual(const FilterNode *a, const FilterNode *b)
{
	if (a->val.wildcard.nparts != b->val.wildcard.nparts)
		return false;
	for (int i = 0; i < a->val.wildcard.nparts; i++)
	{
		const WildcardPart *x = &a->val.wildcard.parts[i];
		const WildcardPart *y = &b->val.wildcard.parts[i];

		if (x->kind != y->kind || x->length != y->length ||
			(x->length > 0 && memcmp(x->text, y->text, x->length) != 0))
			return false;
	}
	return true;
}

static bool
NetworksEqual(const FilterNode *a, const FilterNode *b)
{
	if (a->val.cidr.nnetworks != b->val.cidr.nnetworks)
		return false;
	for (int i = 0; i < a->val.cidr.nnetworks; i++)
	{
		const IpNetwork *x = &a->val.cidr.networks[i];
		const IpNetwork *y = &b->val.cidr.networks[i];

		if (x->family != y->family || x->bits != y->bits ||
			memcmp(x->address, y->address, IPADDRESS_BYTES) != 0)
			return false;
	}
	return true;
}

static bool
ChildrenEqual(const FilterNode *a, const FilterNode *b)
{
	if (a->nchildren != b->nchildren)
		return false;
	for (int i = 0; i < a->nchildren; i++)
	{
		if (!FilterEqual(a->children[i], b->children[i]))
			return false;
	}
	return true;
}

/*
 * FilterEqual
 *		Do two trees say the same in the same way?
 */
bool
FilterEqual(const FilterNode *a, const FilterNode *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->field != NULL && !FieldEqual(a->field, b->field))
		return false;
	switch (a->kind)
	{
		case FILTER_EVERYTHING:
		case FILTER_EXISTS:
			break;
		case FILTER_AND:
		case FILTER_OR:
		case FILTER_NOT:
		case FILTER_ELEMENT:
			return ChildrenEqual(a, b);
		case FILTER_EQUALS:
			return LiteralEqual(&a->val.literal, &b->val.literal);
		case FILTER_WILDCARD:
			return WildcardEqual(a, b);
		case FILTER_RANGE:
			return BoundEqual(&a->val.range->lower, &b->val.range->lower) &&
				BoundEqual(&a->val.range->upper, &b->val.range->upper);
		case FILTER_CIDR:
			return NetworksEqual(a, b);
		case FILTER_LIST:
			return strcmp(a->val.list.name, b->val.list.name) == 0;
		case FILTER_EQUAL:
			return FieldEqual(a->val.other.field, b->val.other.field);
	}
	return true;
}

/*
 * FilterNeeds
 *		The tables and files that the filter looks up, as NEEDS_... bits.
 */
int
FilterNeeds(const FilterNode *filter)
{
	int needs = filter->kind == FILTER_LIST ? NEEDS_LISTS : 0;

	if (filter->field != NULL)
		needs |= FieldNeeds(filter->field);
	if (filter->kind == FILTER_EQUAL)
		needs |= FieldNeeds(filter->val.other.field);
	for (int i = 0; i < filter->nchildren; i++)
		needs |= FilterNeeds(filter->children[i]);
	return needs;
}
