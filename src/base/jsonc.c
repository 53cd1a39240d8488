/*
 * jsonc.c
 *	  JSON documents by json-c: text columns and log files into jsonb.
 */
#include "postgres.h"

#include <ctype.h>
#include <json-c/json_object.h>
#include <json-c/json_object_iterator.h>
#include <json-c/json_tokener.h>

#include "common/jsonapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/decimal.h"
#include "base/jsonbtext.h"
#include "base/jsonc.h"

/* Integers of fewer digits fit into 64 bits. */
#define SATURATING_DIGITS 19

/* What json-c allocated by malloc, freed with a memory context. */
typedef struct Parsing
{
	MemoryContextCallback callback;
	struct json_tokener  *tokener;
	struct json_object   *document;
} Parsing;

static void
FreeParsing(void *argument)
{
	Parsing *parsing = argument;

	if (parsing->document != NULL)
		json_object_put(parsing->document);
	if (parsing->tokener != NULL)
		json_tokener_free(parsing->tokener);
}

/* Was an integer too large for json-c, which then takes the nearest it has? */
static bool
IsSaturated(struct json_object *object)
{
	return json_object_get_type(object) == json_type_int &&
		(json_object_get_uint64(object) == PG_UINT64_MAX ||
		 json_object_get_int64(object) == PG_INT64_MIN);
}

/*
 * PushObject
 *		Push a value and all below it.  Returns false where its text must be
 *		prepared first: at an integer of which json-c may have lost the digits,
 *		or a number that we do not read.
 */
static bool
PushObject(JsonbParseState **state, JsonbIteratorToken token, struct json_object *object,
		   bool prepared, JsonbValue **result)
{
	JsonbValue value;

	switch (json_object_get_type(object))
	{
		case json_type_null:
			value.type = jbvNull;
			break;
		case json_type_boolean:
			value.type = jbvBool;
			value.val.boolean = json_object_get_boolean(object);
			break;
		case json_type_double:
		case json_type_int:
			{
				const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);

				if (!prepared && (IsSaturated(object) || !DecimalValid(text, strlen(text))))
					return false;
				value.type = jbvNumeric;
				value.val.numeric = NumericOfText(text);
				break;
			}
		case json_type_string:
			value.type = jbvString;
			value.val.string.val = unconstify(char *, json_object_get_string(object));
			value.val.string.len = json_object_get_string_len(object);
			break;
		case json_type_array:
			{
				size_t length = json_object_array_length(object);

				pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
				for (size_t i = 0; i < length; i++)
				{
					CHECK_FOR_INTERRUPTS();
					if (!PushObject(state, WJB_ELEM, json_object_array_get_idx(object, i), prepared,
									result))
						return false;
				}
				*result = pushJsonbValue(state, WJB_END_ARRAY, NULL);
				return true;
			}
		case json_type_object:
			{
				struct json_object_iterator each = json_object_iter_begin(object);
				struct json_object_iterator end = json_object_iter_end(object);

				pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
				for (; !json_object_iter_equal(&each, &end); json_object_iter_next(&each))
				{
					const char *key = json_object_iter_peek_name(&each);

					CHECK_FOR_INTERRUPTS();
					value.type = jbvString;
					value.val.string.val = unconstify(char *, key);
					value.val.string.len = strlen(key);
					pushJsonbValue(state, WJB_KEY, &value);
					if (!PushObject(state, WJB_VALUE, json_object_iter_peek_value(&each), prepared,
									result))
						return false;
				}
				*result = pushJsonbValue(state, WJB_END_OBJECT, NULL);
				return true;
			}
	}

	/* a scalar document is wrapped, as jsonb_in does it */
	if (*state == NULL)
	{
		JsonbValue wrapper;

		wrapper.type = jbvArray;
		wrapper.val.array.rawScalar = true;
		wrapper.val.array.nElems = 1;
		pushJsonbValue(state, WJB_BEGIN_ARRAY, &wrapper);
		pushJsonbValue(state, WJB_ELEM, &value);
		*result = pushJsonbValue(state, WJB_END_ARRAY, NULL);
	}
	else
		*result = pushJsonbValue(state, token, &value);
	return true;
}

/* The document as a value of jsonb; NULL where its text must be prepared first. */
static JsonbValue *
DocumentValue(struct json_object *document, bool prepared)
{
	JsonbParseState *state = NULL;
	JsonbValue      *value = NULL;

	return PushObject(&state, WJB_ELEM, document, prepared, &value) ? value : NULL;
}

/*
 * PostgreSQL's own parser has the last word on what is JSON.  Moves *position
 * to what it does not take.
 */
static bool
IsStrictJson(const char *text, int length, int *position)
{
	JsonLexContext *lexer = CompatJsonLexer(text, length);

	if (pg_parse_json(lexer, &nullSemAction) == JSON_SUCCESS)
		return true;
	*position += lexer->token_start == NULL ? length : lexer->token_start - lexer->input;
	return false;
}

/* Is a backslash that begins an escape the one of \u0000? */
static bool
EscapesZero(const char *backslash)
{
	return backslash[1] == 'u' && memcmp(backslash + 2, "0000", 4) == 0;
}

/* Is there a \u0000 in strict JSON? */
static bool
HasZero(const char *text, int length)
{
	const char *end = text + length;

	while ((text = memchr(text, '\\', end - text)) != NULL)
	{
		if (EscapesZero(text))
			return true;
		text += 2; /* what it escapes may be a backslash too */
	}
	return false;
}

/*
 * ReadNumber
 *		The length of the number at `text`, or -1 and error->message where we do not read it.
 *		*saturates tells whether json-c would cut it to 64 bits.
 */
static int
ReadNumber(const char *text, const char *end, bool *saturates, JsonError *error)
{
	const char *next = text + 1;
	bool        integer = true;
	int         size;

	for (; next < end && strchr("+-.0123456789eE", *next) != NULL; next++)
		integer &= isdigit((unsigned char) *next) != 0;
	size = next - text;
	*saturates = integer && size - (*text == '-') >= SATURATING_DIGITS;
	if (DecimalValid(text, size))
		return size;
	error->message = size > DECIMAL_MAX_LENGTH
		? "a number has more than " CppAsString2(DECIMAL_MAX_LENGTH) " characters"
		: "a number has an exponent beyond " CppAsString2(DECIMAL_MAX_EXPONENT);
	return -1;
}

/*
 * Prepare
 *		Rewrite strict JSON so that json-c loses nothing: it cuts keys at U+0000,
 *		which becomes U+FFFD, and keeps the text of large integers only where
 *		they have an exponent.  Returns false and fills *error, whose position is
 *		that of the text, at a number that we do not read.
 */
static bool
Prepare(const char *text, int length, StringInfo prepared, JsonError *error)
{
	const char *end = text + length;
	const char *next = text;
	const char *copied = text; /* the first byte that is not in prepared yet */
	bool        in_string = false;

	initStringInfo(prepared);
	while (next < end)
	{
		if (in_string && *next == '\\')
		{
			if (EscapesZero(next))
			{
				appendBinaryStringInfo(prepared, copied, next - copied);
				appendStringInfoString(prepared, "\\ufffd");
				copied = next + strlen("\\u0000");
			}
			next += 2;
		}
		else if (!in_string && (*next == '-' || isdigit((unsigned char) *next)))
		{
			bool saturates;
			int  size = ReadNumber(next, end, &saturates, error);

			if (size < 0)
			{
				error->position += next - text;
				return false;
			}
			next += size;
			if (saturates)
			{
				appendBinaryStringInfo(prepared, copied, next - copied);
				appendStringInfoString(prepared, "e0");
				copied = next;
			}
		}
		else
		{
			if (*next == '"')
				in_string = !in_string;
			next++;
		}
	}
	appendBinaryStringInfo(prepared, copied, end - copied);
	return true;
}

/*
 * Tokenise
 *		Parse the value at the start of the text by json-c.  *consumed is how far
 *		it came, also where it failed.
 */
static bool
Tokenise(Parsing *parsing, const char *text, int length, int *consumed)
{
	parsing->document = json_tokener_parse_ex(parsing->tokener, text, length);
	*consumed = Min((int) json_tokener_get_parse_end(parsing->tokener), length);
	/* a bare number ends only with something behind it */
	if (json_tokener_get_error(parsing->tokener) == json_tokener_continue)
	{
		parsing->document = json_tokener_parse_ex(parsing->tokener, "", 1);
		*consumed = length;
	}
	return json_tokener_get_error(parsing->tokener) == json_tokener_success;
}

/*
 * PreparedValue
 *		The value of strict JSON that json-c cannot read as it stands.  Returns
 *		NULL and fills *error where we do not read it either.
 */
static JsonbValue *
PreparedValue(Parsing *parsing, const char *text, int length, JsonError *error)
{
	StringInfoData prepared;
	int            consumed;

	if (!Prepare(text, length, &prepared, error))
		return NULL;
	json_object_put(parsing->document);
	if (!Tokenise(parsing, prepared.data, prepared.len, &consumed))
	{
		error->message = json_tokener_error_desc(json_tokener_get_error(parsing->tokener));
		return NULL;
	}
	return DocumentValue(parsing->document, true);
}

/* Begin to parse in a memory context whose end frees what json-c allocated. */
static Parsing *
BeginParsing(MemoryContext context)
{
	Parsing *parsing = MemoryContextAllocZero(context, sizeof(Parsing));

	parsing->callback.func = FreeParsing;
	parsing->callback.arg = parsing;
	MemoryContextRegisterResetCallback(context, &parsing->callback);
	parsing->tokener = json_tokener_new_ex(JSON_MAX_DEPTH);
	if (parsing->tokener == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));

	/*
	 * json-c is not asked to be strict, as each version means something else
	 * by it: 0.16 lets 'keys' and NaN pass, from 0.17 on it refuses integers
	 * of more than 64 bits, and 0.18 all letters beyond ASCII.
	 */
	json_tokener_set_flags(parsing->tokener, JSON_TOKENER_ALLOW_TRAILING_CHARS);
	return parsing;
}

/*
 * ReadDocument
 *		The first document of a text, of *consumed bytes, or NULL and *error where newterm
 *		does not read it.
 */
static JsonbValue *
ReadDocument(Parsing *parsing, const char *text, int length, int *consumed, JsonError *error)
{
	JsonbValue *value = NULL;

	if (!Tokenise(parsing, text, length, consumed))
	{
		enum json_tokener_error failure = json_tokener_get_error(parsing->tokener);

		error->position += *consumed;
		error->message = failure == json_tokener_error_parse_eof || failure == json_tokener_continue
			? "the document ends too early"
			: json_tokener_error_desc(failure);
		return NULL;
	}
	if (!IsStrictJson(text, *consumed, &error->position))
	{
		error->message = "the text is no strict JSON";
		return NULL;
	}
	if (!HasZero(text, *consumed))
		value = DocumentValue(parsing->document, false);
	return value != NULL ? value : PreparedValue(parsing, text, *consumed, error);
}

Jsonb *
JsonParse(const char *text, int length, int *offset, JsonError *error)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	Jsonb        *result = NULL;
	JsonbValue   *value;
	int           consumed;

	error->position = *offset + 1;
	if (length - *offset > JSON_MAX_LENGTH)
	{
		error->message = "the document is longer than 256 MB";
		return NULL;
	}
	context = AllocSetContextCreate(caller, "newterm json", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	value = ReadDocument(BeginParsing(context), text + *offset, length - *offset, &consumed, error);
	MemoryContextSwitchTo(caller);
	if (value != NULL)
	{
		result = JsonbValueToJsonb(value);
		*offset += consumed;
		while (*offset < length && isspace((unsigned char) text[*offset]))
			(*offset)++;
	}
	MemoryContextDelete(context);
	return result;
}
