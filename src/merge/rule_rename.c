/*
 * rule_rename.c
 *	  What names a rule, when the rule gets another name.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "merge/rule_rename.h"
#include "store/row_change.h"
#include "store/table_store.h"
#include "store/tables.h"

/* A name that changes. */
typedef struct Renaming
{
	const char *before;
	const char *after;
	bool        keeps_before; /* the new name is added to the old one */
} Renaming;

static bool
IsName(Datum element, const char *name)
{
	return strcmp(TextDatumGetCString(element), name) == 0;
}

/* The names after the change; NULL where it changes nothing. */
static ArrayType *
NamesAfter(ArrayType *names, const Renaming *renaming)
{
	Datum *elements;
	bool  *nulls;
	Datum *after;
	int    count;
	int    nafter = 0;
	bool   changes = false;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	after = palloc(sizeof(Datum) * (count + 1));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			continue; /* names no rule */
		if (IsName(elements[i], renaming->after))
			return NULL; /* it is among them already */
		changes |= IsName(elements[i], renaming->before);
		if (renaming->keeps_before || !IsName(elements[i], renaming->before))
			after[nafter++] = elements[i];
	}
	after[nafter++] = CStringGetTextDatum(renaming->after);
	return changes ? construct_array(after, nafter, TEXTOID, -1, false, TYPALIGN_INT) : NULL;
}

/* Give a row these names. */
static void
SetNames(TableStore *store, HeapTuple row, int column, ArrayType *names)
{
	RowChange change;

	RowChangeBegin(&change, store, row);
	RowChangeSet(&change, column, PointerGetDatum(names), false);
	RowChangeWrite(&change);
}

/* All rows of a table; changing them during the scan would show it the changed ones. */
static List *
AllRows(TableStore *store)
{
	List           *rows = NIL;
	TupleTableSlot *slot;

	TableStoreScan(store, SnapshotSelf);
	while (TableStoreScanNext(store, &slot))
		rows = lappend(rows, ExecCopySlotHeapTuple(slot));
	return rows;
}

/*
 * RenameIn
 *		Change the names in a column of a table.  Others write such rows, too: the lock lets
 *		them end before the table is read.
 */
static void
RenameIn(Oid table, int column, const Renaming *renaming)
{
	TableStore store;
	ListCell  *cell;

	LockRelationOid(table, ShareRowExclusiveLock);
	TableStoreOpen(&store, table);
	foreach(cell, AllRows(&store))
	{
		bool  isnull;
		Datum names = heap_getattr(lfirst(cell), column, RelationGetDescr(store.table), &isnull);
		ArrayType *after = isnull ? NULL : NamesAfter(DatumGetArrayTypeP(names), renaming);

		CHECK_FOR_INTERRUPTS();
		if (after != NULL)
			SetNames(&store, lfirst(cell), column, after);
	}
	TableStoreClose(&store);
}

void
RuleRenamed(const ExtensionOids *oids, const char *before, const char *after)
{
	RenameIn(oids->suppressions, SUPPRESSION_RULES, &(Renaming){before, after, false});
	RenameIn(oids->subscriptions, SUBSCRIPTION_RULES, &(Renaming){before, after, true});
}
