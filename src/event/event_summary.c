/*
 * event_summary.c
 *	  Summaries of events that are too large to be stored again and again.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/numeric.h"

#include "event/event_summary.h"

/* Longer strings and arrays and deeper values are left out ... */
#define MAX_STRING   300
#define MAX_ELEMENTS 10
#define MAX_DEPTH    6

/* ... and all values behind this many bytes. */
#define MAX_BYTES 8192

/* A summary in the making. */
typedef struct Summary
{
	JsonbParseState *state;
	int              room; /* bytes that are left */
} Summary;

static void PushContainer(Summary *summary, JsonbContainer *container, int depth);

static JsonbValue
StringValue(const char *text)
{
	JsonbValue value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	return value;
}

/* The approximate size of a scalar in bytes. */
static int
ScalarBytes(const JsonbValue *value)
{
	return sizeof(JEntry) +
		(value->type == jbvString        ? value->val.string.len
			 : value->type == jbvNumeric ? VARSIZE_ANY(value->val.numeric)
										 : 0);
}

/* Is a value at this depth kept? */
static bool
IsKept(const Summary *summary, const JsonbValue *value, int depth)
{
	if (value->type == jbvBinary)
		return depth < MAX_DEPTH && summary->room > 0 &&
			(JsonContainerIsObject(value->val.binary.data) ||
			 JsonContainerSize(value->val.binary.data) <= MAX_ELEMENTS);
	return ScalarBytes(value) <= Min(MAX_STRING, summary->room);
}

static void
PushValue(Summary *summary, JsonbIteratorToken token, JsonbValue *value, int depth)
{
	if (value->type == jbvBinary)
	{
		PushContainer(summary, value->val.binary.data, depth + 1);
		return;
	}
	summary->room -= ScalarBytes(value);
	pushJsonbValue(&summary->state, token, value);
}

static void
PushMember(Summary *summary, JsonbValue *key, JsonbValue *value, int depth)
{
	summary->room -= ScalarBytes(key);
	pushJsonbValue(&summary->state, WJB_KEY, key);
	PushValue(summary, WJB_VALUE, value, depth);
}

/* Push the members of an object, or the elements of an array, that are kept. */
static void
PushParts(Summary *summary, JsonbContainer *container, int depth)
{
	JsonbIterator     *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue         key;
	JsonbValue         value;

	while (summary->room > 0 && (token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_KEY)
			key = value;
		else if (token == WJB_VALUE && IsKept(summary, &key, depth) &&
				 IsKept(summary, &value, depth))
			PushMember(summary, &key, &value, depth);
		else if (token == WJB_ELEM && IsKept(summary, &value, depth))
			PushValue(summary, token, &value, depth);
	}
}

static void
PushContainer(Summary *summary, JsonbContainer *container, int depth)
{
	const bool object = JsonContainerIsObject(container);

	pushJsonbValue(&summary->state, object ? WJB_BEGIN_OBJECT : WJB_BEGIN_ARRAY, NULL);
	PushParts(summary, container, depth);
	pushJsonbValue(&summary->state, object ? WJB_END_OBJECT : WJB_END_ARRAY, NULL);
}

/*
 * Push id and time of the event first, so that others cannot take their room.  They come
 * again among the other members, which does no harm.
 */
static void
PushIdentity(Summary *summary, JsonbContainer *record)
{
	static const char *const keys[] = {"sharedEventID", "eventID", "eventId", "eventTime"};

	for (int i = 0; i < (int) lengthof(keys); i++)
	{
		JsonbValue key = StringValue(keys[i]);
		JsonbValue value;

		if (getKeyJsonValueFromContainer(record, keys[i], strlen(keys[i]), &value) != NULL &&
			value.type != jbvBinary && IsKept(summary, &value, 0))
			PushMember(summary, &key, &value, 0);
	}
}

Jsonb *
EventSummary(JsonbContainer *record)
{
	Summary    summary = {.room = MAX_BYTES};
	JsonbValue key = StringValue(SUMMARY_KEY);
	JsonbValue note = StringValue("a summary: other signals of this event have all of it");

	pushJsonbValue(&summary.state, WJB_BEGIN_OBJECT, NULL);
	PushIdentity(&summary, record);
	PushParts(&summary, record, 0);
	PushMember(&summary, &key, &note, 0);
	return JsonbValueToJsonb(pushJsonbValue(&summary.state, WJB_END_OBJECT, NULL));
}
