/*
 * row_shape.c
 *	  Builds a record from a row whose columns are members of the record.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/isotime.h"
#include "base/jsonc.h"
#include "event/event.h"
#include "event/row_shape.h"

/* Members of CloudTrail's records. */
static const char *const Members[] = {"addendum",
									  "additionalEventData",
									  "apiVersion",
									  "awsRegion",
									  "edgeDeviceDetails",
									  "errorCode",
									  "errorMessage",
									  "eventCategory",
									  "eventID",
									  "eventName",
									  "eventSource",
									  "eventTime",
									  "eventType",
									  "eventVersion",
									  "insightDetails",
									  "managementEvent",
									  "readOnly",
									  "recipientAccountId",
									  "requestID",
									  "requestParameters",
									  "resources",
									  "responseElements",
									  "serviceEventDetails",
									  "sessionCredentialFromConsole",
									  "sharedEventID",
									  "sourceIPAddress",
									  "timeWindow",
									  "tlsDetails",
									  "userAgent",
									  "userIdentity",
									  "vpcEndpointAccountId",
									  "vpcEndpointId"};

/* The members that are objects or arrays: a text in their column is JSON. */
static const char *const Containers[] = {"addendum",          "additionalEventData",
										 "edgeDeviceDetails", "insightDetails",
										 "requestParameters", "resources",
										 "responseElements",  "serviceEventDetails",
										 "timeWindow",        "tlsDetails",
										 "userIdentity"};

/* The members that are booleans, which some tools store as text. */
static const char *const Flags[] = {"managementEvent", "readOnly", "sessionCredentialFromConsole"};

/* How a column's value is converted to a member's. */
typedef enum ColumnKind
{
	COLUMN_JSONB,
	COLUMN_JSON, /* text that is JSON */
	COLUMN_TEXT,
	COLUMN_FLAG_TEXT,
	COLUMN_FLAG,
	COLUMN_INTEGER, /* of up to 8 bytes */
	COLUMN_NUMERIC,
	COLUMN_TIME,
	COLUMN_COMPOSITE, /* a row or an array: by to_jsonb */
	COLUMN_OTHER      /* by its type's output function */
} ColumnKind;

typedef struct RowColumn
{
	char      *member;
	int        member_length;
	Oid        type; /* not a domain */
	ColumnKind kind;
	bool       snake;   /* its keys may be written in snake_case */
	FmgrInfo   convert; /* for COLUMN_COMPOSITE and COLUMN_OTHER */
} RowColumn;

struct RowShape
{
	int       count;
	RowColumn columns[FLEXIBLE_ARRAY_MEMBER];
};

static bool
IsListed(const char *const *list, int count, const char *member)
{
	for (int i = 0; i < count; i++)
		if (strcmp(list[i], member) == 0)
			return true;
	return false;
}

/* Are two names equal, apart from case and underscores? */
static bool
IsSameName(const char *a, const char *b)
{
	for (;;)
	{
		a += strspn(a, "_");
		b += strspn(b, "_");
		if (pg_tolower((unsigned char) *a) != pg_tolower((unsigned char) *b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

const char *
RecordMember(const char *column)
{
	for (int i = 0; i < (int) lengthof(Members); i++)
		if (IsSameName(Members[i], column))
			return Members[i];
	return NULL;
}

static ColumnKind
KindOf(Oid type, const char *member)
{
	switch (type)
	{
		case JSONBOID:
			return COLUMN_JSONB;
		case JSONOID:
			return COLUMN_JSON;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return IsListed(Containers, lengthof(Containers), member) ? COLUMN_JSON
				: IsListed(Flags, lengthof(Flags), member)            ? COLUMN_FLAG_TEXT
																	  : COLUMN_TEXT;
		case BOOLOID:
			return COLUMN_FLAG;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return COLUMN_INTEGER;
		case NUMERICOID:
			return COLUMN_NUMERIC;
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			return COLUMN_TIME;
		default:
			return type_is_rowtype(type) || OidIsValid(get_element_type(type)) ? COLUMN_COMPOSITE
																			   : COLUMN_OTHER;
	}
}

/* Look up the function that converts a column's values, if its kind needs one. */
static void
SetConversion(RowColumn *column)
{
	Oid  output;
	bool varlena;

	if (column->kind == COLUMN_COMPOSITE)
	{
		/* to_jsonb finds its argument's type in the call's expression */
		fmgr_info(F_TO_JSONB, &column->convert);
		fmgr_info_set_expr((Node *) makeFuncExpr(F_TO_JSONB, JSONBOID,
												 list_make1(makeNullConst(column->type, -1,
																		  InvalidOid)),
												 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL),
						   &column->convert);
	}
	else if (column->kind == COLUMN_OTHER)
	{
		getTypeOutputInfo(column->type, &output, &varlena);
		fmgr_info(output, &column->convert);
	}
}

static void
SetColumn(RowColumn *column, char *member, Oid type)
{
	column->member = member;
	column->member_length = strlen(member);
	column->type = getBaseType(type);
	column->kind = KindOf(column->type, member);
	column->snake = strcmp(member, "userIdentity") == 0 || strcmp(member, "tlsDetails") == 0 ||
		strcmp(member, "resources") == 0;
	SetConversion(column);
}

RowShape *
RowShapeOfCall(FunctionCallInfo fcinfo, int members, int first)
{
	int       count = PG_NARGS() - first;
	RowShape *shape = palloc0(offsetof(RowShape, columns) + sizeof(RowColumn) * Max(count, 0));
	Datum    *names;
	bool     *nulls;
	int       nnames;

	if (PG_ARGISNULL(members) || get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("members and their columns must be given, one by one")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(members), TEXTOID, -1, false, TYPALIGN_INT, &names,
					  &nulls, &nnames);
	if (nnames != count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are %d columns for %d members", count, nnames)));
	shape->count = count;
	for (int i = 0; i < count; i++)
	{
		Oid type = get_fn_expr_argtype(fcinfo->flinfo, first + i);

		if (nulls[i] || !OidIsValid(type))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a member must not be NULL, and its column must have a type")));
		SetColumn(&shape->columns[i], TextDatumGetCString(names[i]), type);
	}
	return shape;
}

static void
SetString(JsonbValue *value, char *text, int length)
{
	value->type = jbvString;
	value->val.string.val = text;
	value->val.string.len = length;
}

/* Set the value to a jsonb, which may be a scalar; returns false for null. */
static bool
SetJsonb(JsonbValue *value, Jsonb *jsonb)
{
	if (JB_ROOT_IS_SCALAR(jsonb))
		(void) JsonbExtractScalar(&jsonb->root, value);
	else
		JsonbToJsonbValue(jsonb, value);
	return value->type != jbvNull;
}

/* Set the value to the JSON in a text, or to the text as a string if it is no JSON. */
static bool
SetJson(JsonbValue *value, text *json)
{
	int       offset = 0;
	JsonError error;
	Jsonb    *jsonb = JsonParse(VARDATA_ANY(json), VARSIZE_ANY_EXHDR(json), &offset, &error);

	if (jsonb != NULL && offset == (int) VARSIZE_ANY_EXHDR(json))
		return SetJsonb(value, jsonb);
	SetString(value, VARDATA_ANY(json), VARSIZE_ANY_EXHDR(json));
	return value->val.string.len > 0;
}

static bool
SetInteger(JsonbValue *value, Oid type, Datum datum)
{
	value->type = jbvNumeric;
	value->val.numeric = int64_to_numeric(type == INT2OID       ? DatumGetInt16(datum)
											  : type == INT4OID ? DatumGetInt32(datum)
																: DatumGetInt64(datum));
	return true;
}

/* A timestamp without time zone is taken as UTC, so both types are read alike. */
static bool
SetTime(JsonbValue *value, Timestamp time)
{
	char *text = palloc(ISOTIME_TEXT_SIZE);

	if (TIMESTAMP_NOT_FINITE(time) || !IsoTimeFormatShort(UNIX_MICROS(time), text))
		return false;
	SetString(value, text, strlen(text));
	return true;
}

static bool
SetFlag(JsonbValue *value, text *flag)
{
	const char *data = VARDATA_ANY(flag);
	int         length = VARSIZE_ANY_EXHDR(flag);

	SetString(value, VARDATA_ANY(flag), length);
	if (!(length == 4 && pg_strncasecmp(data, "true", 4) == 0) &&
		!(length == 5 && pg_strncasecmp(data, "false", 5) == 0))
		return length > 0;
	value->type = jbvBool;
	value->val.boolean = length == 4;
	return true;
}

/* Convert a column's value to a member's; returns false if the record is to have none. */
static bool
SetValue(JsonbValue *value, RowColumn *column, Datum datum)
{
	char *output;

	switch (column->kind)
	{
		case COLUMN_JSONB:
			return SetJsonb(value, DatumGetJsonbP(datum));
		case COLUMN_JSON:
			return SetJson(value, DatumGetTextPP(datum));
		case COLUMN_TEXT:
			SetString(value, VARDATA_ANY(DatumGetTextPP(datum)),
					  VARSIZE_ANY_EXHDR(DatumGetTextPP(datum)));
			return true;
		case COLUMN_FLAG_TEXT:
			return SetFlag(value, DatumGetTextPP(datum));
		case COLUMN_FLAG:
			value->type = jbvBool;
			value->val.boolean = DatumGetBool(datum);
			return true;
		case COLUMN_INTEGER:
			return SetInteger(value, column->type, datum);
		case COLUMN_NUMERIC:
			value->type = jbvNumeric;
			value->val.numeric = DatumGetNumeric(datum);
			return !numeric_is_nan(value->val.numeric) && !numeric_is_inf(value->val.numeric);
		case COLUMN_TIME:
			return SetTime(value, DatumGetTimestamp(datum));
		case COLUMN_COMPOSITE:
			return SetJsonb(value, DatumGetJsonbP(FunctionCall1(&column->convert, datum)));
		case COLUMN_OTHER:
			output = OutputFunctionCall(&column->convert, datum);
			SetString(value, output, strlen(output));
			return true;
	}
	return false;
}

/* ---------- members in snake_case ---------- */

/* Has an object, or the first one of an array, one of the snake_case keys that tools write? */
static bool
HasUnderscores(JsonbContainer *container)
{
	static const char *const keys[] = {"principal_id",    "account_id",  "access_key_id",
									   "session_context", "user_name",   "invoked_by",
									   "tls_version",     "cipher_suite"};
	JsonbValue               value;

	if (JsonContainerIsArray(container))
		return JsonContainerSize(container) > 0 &&
			getIthJsonbValueFromContainer(container, 0)->type == jbvBinary &&
			HasUnderscores(getIthJsonbValueFromContainer(container, 0)->val.binary.data);
	for (int i = 0; i < (int) lengthof(keys); i++)
		if (getKeyJsonValueFromContainer(container, keys[i], strlen(keys[i]), &value) != NULL)
			return true;
	return false;
}

/* Rewrite session_context as sessionContext, and arn as ARN if `upper` is set. */
static void
CamelKey(JsonbValue *key, bool upper)
{
	char *camel = palloc(key->val.string.len + 1);
	int   length = 0;

	for (int i = 0; i < key->val.string.len; i++)
	{
		const char *text = key->val.string.val;

		if (text[i] == '_' && length > 0 && i + 1 < key->val.string.len)
			camel[length++] = pg_toupper((unsigned char) text[++i]);
		else
			camel[length++] = text[i];
	}
	camel[length] = '\0';
	if (upper && strcmp(camel, "arn") == 0)
		strcpy(camel, "ARN");
	SetString(key, camel, length);
}

/* Rewrite all keys of a container in camelCase. */
static void
Camelise(JsonbValue *value, bool upper)
{
	JsonbIterator     *iterator = JsonbIteratorInit(value->val.binary.data);
	JsonbParseState   *state = NULL;
	JsonbValue        *result = NULL;
	JsonbIteratorToken token;
	JsonbValue         part;

	while ((token = JsonbIteratorNext(&iterator, &part, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_KEY)
			CamelKey(&part, upper);
		result = pushJsonbValue(&state, token,
								token == WJB_KEY || token == WJB_VALUE || token == WJB_ELEM ? &part
																							: NULL);
	}
	JsonbToJsonbValue(JsonbValueToJsonb(result), value);
}

/* ---------- rows ---------- */

Jsonb *
RowShapeDocument(RowShape *shape, const NullableDatum *values)
{
	JsonbParseState *state = NULL;
	bool             any = false;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < shape->count; i++)
	{
		RowColumn *column = &shape->columns[i];
		JsonbValue key;
		JsonbValue value;

		if (values[i].isnull || !SetValue(&value, column, values[i].value))
			continue;
		if (column->snake && value.type == jbvBinary && HasUnderscores(value.val.binary.data))
			Camelise(&value, strcmp(column->member, "resources") == 0);
		any = true;
		SetString(&key, column->member, column->member_length);
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return any ? JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)) : NULL;
}
