/*
 * version_rows.c
 *	  Rows of newterm's tables that belong to rule versions.
 */
#include "postgres.h"

#include "utils/snapmgr.h"

#include "base/compat.h"
#include "merge/version_rows.h"
#include "store/table_store.h"

void
DeleteOfVersions(Oid table, AttrNumber version_id, const List *versions)
{
	TableStore      store;
	TupleTableSlot *slot;

	TableStoreOpen(&store, table);
	TableStoreScan(&store, SnapshotSelf);
	while (TableStoreScanNext(&store, &slot))
	{
		bool isnull;

		if (list_member_int(versions, DatumGetInt32(SlotColumn(slot, version_id, &isnull))))
			TableStoreDelete(&store, &slot->tts_tid);
	}
	TableStoreClose(&store);
}
