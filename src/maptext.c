/*
 * maptext.c
 *	  The text form of objects and arrays, as Elastic stores requestParameters.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "maptext.h"

/*
 * Append a scalar without quotes.
 */
static void
AppendScalar(StringInfo out, const JsonbValue *value)
{
	char	   *number;

	switch (value->type)
	{
		case jbvString:
			appendBinaryStringInfo(out, value->val.string.val,
								   value->val.string.len);
			break;
		case jbvNumeric:
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
}

/*
 * MapTextAppend
 *
 * Append a container's text form; see maptext.h.  Walks nested containers
 * without recursion.
 */
void
MapTextAppend(StringInfo out, JsonbContainer *container)
{
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue	value;
	bool		first = true;	/* nothing stands before in this container */
	bool		behind_key = false;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		bool		opens = token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY;

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
				appendBinaryStringInfo(out, value.val.string.val,
									   value.val.string.len);
				appendStringInfoChar(out, '=');
				break;
			case WJB_VALUE:
			case WJB_ELEM:
				AppendScalar(out, &value);
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
}
