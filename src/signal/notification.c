/*
 * notification.c
 *	  Payloads of the channel newterm.channel, and sending them.
 */
#include "postgres.h"

#include "commands/async.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/jsonbtext.h"
#include "base/visible.h"
#include "settings.h"
#include "signal/notification.h"
#include "signal/template.h"

/* NOTIFY takes payloads shorter than this; async.c has the same limit. */
#define PAYLOAD_LIMIT (BLCKSZ - NAMEDATALEN - 128)

/* The queue is not filled by us beyond this share of it. */
#define QUEUE_LIMIT 0.9

/* Append text as a JSON string of at most `limit` bytes before escaping. */
static void
AppendShortened(StringInfo payload, const char *text, int limit, bool *shortened)
{
	if ((int) strlen(text) > limit)
		*shortened = true;
	escape_json(payload, TemplateClip(text, limit));
}

/*
 * The payload with control characters and bidirectional marks escaped; frees the payload.
 * They occur only in strings, where JSON allows these escapes.
 */
static char *
VisiblePayload(const StringInfo payload)
{
	StringInfoData visible;

	initStringInfo(&visible);
	VisibleAppend(&visible, payload->data, payload->len, "");
	pfree(payload->data);
	return visible.data;
}

/* Append an object of values, each string or container at most `limit` bytes. */
static void
AppendObject(StringInfo payload, Jsonb *object, int limit, bool *shortened)
{
	JsonbIterator     *iterator = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue         value;
	bool               first = true;

	appendStringInfoChar(payload, '{');
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			if (!first)
				appendStringInfoChar(payload, ',');
			first = false;
			AppendShortened(payload, pnstrdup(value.val.string.val, value.val.string.len), limit,
							shortened);
			appendStringInfoChar(payload, ':');
		}
		else if (token == WJB_VALUE)
		{
			if (value.type == jbvString)
				AppendShortened(payload, pnstrdup(value.val.string.val, value.val.string.len),
								limit, shortened);
			else
			{
				StringInfoData text;

				initStringInfo(&text);
				if (!JsonbTextAppendJson(&text, &value))
					*shortened = true;
				if (text.len > limit)
					AppendShortened(payload, text.data, limit, shortened);
				else
					appendStringInfoString(payload, text.data);
			}
		}
	}
	appendStringInfoChar(payload, '}');
}

char *
NotificationTime(int64 micros)
{
	TimestampTz  time = TIMESTAMP_OF(micros);
	struct pg_tm tm;
	fsec_t       fsec;

	if (timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		return pstrdup("");
	if (fsec == 0)
		return psprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year, tm.tm_mon, tm.tm_mday,
						tm.tm_hour, tm.tm_min, tm.tm_sec);
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year, tm.tm_mon, tm.tm_mday,
					tm.tm_hour, tm.tm_min, tm.tm_sec, (int) fsec);
}

/* The payload, with strings and containers of at most `limit` bytes. */
static char *
Payload(const Notification *added, int limit)
{
	StringInfoData payload;
	bool           shortened = false;

	initStringInfo(&payload);
	appendStringInfo(&payload,
					 "{\"kind\":\"%s\",\"signal\":" INT64_FORMAT ",\"rule\":", added->kind,
					 added->signal);
	AppendShortened(&payload, added->rule->name, limit, &shortened);
	appendStringInfo(&payload, ",\"severity\":\"%s\",\"title\":", added->rule->severity);
	AppendShortened(&payload, added->title, limit, &shortened);
	appendStringInfoString(&payload, ",\"entity\":");
	AppendObject(&payload, added->entity, limit, &shortened);
	appendStringInfoString(&payload, ",\"term\":");
	AppendObject(&payload, added->term, limit, &shortened);
	appendStringInfo(&payload,
					 ",\"event_time\":\"%s\",\"event_id\":", NotificationTime(added->event_time));
	if (added->event_id == NULL)
		appendStringInfoString(&payload, "null");
	else
		AppendShortened(&payload, added->event_id, limit, &shortened);
	if (added->detections > 1)
		appendStringInfo(&payload, ",\"detections\":%d", added->detections);
	if (added->reason != NULL)
	{
		appendStringInfoString(&payload, ",\"reason\":");
		escape_json(&payload, added->reason);
	}
	if (shortened)
		appendStringInfoString(&payload, ",\"shortened\":true");
	appendStringInfoChar(&payload, '}');
	return VisiblePayload(&payload);
}

void
NotificationAdd(Notifications *notifications, const Notification *added)
{
	int           limit = 2048;
	char         *payload;
	MemoryContext old;

	if (notifications->count++ >= MaxNotificationsSetting)
		return;
	payload = Payload(added, limit);
	while (strlen(payload) >= PAYLOAD_LIMIT && limit > 16)
	{
		pfree(payload);
		limit /= 2;
		payload = Payload(added, limit);
	}
	old = MemoryContextSwitchTo(notifications->context);
	notifications->payloads = lappend(notifications->payloads, pstrdup(payload));
	MemoryContextSwitchTo(old);
}

/* Bytes that payloads take in the queue: each with its entry's head. */
static int64
QueueBytes(List *payloads)
{
	int64     bytes = 0;
	ListCell *cell;

	foreach(cell, payloads)
		bytes += strlen(lfirst(cell)) + 64;
	return bytes;
}

void
NotificationsSend(const Notifications *notifications)
{
	double    used;
	ListCell *cell;

	if (notifications->count == 0)
		return;
	used = DatumGetFloat8(DirectFunctionCall1(pg_notification_queue_usage, (Datum) 0));
	used += (double) QueueBytes(notifications->payloads) / CompatNotifyQueueBytes;
	if (used > QUEUE_LIMIT)
	{
		ereport(WARNING,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("newterm sent no notifications of " INT64_FORMAT
						" signals: the NOTIFY queue would be %.0f%% full",
						notifications->count, used * 100),
				 errhint("The signals are in newterm.signals. A session that listens inside a long transaction keeps the queue full.")));
		return;
	}
	foreach(cell, notifications->payloads)
	{
		CHECK_FOR_INTERRUPTS();
		Async_Notify(ChannelSetting, lfirst(cell));
	}
	if (notifications->count > list_length(notifications->payloads))
		Async_Notify(ChannelSetting,
					 psprintf("{\"kind\":\"more\",\"signals\":" INT64_FORMAT "}",
							  notifications->count - list_length(notifications->payloads)));
}
