/*
 * reference_load.c
 *	  Loads the accounts and lists that fields and filters look up.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "lang/field.h"
#include "rule/reference_load.h"
#include "store/extension.h"
#include "store/table_store.h"
#include "store/tables.h"

/* Add a row of newterm.known_accounts, newterm.own_accounts, newterm.lists. */
static void
AddKnownAccount(Reference *reference, TupleTableSlot *row)
{
	ReferenceAddVendor(reference, SlotText(row, KNOWN_ACCOUNT_ACCOUNT_ID),
					   SlotText(row, KNOWN_ACCOUNT_NAME));
}

static void
AddOwnAccount(Reference *reference, TupleTableSlot *row)
{
	bool isnull;

	if (DatumGetBool(SlotColumn(row, OWN_ACCOUNT_OWN, &isnull)))
		ReferenceAddOwn(reference, SlotText(row, OWN_ACCOUNT_ACCOUNT_ID));
}

static void
AddListValue(Reference *reference, TupleTableSlot *row)
{
	char *name = SlotText(row, LIST_LIST);

	if (ReferenceWants(reference, name))
		ReferenceAddValue(reference, name, SlotText(row, LIST_VALUE));
}

/* Read a whole table, and add each row by a function. */
static void
ReadTable(Reference *reference, Oid table, Snapshot snapshot,
		  void (*add)(Reference *reference, TupleTableSlot *row))
{
	MemoryContext   scratch = AllocSetContextCreate(CurrentMemoryContext, "newterm reference",
													ALLOCSET_DEFAULT_SIZES);
	MemoryContext   of_row = AllocSetContextCreate(scratch, "newterm reference row",
												   ALLOCSET_SMALL_SIZES);
	MemoryContext   caller = MemoryContextSwitchTo(scratch);
	const bool      latest = snapshot == InvalidSnapshot;
	TableStore      store;
	TupleTableSlot *row;

	TableStoreOpenWhole(&store, table);
	if (latest)
		snapshot = TableStoreLatestSnapshot();
	TableStoreScan(&store, snapshot);
	while (TableStoreScanNext(&store, &row))
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(of_row);
		add(reference, row);
		MemoryContextSwitchTo(scratch);
		MemoryContextReset(of_row);
	}
	TableStoreClose(&store);
	if (latest)
		UnregisterSnapshot(snapshot);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

void
ReferenceLoad(Reference *reference, int needs, Snapshot snapshot)
{
	const ExtensionOids *oids = ExtensionLookup();

	if (oids != NULL)
	{
		if (needs & NEEDS_KNOWN_ACCOUNTS)
			ReadTable(reference, oids->known_accounts, snapshot, AddKnownAccount);
		if (needs & NEEDS_OWN_ACCOUNTS)
			ReadTable(reference, oids->own_accounts, snapshot, AddOwnAccount);
		if ((needs & NEEDS_LISTS) && ReferenceWantsLists(reference))
			ReadTable(reference, oids->lists, snapshot, AddListValue);
	}
	ReferenceSeal(reference);
}
