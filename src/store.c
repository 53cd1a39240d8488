/*
 * store.c
 *	  newterm's own tables, read and written without SQL.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/heaptoast.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "store.h"

/* Rows that are inserted together, as COPY does. */
#define PENDING_ROWS	500

void
StoreOpen(Store *store, Oid table, Oid index)
{
	memset(store, 0, sizeof(Store));
	store->context = CurrentMemoryContext;
	store->table = table_open(table, RowExclusiveLock);
	if (OidIsValid(index))
		store->index = index_open(index, RowExclusiveLock);
	store->indexes = CatalogOpenIndexes(store->table);
	store->found = table_slot_create(store->table, NULL);
}

bool
StoreOpenReading(Store *store, Oid table, Oid index)
{
	memset(store, 0, sizeof(Store));
	if (!ConditionalLockRelationOid(table, AccessShareLock))
		return false;
	if (!ConditionalLockRelationOid(index, AccessShareLock))
	{
		UnlockRelationOid(table, AccessShareLock);
		return false;
	}
	store->context = CurrentMemoryContext;
	store->table = table_open(table, NoLock);
	store->index = index_open(index, NoLock);
	store->found = table_slot_create(store->table, NULL);
	return true;
}

void
StoreOpenWhole(Store *store, Oid table)
{
	memset(store, 0, sizeof(Store));
	store->context = CurrentMemoryContext;
	store->table = table_open(table, AccessShareLock);
	store->found = table_slot_create(store->table, NULL);
}

Snapshot
StoreLatestSnapshot(void)
{
	return RegisterSnapshot(GetLatestSnapshot());
}

/*
 * StoreScan
 *		The scan itself takes all rows there are, and StoreScanNext judges them.
 *		Given the snapshot, it would leave a predicate lock on the table at
 *		SERIALIZABLE, and the first change of the table would fail loaders.
 */
void
StoreScan(Store *store, Snapshot snapshot)
{
	MemoryContext old = MemoryContextSwitchTo(store->context);

	store->snapshot = snapshot;
	store->whole = table_beginscan(store->table, SnapshotAny, 0, NULL);
	MemoryContextSwitchTo(old);
}

bool
StoreScanNext(Store *store, TupleTableSlot **slot)
{
	*slot = store->found;
	while (table_scan_getnextslot(store->whole, ForwardScanDirection, store->found))
	{
		CHECK_FOR_INTERRUPTS();
		if (table_tuple_satisfies_snapshot(store->table, store->found, store->snapshot))
			return true;
	}
	return false;
}

void
StoreClose(Store *store)
{
	LOCKMODE	lock = store->indexes == NULL ? AccessShareLock : NoLock;

	StoreFlush(store);
	if (store->scan != NULL)
		index_endscan(store->scan);
	if (store->whole != NULL)
		table_endscan(store->whole);
	ExecDropSingleTupleTableSlot(store->found);
	if (store->pending != NULL)
		for (int i = 0; i < PENDING_ROWS; i++)
			if (store->pending[i] != NULL)
				ExecDropSingleTupleTableSlot(store->pending[i]);
	if (store->indexes != NULL)
		CatalogCloseIndexes(store->indexes);
	if (store->index != NULL)
		index_close(store->index, lock);
	table_close(store->table, lock);
}

void
StoreFind(Store *store, int nkeys, const Oid *equality, const Datum *keys)
{
	ScanKeyData scan_keys[2];
	MemoryContext old = MemoryContextSwitchTo(store->context);

	Assert(nkeys <= (int) lengthof(scan_keys));
	for (int i = 0; i < nkeys; i++)
		ScanKeyInit(&scan_keys[i], i + 1, BTEqualStrategyNumber, equality[i], keys[i]);
	if (store->scan == NULL)
		store->scan = CompatIndexScanBegin(store->table, store->index, SnapshotSelf,
										   nkeys);
	index_rescan(store->scan, scan_keys, nkeys, NULL, 0);
	MemoryContextSwitchTo(old);
}

void
StoreFindDigest(Store *store, const Digest *digest)
{
	const Oid	equality = F_UUID_EQ;
	const Datum key = PointerGetDatum(digest);

	StoreFind(store, 1, &equality, &key);
}

bool
StoreNext(Store *store, TupleTableSlot **slot)
{
	/* index scans allocate as they go, and free at their end */
	MemoryContext old = MemoryContextSwitchTo(store->context);
	bool		found = index_getnext_slot(store->scan, ForwardScanDirection,
										   store->found);

	MemoryContextSwitchTo(old);
	*slot = store->found;
	return found;
}

Datum
SlotColumn(TupleTableSlot *slot, int column, bool *isnull)
{
	return slot_getattr(slot, column, isnull);
}

Jsonb *
SlotJsonb(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = SlotColumn(slot, column, &isnull);

	return isnull ? NULL : DatumGetJsonbPCopy(value);
}

void
StoreInsert(Store *store, const Datum *values, const bool *nulls)
{
	HeapTuple	tuple = heap_form_tuple(RelationGetDescr(store->table),
										(Datum *) values,
										(bool *) nulls);

	CatalogTupleInsertWithInfo(store->table, tuple, store->indexes);
	heap_freetuple(tuple);
}

void
StoreInsertLater(Store *store, const Datum *values, const bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(store->table);
	HeapTuple	tuple;
	TupleTableSlot *slot;
	MemoryContext old = MemoryContextSwitchTo(store->context);

	tuple = heap_form_tuple(desc, (Datum *) values, (bool *) nulls);
	if (tuple->t_len > TOAST_TUPLE_THRESHOLD)
	{
		/*
		 * Inserting many rows for catalogs gives the index the place of the
		 * row as it was before it was toasted, which is none.
		 */
		CatalogTupleInsertWithInfo(store->table, tuple, store->indexes);
		heap_freetuple(tuple);
		MemoryContextSwitchTo(old);
		return;
	}

	if (store->pending == NULL)
		store->pending = palloc0(sizeof(TupleTableSlot *) * PENDING_ROWS);
	slot = store->pending[store->npending];
	if (slot == NULL)
		slot = store->pending[store->npending] =
			MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
	ExecStoreHeapTuple(tuple, slot, true);
	MemoryContextSwitchTo(old);
	if (++store->npending == PENDING_ROWS)
		StoreFlush(store);
}

void
StoreFlush(Store *store)
{
	if (store->npending == 0)
		return;
	CatalogTuplesMultiInsertWithInfo(store->table, store->pending, store->npending,
									 store->indexes);
	for (int i = 0; i < store->npending; i++)
		ExecClearTuple(store->pending[i]);
	store->npending = 0;
}

void
StoreUpdate(Store *store, HeapTuple tuple, const Datum *values, const bool *nulls,
			const bool *replace)
{
	HeapTuple	changed;

	/* the row may be one that this command wrote */
	CommandCounterIncrement();
	changed = heap_modify_tuple(tuple, RelationGetDescr(store->table),
								(Datum *) values,
								(bool *) nulls,
								(bool *) replace);

	CatalogTupleUpdateWithInfo(store->table, &tuple->t_self, changed, store->indexes);
	heap_freetuple(changed);
}

void
StoreDelete(Store *store, ItemPointer tid)
{
	CommandCounterIncrement();
	CatalogTupleDelete(store->table, tid);
}
