/*
 * table_store.c
 *	  newterm's own tables, read and written without SQL.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_index.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "store/lock_wait.h"
#include "store/table_store.h"

/* Rows that are inserted together, as COPY does. */
#define PENDING_ROWS  500
#define PENDING_BYTES (256 * 1024)

/* Has the index all rows with a value in its first column, though it may be partial? */
static bool
CoversColumn(Relation index, AttrNumber column)
{
	List     *predicate = RelationGetIndexPredicate(index);
	NullTest *test = list_length(predicate) == 1 ? linitial(predicate) : NULL;

	return predicate == NIL ||
		(test != NULL && IsA(test, NullTest) && test->nulltesttype == IS_NOT_NULL &&
		 IsA(test->arg, Var) && ((Var *) test->arg)->varattno == column);
}

/* Can the rows of a value of the column be found by the index? */
static bool
IndexServes(Relation index, AttrNumber column)
{
	return index->rd_index->indisvalid && index->rd_rel->relam == BTREE_AM_OID &&
		index->rd_index->indkey.values[0] == column && CoversColumn(index, column);
}

/* The error where no index has these columns. */
pg_noreturn static void
NoIndex(const TableStore *store, const char *columns)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("table newterm.%s has no index on its column %s",
					RelationGetRelationName(store->table), columns),
			 errhint("Make one: CREATE INDEX ON newterm.%s (%s).",
					 RelationGetRelationName(store->table), columns)));
}

/* The index among those that are open for writing. */
static Relation
FindOpenIndex(const TableStore *store, AttrNumber column)
{
	for (int i = 0; i < store->target->ri_NumIndices; i++)
		if (IndexServes(store->target->ri_IndexRelationDescs[i], column))
			return store->target->ri_IndexRelationDescs[i];
	NoIndex(store, get_attname(RelationGetRelid(store->table), column, false));
}

/* Find and open the index for reading; NULL where there is none, or one is locked. */
static Relation
OpenIndexIfFree(Relation table, AttrNumber column)
{
	List     *indexes = RelationGetIndexList(table);
	ListCell *cell;

	foreach(cell, indexes)
	{
		Relation index;

		if (!ConditionalLockRelationOid(lfirst_oid(cell), AccessShareLock))
			return NULL;
		index = index_open(lfirst_oid(cell), NoLock);
		if (IndexServes(index, column))
			return index;
		index_close(index, AccessShareLock);
	}
	return NULL;
}

/* Is the trigger a foreign key's, of the table that refers or of the one referred to? */
static bool
IsForeignKeys(const Trigger *trigger)
{
	return RI_FKey_trigger_type(trigger->tgfoid) != RI_TRIGGER_NONE;
}

/* What the triggers that are kept ask for, as RelationBuildTriggers sets it. */
static void
NoteKind(TriggerDesc *kept, int16 type, const Trigger *trigger)
{
	const bool row = TRIGGER_FOR_ROW(type);
	const bool before = TRIGGER_FOR_BEFORE(type);

	if (TRIGGER_FOR_INSERT(type))
	{
		kept->trig_insert_before_row |= row && before;
		kept->trig_insert_after_row |= row && !before;
		kept->trig_insert_before_statement |= !row && before;
		kept->trig_insert_after_statement |= !row && !before;
		kept->trig_insert_new_table |= TRIGGER_USES_TRANSITION_TABLE(trigger->tgnewtable);
	}
	kept->trig_update_after_row |= row && !before && TRIGGER_FOR_UPDATE(type);
	kept->trig_delete_after_row |= row && !before && TRIGGER_FOR_DELETE(type);
}

/*
 * KeepTriggers
 *		Of a table's triggers keep those that fire here: of foreign keys, and with
 *		`inserts` all that an INSERT fires.  What could be deferred fires at once: a
 *		merge is the last act of its transaction.
 */
static void
KeepTriggers(ResultRelInfo *target, bool inserts)
{
	TriggerDesc *all = target->ri_TrigDesc;
	TriggerDesc *kept;

	if (all == NULL)
		return;
	kept = palloc0(sizeof(TriggerDesc));
	kept->triggers = all->triggers;
	for (int i = 0; i < all->numtriggers; i++)
	{
		Trigger trigger = all->triggers[i];

		if (!IsForeignKeys(&trigger))
		{
			if (!inserts || !TRIGGER_FOR_INSERT(trigger.tgtype))
				continue;
			trigger.tgtype &= ~(TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE | TRIGGER_TYPE_TRUNCATE);
		}
		trigger.tgdeferrable = trigger.tginitdeferred = false;
		NoteKind(kept, trigger.tgtype, &trigger);
		kept->triggers[kept->numtriggers++] = trigger;
	}
	target->ri_TrigDesc = kept->numtriggers == 0 ? NULL : kept;
}

/* ExtensionLookup has no number for a table that somebody renamed or moved. */
static void
CheckFound(Oid table)
{
	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("a table of newterm was renamed or moved"),
				 errhint("Give it its name and schema back.")));
}

static void
OpenForWriting(TableStore *store, Oid table, bool inserts_fire)
{
	/* what users hang on the table runs with the rights that it has now */
	Assert(InSecurityRestrictedOperation());
	CheckFound(table);
	memset(store, 0, sizeof(TableStore));
	LockWaitsCount();
	store->context = CurrentMemoryContext;
	store->table = table_open(table, RowExclusiveLock);
	store->estate = CreateExecutorState();
	store->target = makeNode(ResultRelInfo);
	InitResultRelInfo(store->target, store->table, 0, NULL, 0);
	KeepTriggers(store->target, inserts_fire);
	ExecOpenIndices(store->target, false);
	/* where a trigger that is fired finds its table */
	store->estate->es_opened_result_relations = lappend(store->estate->es_opened_result_relations,
														store->target);
	store->found = table_slot_create(store->table, NULL);
}

void
TableStoreOpen(TableStore *store, Oid table)
{
	OpenForWriting(store, table, false);
}

void
TableStoreOpenFiring(TableStore *store, Oid table)
{
	OpenForWriting(store, table, true);
}

void
TableStoreOpenBy(TableStore *store, Oid table, AttrNumber column)
{
	TableStoreOpen(store, table);
	store->index = FindOpenIndex(store, column);
}

/* Do the columns lead an index that serves the first of them? */
static bool
IndexLeadsWith(Relation index, int ncolumns, const AttrNumber *columns)
{
	if (!IndexServes(index, columns[0]) || index->rd_index->indnkeyatts < ncolumns)
		return false;
	for (int i = 1; i < ncolumns; i++)
		if (index->rd_index->indkey.values[i] != columns[i])
			return false;
	return true;
}

void
TableStoreOpenByAll(TableStore *store, Oid table, int ncolumns, const AttrNumber *columns)
{
	TableStoreOpen(store, table);
	for (int i = 0; i < store->target->ri_NumIndices && store->index == NULL; i++)
		if (IndexLeadsWith(store->target->ri_IndexRelationDescs[i], ncolumns, columns))
			store->index = store->target->ri_IndexRelationDescs[i];
}

void
TableStoreOpenOrdered(TableStore *store, Oid table, AttrNumber column, AttrNumber order)
{
	const AttrNumber columns[] = {column, order};

	TableStoreOpenByAll(store, table, lengthof(columns), columns);
	if (store->index == NULL)
		NoIndex(store,
				psprintf("%s, %s", get_attname(table, column, false),
						 get_attname(table, order, false)));
}

bool
TableStoreOpenReading(TableStore *store, Oid table, AttrNumber column)
{
	memset(store, 0, sizeof(TableStore));
	if (!OidIsValid(table) || !ConditionalLockRelationOid(table, AccessShareLock))
		return false;
	store->context = CurrentMemoryContext;
	store->table = table_open(table, NoLock);
	store->index = OpenIndexIfFree(store->table, column);
	if (store->index == NULL)
	{
		table_close(store->table, AccessShareLock);
		return false;
	}
	store->found = table_slot_create(store->table, NULL);
	return true;
}

void
TableStoreOpenWhole(TableStore *store, Oid table)
{
	CheckFound(table);
	memset(store, 0, sizeof(TableStore));
	LockWaitsCount();
	if (LockMayWait())
		LockRelationOid(table, AccessShareLock);
	else if (!ConditionalLockRelationOid(table, AccessShareLock))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE), errmsg("a table of newterm is locked")));
	store->context = CurrentMemoryContext;
	store->table = table_open(table, NoLock);
	store->found = table_slot_create(store->table, NULL);
}

Snapshot
TableStoreLatestSnapshot(void)
{
	return RegisterSnapshot(GetLatestSnapshot());
}

/*
 * TableStoreScan
 *		The scan itself takes all rows there are, and TableStoreScanNext judges them.
 *		Given the snapshot, it would leave a predicate lock on the table at
 *		SERIALIZABLE, and the first change of the table would fail loaders.
 */
void
TableStoreScan(TableStore *store, Snapshot snapshot)
{
	MemoryContext old = MemoryContextSwitchTo(store->context);

	store->snapshot = snapshot;
	store->whole = table_beginscan(store->table, SnapshotAny, 0, NULL);
	MemoryContextSwitchTo(old);
}

bool
TableStoreScanNext(TableStore *store, TupleTableSlot **slot)
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
TableStoreClose(TableStore *store)
{
	const bool reading = store->estate == NULL;

	TableStoreFlush(store);
	if (store->scan != NULL)
		index_endscan(store->scan);
	if (store->whole != NULL)
		table_endscan(store->whole);
	ExecDropSingleTupleTableSlot(store->found);
	if (store->pending != NULL)
		for (int i = 0; i < PENDING_ROWS; i++)
			if (store->pending[i] != NULL)
				ExecDropSingleTupleTableSlot(store->pending[i]);
	if (!reading)
	{
		/* slots of triggers hold their tables' descriptors */
		ExecResetTupleTable(store->estate->es_tupleTable, false);
		ExecCloseResultRelations(store->estate);
		FreeExecutorState(store->estate);
	}
	else if (store->index != NULL)
		index_close(store->index, AccessShareLock);
	table_close(store->table, reading ? AccessShareLock : NoLock);
}

void
TableStoreFindAll(TableStore *store, int nkeys, const Oid *equality, const Datum *keys)
{
	ScanKeyData   scan_keys[2];
	MemoryContext old = MemoryContextSwitchTo(store->context);

	Assert(nkeys <= (int) lengthof(scan_keys));
	for (int i = 0; i < nkeys; i++)
	{
		const bool null = !OidIsValid(equality[i]);

		ScanKeyEntryInitialize(&scan_keys[i], null ? SK_ISNULL | SK_SEARCHNULL : 0, i + 1,
							   null ? InvalidStrategy : BTEqualStrategyNumber, InvalidOid,
							   store->index->rd_indcollation[i], equality[i], keys[i]);
	}
	if (store->scan == NULL)
		store->scan = CompatIndexScanBegin(store->table, store->index, SnapshotSelf, nkeys);
	index_rescan(store->scan, scan_keys, nkeys, NULL, 0);
	MemoryContextSwitchTo(old);
}

void
TableStoreFind(TableStore *store, Oid equality, Datum key)
{
	TableStoreFindAll(store, 1, &equality, &key);
}

void
TableStoreFindDigest(TableStore *store, const Digest *digest)
{
	TableStoreFind(store, F_UUID_EQ, PointerGetDatum(digest));
}

/* The next row of the look-up in a direction. */
static bool
NextFound(TableStore *store, ScanDirection direction, TupleTableSlot **slot)
{
	/* index scans allocate as they go, and free at their end */
	MemoryContext old = MemoryContextSwitchTo(store->context);
	bool          found;

	CHECK_FOR_INTERRUPTS();
	found = index_getnext_slot(store->scan, direction, store->found);
	MemoryContextSwitchTo(old);
	*slot = store->found;
	return found;
}

bool
TableStoreNext(TableStore *store, TupleTableSlot **slot)
{
	return NextFound(store, ForwardScanDirection, slot);
}

bool
TableStoreNextBackward(TableStore *store, TupleTableSlot **slot)
{
	return NextFound(store, BackwardScanDirection, slot);
}

TM_Result
TableStoreLock(TableStore *store, HeapTuple *row)
{
	ItemPointerData tid = store->found->tts_tid;
	TM_FailureData  failure;
	TM_Result       result;

	/* the row may be one that this command wrote */
	CommandCounterIncrement();
	result = table_tuple_lock(store->table, &tid, SnapshotSelf, store->found,
							  GetCurrentCommandId(true), LockTupleNoKeyExclusive, LockWaitSkip, 0,
							  &failure);
	if (result == TM_Ok)
		*row = ExecCopySlotHeapTuple(store->found);
	return result;
}

Datum
SlotColumn(TupleTableSlot *slot, int column, bool *isnull)
{
	return slot_getattr(slot, column, isnull);
}

Datum
OptionalText(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

char *
SlotText(TupleTableSlot *slot, int column)
{
	bool  isnull;
	Datum value = SlotColumn(slot, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

Jsonb *
SlotJsonb(TupleTableSlot *slot, int column)
{
	bool  isnull;
	Datum value = SlotColumn(slot, column, &isnull);

	return isnull ? NULL : DatumGetJsonbPCopy(value);
}

/* ---------- writing ---------- */

/* A slot for a row to be written. */
static TupleTableSlot *
VacantSlot(TableStore *store)
{
	MemoryContext   old = MemoryContextSwitchTo(store->context);
	TupleTableSlot *slot;

	if (store->pending == NULL)
		store->pending = palloc0(sizeof(TupleTableSlot *) * PENDING_ROWS);
	slot = store->pending[store->npending];
	if (slot == NULL)
		slot = store->pending[store->npending] = table_slot_create(store->table, NULL);
	MemoryContextSwitchTo(old);
	/* constraints may ask for it */
	slot->tts_tableOid = RelationGetRelid(store->table);
	return slot;
}

void
TableStoreOmit(TableStore *store, AttrNumber column)
{
	MemoryContext old = MemoryContextSwitchTo(store->context);

	store->omitted = bms_add_member(store->omitted, column);
	MemoryContextSwitchTo(old);
}

/* Do inserted rows of `ncolumns` values give this column? */
static bool
IsGiven(const TableStore *store, int ncolumns, AttrNumber column)
{
	return column <= ncolumns && !bms_is_member(column, store->omitted);
}

/* Read the defaults of the columns that rows of `ncolumns` values do not give. */
static void
PrepareDefaults(TableStore *store, int ncolumns)
{
	TupleDesc     desc = RelationGetDescr(store->table);
	MemoryContext old = MemoryContextSwitchTo(store->context);

	store->defaults = palloc0(sizeof(ExprState *) * desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		Node             *expression;

		if (IsGiven(store, ncolumns, i + 1) || attribute->attisdropped ||
			attribute->attgenerated != '\0')
			continue;
		expression = build_column_default(store->table, i + 1);
		if (expression != NULL)
			store->defaults[i] = ExecPrepareExpr((Expr *) expression, store->estate);
	}
	MemoryContextSwitchTo(old);
}

/* A vacant slot with a new row, which is not complete yet. */
static TupleTableSlot *
NewRow(TableStore *store, int ncolumns, const Datum *values, const bool *nulls)
{
	int             natts = RelationGetNumberOfAttributes(store->table);
	TupleTableSlot *slot = VacantSlot(store);

	if (store->defaults == NULL && (natts > ncolumns || store->omitted != NULL))
		PrepareDefaults(store, ncolumns);
	for (int i = 0; i < natts; i++)
	{
		const bool given = IsGiven(store, ncolumns, i + 1);

		slot->tts_values[i] = given ? values[i] : (Datum) 0;
		slot->tts_isnull[i] = given ? nulls[i] : true;
		if (!given && store->defaults[i] != NULL)
			slot->tts_values[i] = ExecEvalExprSwitchContext(store->defaults[i],
															GetPerTupleExprContext(store->estate),
															&slot->tts_isnull[i]);
	}
	return ExecStoreVirtualTuple(slot);
}

/* What the executor does to a row before it is written. */
static void
CompleteRow(TableStore *store, TupleTableSlot *slot)
{
	TupleConstr *constraints = RelationGetDescr(store->table)->constr;

	if (constraints != NULL)
	{
		/* as of an INSERT: an UPDATE would ask the query what it changes */
		if (constraints->has_generated_stored)
			ExecComputeStoredGenerated(store->target, store->estate, slot, CMD_INSERT);
		ExecConstraints(store->target, slot, store->estate);
	}
	ExecMaterializeSlot(slot);
	ResetPerTupleExprContext(store->estate);
}

/*
 * CheckDeferrable
 *		Deferrable constraints that the row may violate are checked now: nothing
 *		that could make it right comes any more.
 */
static void
CheckDeferrable(TableStore *store, TupleTableSlot *slot, List *suspects)
{
	for (int i = 0; suspects != NIL && i < store->target->ri_NumIndices; i++)
	{
		Relation   index = store->target->ri_IndexRelationDescs[i];
		IndexInfo *info = store->target->ri_IndexRelationInfo[i];
		Datum      values[INDEX_MAX_KEYS];
		bool       nulls[INDEX_MAX_KEYS];

		if (!list_member_oid(suspects, RelationGetRelid(index)))
			continue;
		FormIndexDatum(info, slot, store->estate, values, nulls);
		if (info->ii_ExclusionOps != NULL)
			check_exclusion_constraint(store->table, index, info, &slot->tts_tid, values, nulls,
									   store->estate, false);
		else
			index_insert(index, values, nulls, &slot->tts_tid, store->table, UNIQUE_CHECK_EXISTING,
						 false, info);
	}
}

/* Enter a row that was written into the indexes. */
static void
EnterIntoIndexes(TableStore *store, TupleTableSlot *slot, bool only_summarizing)
{
	MemoryContext old = MemoryContextSwitchTo(GetPerTupleMemoryContext(store->estate));

	CheckDeferrable(store, slot,
					CompatInsertIndexTuples(store->target, slot, store->estate, only_summarizing));
	MemoryContextSwitchTo(old);
	ResetPerTupleExprContext(store->estate);
}

/* May writes fire triggers? */
static bool
Fires(const TableStore *store)
{
	return store->target->ri_TrigDesc != NULL;
}

/*
 * Between these two, triggers' events are queued, and then fired.  What is looked up of
 * their functions is kept as long as the store.
 */
static MemoryContext
BeginFiring(TableStore *store)
{
	AfterTriggerBeginQuery();
	return MemoryContextSwitchTo(store->estate->es_query_cxt);
}

static void
EndFiring(TableStore *store, MemoryContext old)
{
	AfterTriggerEndQuery(store->estate);
	MemoryContextSwitchTo(old);
}

/* Write a row and enter it into the indexes. */
static void
WriteRow(TableStore *store, TupleTableSlot *slot)
{
	CompleteRow(store, slot);
	table_tuple_insert(store->table, slot, GetCurrentCommandId(true), 0, NULL);
	EnterIntoIndexes(store, slot, false);
}

/* Insert a row as a statement of its own, with all triggers that it fires. */
static void
InsertFiring(TableStore *store, TupleTableSlot *slot)
{
	const Oid               table = RelationGetRelid(store->table);
	TriggerDesc            *triggers = store->target->ri_TrigDesc;
	TransitionCaptureState *capture;
	MemoryContext           old = BeginFiring(store);

	capture = MakeTransitionCaptureState(triggers, table, CMD_INSERT);
	ExecBSInsertTriggers(store->estate, store->target);
	ExecMaterializeSlot(slot);
	if (!triggers->trig_insert_before_row ||
		ExecBRInsertTriggers(store->estate, store->target, slot))
	{
		slot->tts_tableOid = table;
		WriteRow(store, slot);
		ExecARInsertTriggers(store->estate, store->target, slot, NIL, capture);
	}
	ExecASInsertTriggers(store->estate, store->target, capture);
	EndFiring(store, old);
}

void
TableStoreInsert(TableStore *store, int ncolumns, const Datum *values, const bool *nulls)
{
	TupleTableSlot *slot = NewRow(store, ncolumns, values, nulls);

	LockWaitsCount();
	if (Fires(store))
		InsertFiring(store, slot);
	else
		WriteRow(store, slot);
	ExecClearTuple(slot);
}

void
TableStoreInsertLater(TableStore *store, int ncolumns, const Datum *values, const bool *nulls)
{
	TupleTableSlot *slot;

	if (Fires(store))
	{
		TableStoreInsert(store, ncolumns, values, nulls);
		return;
	}
	slot = NewRow(store, ncolumns, values, nulls);
	CompleteRow(store, slot);
	store->pending_bytes += ExecFetchSlotHeapTuple(slot, false, NULL)->t_len;
	if (++store->npending == PENDING_ROWS || store->pending_bytes > PENDING_BYTES)
		TableStoreFlush(store);
}

void
TableStoreFlush(TableStore *store)
{
	MemoryContext old;

	if (store->npending == 0)
		return;
	LockWaitsCount();
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(store->estate));
	table_multi_insert(store->table, store->pending, store->npending, GetCurrentCommandId(true), 0,
					   NULL);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < store->npending; i++)
	{
		EnterIntoIndexes(store, store->pending[i], false);
		ExecClearTuple(store->pending[i]);
	}
	store->npending = 0;
	store->pending_bytes = 0;
}

void
TableStoreUpdate(TableStore *store, HeapTuple tuple, int ncolumns, const Datum *values,
				 const bool *nulls, const bool *replace)
{
	TupleTableSlot     *slot = VacantSlot(store);
	CompatUpdateIndexes update;

	LockWaitsCount();
	/* the row may be one that this command wrote */
	CommandCounterIncrement();
	heap_deform_tuple(tuple, RelationGetDescr(store->table), slot->tts_values, slot->tts_isnull);
	for (int i = 0; i < ncolumns; i++)
		if (replace[i])
		{
			slot->tts_values[i] = values[i];
			slot->tts_isnull[i] = nulls[i];
		}
	ExecStoreVirtualTuple(slot);
	CompleteRow(store, slot);
	simple_table_tuple_update(store->table, &tuple->t_self, slot, SnapshotSelf, &update);
	if (CompatEntersIndexes(update))
		EnterIntoIndexes(store, slot, CompatOnlySummarizing(update));
	if (Fires(store))
	{
		MemoryContext old = BeginFiring(store);

		ExecARUpdateTriggers(store->estate, store->target, NULL, NULL, &tuple->t_self, NULL, slot,
							 NIL, NULL, false);
		EndFiring(store, old);
	}
	ExecClearTuple(slot);
}

void
TableStoreDelete(TableStore *store, ItemPointer tid)
{
	LockWaitsCount();
	CommandCounterIncrement();
	simple_table_tuple_delete(store->table, tid, SnapshotSelf);
	if (Fires(store))
	{
		MemoryContext old = BeginFiring(store);

		ExecARDeleteTriggers(store->estate, store->target, tid, NULL, NULL, false);
		EndFiring(store, old);
	}
}
