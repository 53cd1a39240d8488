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

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
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
#include "merge/rule_rename.h"
#include "merge/version_rows.h"
#include "rule/rule.h"
#include "store/extension.h"
#include "store/lock.h"
#include "store/row_change.h"
#include "store/table_store.h"
#include "store/tables.h"

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

/* A column of newterm.rules and the one that is compared with it. */
typedef struct ColumnPair
{
	AttrNumber rule;
	AttrNumber other;
} ColumnPair;

/* A rule's definition, which newterm.rule_versions keeps. */
static const ColumnPair Definition[] = {
	{RULE_FIELDS, VERSION_FIELDS},
	{RULE_FILTER, VERSION_FILTER},
	{RULE_GROUP_BY, VERSION_GROUP_BY},
	{RULE_LANGUAGE, VERSION_LANGUAGE},
};

/* What decides which terms are learned, beside the clock: before and after a change. */
static const ColumnPair Learning[] = {
	{RULE_LEARNING, RULE_LEARNING},
	{RULE_LEARNING_VALUES, RULE_LEARNING_VALUES},
	{RULE_LEARNING_SCOPE, RULE_LEARNING_SCOPE},
};

static int64
RuleId(const Written *written, HeapTuple row)
{
	bool isnull;

	return DatumGetInt64(heap_getattr(row, RULE_ID, written->desc, &isnull));
}

static int32
RuleVersion(const Written *written, HeapTuple row)
{
	bool isnull;

	return DatumGetInt32(heap_getattr(row, RULE_VERSION, written->desc, &isnull));
}

/* Has a rule's row the same in these columns as another row, perhaps of another table? */
static bool
SameIn(const Written *written, HeapTuple other, TupleDesc other_desc, const ColumnPair *pairs,
	   int count)
{
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(written->desc, pairs[i].rule - 1);
		bool              null;
		bool              other_null;
		Datum             value = heap_getattr(written->after, pairs[i].rule, written->desc, &null);
		Datum other_value = heap_getattr(other, pairs[i].other, other_desc, &other_null);

		if (null != other_null)
			return false;
		if (!null && !datum_image_eq(value, other_value, attribute->attbyval, attribute->attlen))
			return false;
	}
	return true;
}

/* Does the statement give the rule's clock? */
static bool
GivesClock(const Written *written, Datum *clock)
{
	bool isnull;

	*clock = heap_getattr(written->after, RULE_LEARNING_FROM, written->desc, &isnull);
	return !isnull &&
		(written->before == NULL ||
		 bms_is_member(RULE_LEARNING_FROM - FirstLowInvalidHeapAttributeNumber, written->named));
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
		TableStoreInsert(&store, DIGEST_KEY_COLUMNS, &secret, &isnull);
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
IsVersionOf(TupleTableSlot *slot, int64 rule_id)
{
	bool isnull;

	return DatumGetInt64(SlotColumn(slot, VERSION_RULE_ID, &isnull)) == rule_id;
}

/* A copy of the stored version that the rule's row names, or NULL. */
static HeapTuple
FindVersion(TableStore *versions, const Written *written, HeapTuple rule)
{
	TupleTableSlot *slot;
	HeapTuple       found = NULL;

	TableStoreScan(versions, SnapshotSelf);
	while (TableStoreScanNext(versions, &slot))
	{
		bool isnull;

		if (IsVersionOf(slot, RuleId(written, rule)) &&
			DatumGetInt32(SlotColumn(slot, VERSION_VERSION, &isnull)) == RuleVersion(written, rule))
			found = ExecCopySlotHeapTuple(slot);
	}
	return found;
}

static void
InsertVersion(TableStore *versions, const Written *written)
{
	Datum row[VERSION_COLUMNS] = {0};
	bool  nulls[VERSION_COLUMNS] = {0};

	row[VERSION_ID - 1] = Int32GetDatum(nextval_internal(written->oids->version_sequence, false));
	row[VERSION_RULE_ID - 1] = Int64GetDatum(RuleId(written, written->after));
	row[VERSION_VERSION - 1] = Int32GetDatum(RuleVersion(written, written->after));
	for (int i = 0; i < (int) lengthof(Definition); i++)
	{
		const int column = Definition[i].other - 1;

		row[column] = heap_getattr(written->after, Definition[i].rule, written->desc,
								   &nulls[column]);
	}
	nulls[VERSION_LEARNING_FROM - 1] = !GivesClock(written, &row[VERSION_LEARNING_FROM - 1]);
	TableStoreInsert(versions, VERSION_COLUMNS, row, nulls);
}

static void
SetClock(TableStore *versions, HeapTuple version, Datum clock)
{
	RowChange change;

	RowChangeBegin(&change, versions, version);
	RowChangeSet(&change, VERSION_LEARNING_FROM, clock, false);
	RowChangeWrite(&change);
}

static int32
VersionId(const TableStore *versions, HeapTuple version)
{
	bool isnull;

	return DatumGetInt32(heap_getattr(version, VERSION_ID, RelationGetDescr(versions->table),
									  &isnull));
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
	{
		bool isnull;

		if (!IsVersionOf(slot, RuleId(written, written->before)))
			continue;
		numbers = lappend_int(numbers, DatumGetInt32(SlotColumn(slot, VERSION_ID, &isnull)));
		TableStoreDelete(&versions, &slot->tts_tid);
	}
	TableStoreClose(&versions);
	return numbers;
}

/* ---------- what was written ---------- */

static const char *
RuleName(const Written *written, HeapTuple row)
{
	bool isnull;

	return TextDatumGetCString(heap_getattr(row, RULE_NAME, written->desc, &isnull));
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
	else if (!SameIn(written, version, RelationGetDescr(versions.table), Definition,
					 lengthof(Definition)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("rule \"%s\" is not what newterm.rule_versions has as its version %d",
						RuleName(written, written->after), RuleVersion(written, written->after))));
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
	const bool  learning_changed = !SameIn(written, written->before, written->desc, Learning,
										   lengthof(Learning));
	const char *before = RuleName(written, written->before);
	const char *after = RuleName(written, written->after);
	Datum       clock;
	TableStore  versions;
	HeapTuple   version;

	if (strcmp(before, after) != 0)
		RuleRenamed(written->oids, before, after);
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
	DeleteOfVersions(written->oids->runs, RUN_VERSION_ID, numbers);
	DeleteOfVersions(written->oids->entity_clocks, ENTITY_CLOCK_VERSION_ID, numbers);
	DeleteOfVersions(written->oids->learned_values, LEARNED_VALUE_VERSION_ID, numbers);
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
		DatumGetBool(heap_getattr(written.after, RULE_ENABLED, written.desc, &isnull)))
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
	TupleTableSlot *slot;

	TableStoreScan(versions, SnapshotSelf);
	while (TableStoreScanNext(versions, &slot))
	{
		bool  id_null;
		bool  no_clock;
		Datum id = SlotColumn(slot, VERSION_ID, &id_null);
		Datum clock = SlotColumn(slot, VERSION_LEARNING_FROM, &no_clock);

		if (DatumGetInt32(id) == version_id && (no_clock || DatumGetTimestampTz(clock) > earliest))
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
