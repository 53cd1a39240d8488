/*
 * group.c
 *	  Signals that take several detections.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/hash_table.h"
#include "base/jsonb_copy.h"
#include "rule/rule_digest.h"
#include "signal/group.h"
#include "signal/new_signal.h"
#include "signal/signal_row.h"
#include "signal/term_list.h"

/* The number of stored signals of a group that are looked at, from the newest on. */
#define LOOKED_AT 100

/* More signals than these are not held in memory. */
#define OPEN_SIGNALS 1000

/* A signal that takes detections in this merge. */
typedef struct OpenSignal
{
	HeapTuple          row;    /* stored and locked; NULL: it is new */
	NewSignal          signal; /* if stored: its columns that change */
	int32              joined; /* detections that a stored one took */
	struct OpenSignal *older;  /* of the same group */
} OpenSignal;

/* Those of a group. */
typedef struct SignalGroup
{
	Digest      digest; /* hash key */
	OpenSignal *newest;
} SignalGroup;

typedef struct SignalGroups
{
	MemoryContext context; /* of the open signals */
	HTAB         *groups;
	List         *open;   /* all OpenSignal */
	TableStore    stored; /* newterm.signals by group, in the order of their numbers */
} SignalGroups;

/* ---------- the groups of a merge ---------- */

/* Begin without open signals. */
static void
Reset(SignalGroups *groups)
{
	MemoryContextReset(groups->context);
	groups->groups = HashTableIn(groups->context, "newterm signal groups", 64, sizeof(Digest),
								 sizeof(SignalGroup));
	groups->open = NIL;
}

static SignalGroups *
Groups(SignalWriter *writer)
{
	SignalGroups *groups = writer->groups;
	MemoryContext old;

	if (groups != NULL)
		return groups;
	old = MemoryContextSwitchTo(writer->context);
	groups = writer->groups = palloc0(sizeof(SignalGroups));
	groups->context = AllocSetContextCreate(writer->context, "newterm signal groups",
											ALLOCSET_DEFAULT_SIZES);
	TableStoreOpenOrdered(&groups->stored, writer->oids->signals, SIGNAL_GROUP_DIGEST, SIGNAL_ID);
	MemoryContextSwitchTo(old);
	Reset(groups);
	return groups;
}

static void
AddOpen(SignalGroups *groups, SignalGroup *group, OpenSignal *open)
{
	OpenSignal  **place = &group->newest;
	MemoryContext old = MemoryContextSwitchTo(groups->context);

	/* stored ones are found after newer ones of this merge */
	while (*place != NULL && (*place)->signal.id > open->signal.id)
		place = &(*place)->older;
	open->older = *place;
	*place = open;
	groups->open = lappend(groups->open, open);
	MemoryContextSwitchTo(old);
}

/* ---------- which signal ---------- */

/* May a signal with these bounds take a detection of that time? */
static bool
IsNear(const Rule *rule, int64 first_seen, int64 last_seen, int64 time)
{
	return time >= first_seen - rule->keep_alive && time <= last_seen + rule->keep_alive &&
		Max(last_seen, time) - Min(first_seen, time) <= rule->max_duration;
}

/* The newest of those that this merge makes, or NULL. */
static OpenSignal *
FindNew(const SignalGroup *group, const Rule *rule, int64 time)
{
	OpenSignal *open;

	for (open = group->newest; open != NULL; open = open->older)
		if (open->row == NULL &&
			IsNear(rule, open->signal.first_seen, open->signal.last_seen, time))
			return open;
	return NULL;
}

/* Is that signal open? */
static bool
IsOpen(const SignalGroup *group, int64 id, OpenSignal **open)
{
	for (*open = group->newest; *open != NULL; *open = (*open)->older)
		if ((*open)->signal.id == id)
			return true;
	return false;
}

static bool
TextIs(TupleTableSlot *slot, int column, const char *wanted)
{
	bool  isnull;
	Datum value = SlotColumn(slot, column, &isnull);

	return !isnull && strcmp(TextDatumGetCString(value), wanted) == 0;
}

static int64
TimeColumn(TupleTableSlot *slot, int column)
{
	bool isnull;

	return UNIX_MICROS(DatumGetTimestampTz(SlotColumn(slot, column, &isnull)));
}

/*
 * TakesMore
 *		May a stored signal take a detection?  Not if subscribers were not told of it, or
 *		were told another name or severity.
 */
static bool
TakesMore(const SignalWriter *writer, const Rule *rule, TupleTableSlot *slot, int64 time)
{
	bool standing;

	SlotColumn(slot, SIGNAL_RETRACTED_AT, &standing);
	return standing && !TextIs(slot, SIGNAL_STATUS, "archived") &&
		TextIs(slot, SIGNAL_ORIGIN, OriginName(writer->origin)) &&
		TextIs(slot, SIGNAL_RULE, rule->name) && TextIs(slot, SIGNAL_SEVERITY, rule->severity) &&
		IsNear(rule, TimeColumn(slot, SIGNAL_FIRST_SEEN), TimeColumn(slot, SIGNAL_LAST_SEEN), time);
}

/* A stored signal whose row is locked, to take more. */
static OpenSignal *
OpenStored(SignalGroups *groups, const Rule *rule, HeapTuple row)
{
	MemoryContext old = MemoryContextSwitchTo(groups->context);
	OpenSignal   *open = palloc0(sizeof(OpenSignal));
	NewSignal    *signal = &open->signal;
	TableStore   *stored = &groups->stored;
	bool          isnull;

	open->row = heap_copytuple(row);
	signal->rule = rule;
	signal->id = DatumGetInt64(SignalTupleColumn(stored, row, SIGNAL_ID, &isnull));
	signal->title = TextDatumGetCString(SignalTupleColumn(stored, row, SIGNAL_TITLE, &isnull));
	signal->terms =
		TermListRead(DatumGetJsonbPCopy(SignalTupleColumn(stored, row, SIGNAL_TERMS, &isnull)));
	signal->detections = DatumGetInt32(SignalTupleColumn(stored, row, SIGNAL_DETECTIONS, &isnull));
	signal->first_seen =
		UNIX_MICROS(DatumGetTimestampTz(SignalTupleColumn(stored, row, SIGNAL_FIRST_SEEN,
														  &isnull)));
	signal->last_seen =
		UNIX_MICROS(DatumGetTimestampTz(SignalTupleColumn(stored, row, SIGNAL_LAST_SEEN, &isnull)));
	MemoryContextSwitchTo(old);
	return open;
}

/* The outcome of searching the stored signals of a group. */
typedef enum Looked
{
	LOOKED_FOUND,   /* *open takes the detection */
	LOOKED_NOTHING, /* none does, or another session has locked it */
	LOOKED_AGAIN    /* it changed meanwhile */
} Looked;

static Looked
LookThrough(SignalWriter *writer, SignalGroup *group, const Rule *rule, int64 time,
			OpenSignal **open)
{
	SignalGroups   *groups = writer->groups;
	TupleTableSlot *slot;
	HeapTuple       row;

	TableStoreFindDigest(&groups->stored, &group->digest);
	for (int i = 0; i < LOOKED_AT && TableStoreNextBackward(&groups->stored, &slot); i++)
	{
		bool isnull;

		if (IsOpen(group, DatumGetInt64(SlotColumn(slot, SIGNAL_ID, &isnull)), open))
		{
			if (IsNear(rule, (*open)->signal.first_seen, (*open)->signal.last_seen, time))
				return LOOKED_FOUND;
		}
		else if (TakesMore(writer, rule, slot, time))
		{
			const TM_Result result = TableStoreLock(&groups->stored, &row);

			if (result != TM_Ok)
				return result == TM_WouldBlock ? LOOKED_NOTHING : LOOKED_AGAIN;
			*open = OpenStored(groups, rule, row);
			AddOpen(groups, group, *open);
			return LOOKED_FOUND;
		}
	}
	return LOOKED_NOTHING;
}

/* The stored signal that takes a detection, or NULL. */
static OpenSignal *
FindStored(SignalWriter *writer, SignalGroup *group, const Rule *rule, int64 time)
{
	OpenSignal *open = NULL;
	Looked      looked;

	while ((looked = LookThrough(writer, group, rule, time, &open)) == LOOKED_AGAIN)
		CHECK_FOR_INTERRUPTS();
	return looked == LOOKED_FOUND ? open : NULL;
}

/* ---------- taking a detection ---------- */

/* Let a signal show this detection. */
static void
Show(NewSignal *signal, const Detection *detection)
{
	signal->entity = JsonbCopy(CurrentMemoryContext, detection->given.entity);
	signal->term = JsonbCopy(CurrentMemoryContext, detection->given.term);
	signal->event_id = detection->event_id == NULL ? NULL : pstrdup(detection->event_id);
	signal->event_time = detection->first_seen;
}

/* A new signal of the detection. */
static OpenSignal *
OpenNew(SignalWriter *writer, SignalGroup *group, const Detection *detection)
{
	MemoryContext old = MemoryContextSwitchTo(writer->groups->context);
	OpenSignal   *open = palloc0(sizeof(OpenSignal));

	NewSignalRender(writer, detection, &open->signal);
	Show(&open->signal, detection);
	open->signal.event = JsonbCopy(CurrentMemoryContext, detection->given.event);
	open->signal.terms = list_make1(open->signal.term);
	open->signal.group = &group->digest;
	AddOpen(writer->groups, group, open);
	MemoryContextSwitchTo(old);
	return open;
}

/* An open signal takes the detection. */
static void
AddDetection(SignalGroups *groups, OpenSignal *open, const Detection *detection)
{
	MemoryContext old = MemoryContextSwitchTo(groups->context);
	NewSignal    *signal = &open->signal;

	if (open->row != NULL)
	{
		Show(signal, detection);
		open->joined++;
	}
	signal->terms = TermListAdd(signal->terms,
								JsonbCopy(CurrentMemoryContext, detection->given.term));
	signal->detections++;
	signal->first_seen = Min(signal->first_seen, detection->first_seen);
	signal->last_seen = Max(signal->last_seen, detection->first_seen);
	MemoryContextSwitchTo(old);
}

int64
GroupTake(SignalWriter *writer, const Detection *detection)
{
	SignalGroups *groups = Groups(writer);
	const Rule   *rule = detection->given.rule;
	const Digest  digest = GroupDigest(rule, detection->subject->entity_values);
	SignalGroup  *group;
	OpenSignal   *open;
	bool          found;

	if (list_length(groups->open) == OPEN_SIGNALS)
		GroupsFlush(writer);
	group = hash_search(groups->groups, &digest, HASH_ENTER, &found);
	if (!found)
		group->newest = NULL;
	open = FindNew(group, rule, detection->first_seen);
	if (open == NULL)
		open = FindStored(writer, group, rule, detection->first_seen);
	if (open == NULL)
		open = OpenNew(writer, group, detection);
	else
		AddDetection(groups, open, detection);
	return open->signal.id;
}

/* ---------- writing ---------- */

/* Write the new detections of a stored signal to its row. */
static void
UpdateStored(SignalGroups *groups, const OpenSignal *open, const char *reason)
{
	const NewSignal *signal = &open->signal;
	RowChange        change;

	SignalRowChange(&change, &groups->stored, open->row);
	RowChangeSet(&change, SIGNAL_TERMS, JsonbPGetDatum(TermListArray(signal->terms)), false);
	RowChangeSet(&change, SIGNAL_DETECTIONS, Int32GetDatum(signal->detections), false);
	RowChangeSet(&change, SIGNAL_FIRST_SEEN, TimestampTzGetDatum(TIMESTAMP_OF(signal->first_seen)),
				 false);
	RowChangeSet(&change, SIGNAL_LAST_SEEN, TimestampTzGetDatum(TIMESTAMP_OF(signal->last_seen)),
				 false);
	RowChangeSetText(&change, SIGNAL_CHANGE_REASON, reason);
	RowChangeWrite(&change);
}

static void
FlushSignal(SignalWriter *writer, const OpenSignal *open)
{
	const char *reason;

	if (open->row == NULL)
	{
		NewSignalStore(writer, &open->signal);
		return;
	}
	reason = psprintf("%d more detection%s: %d in all", open->joined, open->joined == 1 ? "" : "s",
					  open->signal.detections);
	UpdateStored(writer->groups, open, reason);
	NewSignalTell(writer, &open->signal, "update", reason);
}

void
GroupsFlush(SignalWriter *writer)
{
	ListCell *cell;

	if (writer->groups == NULL || writer->groups->open == NIL)
		return;
	foreach(cell, writer->groups->open)
	{
		CHECK_FOR_INTERRUPTS();
		FlushSignal(writer, lfirst(cell));
	}
	if (writer->signals.table != NULL)
		TableStoreFlush(&writer->signals);
	Reset(writer->groups);
}

void
GroupsClose(SignalWriter *writer)
{
	if (writer->groups == NULL)
		return;
	TableStoreClose(&writer->groups->stored);
	MemoryContextDelete(writer->groups->context);
	writer->groups = NULL;
}
