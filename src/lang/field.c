/*
 * field.c
 *	  Field expressions: parsing, comparing and writing them.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lib/stringinfo.h"

#include "lang/elastic.h"
#include "lang/field.h"

/* The prefix lengths of IPv4, IPv6 and the one of IPv6 unless given. */
#define IPV4_BITS			32
#define IPV6_BITS			128
#define IPV6_DEFAULT_BITS	64

/* Where a parse stands. */
typedef struct FieldParser
{
	const char *text;			/* the whole text, NUL-terminated */
	int			next;			/* byte offset of what is not yet read */
	Language	language;
	SyntaxError *error;
} FieldParser;

typedef struct AttributeName
{
	const char *name;
	Attribute	attribute;
} AttributeName;

static const AttributeName attribute_names[] = {
	{"principal", ATTRIBUTE_PRINCIPAL},
	{"caller_account", ATTRIBUTE_CALLER_ACCOUNT},
	{"outcome", ATTRIBUTE_OUTCOME},
	{"cross_account", ATTRIBUTE_CROSS_ACCOUNT},
	{"vendor", ATTRIBUTE_VENDOR},
	{"elastic_account", ATTRIBUTE_ELASTIC_ACCOUNT},
	{"elastic_user", ATTRIBUTE_ELASTIC_USER}
};

#define ATTRIBUTE_HINT \
	"The derived attributes are $principal, $caller_account, $outcome, " \
	"$cross_account and $vendor."

typedef struct FunctionName
{
	const char *name;
	FieldKind	kind;
} FunctionName;

static const FunctionName function_names[] = {
	{"lower", FIELD_LOWER},
	{"network", FIELD_NETWORK},
	{"principal", FIELD_PRINCIPAL},
	{"product", FIELD_PRODUCT},
	{"text", FIELD_TEXT}
};

#define FUNCTION_HINT \
	"The functions are lower(path), network(path, 24), " \
	"network(path, 24, 64), principal(path), product(path) and text(path)."

static Field *ParseExpression(FieldParser *parser, int nesting);

/* Is the byte white space between the parts of an expression? */
static bool
IsSpace(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/*
 * May the byte stand in a key without quotes?  All bytes of characters beyond
 * ASCII may.
 */
static bool
IsKeyByte(char byte)
{
	return byte != '\0' && !IsSpace(byte) &&
		strchr(".:\"'\\()[]{}<>=,*?!&|", byte) == NULL;
}

/* May the byte stand in the name of a function or derived attribute? */
static bool
IsNameByte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* The byte that is read next, NUL at the end. */
static char
Peek(const FieldParser *parser)
{
	return parser->text[parser->next];
}

static void
SkipSpace(FieldParser *parser)
{
	while (IsSpace(Peek(parser)))
		parser->next++;
}

/*
 * Note an error at byte `offset`; returns NULL, for the caller to return.
 */
static void *
Fail(FieldParser *parser, int offset, const char *message, const char *hint)
{
	SyntaxErrorSet(parser->error, parser->text, offset, message, hint);
	return NULL;
}

/*
 * A new field of the kind with everything else empty, palloc'd.
 */
static Field *
MakeField(FieldKind kind, const char *text, int length)
{
	Field	   *field = palloc0(sizeof(Field));

	field->kind = kind;
	field->text = palloc(length + 1);
	memcpy(field->text, text, length);
	field->text[length] = '\0';
	return field;
}

/*
 * Fail because a key was expected, with a hint for what was written instead.
 */
static void *
FailNoKey(FieldParser *parser, bool after_dot)
{
	const char *expected = after_dot ? "expected a key after \".\""
		: "expected a field";

	switch (Peek(parser))
	{
		case '[':
			return Fail(parser, parser->next, expected,
						"Leave out the index: a path goes through all elements of an array.");
		case '\'':
			return Fail(parser, parser->next, expected,
						"Quote keys with double quotes: \"a key\".");
		case '*':
		case '?':
			return Fail(parser, parser->next,
						"a field name cannot have wildcards", NULL);
		default:
			return Fail(parser, parser->next, expected, NULL);
	}
}

/*
 * A copy of what was collected that takes no more room than it needs: a filter
 * may have very many fields, and a StringInfo starts with a kilobyte.
 */
static char *
TakeText(StringInfo collected)
{
	char	   *text = pnstrdup(collected->data, collected->len);

	pfree(collected->data);
	return text;
}

/*
 * Read one key of a path.  Returns it unquoted and unescaped, palloc'd, or NULL
 * with the error set.
 */
static char *
ParseKey(FieldParser *parser, bool after_dot)
{
	StringInfoData key;
	int			start = parser->next;

	initStringInfo(&key);
	if (Peek(parser) == '"')
	{
		parser->next++;
		while (Peek(parser) != '"')
		{
			if (Peek(parser) == '\\')
				parser->next++;
			if (Peek(parser) == '\0')
				return Fail(parser, start, "this quote is never closed", NULL);
			appendStringInfoChar(&key, Peek(parser));
			parser->next++;
		}
		parser->next++;
		return TakeText(&key);
	}

	for (;;)
	{
		if (Peek(parser) == '\\')
		{
			if (parser->text[parser->next + 1] == '\0')
				return Fail(parser, parser->next,
							"expected a character after \"\\\"", NULL);
			parser->next++;
		}
		else if (!IsKeyByte(Peek(parser)))
			break;
		else if (parser->next == start && Peek(parser) == '-')
			return Fail(parser, start,
						"a key that begins with \"-\" must be quoted", NULL);
		appendStringInfoChar(&key, Peek(parser));
		parser->next++;
	}
	if (key.len == 0)
		return FailNoKey(parser, after_dot);
	return TakeText(&key);
}

/*
 * Read the keys of a path into the field.  Returns false with the error set
 * where there is no path.
 */
static bool
ParseSteps(FieldParser *parser, Field *field)
{
	char	   *steps[FIELD_MAX_STEPS];

	for (;;)
	{
		if (field->nsteps == FIELD_MAX_STEPS)
		{
			Fail(parser, parser->next,
				 psprintf("a path has at most %d keys", FIELD_MAX_STEPS), NULL);
			return false;
		}
		steps[field->nsteps] = ParseKey(parser, field->nsteps > 0);
		if (steps[field->nsteps] == NULL)
			return false;
		field->nsteps++;
		if (Peek(parser) != '.')
			break;
		parser->next++;
	}

	field->steps = palloc(field->nsteps * sizeof(char *));
	memcpy(field->steps, steps, field->nsteps * sizeof(char *));
	return true;
}

/*
 * Replace a path by what the name means to Elastic, if anything.  `start` is
 * where the name begins.  Returns NULL with the error set where Elastic's name
 * is one that no record holds.
 */
static Field *
ApplyElastic(FieldParser *parser, Field *field, int start)
{
	char	   *name = FieldToText(field);
	char	   *path;
	const char *reason;
	const char *hint;
	FieldParser inner;

	switch (ElasticResolve(name, &path, &field->attribute, &reason, &hint))
	{
		case ELASTIC_OTHER:
			break;
		case ELASTIC_ATTRIBUTE:
			field->kind = FIELD_ATTRIBUTE;
			field->nsteps = 0;
			field->steps = NULL;
			break;
		case ELASTIC_REFUSED:
			return Fail(parser, start,
						psprintf("the field %s cannot be used: %s",
								 SyntaxExcerpt(name, strlen(name)), reason),
						hint);
		case ELASTIC_PATH:
			inner = *parser;
			inner.text = path;
			inner.next = 0;
			field->nsteps = 0;
			/* The record's path may have more keys than Elastic's. */
			if (!ParseSteps(&inner, field))
				return Fail(parser, start, parser->error->message,
							parser->error->hint);
			break;
	}
	return field;
}

/*
 * Read a path with an optional leading @.
 */
static Field *
ParsePath(FieldParser *parser)
{
	int			start = parser->next;
	bool		kql = parser->language == LANGUAGE_KQL;
	Field	   *field = palloc0(sizeof(Field));

	field->kind = FIELD_PATH;

	/* Elastic's @timestamp is the one name of its that begins with @. */
	if (Peek(parser) == '@' &&
		!(kql && strncmp(parser->text + start, "@timestamp", 10) == 0))
		parser->next++;
	if (!ParseSteps(parser, field))
		return NULL;

	/*
	 * KQL quotes whole names, "event.action", so there the dots of a name that
	 * is quoted as a whole separate its keys.
	 */
	if (kql && field->nsteps == 1 && parser->text[start] == '"' &&
		strchr(field->steps[0], '.') != NULL)
	{
		FieldParser inner = *parser;

		inner.text = field->steps[0];
		inner.next = 0;
		field->nsteps = 0;
		if (!ParseSteps(&inner, field) || Peek(&inner) != '\0')
			return Fail(parser, start, "this quoted name is no path",
						"Quote each key by itself: a.\"b c\".d");
	}

	if (kql)
	{
		field = ApplyElastic(parser, field, start);
		if (field == NULL)
			return NULL;
	}
	field->text = pnstrdup(parser->text + start, parser->next - start);
	return field;
}

/*
 * Read a derived attribute, which begins with $.
 */
static Field *
ParseAttribute(FieldParser *parser)
{
	int			start = parser->next++;
	int			length;
	Field	   *field;

	while (IsKeyByte(Peek(parser)))
		parser->next++;
	length = parser->next - start;

	for (int i = 0; i < (int) lengthof(attribute_names); i++)
	{
		const char *name = attribute_names[i].name;

		if (strlen(name) + 1 == (size_t) length &&
			memcmp(name, parser->text + start + 1, length - 1) == 0)
		{
			field = MakeField(FIELD_ATTRIBUTE, parser->text + start, length);
			field->attribute = attribute_names[i].attribute;
			return field;
		}
	}
	return Fail(parser, start,
				psprintf("unknown derived attribute %s",
						 SyntaxExcerpt(parser->text + start, length)),
				ATTRIBUTE_HINT);
}

/*
 * Read a prefix length between 0 and max, which stands behind a comma.
 */
static bool
ParseBits(FieldParser *parser, int max, int *bits)
{
	int			start;
	int			value = 0;

	parser->next++;				/* the comma */
	SkipSpace(parser);
	start = parser->next;
	while (Peek(parser) >= '0' && Peek(parser) <= '9')
	{
		/* Digits beyond what fits change nothing: it is too large already. */
		if (value <= max)
			value = value * 10 + (Peek(parser) - '0');
		parser->next++;
	}
	if (parser->next == start || value > max)
	{
		Fail(parser, start,
			 psprintf("expected a prefix length from 0 to %d", max), NULL);
		return false;
	}
	SkipSpace(parser);
	*bits = value;
	return true;
}

/*
 * Read a function call; its name has `name_length` bytes.
 */
static Field *
ParseFunction(FieldParser *parser, int name_length, int nesting)
{
	int			start = parser->next;
	Field	   *field = NULL;
	bool		is_network;

	for (int i = 0; i < (int) lengthof(function_names) && field == NULL; i++)
	{
		const char *name = function_names[i].name;

		if (strlen(name) == (size_t) name_length &&
			memcmp(name, parser->text + start, name_length) == 0)
		{
			field = palloc0(sizeof(Field));
			field->kind = function_names[i].kind;
		}
	}
	if (field == NULL)
		return Fail(parser, start,
					psprintf("unknown function %s",
							 SyntaxExcerpt(parser->text + start, name_length)),
					FUNCTION_HINT);
	if (nesting == FIELD_MAX_NESTING)
		return Fail(parser, start,
					psprintf("functions nest at most %d deep",
							 FIELD_MAX_NESTING), NULL);

	parser->next += name_length;
	SkipSpace(parser);
	parser->next++;				/* the parenthesis */
	field->argument = ParseExpression(parser, nesting + 1);
	if (field->argument == NULL)
		return NULL;
	SkipSpace(parser);

	is_network = field->kind == FIELD_NETWORK;
	if (is_network)
	{
		if (Peek(parser) != ',')
			return Fail(parser, parser->next,
						"expected \",\" and a prefix length",
						"Write network(path, 24) or network(path, 24, 64).");
		field->ipv6_bits = IPV6_DEFAULT_BITS;
		if (!ParseBits(parser, IPV4_BITS, &field->ipv4_bits))
			return NULL;
		if (Peek(parser) == ',' &&
			!ParseBits(parser, IPV6_BITS, &field->ipv6_bits))
			return NULL;
	}
	if (Peek(parser) != ')')
		return Fail(parser, parser->next, "expected \")\"",
					Peek(parser) == ',' && !is_network ?
					"This function takes one argument, a path." : NULL);
	parser->next++;
	field->text = pnstrdup(parser->text + start, parser->next - start);
	return field;
}

/*
 * Read a path or derived attribute, each with an optional leading @, or a function
 * call; `nesting` functions are around it.
 */
static Field *
ParseExpression(FieldParser *parser, int nesting)
{
	int			name_length = 0;
	int			behind_name;

	SkipSpace(parser);
	if (Peek(parser) == '@' && parser->text[parser->next + 1] == '$')
		parser->next++;
	if (Peek(parser) == '$')
		return ParseAttribute(parser);
	while (IsNameByte(parser->text[parser->next + name_length]))
		name_length++;
	behind_name = parser->next + name_length;
	while (IsSpace(parser->text[behind_name]))
		behind_name++;
	if (name_length > 0 && parser->text[behind_name] == '(')
		return ParseFunction(parser, name_length, nesting);
	return ParsePath(parser);
}

/*
 * FieldParse
 *
 * Parse a field as rules write it; see field.h.  Returns NULL with *error
 * filled where the text is none.
 */
Field *
FieldParse(const char *text, Language language, SyntaxError *error)
{
	FieldParser parser = {text, 0, language, error};
	Field	   *field;
	char	   *canonical;
	size_t		canonical_length;

	if (strlen(text) > FIELD_MAX_LENGTH)
		return Fail(&parser, 0,
					psprintf("a field has at most %d bytes", FIELD_MAX_LENGTH),
					NULL);

	field = ParseExpression(&parser, 0);
	if (field == NULL)
		return NULL;
	SkipSpace(&parser);
	if (Peek(&parser) != '\0')
	{
		int			stop = parser.next;

		switch (Peek(&parser))
		{
			case '[':
				return Fail(&parser, stop, "unexpected \"[\" in a field",
							"Leave out the index: a path goes through all elements of an array.");
			case '*':
			case '?':
				return Fail(&parser, stop,
							"a field name cannot have wildcards", NULL);
			default:
				return Fail(&parser, stop,
							psprintf("unexpected \"%s\" in a field",
									 SyntaxExcerpt(text + stop,
												   strlen(text + stop))),
							"Quote keys that hold special characters: a.\"b c\".d");
		}
	}

	/* So that FieldToText always writes something that parses. */
	canonical = FieldToText(field);
	canonical_length = strlen(canonical);
	pfree(canonical);
	if (canonical_length > FIELD_MAX_LENGTH)
		return Fail(&parser, 0,
					psprintf("a field has at most %d bytes", FIELD_MAX_LENGTH),
					NULL);
	field->text = pstrdup(text);
	return field;
}

/*
 * FieldCopy
 *
 * Return a palloc'd copy that shares nothing with the field.
 */
Field *
FieldCopy(const Field *field)
{
	Field	   *copy = palloc(sizeof(Field));

	*copy = *field;
	copy->text = pstrdup(field->text);
	if (field->kind == FIELD_PATH)
	{
		copy->steps = palloc(field->nsteps * sizeof(char *));
		for (int i = 0; i < field->nsteps; i++)
			copy->steps[i] = pstrdup(field->steps[i]);
	}
	if (field->argument != NULL)
		copy->argument = FieldCopy(field->argument);
	return copy;
}

/*
 * FieldEqual
 *
 * Do two fields name the same value, however they are spelt?
 */
bool
FieldEqual(const Field *a, const Field *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind)
	{
		case FIELD_PATH:
			if (a->nsteps != b->nsteps)
				return false;
			for (int i = 0; i < a->nsteps; i++)
			{
				if (strcmp(a->steps[i], b->steps[i]) != 0)
					return false;
			}
			return true;
		case FIELD_ATTRIBUTE:
			return a->attribute == b->attribute;
		case FIELD_NETWORK:
			return a->ipv4_bits == b->ipv4_bits &&
				a->ipv6_bits == b->ipv6_bits &&
				FieldEqual(a->argument, b->argument);
		case FIELD_LOWER:
		case FIELD_PRINCIPAL:
		case FIELD_PRODUCT:
		case FIELD_TEXT:
			return FieldEqual(a->argument, b->argument);
	}
	return false;
}

/*
 * Append a key as a path holds it: quoted unless it is plain.
 */
static void
AppendKey(StringInfo out, const char *key, bool first)
{
	bool		plain = key[0] != '\0' && key[0] != '-';

	for (const char *byte = key; *byte != '\0' && plain; byte++)
		plain = IsKeyByte(*byte);

	/* At the start of a field, @ and $ mean something of their own. */
	if (first && (key[0] == '@' || key[0] == '$'))
		plain = false;
	/* So do the words that join conditions. */
	if (strcmp(key, "AND") == 0 || strcmp(key, "OR") == 0 ||
		strcmp(key, "NOT") == 0 || strcmp(key, "CIDR") == 0)
		plain = false;

	if (plain)
	{
		appendStringInfoString(out, key);
		return;
	}
	appendStringInfoChar(out, '"');
	for (const char *byte = key; *byte != '\0'; byte++)
	{
		if (*byte == '"' || *byte == '\\')
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, *byte);
	}
	appendStringInfoChar(out, '"');
}

/*
 * Append the canonical text of a field.
 */
static void
AppendField(StringInfo out, const Field *field)
{
	switch (field->kind)
	{
		case FIELD_PATH:
			for (int i = 0; i < field->nsteps; i++)
			{
				if (i > 0)
					appendStringInfoChar(out, '.');
				AppendKey(out, field->steps[i], i == 0);
			}
			return;
		case FIELD_ATTRIBUTE:
			for (int i = 0; i < (int) lengthof(attribute_names); i++)
			{
				if (attribute_names[i].attribute == field->attribute)
					appendStringInfo(out, "$%s", attribute_names[i].name);
			}
			return;
		case FIELD_LOWER:
		case FIELD_NETWORK:
		case FIELD_PRINCIPAL:
		case FIELD_PRODUCT:
		case FIELD_TEXT:
			break;
	}

	for (int i = 0; i < (int) lengthof(function_names); i++)
	{
		if (function_names[i].kind == field->kind)
			appendStringInfo(out, "%s(", function_names[i].name);
	}
	AppendField(out, field->argument);
	if (field->kind == FIELD_NETWORK)
		appendStringInfo(out, ", %d, %d", field->ipv4_bits, field->ipv6_bits);
	appendStringInfoChar(out, ')');
}

/*
 * FieldToText
 *
 * The field in its one canonical spelling, palloc'd.
 */
char *
FieldToText(const Field *field)
{
	StringInfoData out;

	initStringInfo(&out);
	AppendField(&out, field);
	return out.data;
}

/*
 * FieldMakeText
 *
 * A new field, palloc'd, that applies text() to `argument` and shares it.
 */
Field *
FieldMakeText(Field *argument)
{
	char	   *text = psprintf("text(%s)", argument->text);
	Field	   *field = MakeField(FIELD_TEXT, text, strlen(text));

	field->argument = argument;
	return field;
}

/*
 * FieldFunctionExtent
 *
 * The number of bytes from text on to behind the parenthesis that closes the
 * first one opened, or to the end where none does.  Parentheses in quotes and
 * behind a backslash do not count.
 */
int
FieldFunctionExtent(const char *text)
{
	int			depth = 0;
	bool		quoted = false;
	int			i;

	for (i = 0; text[i] != '\0'; i++)
	{
		if (text[i] == '\\' && text[i + 1] != '\0')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && --depth == 0)
			return i + 1;
	}
	return i;
}
