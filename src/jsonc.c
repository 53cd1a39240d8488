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
#include "mb/pg_wchar.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "compat.h"
#include "decimal.h"
#include "jsonbtext.h"
#include "jsonc.h"

/* What json-c allocated by malloc, freed with a memory context. */
typedef struct Parsing
{
	MemoryContextCallback callback;
	struct json_tokener *tokener;
	struct json_object *document;
} Parsing;

static void
FreeParsing(void *argument)
{
	Parsing    *parsing = argument;

	if (parsing->document != NULL)
		json_object_put(parsing->document);
	if (parsing->tokener != NULL)
		json_tokener_free(parsing->tokener);
}

/*
 * A string without U+0000, which jsonb cannot hold: each becomes U+FFFD, as a
 * lone surrogate already has in json-c.
 */
static void
SetJsonString(JsonbValue *value, const char *text, int length)
{
	int			zeros = 0;

	for (int i = 0; i < length; i++)
		zeros += text[i] == '\0';
	value->type = jbvString;
	value->val.string.len = length + 2 * zeros;
	if (zeros == 0)
		value->val.string.val = unconstify(char *, text);
	else
	{
		char	   *clean = palloc(length + 2 * zeros);

		value->val.string.val = clean;
		for (int i = 0; i < length; i++)
		{
			if (text[i] == '\0')
			{
				memcpy(clean, "\xef\xbf\xbd", 3);
				clean += 3;
			}
			else
				*clean++ = text[i];
		}
	}
}

/* Was an integer too large for json-c, which then takes the nearest it has? */
static bool
IsSaturated(struct json_object *object)
{
	return json_object_get_uint64(object) == PG_UINT64_MAX ||
		json_object_get_int64(object) == PG_INT64_MIN;
}

/* What became of pushing a value. */
typedef enum Pushed
{
	PUSHED,
	PUSHED_SATURATED,			/* json-c lost the digits of an integer */
	PUSHED_UNREADABLE			/* no number that we read */
} Pushed;

static Pushed
PushObject(JsonbParseState **state, JsonbIteratorToken token,
		   struct json_object *object, JsonbValue **result)
{
	JsonbValue	value;

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
				const char *text = json_object_to_json_string_ext(object,
																  JSON_C_TO_STRING_PLAIN);

				if (!DecimalValid(text, strlen(text)))
					return PUSHED_UNREADABLE;
				if (json_object_get_type(object) == json_type_int && IsSaturated(object))
					return PUSHED_SATURATED;
				value.type = jbvNumeric;
				value.val.numeric = NumericOfText(text);
				break;
			}
		case json_type_string:
			SetJsonString(&value, json_object_get_string(object),
						  json_object_get_string_len(object));
			break;
		case json_type_array:
			{
				size_t		length = json_object_array_length(object);

				pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
				for (size_t i = 0; i < length; i++)
				{
					Pushed		pushed = PushObject(state, WJB_ELEM,
													json_object_array_get_idx(object, i),
													result);

					if (pushed != PUSHED)
						return pushed;
				}
				*result = pushJsonbValue(state, WJB_END_ARRAY, NULL);
				return PUSHED;
			}
		case json_type_object:
			{
				struct json_object_iterator each = json_object_iter_begin(object);
				struct json_object_iterator end = json_object_iter_end(object);

				pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
				for (; !json_object_iter_equal(&each, &end); json_object_iter_next(&each))
				{
					const char *key = json_object_iter_peek_name(&each);
					JsonbValue	key_value;
					Pushed		pushed;

					SetJsonString(&key_value, key, strlen(key));
					pushJsonbValue(state, WJB_KEY, &key_value);
					pushed = PushObject(state, WJB_VALUE,
										json_object_iter_peek_value(&each), result);
					if (pushed != PUSHED)
						return pushed;
				}
				*result = pushJsonbValue(state, WJB_END_OBJECT, NULL);
				return PUSHED;
			}
	}

	/* a scalar document is wrapped, as jsonb_in does it */
	if (*state == NULL)
	{
		JsonbValue	wrapper;

		wrapper.type = jbvArray;
		wrapper.val.array.rawScalar = true;
		wrapper.val.array.nElems = 1;
		pushJsonbValue(state, WJB_BEGIN_ARRAY, &wrapper);
		pushJsonbValue(state, WJB_ELEM, &value);
		*result = pushJsonbValue(state, WJB_END_ARRAY, NULL);
	}
	else
		*result = pushJsonbValue(state, token, &value);
	return PUSHED;
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

Jsonb *
JsonParse(const char *text, int length, int *offset, JsonError *error)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	Parsing    *parsing;
	JsonbParseState *state = NULL;
	JsonbValue *value = NULL;
	Jsonb	   *result = NULL;
	int			start = *offset;

	error->position = *offset + 1;
	if (length - *offset > JSON_MAX_LENGTH)
	{
		error->message = "the document is longer than 256 MB";
		return NULL;
	}

	context = AllocSetContextCreate(caller, "newterm json", ALLOCSET_DEFAULT_SIZES);
	parsing = MemoryContextAllocZero(context, sizeof(Parsing));
	parsing->callback.func = FreeParsing;
	parsing->callback.arg = parsing;
	MemoryContextRegisterResetCallback(context, &parsing->callback);
	MemoryContextSwitchTo(context);

	parsing->tokener = json_tokener_new_ex(JSON_MAX_DEPTH);
	if (parsing->tokener == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));

	/*
	 * json-c is not asked to be strict, as each version means something else
	 * by it: 0.16 lets 'keys' and NaN pass, from 0.17 on it refuses integers
	 * of more than 64 bits, and 0.18 all letters beyond ASCII.
	 */
	json_tokener_set_flags(parsing->tokener, JSON_TOKENER_ALLOW_TRAILING_CHARS);
	parsing->document = json_tokener_parse_ex(parsing->tokener, text + *offset,
											  length - *offset);
	/* a bare number ends only with something behind it */
	if (json_tokener_get_error(parsing->tokener) == json_tokener_continue)
	{
		parsing->document = json_tokener_parse_ex(parsing->tokener, "", 1);
		*offset = length;
	}

	if (json_tokener_get_error(parsing->tokener) != json_tokener_success)
	{
		error->position = *offset + 1 +
			Min((int) json_tokener_get_parse_end(parsing->tokener), length - *offset);
		error->message =
			json_tokener_get_error(parsing->tokener) == json_tokener_error_parse_eof ||
			json_tokener_get_error(parsing->tokener) == json_tokener_continue ?
			"the document ends too early" :
			json_tokener_error_desc(json_tokener_get_error(parsing->tokener));
	}
	else
	{
		*offset += Min((int) json_tokener_get_parse_end(parsing->tokener),
					   length - *offset);
		if (!IsStrictJson(text + start, *offset - start, &error->position))
			error->message = "the text is no strict JSON";
		else
			switch (PushObject(&state, WJB_ELEM, parsing->document, &value))
			{
				case PUSHED:
					MemoryContextSwitchTo(caller);
					result = JsonbValueToJsonb(value);
					break;
				case PUSHED_SATURATED:
					MemoryContextSwitchTo(caller);
					result = JsonbOfText(text + start, *offset - start);
					break;
				case PUSHED_UNREADABLE:
					error->message = "a number is too large";
					break;
			}
		while (*offset < length && isspace((unsigned char) text[*offset]))
			(*offset)++;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return result;
}
