/*
 * jsonbtext.c
 *	  Values of jsonb as text.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/jsonbtext.h"

/* Numbers from here on, or with more digits behind the point, are not written. */
#define NUMBER_BOUND     "1e500"
#define NUMBER_MAX_SCALE 500

/* How strings are written. */
typedef enum TextStyle
{
	TEXT_JSON, /* "x" */
	TEXT_PLAIN /* x */
} TextStyle;

Numeric
NumericOfText(const char *text)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

bool
NumberIsTooLong(Numeric number)
{
	static Datum bound = 0;
	static Datum negative_bound = 0;
	Datum        value = NumericGetDatum(number);

	if (negative_bound == 0)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		bound = NumericGetDatum(NumericOfText(NUMBER_BOUND));
		negative_bound = NumericGetDatum(NumericOfText("-" NUMBER_BOUND));
		MemoryContextSwitchTo(old);
	}
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, value, bound)) >= 0 ||
		DatumGetInt32(DirectFunctionCall2(numeric_cmp, value, negative_bound)) <= 0 ||
		DatumGetInt32(DirectFunctionCall1(numeric_scale, value)) > NUMBER_MAX_SCALE;
}

static void
AppendString(StringInfo out, const JsonbValue *value, TextStyle style)
{
	char *text;

	if (style == TEXT_PLAIN)
	{
		appendBinaryStringInfo(out, value->val.string.val, value->val.string.len);
		return;
	}
	text = pnstrdup(value->val.string.val, value->val.string.len);
	escape_json(out, text);
	pfree(text);
}

/* Returns false where a number was too long. */
static bool
AppendScalar(StringInfo out, const JsonbValue *value, TextStyle style)
{
	char *number;

	switch (value->type)
	{
		case jbvString:
			AppendString(out, value, style);
			break;
		case jbvNumeric:
			if (NumberIsTooLong(value->val.numeric))
			{
				appendStringInfoString(out, style == TEXT_JSON ? "\"…\"" : "…");
				return false;
			}
			number = DatumGetCString(DirectFunctionCall1(numeric_out,
														 NumericGetDatum(value->val.numeric)));
			appendStringInfoString(out, number);
			pfree(number);
			break;
		case jbvBool:
			appendStringInfoString(out, value->val.boolean ? "true" : "false");
			break;
		default:
			appendStringInfoString(out, "null");
			break;
	}
	return true;
}

/*
 * AppendContainer
 *		Walks nested containers without recursion.  Returns false where a number
 *		was too long.
 */
static bool
AppendContainer(StringInfo out, JsonbContainer *container)
{
	JsonbIterator     *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue         value;
	bool               first = true; /* nothing stands before in this container */
	bool               behind_key = false;
	bool               complete = true;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		bool opens = token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY;

		CHECK_FOR_INTERRUPTS();
		/* A value behind its key needs no comma; all others but the first do. */
		if ((opens || token == WJB_KEY || token == WJB_ELEM) && !first && !behind_key)
			appendStringInfoString(out, ", ");

		switch (token)
		{
			case WJB_BEGIN_OBJECT:
				appendStringInfoChar(out, '{');
				break;
			case WJB_BEGIN_ARRAY:
				appendStringInfoChar(out, '[');
				break;
			case WJB_KEY:
				AppendString(out, &value, TEXT_JSON);
				appendStringInfoString(out, ": ");
				break;
			case WJB_VALUE:
			case WJB_ELEM:
				complete &= AppendScalar(out, &value, TEXT_JSON);
				break;
			case WJB_END_OBJECT:
				appendStringInfoChar(out, '}');
				break;
			case WJB_END_ARRAY:
				appendStringInfoChar(out, ']');
				break;
			default:
				break;
		}
		first = opens;
		behind_key = token == WJB_KEY;
	}
	return complete;
}

void
JsonbTextAppend(StringInfo out, const JsonbValue *value)
{
	if (value->type == jbvBinary)
		AppendContainer(out, value->val.binary.data);
	else
		AppendScalar(out, value, TEXT_PLAIN);
}

bool
JsonbTextAppendJson(StringInfo out, const JsonbValue *value)
{
	return value->type == jbvBinary ? AppendContainer(out, value->val.binary.data)
									: AppendScalar(out, value, TEXT_JSON);
}

/* Is a scalar one that Elastic's pipeline keeps? */
static bool
ScalarIsFilled(const JsonbValue *value)
{
	const char *text = value->val.string.val;

	if (value->type != jbvString)
		return value->type != jbvNull;
	switch (value->val.string.len)
	{
		case 0:
			return false;
		case 1:
			return text[0] != '-';
		case 4:
			return memcmp(text, "none", 4) != 0;
		default:
			return true;
	}
}

bool
JsonbTextIsFilled(const JsonbValue *value)
{
	JsonbIterator     *iterator;
	JsonbIteratorToken token;
	JsonbValue         part;

	if (value->type != jbvBinary)
		return ScalarIsFilled(value);
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &part, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if ((token == WJB_VALUE || token == WJB_ELEM) && ScalarIsFilled(&part))
			return true;
	}
	return false;
}

/* A container that is being written. */
typedef struct MapLevel
{
	int  start;  /* of the text, from its comma and key on */
	bool filled; /* something was written into it */
} MapLevel;

/* Cut the text off at a length that it had. */
static void
Truncate(StringInfo out, int length)
{
	out->len = length;
	out->data[length] = '\0';
}

/*
 * Walks nested containers without recursion.  A member is written before it is
 * known to be empty, and then cut off again.
 */
void
JsonbTextAppendMap(StringInfo out, JsonbContainer *container)
{
	JsonbIterator     *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue         value;
	int                allocated = 16;
	int                depth = -1;
	MapLevel          *levels = palloc(sizeof(MapLevel) * allocated);
	int                start = out->len; /* of the member at hand */
	bool               behind_key = false;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (!behind_key && token != WJB_END_OBJECT && token != WJB_END_ARRAY)
		{
			start = out->len;
			if (depth >= 0 && levels[depth].filled)
				appendStringInfoString(out, ", ");
		}
		behind_key = token == WJB_KEY;

		switch (token)
		{
			case WJB_BEGIN_OBJECT:
			case WJB_BEGIN_ARRAY:
				if (++depth == allocated)
				{
					allocated *= 2;
					levels = repalloc(levels, sizeof(MapLevel) * allocated);
				}
				levels[depth] = (MapLevel){start, false};
				appendStringInfoChar(out, token == WJB_BEGIN_OBJECT ? '{' : '[');
				break;
			case WJB_KEY:
				AppendString(out, &value, TEXT_PLAIN);
				appendStringInfoChar(out, '=');
				break;
			case WJB_VALUE:
			case WJB_ELEM:
				if (ScalarIsFilled(&value))
				{
					AppendScalar(out, &value, TEXT_PLAIN);
					levels[depth].filled = true;
				}
				else
					Truncate(out, start);
				break;
			case WJB_END_OBJECT:
			case WJB_END_ARRAY:
				appendStringInfoChar(out, token == WJB_END_OBJECT ? '}' : ']');
				if (depth > 0)
				{
					if (levels[depth].filled)
						levels[depth - 1].filled = true;
					else
						Truncate(out, levels[depth].start);
				}
				depth--;
				break;
			default:
				break;
		}
	}
	pfree(levels);
}
