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
#define NUMBER_BOUND		"1e500"
#define NUMBER_MAX_SCALE	500

/* How strings and members are written. */
typedef enum TextStyle
{
	TEXT_JSON,					/* {"a": "x"} */
	TEXT_MAP					/* {a=x} */
} TextStyle;

Numeric
NumericOfText(const char *text)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
											   ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
}

bool
NumberIsTooLong(Numeric number)
{
	static Datum bound = 0;
	static Datum negative_bound = 0;
	Datum		value = NumericGetDatum(number);

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
	char	   *text;

	if (style == TEXT_MAP)
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
	char	   *number;

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
AppendContainer(StringInfo out, JsonbContainer *container, TextStyle style)
{
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue	value;
	bool		first = true;	/* nothing stands before in this container */
	bool		behind_key = false;
	bool		complete = true;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		bool		opens = token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY;

		CHECK_FOR_INTERRUPTS();
		/* A value behind its key needs no comma; all others but the first do. */
		if ((opens || token == WJB_KEY || token == WJB_ELEM) &&
			!first && !behind_key)
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
				AppendString(out, &value, style);
				appendStringInfoString(out, style == TEXT_JSON ? ": " : "=");
				break;
			case WJB_VALUE:
			case WJB_ELEM:
				complete &= AppendScalar(out, &value, style);
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
		AppendContainer(out, value->val.binary.data, TEXT_JSON);
	else
		AppendScalar(out, value, TEXT_MAP);
}

bool
JsonbTextAppendJson(StringInfo out, const JsonbValue *value)
{
	return value->type == jbvBinary ?
		AppendContainer(out, value->val.binary.data, TEXT_JSON) :
		AppendScalar(out, value, TEXT_JSON);
}

void
JsonbTextAppendMap(StringInfo out, JsonbContainer *container)
{
	AppendContainer(out, container, TEXT_MAP);
}
