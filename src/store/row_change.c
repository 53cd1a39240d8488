/*
 * row_change.c
 *	  Changing some columns of a row of newterm's tables.
 */
#include "postgres.h"

#include "store/row_change.h"

void
RowChangeBegin(RowChange *change, TableStore *store, HeapTuple row)
{
	memset(change, 0, sizeof(RowChange));
	change->store = store;
	change->row = row;
}

void
RowChangeSet(RowChange *change, int column, Datum value, bool isnull)
{
	Assert(column >= 1 && column <= ROW_CHANGE_COLUMNS);
	change->values[column - 1] = value;
	change->nulls[column - 1] = isnull;
	change->replace[column - 1] = true;
}

void
RowChangeSetText(RowChange *change, int column, const char *text)
{
	bool  isnull;
	Datum value = OptionalText(text, &isnull);

	RowChangeSet(change, column, value, isnull);
}

void
RowChangeWrite(const RowChange *change)
{
	TableStoreUpdate(change->store, change->row, ROW_CHANGE_COLUMNS, change->values, change->nulls,
					 change->replace);
}
