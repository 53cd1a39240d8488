/*
 * event_time.c
 *	  The time and the identity of a record.
 */
#include "postgres.h"

#include "access/xact.h"

#include "base/compat.h"
#include "base/isotime.h"
#include "event/event_time.h"
#include "settings.h"

EventTimeStatus
EventTimeCheck(TimestampTz time)
{
	if (time < EarliestEventTime)
		return EVENT_TIME_PAST;
	return time - USECS_PER_DAY > GetCurrentTransactionStartTimestamp() ? EVENT_TIME_FUTURE
																		: EVENT_TIME_USABLE;
}

/* Read the string at a key of an object; false if there is none. */
static bool
ObjectString(JsonbContainer *object, const char *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(object, key, strlen(key), value) != NULL &&
		value->type == jbvString;
}

/* Read the time at a key of an object; false if there is none. */
static bool
ObjectTime(JsonbContainer *object, const char *key, int64 *micros)
{
	JsonbValue value;

	return ObjectString(object, key, &value) &&
		IsoTimeParse(value.val.string.val, value.val.string.len, micros);
}

/* Read the time of a record that summarises several events and so has no eventTime. */
static pg_noinline bool
WindowTime(JsonbContainer *record, int64 *micros)
{
	static const char window[] = "timeWindow";
	JsonbValue        value;

	return getKeyJsonValueFromContainer(record, window, strlen(window), &value) != NULL &&
		value.type == jbvBinary && JsonContainerIsObject(value.val.binary.data) &&
		ObjectTime(value.val.binary.data, "windowStart", micros);
}

EventTimeStatus
EventTime(FieldSet *set, int64 *micros)
{
	const EventSlot *slot = EventValues(set, set->time_slot);

	if (slot->count == 0)
	{
		if (!WindowTime(EventRecord(set), micros))
			return EVENT_TIME_MISSING;
	}
	else if (!(slot->count == 1 && slot->single && !slot->element && slot->own.type == jbvString &&
			   IsoTimeParse(slot->own.val.string.val, slot->own.val.string.len, micros)))
		return EVENT_TIME_MISSING;
	return EventTimeCheck(TIMESTAMP_OF(*micros));
}

bool
EventTimeWritten(JsonbContainer *record, int64 *micros)
{
	return ObjectTime(record, "eventTime", micros) || WindowTime(record, micros);
}

char *
EventIdentity(JsonbContainer *record)
{
	static const char *const keys[] = {"sharedEventID", "eventID", "eventId"};

	for (int i = 0; i < (int) lengthof(keys); i++)
	{
		JsonbValue value;

		if (ObjectString(record, keys[i], &value))
			return pnstrdup(value.val.string.val, value.val.string.len);
	}
	return NULL;
}
