/*
 * filter.c
 *	  Filters: parsing in either language, its errors, comparing trees.
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
 *
 * Parse a filter; see filter.h.  Returns NULL with *error filled where the
 * text is refused.
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
	pfree(state.open); /* as much as a rule takes otherwise */
	if (result != 0 || state.failed)
		return NULL;
	return state.result;
}

/*
 * FilterFail
 *
 * Note an error at byte `offset` of the text, unless there is one already.
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
 * FilterFailFatal
 *
 * What the scanners do instead of exit().  They cannot run out of memory
 * (palloc takes care of that), so this should never be seen.
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

/* Is the token a word that joins conditions, as the language writes them? */
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

/*
 * A token as a message quotes it: in double quotes, palloc'd.
 */
static char *
QuoteToken(const FilterParseState *state, FilterSpan token)
{
	char *excerpt = SyntaxExcerpt(state->text + token.start, token.end - token.start);

	/* Values and names that have quotes of their own need no more. */
	if (excerpt[0] == '"')
		return excerpt;
	return psprintf("\"%s\"", excerpt);
}

/*
 * Fail at a word that has no field.
 */
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

/*
 * Fail where the filter ends and the innermost bracket is not closed.
 */
static void
FailUnclosed(FilterParseState *state)
{
	FilterOpen *open = &state->open[state->nopen - 1];
	const char  bracket = state->text[open->offset];
	SyntaxError place;

	/* Count the position of the bracket as errors do. */
	SyntaxErrorSet(&place, state->text, open->offset, "", NULL);
	FilterFail(state, state->token.start, bracket == '{' ? "expected \"}\"" : "expected \")\"",
			   psprintf("The \"%c\" at position %d is never closed.", bracket, place.position));
}

/*
 * Fail behind a complete condition or value.
 */
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
 * What is expected at the latest token, of EXPECT_... bits of which none is EXPECT_END,
 * EXPECT_CLOSE or EXPECT_COLON.
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
 *
 * Fail at the latest token; `expected` says what could stand there (EXPECT_...).
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
 *
 * The next byte that is no white space, from `text` on.  Looking ahead is done
 * here and not by the scanners' rules: for trailing context of variable length
 * flex keeps a state for each byte of a token in an array of fixed size.
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
 *
 * The scanner has found a token: remember its place and that of the one before.
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
 *
 * The latest token opens a group; `prefix` is what KQL's names in it begin
 * with, or NULL.  Returns false with the error set where groups nest too deep.
 */
bool
FilterOpenParenthesis(FilterParseState *state, const char *prefix)
{
	FilterOpen *open = &state->open[state->nopen];

	if (state->nopen == FILTER_MAX_DEPTH)
	{
		FilterFail(state, state->token.start,
				   psprintf("the filter is nested more than %d levels deep", FILTER_MAX_DEPTH),
				   NULL);
		return false;
	}
	open->offset = state->token.start;
	open->prefix = prefix ? pstrdup(prefix) : NULL;
	state->nopen++;
	return true;
}

/*
 * What names begin with where the scanner stands: KQL's f:{ g: x } means f.g.
 */
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
 *
 * The name between two byte offsets, with what the groups around it begin
 * with, palloc'd.
 */
char *
FilterPrefixedName(FilterParseState *state, int start, int end)
{
	const char *prefix = CurrentPrefix(state);
	char       *name = pnstrdup(state->text + start, end - start);

	return prefix ? psprintf("%s.%s", prefix, name) : name;
}

/* Names that Datadog's pipeline adds to every record of CloudTrail's. */
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

/* Is the name none of a field?  Then *name says what it is. */
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

/* Where that many characters of a text in UTF-8 end, in bytes. */
static int
ByteOffset(const char *text, int characters)
{
	int offset = 0;

	while (characters > 0 && text[offset] != '\0')
	{
		offset++;
		if (((unsigned char) text[offset] & 0xC0) != 0x80)
			characters--;
	}
	return offset;
}

/*
 * FilterReadName
 *
 * Read the name between two byte offsets.  Returns false with the error set
 * where it is no field.
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
 *
 * The path that the name of KQL's nested group stands for, or NULL where it is
 * only the beginning of names that mean something.
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

/*
 * Are two ends of a range the same?
 */
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
 *
 * Do two trees say the same in the same way?
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
 *
 * What the filter looks up outside the record.
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
