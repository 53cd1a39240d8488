/*
 * ocsf.c
 *	  Converts OCSF events that were made from CloudTrail records back to records.
 *
 * The mapping is OCSF's own mapping of CloudTrail, 1.0.0-rc.2 to 1.5.0, read backwards, which
 * AWS Security Lake follows (https://github.com/ocsf/examples, AWS CloudTrail).
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "base/isotime.h"
#include "base/jsonc.h"
#include "event/object_tree.h"
#include "event/ocsf.h"

/* About the year 33658. */
#define MAX_MILLIS INT64CONST(1000000000000000)

/* How a value of the OCSF event is converted to the record's. */
typedef enum Kind
{
	PLAIN,     /* as it is */
	FLAG_TEXT, /* a boolean that the record has as a string */
	FLAG,      /* a string that the record has as a boolean */
	JSON_TEXT, /* a string that holds JSON */
	TIME,      /* milliseconds since 1970 */
	CATEGORY   /* a string; some events list all categories, which says nothing */
} Kind;

typedef struct Mapping
{
	const char *from;
	const char *to;
	Kind        kind;
} Mapping;

/* In this order: the first mapping that finds a value for a member counts. */
static const Mapping Mappings[] = {
	{"metadata.product.version", "eventVersion", PLAIN},
	{"time", "eventTime", TIME},
	{"time_dt", "eventTime", PLAIN},
	{"metadata.uid", "eventID", PLAIN},
	{"metadata.event_code", "eventType", PLAIN},
	{"metadata.product.feature.name", "eventCategory", CATEGORY},
	{"api.operation", "eventName", PLAIN},
	{"api.service.name", "eventSource", PLAIN},
	{"api.version", "apiVersion", PLAIN},
	{"api.request.uid", "requestID", PLAIN},
	{"api.request.data", "requestParameters", JSON_TEXT},
	{"api.response.data", "responseElements", JSON_TEXT},
	{"api.response.error", "errorCode", PLAIN},
	{"api.response.message", "errorMessage", PLAIN},
	{"cloud.region", "awsRegion", PLAIN},
	{"region", "awsRegion", PLAIN},
	{"src_endpoint.ip", "sourceIPAddress", PLAIN},
	{"src_endpoint.domain", "sourceIPAddress", PLAIN},
	{"src_endpoint.uid", "vpcEndpointId", PLAIN},
	{"http_request.user_agent", "userAgent", PLAIN},
	{"actor.user.type", "userIdentity.type", PLAIN},
	{"actor.user.uuid", "userIdentity.arn", PLAIN},
	{"actor.user.uid_alt", "userIdentity.principalId", PLAIN},
	{"actor.user.uid", "userIdentity.arn", PLAIN},
	{"actor.user.name", "userIdentity.userName", PLAIN},
	{"actor.user.account.uid", "userIdentity.accountId", PLAIN},
	{"actor.user.account_uid", "userIdentity.accountId", PLAIN},
	{"actor.user.credential_uid", "userIdentity.accessKeyId", PLAIN},
	{"actor.invoked_by", "userIdentity.invokedBy", PLAIN},
	{"actor.idp.name", "userIdentity.identityProvider", PLAIN},
	{"actor.session.issuer", "userIdentity.sessionContext.sessionIssuer.arn", PLAIN},
	{"actor.session.created_time_dt", "userIdentity.sessionContext.attributes.creationDate", PLAIN},
	{"actor.session.created_time", "userIdentity.sessionContext.attributes.creationDate", TIME},
	{"actor.session.is_mfa", "userIdentity.sessionContext.attributes.mfaAuthenticated", FLAG_TEXT},
	{"actor.session.mfa", "userIdentity.sessionContext.attributes.mfaAuthenticated", FLAG_TEXT},
	{"cloud.account.uid", "recipientAccountId", PLAIN},
};

/* Members of the record that are strings in "unmapped": booleans, and JSON. */
static const char *const Flags[] = {"readOnly", "managementEvent", "sessionCredentialFromConsole"};
static const char *const JsonTexts[] = {"requestParameters",   "responseElements",
										"additionalEventData", "serviceEventDetails",
										"tlsDetails",          "resources"};

/* Find the value at a path of keys, joined by dots; returns false for none, null and "". */
static bool
ValueAt(JsonbContainer *object, const char *path, JsonbValue *value)
{
	for (;;)
	{
		const char *dot = strchr(path, '.');
		int         length = dot == NULL ? strlen(path) : dot - path;

		if (getKeyJsonValueFromContainer(object, path, length, value) == NULL)
			return false;
		if (dot == NULL)
			return value->type != jbvNull &&
				!(value->type == jbvString && value->val.string.len == 0);
		if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
			return false;
		object = value->val.binary.data;
		path = dot + 1;
	}
}

static bool
StringIs(const JsonbValue *value, const char *text)
{
	return value->type == jbvString && value->val.string.len == (int) strlen(text) &&
		memcmp(value->val.string.val, text, value->val.string.len) == 0;
}

bool
IsOcsf(JsonbContainer *object)
{
	JsonbValue value;

	return ValueAt(object, "class_uid", &value) &&
		ValueAt(object, "metadata.product.name", &value) && StringIs(&value, "CloudTrail") &&
		ValueAt(object, "api.operation", &value);
}

static void
SetString(JsonbValue *value, char *text)
{
	value->type = jbvString;
	value->val.string.val = text;
	value->val.string.len = strlen(text);
}

/* Is a number of milliseconds beyond any time?  It may have 131,072 digits and not fit an int64. */
static bool
IsFar(Numeric number)
{
	const Datum bound = NumericGetDatum(int64_to_numeric(MAX_MILLIS));
	const Datum size = DirectFunctionCall1(numeric_abs, NumericGetDatum(number));

	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, size, bound)) > 0;
}

/* Rewrite milliseconds since 1970 as CloudTrail writes times; returns false if they are no time. */
static bool
SetTime(JsonbValue *value)
{
	char *text = palloc(ISOTIME_TEXT_SIZE);
	int64 millis;

	if (value->type != jbvNumeric)
		return value->type == jbvString;
	if (IsFar(value->val.numeric))
		return false;
	millis = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
	if (!IsoTimeFormatShort(millis * 1000, text))
		return false;
	SetString(value, text);
	return true;
}

/* Replace a string by the object or array that it holds, if it holds one. */
static void
ReadJsonText(JsonbValue *value)
{
	int       offset = 0;
	JsonError error;
	Jsonb    *jsonb;

	if (value->type != jbvString)
		return;
	jsonb = JsonParse(value->val.string.val, value->val.string.len, &offset, &error);
	if (jsonb != NULL && offset == value->val.string.len && !JB_ROOT_IS_SCALAR(jsonb))
		JsonbToJsonbValue(jsonb, value);
}

/* Convert a value of the OCSF event; returns false if the record is to have none. */
static bool
Convert(JsonbValue *value, Kind kind)
{
	switch (kind)
	{
		case PLAIN:
			break;
		case FLAG_TEXT:
			if (value->type == jbvBool)
				SetString(value, value->val.boolean ? "true" : "false");
			break;
		case FLAG:
			if (StringIs(value, "true") || StringIs(value, "false"))
			{
				value->val.boolean = StringIs(value, "true");
				value->type = jbvBool;
			}
			break;
		case JSON_TEXT:
			ReadJsonText(value);
			break;
		case TIME:
			return SetTime(value);
		case CATEGORY:
			return value->type == jbvString &&
				memchr(value->val.string.val, ',', value->val.string.len) == NULL;
	}
	return true;
}

/* Is the text, of `length` bytes, one of a list? */
static bool
IsListed(const char *const *list, int count, const char *text, int length)
{
	for (int i = 0; i < count; i++)
		if ((int) strlen(list[i]) == length && memcmp(list[i], text, length) == 0)
			return true;
	return false;
}

/* What OCSF has no place for: keys are paths of the record, values strings. */
static void
AddUnmapped(ObjectTree *record, JsonbContainer *unmapped)
{
	JsonbIterator     *iterator = JsonbIteratorInit(unmapped);
	JsonbIteratorToken token;
	JsonbValue         key;
	JsonbValue         value;

	(void) JsonbIteratorNext(&iterator, &key, true);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) == WJB_KEY)
	{
		const char *path = key.val.string.val;
		int         length = key.val.string.len;

		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type == jbvNull || (value.type == jbvString && value.val.string.len == 0))
			continue;
		if (IsListed(Flags, lengthof(Flags), path, length))
			(void) Convert(&value, FLAG);
		else if (IsListed(JsonTexts, lengthof(JsonTexts), path, length))
			(void) Convert(&value, JSON_TEXT);
		ObjectTreeAdd(record, path, length, &value);
	}
}

/* One of the record's resources. */
static void
PushResource(JsonbParseState **state, JsonbContainer *resource)
{
	static const Mapping members[] = {{"uid", "ARN", PLAIN},
									  {"type", "type", PLAIN},
									  {"owner.account.uid", "accountId", PLAIN},
									  {"account_uid", "accountId", PLAIN}};
	ObjectTree          *tree = ObjectTreeCreate();
	JsonbValue           value;

	for (int i = 0; i < (int) lengthof(members); i++)
		if (ValueAt(resource, members[i].from, &value))
			ObjectTreeAdd(tree, members[i].to, strlen(members[i].to), &value);
	JsonbToJsonbValue(ObjectTreeFinish(tree), &value);
	pushJsonbValue(state, WJB_ELEM, &value);
}

static void
AddResources(ObjectTree *record, JsonbContainer *resources)
{
	JsonbIterator   *iterator = JsonbIteratorInit(resources);
	JsonbParseState *state = NULL;
	JsonbValue       value;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	(void) JsonbIteratorNext(&iterator, &value, true);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		if (value.type == jbvBinary && JsonContainerIsObject(value.val.binary.data))
			PushResource(&state, value.val.binary.data);
	}
	JsonbToJsonbValue(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)), &value);
	ObjectTreeAdd(record, "resources", strlen("resources"), &value);
}

/*
 * Before 1.1.0, the identity was in user.uuid, and user.uid held what user.uid_alt holds
 * since.
 */
static void
AddOldPrincipal(ObjectTree *record, JsonbContainer *event)
{
	const char *path = "userIdentity.principalId";
	JsonbValue  value;

	if (ValueAt(event, "actor.user.uuid", &value) && ValueAt(event, "actor.user.uid", &value))
		ObjectTreeAdd(record, path, strlen(path), &value);
}

Jsonb *
OcsfRecord(JsonbContainer *event)
{
	ObjectTree *record = ObjectTreeCreate();
	JsonbValue  value;

	for (int i = 0; i < (int) lengthof(Mappings); i++)
		if (ValueAt(event, Mappings[i].from, &value) && Convert(&value, Mappings[i].kind))
			ObjectTreeAdd(record, Mappings[i].to, strlen(Mappings[i].to), &value);
	AddOldPrincipal(record, event);
	if (ValueAt(event, "unmapped", &value) && value.type == jbvBinary &&
		JsonContainerIsObject(value.val.binary.data))
		AddUnmapped(record, value.val.binary.data);
	if (ValueAt(event, "resources", &value) && value.type == jbvBinary &&
		JsonContainerIsArray(value.val.binary.data))
		AddResources(record, value.val.binary.data);
	return ObjectTreeFinish(record);
}
