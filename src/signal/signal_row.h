/*
 * signal_row.h
 *	  Rows of newterm.signals: looking one up, locking and changing it.
 */
#ifndef NEWTERM_SIGNAL_ROW_H
#define NEWTERM_SIGNAL_ROW_H

#include "store/extension.h"
#include "store/row_change.h"
#include "store/table_store.h"
#include "store/tables.h"

/* Open newterm.signals and find a signal's row, or NULL; to be closed by the caller. */
extern TupleTableSlot *SignalFind(TableStore *signals, const ExtensionOids *oids, int64 signal);

/* A column of a row of newterm.signals. */
extern Datum SignalTupleColumn(const TableStore *signals, HeapTuple row, int column, bool *isnull);

/* The outcome of locking a signal's row. */
typedef enum Found
{
	FOUND_LOCKED, /* by us, so that it can be changed */
	FOUND_BUSY,   /* somebody else holds a lock on it */
	FOUND_NOTHING /* it is gone */
} Found;

/*
 * Lock a signal's newest row without waiting; *row is a copy of it.  The store is open by
 * the column id.
 */
extern Found SignalLock(TableStore *signals, int64 signal, HeapTuple *row);

/* Begin to change a signal's row, which is locked; updated_at changes with it. */
extern void SignalRowChange(RowChange *change, TableStore *signals, HeapTuple row);

#endif /* NEWTERM_SIGNAL_ROW_H */
