/*
 * retry.c
 *	  Rows that are tried again later.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/guard.h"
#include "store/retry.h"

Retry
RetryRead(TupleTableSlot *slot, const RetryColumns *columns)
{
	Retry retry = {.next_attempt = DT_NOBEGIN};
	bool  isnull;
	Datum time = SlotColumn(slot, columns->next_attempt, &isnull);

	if (!isnull)
		retry.next_attempt = DatumGetTimestampTz(time);
	retry.attempts = DatumGetInt32(SlotColumn(slot, columns->attempts, &isnull));
	if (retry.attempts >= RETRY_ATTEMPTS)
		retry.next_attempt = DT_NOEND;
	return retry;
}

bool
RetryIsDue(const Retry *retry, RetryScope scope)
{
	return scope == RETRY_ALL || retry->next_attempt == DT_NOBEGIN ||
		(retry->next_attempt != DT_NOEND && retry->next_attempt <= GetCurrentTimestamp());
}

/* Milliseconds until the next attempt. */
static int
Delay(int attempts)
{
	return 1000 << Min(attempts, RETRY_ATTEMPTS);
}

void
RetryFailed(TableStore *store, ItemPointer place, const RetryColumns *columns, Retry *retry,
			const ErrorData *error)
{
	int    natts = RelationGetNumberOfAttributes(store->table);
	Datum *row;
	bool  *nulls;
	bool  *replace;

	if (ErrorIsContention(error->sqlerrcode))
	{
		retry->next_attempt = DT_NOBEGIN;
		return;
	}
	retry->attempts++;
	retry->next_attempt = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													  Delay(retry->attempts));
	row = palloc0(sizeof(Datum) * natts);
	nulls = palloc0(sizeof(bool) * natts);
	replace = palloc0(sizeof(bool) * natts);
	row[columns->attempts - 1] = Int32GetDatum(retry->attempts);
	row[columns->next_attempt - 1] = TimestampTzGetDatum(retry->next_attempt);
	row[columns->error - 1] = CStringGetTextDatum(ErrorReason(error));
	replace[columns->attempts - 1] = replace[columns->next_attempt - 1] =
		replace[columns->error - 1] = true;
	/* else it was deleted by hand */
	if (table_tuple_fetch_row_version(store->table, place, SnapshotSelf, store->found))
		TableStoreUpdate(store, ExecCopySlotHeapTuple(store->found), natts, row, nulls, replace);
	if (retry->attempts >= RETRY_ATTEMPTS)
		retry->next_attempt = DT_NOEND;
}
