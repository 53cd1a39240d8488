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
#define IPV4_BITS         32
#define IPV6_BITS         128
#define IPV6_DEFAULT_BITS 64

/* The state of a parse. */
typedef struct FieldParser
{
	const char  *text; /* the whole text, NUL-terminated */
	int          next; /* byte offset of what is not yet read */
	Language     language;
	bool         literal; /* names are the record's own: there are no aliases */
	SyntaxError *error;
} FieldParser;

typedef struct AttributeName
{
	const char *name;
	Attribute   attribute;
} AttributeName;

static const AttributeName attribute_names[] = {
	{"principal", ATTRIBUTE_PRINCIPAL},
	{"person", ATTRIBUTE_PERSON},
	{"caller_account", ATTRIBUTE_CALLER_ACCOUNT},
	{"cross_account", ATTRIBUTE_CROSS_ACCOUNT},
	{"own_account", ATTRIBUTE_OWN_ACCOUNT},
	{"vendor", ATTRIBUTE_VENDOR},
	{"service_call", ATTRIBUTE_SERVICE_CALL},
	{"outcome", ATTRIBUTE_OUTCOME},
	{"target", ATTRIBUTE_TARGET},
	{"elastic_account", ATTRIBUTE_ELASTIC_ACCOUNT},
	{"elastic_user", ATTRIBUTE_ELASTIC_USER},
	{"elastic_user_id", ATTRIBUTE_ELASTIC_USER_ID},
	{"elastic_mfa_used", ATTRIBUTE_ELASTIC_MFA_USED},
	{"elastic_mobile_version", ATTRIBUTE_ELASTIC_MOBILE},
};

#define ATTRIBUTE_HINT \
	"The derived attributes are $principal, $person, $caller_account, " \
	"$cross_account, $own_account, $vendor, $service_call, $outcome, $target, " \
	"$country, $asn and $as_org."

/* Names that stand for another expression. */
typedef struct FieldAlias
{
	const char *name;
	const char *expression;
} FieldAlias;

/* Attributes that are functions of the caller's address. */
static const FieldAlias attribute_aliases[] = {
	{"country", "country(sourceIPAddress)"},
	{"asn", "asn(sourceIPAddress)"},
	{"as_org", "as_org(sourceIPAddress)"},
};

/* Facets that Datadog's pipeline adds to a CloudTrail record. */
static const FieldAlias facets[] = {
	{"account", "recipientAccountId"},
	{"error.kind", "errorCode"},
	{"error.message", "errorMessage"},
	{"evt.name", "eventName"},
	{"http.useragent", "userAgent"},
	{"network.client.ip", "sourceIPAddress"},
	{"userIdentity.assumed_role", "role(userIdentity.arn)"},
	{"userIdentity.session_name", "coalesce(session(userIdentity.arn), userIdentity.userName)"},
	{"usr.account_id", "userIdentity.accountId"},
	{"usr.id", "userIdentity.principalId"},
	{"usr.name", "userIdentity.userName"},
};

/* Keys of the longest facet. */
#define FACET_MAX_STEPS 3

/* Which arguments a function takes. */
typedef enum Arguments
{
	ARGUMENTS_ONE,     /* a field */
	ARGUMENTS_SEVERAL, /* fields */
	ARGUMENTS_NETWORK, /* a field, 24[, 64] */
	ARGUMENTS_PREFIX   /* a field, ':', 2 */
} Arguments;

typedef struct FunctionName
{
	const char *name;
	FieldKind   kind;
	Arguments   arguments;
	int         needs; /* NEEDS_... */
} FunctionName;

static const FunctionName function_names[] = {
	{"coalesce", FIELD_COALESCE, ARGUMENTS_SEVERAL, 0},
	{"any", FIELD_ANY, ARGUMENTS_SEVERAL, 0},
	{"lower", FIELD_LOWER, ARGUMENTS_ONE, 0},
	{"network", FIELD_NETWORK, ARGUMENTS_NETWORK, 0},
	{"principal", FIELD_PRINCIPAL, ARGUMENTS_ONE, 0},
	{"session", FIELD_SESSION, ARGUMENTS_ONE, 0},
	{"role", FIELD_ROLE, ARGUMENTS_ONE, 0},
	{"product", FIELD_PRODUCT, ARGUMENTS_ONE, 0},
	{"text", FIELD_TEXT, ARGUMENTS_ONE, 0},
	{"json", FIELD_JSON, ARGUMENTS_ONE, 0},
	{"account", FIELD_ACCOUNT, ARGUMENTS_ONE, 0},
	{"external", FIELD_EXTERNAL, ARGUMENTS_ONE, NEEDS_OWN_ACCOUNTS},
	{"prefix", FIELD_PREFIX, ARGUMENTS_PREFIX, 0},
	{"basename", FIELD_BASENAME, ARGUMENTS_ONE, 0},
	{"country", FIELD_COUNTRY, ARGUMENTS_ONE, NEEDS_GEOIP},
	{"asn", FIELD_ASN, ARGUMENTS_ONE, NEEDS_GEOIP},
	{"as_org", FIELD_AS_ORG, ARGUMENTS_ONE, NEEDS_GEOIP},
	{"address", FIELD_ADDRESS, ARGUMENTS_ONE, 0},
	{"filled", FIELD_FILLED, ARGUMENTS_ONE, 0},
};

#define FUNCTION_HINT \
	"The functions are account, address, any, as_org, asn, basename, coalesce, " \
	"country, external, filled, json, lower, network, prefix, principal, product, " \
	"role, session and text."

/* Words that are no key where a filter's condition begins. */
static const char *const reserved_keys[] = {"AND",     "OR",      "NOT",      "CIDR",      "LIST",
											"EQUAL",   "ELEMENT", "_exists_", "_missing_", "source",
											"service", "status",  "level"};

static Field *ParseExpression(FieldParser *parser, int nesting);
static void   AppendPath(StringInfo out, const Field *path, bool quote_first);

/* A no-break space in UTF-8, which is white space too. */
#define NO_BREAK_SPACE "\xC2\xA0"

/* Bytes of the white space that begins the text; 0 where none does. */
static int
SpaceLength(const char *text)
{
	if (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r'))
		return 1;
	return strncmp(text, NO_BREAK_SPACE, 2) == 0 ? 2 : 0;
}

/*
 * May the byte at `text` stand in a key without quotes?  All bytes of characters beyond
 * ASCII may, but for a no-break space and what begins like one and is no character.
 */
static bool
IsKeyByte(const char *text)
{
	return *text != '\0' && SpaceLength(text) == 0 &&
		!(*text == '\xC2' && !UTF8_CONTINUES(text[1])) &&
		strchr(".:\"'\\()[]{}<>=,*?!&|", *text) == NULL;
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

/* The text that is not read yet. */
static const char *
Rest(const FieldParser *parser)
{
	return parser->text + parser->next;
}

static void
SkipSpace(FieldParser *parser)
{
	int length;

	while ((length = SpaceLength(Rest(parser))) > 0)
		parser->next += length;
}

/* Set the error, which stands at byte `offset`.  Returns NULL, for callers to return. */
static void *
Fail(FieldParser *parser, int offset, const char *message, const char *hint)
{
	SyntaxErrorSet(parser->error, parser->text, offset, message, hint);
	return NULL;
}

/* Fail because a key was expected, with a hint for what was written instead. */
static void *
FailNoKey(FieldParser *parser, bool after_dot)
{
	const char *expected = after_dot ? "expected a key after \".\"" : "expected a field";

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
			return Fail(parser, parser->next, "a field name cannot have wildcards", NULL);
		default:
			return Fail(parser, parser->next, expected, NULL);
	}
}

/*
 * Copy a collected text, palloc'd, and free the StringInfo.  A StringInfo takes at least a
 * kilobyte, and a filter may have thousands of fields.
 */
static char *
TakeText(StringInfo collected)
{
	char *text = pnstrdup(collected->data, collected->len);

	pfree(collected->data);
	return text;
}

/* Read a text in single or double quotes; NULL with the error set where there is none. */
static char *
ParseQuoted(FieldParser *parser)
{
	StringInfoData text;
	int            start = parser->next;
	char           quote = Peek(parser);

	initStringInfo(&text);
	for (parser->next++; Peek(parser) != quote; parser->next++)
	{
		if (Peek(parser) == '\\')
			parser->next++;
		if (Peek(parser) == '\0')
			return Fail(parser, start, "this quote is never closed", NULL);
		appendStringInfoChar(&text, Peek(parser));
	}
	parser->next++;
	return TakeText(&text);
}

/*
 * Read one key of a path.  Returns it unquoted and unescaped, palloc'd, or NULL with the
 * error set.
 */
static char *
ParseKey(FieldParser *parser, bool after_dot)
{
	StringInfoData key;
	int            start = parser->next;

	if (Peek(parser) == '"')
		return ParseQuoted(parser);
	initStringInfo(&key);
	for (;;)
	{
		if (Peek(parser) == '\\')
		{
			if (parser->text[parser->next + 1] == '\0')
				return Fail(parser, parser->next, "expected a character after \"\\\"", NULL);
			parser->next++;
		}
		else if (!IsKeyByte(Rest(parser)))
			break;
		else if (parser->next == start && (Peek(parser) == '-' || Peek(parser) == '+'))
			return Fail(parser, start,
						psprintf("a key that begins with \"%c\" must be quoted", Peek(parser)),
						NULL);
		appendStringInfoChar(&key, Peek(parser));
		parser->next++;
	}
	if (key.len == 0)
		return FailNoKey(parser, after_dot);
	return TakeText(&key);
}

/*
 * Read the keys of a path into the field; `after_dot` where they go on behind a function.
 * Returns false with the error set where there is no path.
 */
static bool
ParseSteps(FieldParser *parser, Field *field, bool after_dot)
{
	char *steps[FIELD_MAX_STEPS];

	for (;;)
	{
		if (field->nsteps == FIELD_MAX_STEPS)
		{
			Fail(parser, parser->next, psprintf("a path has at most %d keys", FIELD_MAX_STEPS),
				 NULL);
			return false;
		}
		steps[field->nsteps] = ParseKey(parser, after_dot || field->nsteps > 0);
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
 * Parse the expression that an alias stands for.  The alias begins at byte `start` of the
 * text, where errors are reported.  Returns NULL with the error set where the expression
 * is no field: the record's path may have too many keys where Elastic's name has not.
 */
static Field *
ParseAlias(FieldParser *parser, const char *expression, int start)
{
	FieldParser inner = *parser;
	Field      *field;

	inner.text = expression;
	inner.next = 0;
	inner.language = LANGUAGE_DATADOG;
	inner.literal = true;
	field = ParseExpression(&inner, 0);
	if (field == NULL)
		return Fail(parser, start, parser->error->message, parser->error->hint);
	return field;
}

/*
 * The field that a path means if it is one of Elastic's names.  Returns NULL with the
 * error set where no record holds such a field.
 */
static Field *
ApplyElastic(FieldParser *parser, Field *field, int start)
{
	StringInfoData name;
	char          *expression;
	const char    *reason;
	const char    *hint;

	initStringInfo(&name);
	AppendPath(&name, field, false);
	switch (ElasticResolve(name.data, &expression, &reason, &hint))
	{
		case ELASTIC_OTHER:
			break;
		case ELASTIC_REFUSED:
			return Fail(parser, start,
						psprintf("the field %s cannot be used: %s",
								 SyntaxExcerpt(name.data, name.len), reason),
						hint);
		case ELASTIC_FIELD:
			field = ParseAlias(parser, expression, start);
			break;
	}
	/* Elastic drops empty values before it stores an event */
	if (field != NULL && (field->kind == FIELD_PATH || field->kind == FIELD_ANY))
		field = FieldMakeFunction(FIELD_FILLED, field);
	return field;
}

/* The expression of Datadog's facet of this name (`length` bytes), or NULL. */
static const char *
FacetExpression(const char *name, int length)
{
	for (int i = 0; i < (int) lengthof(facets); i++)
	{
		if (strlen(facets[i].name) == (size_t) length && memcmp(facets[i].name, name, length) == 0)
			return facets[i].expression;
	}
	return NULL;
}

/*
 * Split a name that KQL quotes as a whole, such as "event.action", at its dots.  Returns
 * false with the error set where the parts are no path.
 */
static bool
SplitQuotedName(FieldParser *parser, Field *field, int start)
{
	FieldParser inner = *parser;

	if (field->nsteps != 1 || parser->text[start] != '"' || strchr(field->steps[0], '.') == NULL)
		return true;
	inner.text = field->steps[0];
	inner.next = 0;
	field->nsteps = 0;
	if (ParseSteps(&inner, field, false) && Peek(&inner) == '\0')
		return true;
	Fail(parser, start, "this quoted name is no path", "Quote each key by itself: a.\"b c\".d");
	return false;
}

/* Read a path with an optional leading @. */
static Field *
ParsePath(FieldParser *parser)
{
	int         start = parser->next;
	int         name;
	bool        kql = parser->language == LANGUAGE_KQL;
	const char *expression;
	Field      *field = palloc0(sizeof(Field));

	field->kind = FIELD_PATH;

	/* @timestamp is the only name of Elastic's that begins with @ */
	if (Peek(parser) == '@' && !(kql && strncmp(Rest(parser), "@timestamp", 10) == 0))
		parser->next++;
	name = parser->next;
	if (!ParseSteps(parser, field, false))
		return NULL;
	field->text = pnstrdup(parser->text + start, parser->next - start);

	if (kql)
	{
		if (!SplitQuotedName(parser, field, start))
			return NULL;
		field = ApplyElastic(parser, field, start);
	}
	else if (!parser->literal &&
			 (expression = FacetExpression(parser->text + name, parser->next - name)) != NULL)
		field = ParseAlias(parser, expression, start);
	if (field != NULL)
		field->text = pnstrdup(parser->text + start, parser->next - start);
	return field;
}

/* Read a derived attribute, which begins with $. */
static Field *
ParseAttribute(FieldParser *parser)
{
	int         start = parser->next++;
	const char *name = Rest(parser);
	int         length;
	Field      *field = NULL;

	while (IsKeyByte(Rest(parser)))
		parser->next++;
	length = Rest(parser) - name;

	for (int i = 0; i < (int) lengthof(attribute_names); i++)
	{
		if (strlen(attribute_names[i].name) == (size_t) length &&
			memcmp(attribute_names[i].name, name, length) == 0)
		{
			field = palloc0(sizeof(Field));
			field->kind = FIELD_ATTRIBUTE;
			field->attribute = attribute_names[i].attribute;
		}
	}
	for (int i = 0; i < (int) lengthof(attribute_aliases) && field == NULL; i++)
	{
		if (strlen(attribute_aliases[i].name) == (size_t) length &&
			memcmp(attribute_aliases[i].name, name, length) == 0)
			field = ParseAlias(parser, attribute_aliases[i].expression, start);
	}
	if (field == NULL)
		return Fail(parser, start,
					psprintf("unknown derived attribute %s",
							 SyntaxExcerpt(parser->text + start, length + 1)),
					ATTRIBUTE_HINT);
	field->text = pnstrdup(parser->text + start, length + 1);
	return field;
}

/*
 * Read a comma and a number from min to max.  `what` names the number in errors.  Returns
 * false with the error set where there is none.
 */
static bool
ParseNumber(FieldParser *parser, int min, int max, const char *what, int *number)
{
	int start;
	int value = 0;

	parser->next++; /* the comma */
	SkipSpace(parser);
	start = parser->next;
	while (Peek(parser) >= '0' && Peek(parser) <= '9')
	{
		/* a number that is too large stays so, whatever digits follow */
		if (value <= max)
			value = value * 10 + (Peek(parser) - '0');
		parser->next++;
	}
	if (parser->next == start || value < min || value > max)
	{
		Fail(parser, start, psprintf("expected %s from %d to %d", what, min, max), NULL);
		return false;
	}
	SkipSpace(parser);
	*number = value;
	return true;
}

#define NETWORK_HINT "Write network(path, 24) or network(path, 24, 64)."
#define PREFIX_HINT  "Write prefix(path, ':', 2) for what stands before the second \":\"."

/* Read the prefix lengths of network().  Returns false with the error set where they are wrong. */
static bool
ParseNetwork(FieldParser *parser, Field *field)
{
	if (Peek(parser) != ',')
	{
		Fail(parser, parser->next, "expected \",\" and a prefix length", NETWORK_HINT);
		return false;
	}
	field->ipv6_bits = IPV6_DEFAULT_BITS;
	return ParseNumber(parser, 0, IPV4_BITS, "a prefix length", &field->ipv4_bits) &&
		(Peek(parser) != ',' ||
		 ParseNumber(parser, 0, IPV6_BITS, "a prefix length", &field->ipv6_bits));
}

/*
 * Read the separator and the number of parts of prefix().  Returns false with the error
 * set where they are wrong.
 */
static bool
ParsePrefix(FieldParser *parser, Field *field)
{
	int start;

	if (Peek(parser) != ',')
	{
		Fail(parser, parser->next, "expected \",\" and a separator", PREFIX_HINT);
		return false;
	}
	parser->next++;
	SkipSpace(parser);
	start = parser->next;
	if (Peek(parser) != '\'' && Peek(parser) != '"')
	{
		Fail(parser, start, "expected a separator in quotes", PREFIX_HINT);
		return false;
	}
	field->separator = ParseQuoted(parser);
	if (field->separator == NULL)
		return false;
	if (field->separator[0] == '\0' || strlen(field->separator) > FIELD_MAX_SEPARATOR)
	{
		Fail(parser, start, psprintf("a separator has 1 to %d bytes", FIELD_MAX_SEPARATOR), NULL);
		return false;
	}
	SkipSpace(parser);
	if (Peek(parser) != ',')
	{
		Fail(parser, parser->next, "expected \",\" and a number of parts", PREFIX_HINT);
		return false;
	}
	return ParseNumber(parser, 1, FIELD_MAX_PARTS, "a number of parts", &field->parts);
}

/*
 * Read the fields among the arguments of a call.  Returns false with the error set where
 * one is wrong.
 */
static bool
ParseArguments(FieldParser *parser, Field *field, Arguments style, int nesting)
{
	Field *arguments[FIELD_MAX_ARGUMENTS];

	for (;;)
	{
		if (field->narguments == FIELD_MAX_ARGUMENTS)
		{
			Fail(parser, parser->next,
				 psprintf("a function has at most %d arguments", FIELD_MAX_ARGUMENTS), NULL);
			return false;
		}
		arguments[field->narguments] = ParseExpression(parser, nesting + 1);
		if (arguments[field->narguments] == NULL)
			return false;
		field->narguments++;
		SkipSpace(parser);
		if (style != ARGUMENTS_SEVERAL || Peek(parser) != ',')
			break;
		parser->next++;
	}
	field->arguments = palloc(sizeof(Field *) * field->narguments);
	memcpy(field->arguments, arguments, sizeof(Field *) * field->narguments);
	return true;
}

/* The function of this name, or NULL. */
static const FunctionName *
FunctionByName(const char *name, int length)
{
	for (int i = 0; i < (int) lengthof(function_names); i++)
	{
		if (strlen(function_names[i].name) == (size_t) length &&
			memcmp(function_names[i].name, name, length) == 0)
			return &function_names[i];
	}
	return NULL;
}

/* The function of this kind, which must be one of a function. */
static const FunctionName *
FunctionOfKind(FieldKind kind)
{
	const FunctionName *function = function_names;

	while (function->kind != kind)
		function++;
	return function;
}

/* Read a function call.  Its name has `name_length` bytes; `nesting` functions are around it. */
static Field *
ParseFunction(FieldParser *parser, int name_length, int nesting)
{
	int                 start = parser->next;
	const FunctionName *function = FunctionByName(Rest(parser), name_length);
	Field              *field;

	if (function == NULL)
		return Fail(parser, start,
					psprintf("unknown function %s",
							 SyntaxExcerpt(parser->text + start, name_length)),
					FUNCTION_HINT);
	if (nesting == FIELD_MAX_NESTING)
		return Fail(parser, start, psprintf("functions nest at most %d deep", FIELD_MAX_NESTING),
					NULL);

	field = palloc0(sizeof(Field));
	field->kind = function->kind;
	parser->next += name_length;
	SkipSpace(parser);
	parser->next++; /* the parenthesis */
	if (!ParseArguments(parser, field, function->arguments, nesting))
		return NULL;
	if (function->arguments == ARGUMENTS_NETWORK && !ParseNetwork(parser, field))
		return NULL;
	if (function->arguments == ARGUMENTS_PREFIX && !ParsePrefix(parser, field))
		return NULL;
	if (Peek(parser) != ')')
		return Fail(parser, parser->next, "expected \")\"",
					Peek(parser) == ',' && function->arguments == ARGUMENTS_ONE
						? "This function takes one argument, a path."
						: NULL);
	parser->next++;
	field->text = pnstrdup(parser->text + start, parser->next - start);
	return field;
}

/* Read the path that goes on behind a function. */
static Field *
ParseBelow(FieldParser *parser, Field *function, int start)
{
	Field *field = palloc0(sizeof(Field));

	field->kind = FIELD_BELOW;
	field->narguments = 1;
	field->arguments = palloc(sizeof(Field *));
	field->arguments[0] = function;
	parser->next++; /* the dot */
	if (!ParseSteps(parser, field, true))
		return NULL;
	field->text = pnstrdup(parser->text + start, parser->next - start);
	return field;
}

/*
 * Read a path or derived attribute, each with an optional leading @, or a function call.
 * `nesting` functions are around it.  Returns NULL with the error set.
 */
static Field *
ParseExpression(FieldParser *parser, int nesting)
{
	int         name_length = 0;
	int         start;
	const char *behind_name;
	Field      *field;

	SkipSpace(parser);
	if (Peek(parser) == '@' && parser->text[parser->next + 1] == '$')
		parser->next++;
	if (Peek(parser) == '$')
		return ParseAttribute(parser);
	start = parser->next;
	while (IsNameByte(Rest(parser)[name_length]))
		name_length++;
	behind_name = Rest(parser) + name_length;
	while (SpaceLength(behind_name) > 0)
		behind_name += SpaceLength(behind_name);
	if (name_length == 0 || *behind_name != '(')
		return ParsePath(parser);
	field = ParseFunction(parser, name_length, nesting);
	if (field != NULL && Peek(parser) == '.')
		field = ParseBelow(parser, field, start);
	return field;
}

/*
 * FieldParse
 *		Parse a field as rules write it; see field.h.
 */
Field *
FieldParse(const char *text, Language language, SyntaxError *error)
{
	FieldParser parser = {.text = text, .language = language, .error = error};
	Field      *field;
	char       *canonical;
	size_t      canonical_length;

	if (strlen(text) > FIELD_MAX_LENGTH)
		return Fail(&parser, 0, psprintf("a field has at most %d bytes", FIELD_MAX_LENGTH), NULL);

	field = ParseExpression(&parser, 0);
	if (field == NULL)
		return NULL;
	SkipSpace(&parser);
	if (Peek(&parser) != '\0')
	{
		int stop = parser.next;

		switch (Peek(&parser))
		{
			case '[':
				return Fail(&parser, stop, "unexpected \"[\" in a field",
							"Leave out the index: a path goes through all elements of an array.");
			case '*':
			case '?':
				return Fail(&parser, stop, "a field name cannot have wildcards", NULL);
			default:
				return Fail(&parser, stop,
							psprintf("unexpected \"%s\" in a field",
									 SyntaxExcerpt(text + stop, strlen(text + stop))),
							"Quote keys that hold special characters: a.\"b c\".d");
		}
	}

	/* FieldToText may write more, which has to parse too */
	canonical = FieldToText(field);
	canonical_length = strlen(canonical);
	pfree(canonical);
	if (canonical_length > FIELD_MAX_LENGTH)
		return Fail(&parser, 0, psprintf("a field has at most %d bytes", FIELD_MAX_LENGTH), NULL);
	field->text = pstrdup(text);
	return field;
}

/* Copy the keys from number `first` on. */
static char **
CopySteps(const Field *field, int first)
{
	char **steps = palloc(sizeof(char *) * (field->nsteps - first));

	for (int i = first; i < field->nsteps; i++)
		steps[i - first] = pstrdup(field->steps[i]);
	return steps;
}

/*
 * FieldRelative
 *		Copy the field without the first `nsteps` keys of all its paths.
 */
Field *
FieldRelative(const Field *field, int nsteps)
{
	Field *copy = palloc(sizeof(Field));

	*copy = *field;
	copy->text = pstrdup(field->text);
	if (field->separator != NULL)
		copy->separator = pstrdup(field->separator);
	if (field->kind == FIELD_PATH)
	{
		copy->steps = CopySteps(field, nsteps);
		copy->nsteps -= nsteps;
	}
	else if (field->nsteps > 0)
		copy->steps = CopySteps(field, 0);
	if (field->narguments > 0)
		copy->arguments = palloc(sizeof(Field *) * field->narguments);
	for (int i = 0; i < field->narguments; i++)
		copy->arguments[i] = FieldRelative(field->arguments[i], nsteps);
	return copy;
}

/*
 * FieldCopy
 *		Copy the field; the copy shares nothing with it.
 */
Field *
FieldCopy(const Field *field)
{
	return FieldRelative(field, 0);
}

/*
 * FieldEqual
 *		Do two fields name the same value, however they are spelt?
 */
bool
FieldEqual(const Field *a, const Field *b)
{
	if (a->kind != b->kind || a->nsteps != b->nsteps || a->attribute != b->attribute ||
		a->narguments != b->narguments || a->ipv4_bits != b->ipv4_bits ||
		a->ipv6_bits != b->ipv6_bits || a->parts != b->parts)
		return false;
	if (a->separator != NULL && strcmp(a->separator, b->separator) != 0)
		return false;
	for (int i = 0; i < a->nsteps; i++)
	{
		if (strcmp(a->steps[i], b->steps[i]) != 0)
			return false;
	}
	for (int i = 0; i < a->narguments; i++)
	{
		if (!FieldEqual(a->arguments[i], b->arguments[i]))
			return false;
	}
	return true;
}

/* Append a text between two quotes, and escape what would end it. */
static void
AppendQuoted(StringInfo out, const char *text, char quote)
{
	appendStringInfoChar(out, quote);
	for (const char *byte = text; *byte != '\0'; byte++)
	{
		if (*byte == quote || *byte == '\\')
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, *byte);
	}
	appendStringInfoChar(out, quote);
}

/*
 * Append a key as a path holds it: quoted unless it is plain.  At the start of a field @
 * and $ mean something of their own.
 */
static void
AppendKey(StringInfo out, const char *key, bool first)
{
	bool plain = key[0] != '\0' && key[0] != '-' && key[0] != '+' &&
		!(first && (key[0] == '@' || key[0] == '$'));

	for (const char *byte = key; *byte != '\0' && plain; byte++)
		plain = IsKeyByte(byte);
	if (plain)
		appendStringInfoString(out, key);
	else
		AppendQuoted(out, key, '"');
}

/* Append the keys of a path.  quote_first: quote the first one even if it is plain. */
static void
AppendPath(StringInfo out, const Field *path, bool quote_first)
{
	for (int i = 0; i < path->nsteps; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, '.');
		if (i == 0 && quote_first)
			AppendQuoted(out, path->steps[0], '"');
		else
			AppendKey(out, path->steps[i], i == 0);
	}
}

/* Would the path without quotes be read as something else in Datadog's syntax? */
static bool
IsTaken(const Field *path)
{
	StringInfoData name;
	bool           taken = false;

	for (int i = 0; i < (int) lengthof(reserved_keys) && !taken; i++)
		taken = strcmp(path->steps[0], reserved_keys[i]) == 0;
	if (taken || path->nsteps > FACET_MAX_STEPS)
		return taken;
	initStringInfo(&name);
	AppendPath(&name, path, false);
	taken = FacetExpression(name.data, name.len) != NULL;
	pfree(name.data);
	return taken;
}

/* Append the canonical text of a field. */
static void
AppendField(StringInfo out, const Field *field)
{
	switch (field->kind)
	{
		case FIELD_PATH:
			AppendPath(out, field, IsTaken(field));
			return;
		case FIELD_BELOW:
			AppendField(out, field->arguments[0]);
			for (int i = 0; i < field->nsteps; i++)
			{
				appendStringInfoChar(out, '.');
				AppendKey(out, field->steps[i], false);
			}
			return;
		case FIELD_ATTRIBUTE:
			for (int i = 0; i < (int) lengthof(attribute_names); i++)
			{
				if (attribute_names[i].attribute == field->attribute)
					appendStringInfo(out, "$%s", attribute_names[i].name);
			}
			return;
		default:
			break;
	}

	appendStringInfo(out, "%s(", FunctionOfKind(field->kind)->name);
	for (int i = 0; i < field->narguments; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		AppendField(out, field->arguments[i]);
	}
	if (field->kind == FIELD_NETWORK)
		appendStringInfo(out, ", %d, %d", field->ipv4_bits, field->ipv6_bits);
	if (field->kind == FIELD_PREFIX)
	{
		appendStringInfoString(out, ", ");
		AppendQuoted(out, field->separator, '\'');
		appendStringInfo(out, ", %d", field->parts);
	}
	appendStringInfoChar(out, ')');
}

/*
 * FieldToText
 *		The field in its one canonical spelling, palloc'd.
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
 * FieldMakeFunction
 *		A new field, palloc'd, that applies a function to `argument` and shares it.
 */
Field *
FieldMakeFunction(FieldKind kind, Field *argument)
{
	Field *field = palloc0(sizeof(Field));

	field->kind = kind;
	field->narguments = 1;
	field->arguments = palloc(sizeof(Field *));
	field->arguments[0] = argument;
	field->text = psprintf("%s(%s)", FunctionOfKind(kind)->name, argument->text);
	return field;
}

/*
 * FieldRoot
 *		Find the object that holds all values of the field; see field.h.
 */
int
FieldRoot(const Field *field, char ***steps)
{
	int nsteps;

	if (field->kind == FIELD_PATH)
	{
		*steps = field->steps;
		return field->nsteps;
	}
	if (field->narguments == 0)
		return 0;
	nsteps = FieldRoot(field->arguments[0], steps);
	for (int i = 1; i < field->narguments; i++)
	{
		char **other = NULL;
		int    nother = FieldRoot(field->arguments[i], &other);
		int    common = 0;

		while (common < Min(nsteps, nother) && strcmp((*steps)[common], other[common]) == 0)
			common++;
		nsteps = common;
	}
	return nsteps;
}

/*
 * FieldIsBelow
 *		Do all paths of the field begin with `path` and go on behind it?
 */
bool
FieldIsBelow(const Field *field, const Field *path)
{
	if (field->kind == FIELD_ATTRIBUTE)
		return false;
	if (field->kind == FIELD_PATH)
	{
		if (field->nsteps <= path->nsteps)
			return false;
		for (int i = 0; i < path->nsteps; i++)
		{
			if (strcmp(field->steps[i], path->steps[i]) != 0)
				return false;
		}
	}
	for (int i = 0; i < field->narguments; i++)
	{
		if (!FieldIsBelow(field->arguments[i], path))
			return false;
	}
	return true;
}

/*
 * FieldNeeds
 *		The tables and files that the field looks up, as NEEDS_... bits.
 */
int
FieldNeeds(const Field *field)
{
	int needs = 0;

	if (field->kind == FIELD_ATTRIBUTE)
		return field->attribute == ATTRIBUTE_VENDOR     ? NEEDS_KNOWN_ACCOUNTS
			: field->attribute == ATTRIBUTE_OWN_ACCOUNT ? NEEDS_OWN_ACCOUNTS
														: 0;
	if (FIELD_IS_FUNCTION(field->kind))
		needs = FunctionOfKind(field->kind)->needs;
	for (int i = 0; i < field->narguments; i++)
		needs |= FieldNeeds(field->arguments[i]);
	return needs;
}

/* The length in bytes of the path that goes on at `text`, its first dot included. */
static int
BelowExtent(const char *text)
{
	int i = 0;

	while (text[i] != '\0')
	{
		if (text[i] == '"')
		{
			for (i++; text[i] != '\0' && text[i] != '"'; i++)
			{
				if (text[i] == '\\' && text[i + 1] != '\0')
					i++;
			}
			if (text[i] == '"')
				i++;
		}
		else if (text[i] == '\\' && text[i + 1] != '\0')
			i += 2;
		else if (text[i] == '.' || IsKeyByte(text + i))
			i++;
		else
			break;
	}
	return i;
}

/*
 * FieldFunctionExtent
 *		The length of the field that begins at `text` with a function; see field.h.
 *		Parentheses in quotes and behind a backslash do not count.
 */
int
FieldFunctionExtent(const char *text)
{
	int  depth = 0;
	char quote = '\0';
	int  i;

	for (i = 0; text[i] != '\0'; i++)
	{
		if (text[i] == '\\' && text[i + 1] != '\0')
			i++;
		else if (quote != '\0')
			quote = text[i] == quote ? '\0' : quote;
		else if (text[i] == '"' || text[i] == '\'')
			quote = text[i];
		else if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && --depth == 0)
			return i + 1 + (text[i + 1] == '.' ? BelowExtent(text + i + 1) : 0);
	}
	return i;
}

bool
FieldIsFunctionName(const char *text, int length)
{
	for (int i = 0; i < length; i++)
	{
		if (!IsNameByte(text[i]))
			return false;
	}
	return true;
}
