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
#include "store/row_change.h"

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
	RowChange row;

	if (ErrorIsContention(error->sqlerrcode))
	{
		retry->next_attempt = DT_NOBEGIN;
		return;
	}
	retry->attempts++;
	retry->next_attempt = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													  Delay(retry->attempts));
	/* else it was deleted by hand */
	if (table_tuple_fetch_row_version(store->table, place, SnapshotSelf, store->found))
	{
		RowChangeBegin(&row, store, ExecCopySlotHeapTuple(store->found));
		RowChangeSet(&row, columns->attempts, Int32GetDatum(retry->attempts), false);
		RowChangeSet(&row, columns->next_attempt, TimestampTzGetDatum(retry->next_attempt), false);
		RowChangeSetText(&row, columns->error, ErrorReason(error));
		RowChangeWrite(&row);
	}
	if (retry->attempts >= RETRY_ATTEMPTS)
		retry->next_attempt = DT_NOEND;
}
