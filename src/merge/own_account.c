/*
 * own_account.c
 *	  newterm.own_accounts, kept current by rules with the setting own_accounts.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/jsonbtext.h"
#include "merge/own_account.h"
#include "store/row_change.h"
#include "store/table_store.h"
#include "store/tables.h"

#define ACCOUNT_DIGITS 12

/* No event tells of that. */
#define NEVER PG_INT64_MIN

/* What an event says of an account. */
typedef struct AccountNews
{
	char        id[ACCOUNT_DIGITS + 1];
	const char *rule;
	bool        departs; /* else it joins */
	int64       time;
} AccountNews;

/* The times of an entry, or NEVER. */
typedef struct EntryTimes
{
	int64 joined;
	int64 departed;
} EntryTimes;

static bool
IsAccountId(const char *text)
{
	return strlen(text) == ACCOUNT_DIGITS && strspn(text, "0123456789") == ACCOUNT_DIGITS;
}

List *
OwnAccountAdd(List *accounts, const Rule *rule, const Jsonb *term_values, int64 time)
{
	StringInfoData id;
	AccountNews   *news;

	initStringInfo(&id);
	JsonbTextAppend(&id, getIthJsonbValueFromContainer(&((Jsonb *) term_values)->root, 0));
	if (!IsAccountId(id.data))
		return accounts;
	news = palloc(sizeof(AccountNews));
	strcpy(news->id, id.data);
	news->rule = rule->name;
	news->departs = rule->own_accounts == OWN_ACCOUNTS_DEPART;
	news->time = time;
	return lappend(accounts, news);
}

static Datum
TimeOrNull(int64 time, bool *isnull)
{
	*isnull = time == NEVER;
	return time == NEVER ? (Datum) 0 : TimestampTzGetDatum(TIMESTAMP_OF(time));
}

/* The times with the news added. */
static EntryTimes
AddNews(const EntryTimes *times, const AccountNews *news)
{
	EntryTimes after = *times;

	if (news->departs)
		after.departed = Max(after.departed, news->time);
	else
		after.joined = Max(after.joined, news->time);
	return after;
}

/* Is the news what decides whether the account is one's own?  Of two at once departing is. */
static bool
Decides(const AccountNews *news, const EntryTimes *before)
{
	return news->departs ? news->time >= before->joined && news->time > before->departed
						 : news->time > Max(before->joined, before->departed);
}

static void
InsertEntry(TableStore *store, const AccountNews *news)
{
	const EntryTimes none = {NEVER, NEVER};
	const EntryTimes times = AddNews(&none, news);
	Datum            values[OWN_ACCOUNT_COLUMNS] = {0};
	bool             nulls[OWN_ACCOUNT_COLUMNS] = {0};

	values[OWN_ACCOUNT_ACCOUNT_ID - 1] = CStringGetTextDatum(news->id);
	nulls[OWN_ACCOUNT_NAME - 1] = true;
	values[OWN_ACCOUNT_RULE - 1] = CStringGetTextDatum(news->rule);
	values[OWN_ACCOUNT_JOINED_AT - 1] = TimeOrNull(times.joined, &nulls[OWN_ACCOUNT_JOINED_AT - 1]);
	values[OWN_ACCOUNT_DEPARTED_AT - 1] = TimeOrNull(times.departed,
													 &nulls[OWN_ACCOUNT_DEPARTED_AT - 1]);
	TableStoreInsert(store, OWN_ACCOUNT_COLUMNS, values, nulls);
}

static int64
StoredTime(TupleTableSlot *slot, int column)
{
	bool  isnull;
	Datum time = SlotColumn(slot, column, &isnull);

	return isnull ? NEVER : UNIX_MICROS(DatumGetTimestampTz(time));
}

static void
SetTime(RowChange *change, int column, int64 time)
{
	bool  isnull;
	Datum value = TimeOrNull(time, &isnull);

	RowChangeSet(change, column, value, isnull);
}

/* Change an entry that is locked. */
static void
UpdateEntry(TableStore *store, HeapTuple row, const AccountNews *news, const EntryTimes *before)
{
	const EntryTimes after = AddNews(before, news);
	RowChange        change;

	RowChangeBegin(&change, store, row);
	if (Decides(news, before))
		RowChangeSetText(&change, OWN_ACCOUNT_RULE, news->rule);
	SetTime(&change, OWN_ACCOUNT_JOINED_AT, after.joined);
	SetTime(&change, OWN_ACCOUNT_DEPARTED_AT, after.departed);
	RowChangeWrite(&change);
}

/* The times of a stored entry; false where the news changes nothing of it. */
static bool
ReadEntry(TupleTableSlot *slot, const AccountNews *news, EntryTimes *times)
{
	times->joined = StoredTime(slot, OWN_ACCOUNT_JOINED_AT);
	times->departed = StoredTime(slot, OWN_ACCOUNT_DEPARTED_AT);
	return SlotText(slot, OWN_ACCOUNT_RULE) != NULL &&
		news->time > (news->departs ? times->departed : times->joined);
}

/* Enter one account; returns whether its entry changed. */
static bool
EnterAccount(TableStore *store, const AccountNews *news)
{
	for (;;)
	{
		TupleTableSlot *slot;
		EntryTimes      before;
		HeapTuple       row;
		TM_Result       result;

		CHECK_FOR_INTERRUPTS();
		TableStoreFind(store, F_TEXTEQ, CStringGetTextDatum(news->id));
		if (!TableStoreNext(store, &slot))
		{
			InsertEntry(store, news);
			return true;
		}
		if (!ReadEntry(slot, news, &before))
			return false;
		result = TableStoreLock(store, &row);
		if (result == TM_WouldBlock)
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("somebody has locked account %s of newterm.own_accounts", news->id)));
		if (result == TM_Ok)
		{
			UpdateEntry(store, row, news, &before);
			return true;
		}
		/* it changed since we looked: once more */
	}
}

void
OwnAccountsWrite(const ExtensionOids *oids, List *accounts)
{
	TableStore store;
	ListCell  *cell;
	bool       changed = false;

	if (accounts == NIL)
		return;
	/* lets others end who enter the same accounts, so that all entries are seen */
	LockRelationOid(oids->own_accounts, ShareRowExclusiveLock);
	TableStoreOpenBy(&store, oids->own_accounts, OWN_ACCOUNT_ACCOUNT_ID);
	foreach(cell, accounts)
		changed |= EnterAccount(&store, lfirst(cell));
	TableStoreClose(&store);
	if (changed)
		RulesAnnounce();
}
