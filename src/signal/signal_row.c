/*
 * signal_row.c
 *	  Rows of newterm.signals: looking one up, locking and changing it.
 *
 * Without SQL: an UPDATE would leave predicate locks on the signals' pages, over which
 * serializable loaders would fail each other.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "signal/signal_row.h"

TupleTableSlot *
SignalFind(TableStore *signals, const ExtensionOids *oids, int64 signal)
{
	TupleTableSlot *slot;

	TableStoreOpenBy(signals, oids->signals, SIGNAL_ID);
	TableStoreFind(signals, F_INT8EQ, Int64GetDatum(signal));
	return TableStoreNext(signals, &slot) ? slot : NULL;
}

Datum
SignalTupleColumn(const TableStore *signals, HeapTuple row, int column, bool *isnull)
{
	return heap_getattr(row, column, RelationGetDescr(signals->table), isnull);
}

Found
SignalLock(TableStore *signals, int64 signal, HeapTuple *row)
{
	TupleTableSlot *slot;

	for (;;)
	{
		TM_Result result;

		TableStoreFind(signals, F_INT8EQ, Int64GetDatum(signal));
		if (!TableStoreNext(signals, &slot))
			return FOUND_NOTHING;
		result = TableStoreLock(signals, row);
		if (result == TM_WouldBlock)
			return FOUND_BUSY;
		if (result == TM_Ok)
			return FOUND_LOCKED;
		/* changed since we looked: once more */
	}
}

void
SignalRowChange(RowChange *change, TableStore *signals, HeapTuple row)
{
	RowChangeBegin(change, signals, row);
	RowChangeSet(change, SIGNAL_UPDATED_AT,
				 TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
}
