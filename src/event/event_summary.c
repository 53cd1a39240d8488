/*
 * event_summary.c
 *	  What is kept of an event that is too large to be stored again and again.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/numeric.h"

#include "event/event_summary.h"

/* CloudTrail's records have some 30 members. */
#define SUMMARY_MEMBERS		50
#define SUMMARY_STRING		300

static JsonbValue
StringValue(const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	return value;
}

static void
PushMember(JsonbParseState **state, const JsonbValue *key, const JsonbValue *value)
{
	pushJsonbValue(state, WJB_KEY, unconstify(JsonbValue *, key));
	pushJsonbValue(state, WJB_VALUE, unconstify(JsonbValue *, value));
}

/* Is it a scalar that takes little room? */
static bool
IsSmall(const JsonbValue *value)
{
	return value->type != jbvBinary &&
		(value->type != jbvString || value->val.string.len <= SUMMARY_STRING) &&
		(value->type != jbvNumeric || VARSIZE(value->val.numeric) <= SUMMARY_STRING);
}

Jsonb *
EventSummary(JsonbContainer *record)
{
	const JsonbValue key = StringValue(SUMMARY_KEY);
	const JsonbValue note = StringValue("a summary: other signals of this event have all of it");
	JsonbIterator *iterator = JsonbIteratorInit(record);
	JsonbIteratorToken token;
	JsonbParseState *state = NULL;
	JsonbValue	value;
	JsonbValue	member;
	int			count = 0;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while (count < SUMMARY_MEMBERS &&
		   (token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_KEY)
			member = value;
		if (token != WJB_VALUE || member.val.string.len > SUMMARY_STRING || !IsSmall(&value))
			continue;
		PushMember(&state, &member, &value);
		count++;
	}
	PushMember(&state, &key, &note);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
