/*
 * table_store.h
 *	  newterm's own tables, read and written without SQL.
 *
 * Merging must see what other sessions committed a moment ago at every
 * isolation level, must leave no predicate locks behind, and must not plan
 * queries.  So it reads through an index with SnapshotSelf (what is committed
 * now, or ours) and writes with the executor's own functions, so that indexes
 * of all kinds and constraints hold that users added, foreign keys among them.
 * Other triggers do not fire, unless the table is opened for that; rewrite rules and
 * row security never take part, as in COPY.  Callers hold the locks of merge.c, which
 * keep two writers off one row, and restrict user code (base/user_code.h).
 *
 * What others may change beside the reader, the rules, is read whole and by a
 * snapshot: SnapshotSelf can miss a row whose change commits midway.
 */
#ifndef NEWTERM_TABLE_STORE_H
#define NEWTERM_TABLE_STORE_H

#include "access/genam.h"
#include "access/htup.h"
#include "access/relscan.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/jsonb.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

#include "base/digest.h"

typedef struct TableStore
{
	MemoryContext    context; /* current when the store was opened: of all that follows */
	Relation         table;
	Relation         index;    /* of look-ups, or NULL */
	EState          *estate;   /* NULL: opened to be read alone */
	ResultRelInfo   *target;   /* the table and all its indexes */
	Bitmapset       *omitted;  /* columns of TableStoreOmit */
	ExprState      **defaults; /* of columns that inserted rows do not give */
	IndexScanDesc    scan;     /* opened by the first look-up */
	TableScanDesc    whole;    /* by TableStoreScan */
	Snapshot         snapshot; /* what TableStoreScan judges rows by */
	TupleTableSlot  *found;    /* the current row of a look-up or scan */
	int              npending; /* rows to be inserted together */
	Size             pending_bytes;
	TupleTableSlot **pending; /* the next one serves rows written at once */
} TableStore;

/* Open for writing. */
extern void TableStoreOpen(TableStore *store, Oid table);

/* The same, and inserts fire all triggers that an INSERT fires. */
extern void TableStoreOpenFiring(TableStore *store, Oid table);

/*
 * The same with look-ups by a column.  The index that serves them is found each time,
 * as REINDEX CONCURRENTLY and others give the table another one.
 */
extern void TableStoreOpenBy(TableStore *store, Oid table, AttrNumber column);

/*
 * The same by several columns, by which rows are in order then: store->index stays NULL
 * where no index begins with all of them.
 */
extern void TableStoreOpenByAll(TableStore *store, Oid table, int ncolumns,
								const AttrNumber *columns);

/* By a column, where rows of one value are in order of another; an error where no index is so. */
extern void TableStoreOpenOrdered(TableStore *store, Oid table, AttrNumber column,
								  AttrNumber order);

/*
 * Open for look-ups by a column alone; false where somebody holds a lock against that,
 * or no index serves them.
 */
extern bool TableStoreOpenReading(TableStore *store, Oid table, AttrNumber column);

/*
 * Open to be read whole, waiting for a lock that somebody holds against that, unless this
 * runs in LockWaitsNever.  Tables that have to fit each other are all opened before the snapshot is
 * taken, by which each is then read.
 */
extern void TableStoreOpenWhole(TableStore *store, Oid table);

/*
 * A snapshot of what is committed now, or ours, at every isolation level; to be
 * given to UnregisterSnapshot.
 */
extern Snapshot TableStoreLatestSnapshot(void);

/* Begin to read a table that TableStoreOpenWhole opened, and its next row or false. */
extern void TableStoreScan(TableStore *store, Snapshot snapshot);
extern bool TableStoreScanNext(TableStore *store, TupleTableSlot **slot);

/*
 * Insert what is pending and close; a writer's locks are kept until the
 * transaction ends.
 */
extern void TableStoreClose(TableStore *store);

/* Look up the rows whose column equals a key, by the function `equality` (of fmgroids.h). */
extern void TableStoreFind(TableStore *store, Oid equality, Datum key);

/* The same by several columns of TableStoreOpenByAll; InvalidOid stands for IS NULL. */
extern void TableStoreFindAll(TableStore *store, int nkeys, const Oid *equality, const Datum *keys);
extern void TableStoreFindDigest(TableStore *store, const Digest *digest);

/* The next row of the look-up as *slot, or false; or all of it from the end of the index. */
extern bool TableStoreNext(TableStore *store, TupleTableSlot **slot);
extern bool TableStoreNextBackward(TableStore *store, TupleTableSlot **slot);

/*
 * Lock the current row of the look-up for an update, without waiting: TM_WouldBlock where
 * somebody else has locked it, another result where it changed since.  With TM_Ok, *row is
 * a copy of it.
 */
extern TM_Result TableStoreLock(TableStore *store, HeapTuple *row);

/* A column of a slot, by its number. */
extern Datum SlotColumn(TupleTableSlot *slot, int column, bool *isnull);

/* A text column as a palloc'd string, or NULL. */
extern char *SlotText(TupleTableSlot *slot, int column);

/* A jsonb column as a palloc'd copy, or NULL. */
extern Jsonb *SlotJsonb(TupleTableSlot *slot, int column);

/* A text to be stored, or NULL, for which *isnull is set. */
extern Datum OptionalText(const char *text, bool *isnull);

/*
 * Let a column get its default in rows that are inserted from now on, though it stands
 * among the first ones, which they give.
 */
extern void TableStoreOmit(TableStore *store, AttrNumber column);

/*
 * Insert a row now, or together with others when the store closes.  `values` and
 * `nulls` hold the first `ncolumns` columns; those behind, such as users added, and those of
 * TableStoreOmit get their defaults.
 */
extern void TableStoreInsert(TableStore *store, int ncolumns, const Datum *values,
							 const bool *nulls);
extern void TableStoreInsertLater(TableStore *store, int ncolumns, const Datum *values,
								  const bool *nulls);
extern void TableStoreFlush(TableStore *store);

/*
 * Replace some of the first `ncolumns` columns of the row; those behind stay.  Or
 * delete it.
 */
extern void TableStoreUpdate(TableStore *store, HeapTuple tuple, int ncolumns, const Datum *values,
							 const bool *nulls, const bool *replace);
extern void TableStoreDelete(TableStore *store, ItemPointer tid);

#endif /* NEWTERM_TABLE_STORE_H */
