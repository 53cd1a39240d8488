/*
 * rule_changes.c
 *	  What follows where newterm.rules is written, by whatever statement, or where a
 *	  rule's clock is moved back.
 *
 * A row that is inserted gets its version and, with the first rule, there is a secret
 * to digest terms under.  A definition that changes makes a version, or brings an
 * earlier one back; a learning that changes is decided again; with a row that is
 * deleted its baselines go.  All of that is written without SQL, so that who may write
 * rules needs no right on any other table.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/user_code.h"
#include "merge/merge.h"
#include "merge/version_rows.h"
#include "rule/rule.h"
#include "store/extension.h"
#include "store/lock.h"
#include "store/table_store.h"

PG_FUNCTION_INFO_V1(newterm_rules_locked);
PG_FUNCTION_INFO_V1(newterm_rules_written);
PG_FUNCTION_INFO_V1(newterm_move_clock);

/* A row of newterm.rules that was written. */
typedef struct Written
{
	const ExtensionOids *oids;
	TupleDesc            desc;
	HeapTuple            before; /* NULL: inserted */
	HeapTuple            after;  /* NULL: deleted */
	const Bitmapset     *named;  /* columns that an UPDATE names */
} Written;

/* Has this statement written a rule that is enabled? */
static bool WroteEnabled = false;

/* Columns of newterm.rule_versions, in the order in which InsertVersion gives them. */
static const char *const VersionColumns[] = {"id",     "rule_id",  "version",  "fields",
											 "filter", "group_by", "language", "learning_from"};

/* Those of them that are a rule's definition, and their number. */
#define DEFINITION         (VersionColumns + 3)
#define DEFINITION_COLUMNS 4

/* What decides which terms are learned, beside the clock. */
static const char *const LearningColumns[] = {"learning", "learning_values", "learning_scope"};

static Datum
ColumnOf(HeapTuple row, TupleDesc desc, const char *name, bool *isnull)
{
	return SPI_getbinval(row, desc, SPI_fnumber(desc, name), isnull);
}

static int64
RuleId(const Written *written, HeapTuple row)
{
	bool isnull;

	return DatumGetInt64(ColumnOf(row, written->desc, "id", &isnull));
}

static int32
RuleVersion(const Written *written, HeapTuple row)
{
	bool isnull;

	return DatumGetInt32(ColumnOf(row, written->desc, "version", &isnull));
}

/* Do two rows, perhaps of different tables, have the same in these columns? */
static bool
SameIn(HeapTuple left, TupleDesc left_desc, HeapTuple right, TupleDesc right_desc,
	   const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(left_desc,
													SPI_fnumber(left_desc, names[i]) - 1);
		bool              left_null;
		bool              right_null;
		Datum             left_value = ColumnOf(left, left_desc, names[i], &left_null);
		Datum             right_value = ColumnOf(right, right_desc, names[i], &right_null);

		if (left_null != right_null)
			return false;
		if (!left_null &&
			!datum_image_eq(left_value, right_value, attribute->attbyval, attribute->attlen))
			return false;
	}
	return true;
}

/* Does the statement give the rule's clock? */
static bool
GivesClock(const Written *written, Datum *clock)
{
	const AttrNumber column = SPI_fnumber(written->desc, "learning_from");
	bool             isnull;

	*clock = SPI_getbinval(written->after, written->desc, column, &isnull);
	return !isnull &&
		(written->before == NULL ||
		 bms_is_member(column - FirstLowInvalidHeapAttributeNumber, written->named));
}

/* ---------- the secret ---------- */

static bool
IsEmpty(TableStore *store)
{
	TupleTableSlot *slot;

	TableStoreScan(store, SnapshotSelf);
	return !TableStoreScanNext(store, &slot);
}

/*
 * DrawSecret
 *		Draw the secret under which terms are digested.  The lock lets nobody else draw
 *		one; who reads passes.
 */
static void
DrawSecret(const ExtensionOids *oids)
{
	TableStore store;
	Datum      secret;
	const bool isnull = false;

	LockRelationOid(oids->digest_key, ShareRowExclusiveLock);
	TableStoreOpen(&store, oids->digest_key);
	if (IsEmpty(&store))
	{
		secret = DirectFunctionCall1(gen_random_uuid, (Datum) 0);
		TableStoreInsert(&store, 1, &secret, &isnull);
	}
	TableStoreClose(&store);
}

static void
EnsureSecret(const ExtensionOids *oids)
{
	TableStore store;
	bool       drawn;

	TableStoreOpenWhole(&store, oids->digest_key);
	drawn = !IsEmpty(&store);
	TableStoreClose(&store);
	if (!drawn)
		DrawSecret(oids);
}

/* ---------- versions ---------- */

/* Is the slot's row a version of the rule? */
static bool
IsVersionOf(const TableStore *versions, TupleTableSlot *slot, int64 rule_id)
{
	bool isnull;
	int  column = SPI_fnumber(RelationGetDescr(versions->table), "rule_id");

	return DatumGetInt64(slot_getattr(slot, column, &isnull)) == rule_id;
}

/* A copy of the stored version that the rule's row names, or NULL. */
static HeapTuple
FindVersion(TableStore *versions, const Written *written, HeapTuple rule)
{
	TupleDesc       desc = RelationGetDescr(versions->table);
	TupleTableSlot *slot;
	HeapTuple       found = NULL;

	TableStoreScan(versions, SnapshotSelf);
	while (TableStoreScanNext(versions, &slot))
	{
		bool isnull;

		if (IsVersionOf(versions, slot, RuleId(written, rule)) &&
			DatumGetInt32(slot_getattr(slot, SPI_fnumber(desc, "version"), &isnull)) ==
				RuleVersion(written, rule))
			found = ExecCopySlotHeapTuple(slot);
	}
	return found;
}

static void
InsertVersion(TableStore *versions, const Written *written)
{
	Datum row[lengthof(VersionColumns)];
	bool  nulls[lengthof(VersionColumns)] = {0};

	row[0] = Int32GetDatum(nextval_internal(written->oids->version_sequence, false));
	row[1] = Int64GetDatum(RuleId(written, written->after));
	for (int i = 2; i < lengthof(VersionColumns) - 1; i++)
		row[i] = ColumnOf(written->after, written->desc, VersionColumns[i], &nulls[i]);
	nulls[lengthof(VersionColumns) - 1] = !GivesClock(written, &row[lengthof(VersionColumns) - 1]);
	TableStoreNameColumns(versions, lengthof(VersionColumns), VersionColumns);
	TableStoreInsert(versions, lengthof(VersionColumns), row, nulls);
}

static void
SetClock(TableStore *versions, HeapTuple version, Datum clock)
{
	TupleDesc desc = RelationGetDescr(versions->table);
	int       column = SPI_fnumber(desc, "learning_from") - 1;
	Datum    *values = palloc0(sizeof(Datum) * desc->natts);
	bool     *nulls = palloc0(sizeof(bool) * desc->natts);
	bool     *replace = palloc0(sizeof(bool) * desc->natts);

	values[column] = clock;
	replace[column] = true;
	TableStoreUpdate(versions, version, desc->natts, values, nulls, replace);
}

static int32
VersionId(const TableStore *versions, HeapTuple version)
{
	bool isnull;

	return DatumGetInt32(ColumnOf(version, RelationGetDescr(versions->table), "id", &isnull));
}

/* ---------- what belongs to versions ---------- */

/* Delete the rule's versions; returns their numbers. */
static List *
DeleteVersions(const Written *written)
{
	TableStore      versions;
	TupleTableSlot *slot;
	List           *numbers = NIL;

	TableStoreOpen(&versions, written->oids->rule_versions);
	TableStoreScan(&versions, SnapshotSelf);
	while (TableStoreScanNext(&versions, &slot))
		if (IsVersionOf(&versions, slot, RuleId(written, written->before)))
		{
			numbers = lappend_int(numbers,
								  VersionId(&versions, ExecFetchSlotHeapTuple(slot, false, NULL)));
			TableStoreDelete(&versions, &slot->tts_tid);
		}
	TableStoreClose(&versions);
	return numbers;
}

/* ---------- what was written ---------- */

static const char *
RuleName(const Written *written)
{
	bool isnull;

	return TextDatumGetCString(ColumnOf(written->after, written->desc, "name", &isnull));
}

/*
 * RuleInserted
 *		Its version is there already where a dump is restored.
 */
static void
RuleInserted(const Written *written)
{
	TableStore versions;
	HeapTuple  version;

	EnsureSecret(written->oids);
	TableStoreOpen(&versions, written->oids->rule_versions);
	version = FindVersion(&versions, written, written->after);
	if (version == NULL)
		InsertVersion(&versions, written);
	else if (!SameIn(written->after, written->desc, version, RelationGetDescr(versions.table),
					 DEFINITION, DEFINITION_COLUMNS))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("rule \"%s\" is not what newterm.rule_versions has as its version %d",
						RuleName(written), RuleVersion(written, written->after))));
	TableStoreClose(&versions);
}

/*
 * DecideStored
 *		Set the clock of a stored version where one is given, and decide again about
 *		its terms, while nobody merges.
 */
static void
DecideStored(const Written *written, TableStore *versions, HeapTuple version)
{
	const int32 version_id = VersionId(versions, version);
	Datum       clock;

	LockGateExclusive(true);
	AcceptInvalidationMessages();
	if (GivesClock(written, &clock))
		SetClock(versions, version, clock);
	/* by the rule as it is written now */
	RulesAnnounce();
	CommandCounterIncrement();
	MergeRedecide(version_id, NULL);
}

static void
RuleUpdated(const Written *written)
{
	const bool moved = RuleVersion(written, written->before) !=
		RuleVersion(written, written->after);
	const bool learning_changed = !SameIn(written->before, written->desc, written->after,
										  written->desc, LearningColumns,
										  lengthof(LearningColumns));
	Datum      clock;
	TableStore versions;
	HeapTuple  version;

	if (!moved && !learning_changed && !GivesClock(written, &clock))
		return;
	TableStoreOpen(&versions, written->oids->rule_versions);
	version = FindVersion(&versions, written, written->after);
	if (version == NULL)
		InsertVersion(&versions, written);
	else
		DecideStored(written, &versions, version);
	TableStoreClose(&versions);
}

static void
RuleDeleted(const Written *written)
{
	List *numbers;

	LockGateExclusive(true);
	numbers = DeleteVersions(written);
	DeleteOfVersions(written->oids->runs, numbers);
	DeleteOfVersions(written->oids->entity_clocks, numbers);
	DeleteOfVersions(written->oids->learned_values, numbers);
}

static void
RuleWritten(const TriggerData *data, const ExtensionOids *oids)
{
	Written  written = {.oids = oids, .desc = RelationGetDescr(data->tg_relation)};
	UserCode before;
	bool     isnull;

	written.named = data->tg_updatedcols;
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		written.after = data->tg_newtuple;
	else if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		written.after = data->tg_trigtuple;
	if (!TRIGGER_FIRED_BY_INSERT(data->tg_event))
		written.before = data->tg_trigtuple;

	RestrictUserCode(&before);
	if (written.before == NULL)
		RuleInserted(&written);
	else if (written.after == NULL)
		RuleDeleted(&written);
	else
		RuleUpdated(&written);
	UserCodeEnds(&before);
	if (written.after != NULL &&
		DatumGetBool(ColumnOf(written.after, written.desc, "enabled", &isnull)))
		WroteEnabled = true;
}

/*
 * newterm.rules_locked() returns trigger
 *		For newterm.rules alone, BEFORE a statement that decides again or deletes: keeps
 *		merges out before a row is locked.  So two who change rules wait for each other in
 *		one order.
 */
Datum
newterm_rules_locked(PG_FUNCTION_ARGS)
{
	TriggerData         *data = (TriggerData *) fcinfo->context;
	const ExtensionOids *oids = ExtensionLookup();

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_FOR_STATEMENT(data->tg_event) || oids == NULL ||
		RelationGetRelid(data->tg_relation) != oids->rules)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("newterm.rules_locked is the trigger function of newterm.rules")));
	LockGateExclusive(true);
	return PointerGetDatum(NULL);
}

/*
 * newterm.rules_written() returns trigger
 *		For newterm.rules alone, AFTER INSERT, UPDATE or DELETE: of each row, what
 *		follows from it; of the statement, that every session compiles its rules anew,
 *		and an error where a rule was enabled for which there is no memory.
 */
Datum
newterm_rules_written(PG_FUNCTION_ARGS)
{
	TriggerData         *data = (TriggerData *) fcinfo->context;
	const ExtensionOids *oids = ExtensionLookup();

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event) || oids == NULL ||
		RelationGetRelid(data->tg_relation) != oids->rules)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("newterm.rules_written is the trigger function of newterm.rules")));
	if (TRIGGER_FIRED_FOR_ROW(data->tg_event))
		RuleWritten(data, oids);
	else
	{
		RulesAnnounce();
		CommandCounterIncrement();
		if (WroteEnabled)
			RulesCheckMemory();
		WroteEnabled = false;
	}
	return PointerGetDatum(NULL);
}

/* ---------- clocks ---------- */

/* The version with a clock that is later than that, or none; or NULL. */
static HeapTuple
FindLaterClock(TableStore *versions, int32 version_id, TimestampTz earliest)
{
	TupleDesc       desc = RelationGetDescr(versions->table);
	TupleTableSlot *slot;

	TableStoreScan(versions, SnapshotSelf);
	while (TableStoreScanNext(versions, &slot))
	{
		HeapTuple version = ExecFetchSlotHeapTuple(slot, false, NULL);
		bool      isnull;
		Datum     clock = ColumnOf(version, desc, "learning_from", &isnull);

		if (VersionId(versions, version) == version_id &&
			(isnull || DatumGetTimestampTz(clock) > earliest))
			return ExecCopySlotHeapTuple(slot);
	}
	return NULL;
}

/*
 * newterm.move_clock(version integer, earliest timestamptz) returns boolean
 *		Move the clock of a rule version back and decide again about its terms, while
 *		nobody merges; false where it stands no later.
 */
Datum
newterm_move_clock(PG_FUNCTION_ARGS)
{
	const int32 version_id = PG_GETARG_INT32(0);
	TableStore  versions;
	UserCode    before;
	HeapTuple   version;

	LockGateExclusive(true);
	AcceptInvalidationMessages();
	RestrictUserCode(&before);
	TableStoreOpen(&versions, ExtensionLookup()->rule_versions);
	version = FindLaterClock(&versions, version_id, PG_GETARG_TIMESTAMPTZ(1));
	if (version != NULL)
	{
		SetClock(&versions, version, PG_GETARG_DATUM(1));
		RulesAnnounce();
		CommandCounterIncrement();
		MergeRedecide(version_id, NULL);
	}
	TableStoreClose(&versions);
	UserCodeEnds(&before);
	PG_RETURN_BOOL(version != NULL);
}
