/*
 * signal_apply.c
 *	  Changing a signal after one of its detections was amended or retracted.
 *
 * The signal is computed anew from its detections that are not retracted, so the order and
 * the time of several changes do not matter.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "event/event.h"
#include "signal/detection_log.h"
#include "signal/new_signal.h"
#include "signal/signal_apply.h"
#include "signal/signal_row.h"
#include "signal/template.h"
#include "signal/term_list.h"

/* A column of a signal's row that is never null. */
static Datum
Column(const TableStore *signals, HeapTuple row, int column)
{
	bool isnull;

	return SignalTupleColumn(signals, row, column, &isnull);
}

/* The entity and term that a signal shows. */
static Shown
ShownBy(const TableStore *signals, HeapTuple row)
{
	return (Shown){
		.entity = DatumGetJsonbP(Column(signals, row, SIGNAL_ENTITY)),
		.term = DatumGetJsonbP(Column(signals, row, SIGNAL_TERM)),
	};
}

/* The rule version of a signal; NULL if it is not in use. */
static Rule *
RuleOf(RuleSet *set, const TableStore *signals, HeapTuple row)
{
	const int64 id = DatumGetInt64(Column(signals, row, SIGNAL_RULE_ID));
	const int32 version = DatumGetInt32(Column(signals, row, SIGNAL_RULE_VERSION));

	for (int i = 0; set != NULL && i < set->nrules; i++)
		if (set->rules[i]->id == id && set->rules[i]->version == version)
			return set->rules[i];
	return NULL;
}

/*
 * ShowFirst
 *		The signal showed a detection that was retracted: let it show the first one that was
 *		not.  The event of that one is not stored, so title and message are made from its
 *		entity and term.
 */
static void
ShowFirst(RowChange *row, const Shown *first)
{
	RuleSet       *set = RulesInUse();
	Rule          *rule = RuleOf(set, row->store, row->row);
	TemplateValues given = {
		.rule = rule,
		.set = set,
		.entity = first->entity,
		.term = first->term,
	};

	RowChangeSet(row, SIGNAL_ENTITY, JsonbPGetDatum(first->entity), false);
	RowChangeSet(row, SIGNAL_TERM, JsonbPGetDatum(first->term), false);
	RowChangeSetText(row, SIGNAL_EVENT_ID, first->event_id);
	RowChangeSet(row, SIGNAL_EVENT, (Datum) 0, true);
	if (rule == NULL)
		return; /* changed or dropped since */
	RowChangeSetText(row, SIGNAL_TITLE, TemplateTitle(&given));
	RowChangeSetText(row, SIGNAL_MESSAGE, TemplateMessage(&given));
}

/* The detection that the signal shows was amended: let it show its event, or none. */
static void
ShowEvent(RowChange *row, Jsonb *event, const char *event_id)
{
	RowChangeSetText(row, SIGNAL_EVENT_ID, event_id);
	RowChangeSet(row, SIGNAL_EVENT, PointerGetDatum(event), event == NULL);
}

/* Set the columns that sum up the detections that are not retracted. */
static void
SetFromDetections(RowChange *row, const SignalChange *change, const SignalDetections *stand)
{
	RowChangeSet(row, SIGNAL_TERMS, JsonbPGetDatum(TermListArray(stand->terms)), false);
	RowChangeSet(row, SIGNAL_DETECTIONS, Int32GetDatum(stand->count), false);
	RowChangeSet(row, SIGNAL_FIRST_SEEN, TimestampTzGetDatum(stand->first_seen), false);
	RowChangeSet(row, SIGNAL_LAST_SEEN, TimestampTzGetDatum(stand->last_seen), false);
	if (stand->asked_is_shown)
		ShowEvent(row, change->event, stand->asked_event_id);
	else if (!stand->shown)
		ShowFirst(row, &stand->first);
}

/* Change the row, which is locked. */
static Applied
ChangeRow(const ExtensionOids *oids, TableStore *signals, HeapTuple tuple,
		  const SignalChange *change)
{
	const Shown      shows = ShownBy(signals, tuple);
	SignalDetections stand;
	RowChange        row;

	DetectionsOfSignal(oids, change->signal, &shows, change->detection, &stand);
	SignalRowChange(&row, signals, tuple);
	RowChangeSetText(&row, SIGNAL_CHANGE_REASON, change->reason);
	if (stand.count > 0)
		SetFromDetections(&row, change, &stand);
	else
		RowChangeSet(&row, SIGNAL_RETRACTED_AT,
					 TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
	RowChangeWrite(&row);
	return stand.count > 0 ? APPLIED_CHANGED : APPLIED_RETRACTED;
}

Applied
SignalApply(const ExtensionOids *oids, const SignalChange *change)
{
	TableStore signals;
	HeapTuple  tuple;
	Found      found;
	Applied    applied = APPLIED_CHANGED;

	TableStoreOpenBy(&signals, oids->signals, SIGNAL_ID);
	found = SignalLock(&signals, change->signal, &tuple);
	if (found == FOUND_LOCKED)
		applied = ChangeRow(oids, &signals, tuple, change);
	else if (found == FOUND_BUSY)
		applied = APPLIED_NOT;
	TableStoreClose(&signals);
	return applied;
}

/* Tell that a signal is retracted; an update or nothing was told before. */
static void
TellRetracted(const ExtensionOids *oids, const SignalChange *change)
{
	TableStore      signals;
	TupleTableSlot *slot = SignalFind(&signals, oids, change->signal);
	HeapTuple       row = slot == NULL ? NULL : ExecCopySlotHeapTuple(slot);
	Rule            rule = {0};
	Datum           event_id;
	bool            no_event_id;

	if (row != NULL &&
		strcmp(TextDatumGetCString(Column(&signals, row, SIGNAL_ORIGIN)),
			   OriginName(ORIGIN_LIVE)) == 0)
	{
		rule.name = TextDatumGetCString(Column(&signals, row, SIGNAL_RULE));
		rule.severity = TextDatumGetCString(Column(&signals, row, SIGNAL_SEVERITY));
		event_id = SignalTupleColumn(&signals, row, SIGNAL_EVENT_ID, &no_event_id);
		SignalChangeTell(&(Notification){
			.kind = "retract",
			.signal = change->signal,
			.rule = &rule,
			.title = TextDatumGetCString(Column(&signals, row, SIGNAL_TITLE)),
			.entity = DatumGetJsonbP(Column(&signals, row, SIGNAL_ENTITY)),
			.term = DatumGetJsonbP(Column(&signals, row, SIGNAL_TERM)),
			.event_time =
				UNIX_MICROS(DatumGetTimestampTz(Column(&signals, row, SIGNAL_FIRST_SEEN))),
			.event_id = no_event_id ? NULL : TextDatumGetCString(event_id),
			.reason = change->reason,
		});
	}
	TableStoreClose(&signals);
}

bool
SignalApplyPostponed(const ExtensionOids *oids, const SignalChange *change)
{
	const Applied applied = SignalApply(oids, change);

	if (applied == APPLIED_RETRACTED && change->kind != CHANGE_RETRACT)
		TellRetracted(oids, change);
	return applied != APPLIED_NOT;
}
