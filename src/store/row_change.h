/*
 * row_change.h
 *	  Changing some columns of a row of newterm's tables.
 */
#ifndef NEWTERM_ROW_CHANGE_H
#define NEWTERM_ROW_CHANGE_H

#include "store/table_store.h"

/* No table of ours has more columns; those that users add are not changed. */
#define ROW_CHANGE_COLUMNS 32

/* The row and the columns of it that change. */
typedef struct RowChange
{
	TableStore *store;
	HeapTuple   row;
	Datum       values[ROW_CHANGE_COLUMNS];
	bool        nulls[ROW_CHANGE_COLUMNS];
	bool        replace[ROW_CHANGE_COLUMNS];
} RowChange;

/* Begin to change a row of a table that is open for writing. */
extern void RowChangeBegin(RowChange *change, TableStore *store, HeapTuple row);

/* Set a column, by its number; a text may be NULL and is copied. */
extern void RowChangeSet(RowChange *change, int column, Datum value, bool isnull);
extern void RowChangeSetText(RowChange *change, int column, const char *text);

/* Write the row; columns that were not set stay as they are. */
extern void RowChangeWrite(const RowChange *change);

#endif /* NEWTERM_ROW_CHANGE_H */
