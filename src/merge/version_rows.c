/*
 * version_rows.c
 *	  Rows of newterm's tables that belong to rule versions.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "merge/version_rows.h"
#include "store/table_store.h"

void
DeleteOfVersions(Oid table, const List *versions)
{
	TableStore      store;
	TupleTableSlot *slot;
	int             column;

	TableStoreOpen(&store, table);
	column = SPI_fnumber(RelationGetDescr(store.table), "version_id");
	TableStoreScan(&store, SnapshotSelf);
	while (TableStoreScanNext(&store, &slot))
	{
		bool isnull;

		if (list_member_int(versions, DatumGetInt32(slot_getattr(slot, column, &isnull))))
			TableStoreDelete(&store, &slot->tts_tid);
	}
	TableStoreClose(&store);
}
