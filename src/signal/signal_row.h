/*
 * signal_row.h
 *	  Rows of newterm.signals: looking one up, locking and changing it.
 */
#ifndef NEWTERM_SIGNAL_ROW_H
#define NEWTERM_SIGNAL_ROW_H

#include "store/extension.h"
#include "store/table_store.h"

/* Columns that a new signal fills; the others have defaults. */
enum
{
	SIGNAL_ID,
	SIGNAL_RULE,
	SIGNAL_RULE_VERSION,
	SIGNAL_SEVERITY,
	SIGNAL_TITLE,
	SIGNAL_MESSAGE,
	SIGNAL_TAGS,
	SIGNAL_ENTITY,
	SIGNAL_TERM,
	SIGNAL_TERMS,
	SIGNAL_DETECTIONS,
	SIGNAL_FIRST_SEEN,
	SIGNAL_LAST_SEEN,
	SIGNAL_EVENT_ID,
	SIGNAL_EVENT,
	SIGNAL_ORIGIN,
	SIGNAL_CREATED_AT,
	SIGNAL_UPDATED_AT,
	SIGNAL_PREVIOUS,
	SIGNAL_CONTEXT,
	SIGNAL_GROUP_DIGEST,
	SIGNAL_COLUMNS
};

/* Their names. */
extern const char *const SignalColumns[SIGNAL_COLUMNS];

/* The column of newterm.signals by which one is found. */
#define SIGNAL_KEY 1

/* Open newterm.signals and find a signal's row, or NULL; to be closed by the caller. */
extern TupleTableSlot *SignalFind(TableStore *signals, const ExtensionOids *oids, int64 signal);

/* A column of a row of newterm.signals, by its name. */
extern Datum SignalSlotColumn(TupleTableSlot *slot, const char *column, bool *isnull);
extern Datum SignalTupleColumn(const TableStore *signals, HeapTuple row, const char *column,
							   bool *isnull);

/* What became of looking for a signal's row. */
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

/* Columns of a row that is to be changed, by their names. */
typedef struct RowChange
{
	TableStore *signals;
	HeapTuple   row;
	Datum      *values;
	bool       *nulls;
	bool       *replace;
} RowChange;

/* Change a row that is locked; updated_at changes with it. */
extern void RowChangeBegin(RowChange *change, TableStore *signals, HeapTuple row);
extern void RowChangeSet(RowChange *change, const char *column, Datum value, bool isnull);
extern void RowChangeWrite(const RowChange *change);

#endif /* NEWTERM_SIGNAL_ROW_H */
