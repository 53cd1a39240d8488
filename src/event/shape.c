/*
 * shape.c
 *	  Finds the records inside a document: a log file, an envelope, a tool's row.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/compat.h"
#include "base/jsonc.h"
#include "event/ocsf.h"
#include "event/shape.h"

/* Each record has at least one of these members. */
static const char *const RecordKeys[] = {"eventTime", "eventName",    "eventSource",
										 "eventID",   "eventVersion", "userIdentity"};

/* A member of an envelope that holds records, or another envelope. */
typedef struct Layer
{
	const char  *key;
	const char  *beside; /* a member that must be there too, or NULL */
	DocumentKind kind;
} Layer;

/* In this order: an object is read by the first of these members that it has. */
static const Layer Layers[] = {
	{"Records", NULL, DOCUMENT_RECORDS},
	{"Events", NULL, DOCUMENT_LOOKUP},
	{"CloudTrailEvent", NULL, DOCUMENT_CLOUDTRAIL_EVENT},
	{"detail", "detail-type", DOCUMENT_EVENTBRIDGE},
	{"Message", NULL, DOCUMENT_SNS},
	{"Messages", NULL, DOCUMENT_SQS},
	{"Body", NULL, DOCUMENT_SQS},
	{"body", NULL, DOCUMENT_SQS},
	{"logEvents", NULL, DOCUMENT_CLOUDWATCH},
	{"message", NULL, DOCUMENT_CLOUDWATCH},
	{"_airbyte_data", NULL, DOCUMENT_SHIPPED},
	{"log", NULL, DOCUMENT_SHIPPED},
	{"event", NULL, DOCUMENT_SHIPPED},
};

static const char *const KindNames[] = {
	[DOCUMENT_UNKNOWN] = "unknown",
	[DOCUMENT_EMPTY] = "empty",
	[DOCUMENT_RECORD] = "record",
	[DOCUMENT_RECORDS] = "records",
	[DOCUMENT_ARRAY] = "array",
	[DOCUMENT_LOOKUP] = "lookup-events",
	[DOCUMENT_CLOUDTRAIL_EVENT] = "cloudtrail-event",
	[DOCUMENT_EVENTBRIDGE] = "eventbridge",
	[DOCUMENT_SNS] = "sns",
	[DOCUMENT_SQS] = "sqs",
	[DOCUMENT_CLOUDWATCH] = "cloudwatch",
	[DOCUMENT_SHIPPED] = "shipped",
	[DOCUMENT_OCSF] = "ocsf",
};

/* A document that is being read. */
typedef struct Reading
{
	RecordFunction function;
	void          *state;
	Document       found;
} Reading;

static DocumentKind ReadValue(Reading *reading, JsonbValue *value, int depth);

const char *
DocumentKindName(DocumentKind kind)
{
	return KindNames[kind];
}

bool
IsRecordKey(const char *key, int length)
{
	for (int i = 0; i < (int) lengthof(RecordKeys); i++)
		if ((int) strlen(RecordKeys[i]) == length && memcmp(RecordKeys[i], key, length) == 0)
			return true;
	return false;
}

/* A member of an object, or false. */
static bool
Member(JsonbContainer *object, const char *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(object, key, strlen(key), value) != NULL;
}

bool
IsRecord(JsonbContainer *object)
{
	JsonbValue value;

	for (int i = 0; i < (int) lengthof(RecordKeys); i++)
		if (Member(object, RecordKeys[i], &value))
			return true;
	return false;
}

/* Is this a document of AWS that holds no records: a digest file, a control message, {}? */
static bool
IsWithoutRecords(JsonbContainer *object)
{
	JsonbValue value;

	return JsonContainerSize(object) == 0 || Member(object, "digestS3Object", &value) ||
		Member(object, "digestStartTime", &value) ||
		(Member(object, "messageType", &value) && value.type == jbvString &&
		 value.val.string.len == strlen("CONTROL_MESSAGE") &&
		 memcmp(value.val.string.val, "CONTROL_MESSAGE", value.val.string.len) == 0);
}

static void
ReadArray(Reading *reading, JsonbContainer *array, int depth)
{
	JsonbIterator *iterator = JsonbIteratorInit(array);
	JsonbValue     value;

	(void) JsonbIteratorNext(&iterator, &value, true);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		if (ReadValue(reading, &value, depth + 1) == DOCUMENT_UNKNOWN)
			reading->found.others++;
	}
}

/*
 * ReadLayer
 *		Read the value of an envelope's member.  {} and null mean that it holds no records.
 */
static DocumentKind
ReadLayer(Reading *reading, const Layer *layer, JsonbValue *value, int depth)
{
	bool container = value->type == jbvBinary;

	if (value->type == jbvNull || (container && JsonContainerSize(value->val.binary.data) == 0))
		return DOCUMENT_EMPTY;
	if ((layer->kind == DOCUMENT_RECORDS || layer->kind == DOCUMENT_LOOKUP) &&
		!(container && JsonContainerIsArray(value->val.binary.data)))
		return DOCUMENT_UNKNOWN;
	switch (ReadValue(reading, value, depth + 1))
	{
		case DOCUMENT_UNKNOWN:
			return DOCUMENT_UNKNOWN;
		case DOCUMENT_EMPTY:
			return DOCUMENT_EMPTY;
		default:
			return layer->kind;
	}
}

/* Call the function for a record, which is freed. */
static void
GiveRecord(Reading *reading, Jsonb *record)
{
	reading->found.records++;
	reading->function(reading->state, record);
	pfree(record);
}

static DocumentKind
ReadObject(Reading *reading, JsonbValue *object, int depth)
{
	JsonbContainer *container = object->val.binary.data;
	JsonbValue      value;

	if (IsRecord(container))
	{
		GiveRecord(reading, JsonbValueToJsonb(object));
		return DOCUMENT_RECORD;
	}
	if (IsWithoutRecords(container))
		return DOCUMENT_EMPTY;
	if (IsOcsf(container))
	{
		GiveRecord(reading, OcsfRecord(container));
		return DOCUMENT_OCSF;
	}
	for (int i = 0; i < (int) lengthof(Layers); i++)
		if (Member(container, Layers[i].key, &value))
		{
			JsonbValue beside;

			if (Layers[i].beside == NULL || Member(container, Layers[i].beside, &beside))
				return ReadLayer(reading, &Layers[i], &value, depth);
		}
	return DOCUMENT_UNKNOWN;
}

/* Read the JSON in a string. */
static DocumentKind
ReadString(Reading *reading, JsonbValue *string, int depth)
{
	int          offset = 0;
	JsonError    error;
	Jsonb       *document;
	JsonbValue   value;
	DocumentKind kind = DOCUMENT_UNKNOWN;

	document = JsonParse(string->val.string.val, string->val.string.len, &offset, &error);
	if (document == NULL)
		return DOCUMENT_UNKNOWN;
	if (offset == string->val.string.len && !JB_ROOT_IS_SCALAR(document))
	{
		JsonbToJsonbValue(document, &value);
		kind = ReadValue(reading, &value, depth + 1);
	}
	pfree(document);
	return kind;
}

static DocumentKind
ReadValue(Reading *reading, JsonbValue *value, int depth)
{
	if (depth > DOCUMENT_MAX_DEPTH)
		return DOCUMENT_UNKNOWN;
	if (value->type == jbvString)
		return ReadString(reading, value, depth);
	if (value->type != jbvBinary)
		return DOCUMENT_UNKNOWN;
	if (JsonContainerIsArray(value->val.binary.data))
	{
		if (JsonContainerSize(value->val.binary.data) == 0)
			return DOCUMENT_EMPTY;
		ReadArray(reading, value->val.binary.data, depth);
		return DOCUMENT_ARRAY;
	}
	return ReadObject(reading, value, depth);
}

Document
DocumentRecords(Jsonb *document, RecordFunction function, void *state)
{
	Reading    reading = {function, state, {0}};
	JsonbValue value;

	if (JB_ROOT_IS_SCALAR(document))
		return reading.found;
	JsonbToJsonbValue(document, &value);
	reading.found.kind = ReadValue(&reading, &value, 0);
	return reading.found;
}
