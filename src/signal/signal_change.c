/*
 * signal_change.c
 *	  newterm.changes: the changes of signals that subscriptions read.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "commands/async.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/compat.h"
#include "base/user_code.h"
#include "settings.h"
#include "signal/signal_change.h"
#include "store/tables.h"

/*
 * Changes are known by UUIDs of version 7: milliseconds, 12 bits of a fraction of them,
 * 38 bits that each transaction draws anew, and a counter of 24 bits.  So they sort by
 * time, and those of one transaction together and in their order.
 */
#define COUNTER_LIMIT (1 << 24)

/* The common part of a transaction's changes. */
static struct
{
	FullTransactionId owner;
	TimestampTz       written;
	pg_uuid_t         first; /* with a counter of zero */
	uint32            count;
} Current;

/* Draw a UUID for the transaction's changes. */
static void
DrawUuid(FullTransactionId owner)
{
	uint64         micros;
	uint64         millis;
	uint32         fraction;
	unsigned char *bytes = Current.first.data;

	Current.owner = owner;
	Current.written = GetCurrentTimestamp();
	Current.count = 0;
	if (!pg_strong_random(bytes, UUID_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not draw random bytes for a change")));
	micros = UNIX_MICROS(Current.written);
	millis = micros / 1000;
	fraction = micros % 1000 * 4096 / 1000;
	for (int i = 0; i < 6; i++)
		bytes[i] = (unsigned char) (millis >> (40 - 8 * i));
	bytes[6] = 0x70 | (fraction >> 8); /* version 7 */
	bytes[7] = (unsigned char) fraction;
	bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant of RFC 9562 */
}

/* The UUID of the next change of this transaction. */
static pg_uuid_t *
NextUuid(void)
{
	FullTransactionId owner = GetTopFullTransactionId();
	pg_uuid_t        *uuid = palloc(sizeof(pg_uuid_t));

	if (!FullTransactionIdEquals(owner, Current.owner) || Current.count == COUNTER_LIMIT)
		DrawUuid(owner);
	*uuid = Current.first;
	uuid->data[13] = (unsigned char) (Current.count >> 16);
	uuid->data[14] = (unsigned char) (Current.count >> 8);
	uuid->data[15] = (unsigned char) Current.count;
	Current.count++;
	return uuid;
}

void
SignalChangesOpen(ChangeWriter *writer, const ExtensionOids *oids, MemoryContext context)
{
	writer->oids = oids;
	writer->context = context;
	writer->changes.table = NULL; /* opened by the first one */
}

void
SignalChangesFlush(ChangeWriter *writer)
{
	if (writer->changes.table != NULL)
		TableStoreFlush(&writer->changes);
}

void
SignalChangesClose(ChangeWriter *writer)
{
	if (writer->changes.table != NULL)
		TableStoreClose(&writer->changes);
	writer->changes.table = NULL;
}

uint32
SignalChangeWrite(ChangeWriter *writer, const Notification *told)
{
	Datum row[CHANGE_COLUMNS] = {0};
	bool  nulls[CHANGE_COLUMNS] = {0};

	if (writer->changes.table == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		TableStoreOpen(&writer->changes, writer->oids->changes);
		MemoryContextSwitchTo(old);
	}
	row[CHANGE_UUID - 1] = UUIDPGetDatum(NextUuid());
	row[CHANGE_KIND - 1] = CStringGetTextDatum(told->kind);
	row[CHANGE_SIGNAL_ID - 1] = Int64GetDatum(told->signal);
	row[CHANGE_SEVERITY - 1] = CStringGetTextDatum(told->rule->severity);
	row[CHANGE_RULE - 1] = CStringGetTextDatum(told->rule->name);
	nulls[CHANGE_REASON - 1] = told->reason == NULL;
	if (told->reason != NULL)
		row[CHANGE_REASON - 1] = CStringGetTextDatum(told->reason);
	row[CHANGE_CHANGED_AT - 1] = TimestampTzGetDatum(Current.written);
	nulls[CHANGE_POSITION - 1] = true;
	TableStoreInsertLater(&writer->changes, CHANGE_COLUMNS, row, nulls);
	return Current.count;
}

void
SignalChangeTell(const Notification *told)
{
	ChangeWriter  writer;
	Notifications notifications = {.context = CurrentMemoryContext};
	UserCode      before;
	uint32        written;

	RestrictUserCode(&before);
	SignalChangesOpen(&writer, ExtensionLookup(), CurrentMemoryContext);
	written = SignalChangeWrite(&writer, told);
	SignalChangesClose(&writer);
	UserCodeEnds(&before);
	if (written > MaxNotificationsSetting)
	{
		/* the same text is sent once */
		Async_Notify(ChannelSetting, "{\"kind\":\"more\"}");
		return;
	}
	NotificationAdd(&notifications, told);
	NotificationsSend(&notifications);
}
