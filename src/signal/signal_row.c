/*
 * signal_row.c
 *	  Rows of newterm.signals: looking one up, locking and changing it.
 *
 * Without SQL: an UPDATE would leave predicate locks on the signals' pages, over which
 * serializable loaders would fail each other.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "signal/signal_row.h"

const char *const SignalColumns[SIGNAL_COLUMNS] = {"id",        "rule",       "rule_version",
												   "severity",  "title",      "message",
												   "tags",      "entity",     "term",
												   "terms",     "detections", "first_seen",
												   "last_seen", "event_id",   "event",
												   "origin",    "created_at", "updated_at",
												   "previous",  "context",    "group_digest"};

TupleTableSlot *
SignalFind(TableStore *signals, const ExtensionOids *oids, int64 signal)
{
	TupleTableSlot *slot;

	TableStoreOpenBy(signals, oids->signals, SIGNAL_KEY);
	TableStoreFind(signals, F_INT8EQ, Int64GetDatum(signal));
	return TableStoreNext(signals, &slot) ? slot : NULL;
}

Datum
SignalSlotColumn(TupleTableSlot *slot, const char *column, bool *isnull)
{
	return SlotColumn(slot, SPI_fnumber(slot->tts_tupleDescriptor, column), isnull);
}

Datum
SignalTupleColumn(const TableStore *signals, HeapTuple row, const char *column, bool *isnull)
{
	TupleDesc desc = RelationGetDescr(signals->table);

	return heap_getattr(row, SPI_fnumber(desc, column), desc, isnull);
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
RowChangeBegin(RowChange *change, TableStore *signals, HeapTuple row)
{
	const int natts = RelationGetDescr(signals->table)->natts;

	change->signals = signals;
	change->row = row;
	change->values = palloc0(sizeof(Datum) * natts);
	change->nulls = palloc0(sizeof(bool) * natts);
	change->replace = palloc0(sizeof(bool) * natts);
	RowChangeSet(change, "updated_at", TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
				 false);
}

void
RowChangeSet(RowChange *change, const char *column, Datum value, bool isnull)
{
	int number = SPI_fnumber(RelationGetDescr(change->signals->table), column) - 1;

	change->values[number] = value;
	change->nulls[number] = isnull;
	change->replace[number] = true;
}

void
RowChangeWrite(const RowChange *change)
{
	TableStoreUpdate(change->signals, change->row, RelationGetDescr(change->signals->table)->natts,
					 change->values, change->nulls, change->replace);
}
