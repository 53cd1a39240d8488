/*
 * signal_postponed.c
 *	  Changes that are postponed because another session has locked the signals' rows.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/guard.h"
#include "event/event.h"
#include "signal/signal_postponed.h"
#include "store/table_store.h"
#include "store/tables.h"

static const RetryColumns ChangeRetry = {POSTPONED_CHANGE_ATTEMPTS, POSTPONED_CHANGE_ERROR,
										 POSTPONED_CHANGE_NEXT_ATTEMPT};

static const char *const KindNames[] = {
	[CHANGE_UPDATE] = "update",
	[CHANGE_AMEND] = "amend",
	[CHANGE_RETRACT] = "retract",
};

const char *
SignalChangeName(ChangeKind kind)
{
	return KindNames[kind];
}

static ChangeKind
KindByName(const char *name)
{
	for (int i = 0; i < (int) lengthof(KindNames); i++)
		if (strcmp(KindNames[i], name) == 0)
			return i;
	return CHANGE_UPDATE;
}

void
SignalChangePostpone(const ExtensionOids *oids, const SignalChange *change)
{
	TableStore store;
	Datum      row[POSTPONED_CHANGE_COLUMNS] = {0};
	bool       nulls[POSTPONED_CHANGE_COLUMNS] = {0};

	row[POSTPONED_CHANGE_ID - 1] = Int64GetDatum(nextval_internal(oids->postponed_sequence, false));
	row[POSTPONED_CHANGE_SIGNAL_ID - 1] = Int64GetDatum(change->signal);
	row[POSTPONED_CHANGE_DETECTION_ID - 1] = Int64GetDatum(change->detection);
	row[POSTPONED_CHANGE_KIND - 1] = CStringGetTextDatum(SignalChangeName(change->kind));
	row[POSTPONED_CHANGE_EVENT - 1] = PointerGetDatum(change->event);
	nulls[POSTPONED_CHANGE_EVENT - 1] = change->event == NULL;
	row[POSTPONED_CHANGE_REASON - 1] = CStringGetTextDatum(change->reason);
	TableStoreOpen(&store, oids->postponed_changes);
	TableStoreInsert(&store, POSTPONED_CHANGE_COLUMNS, row, nulls);
	TableStoreClose(&store);
	ExtensionAnnouncePostponed(oids);
}

/* One change, and making it. */
typedef struct Attempt
{
	const ExtensionOids *oids;
	SignalChange         change;
	SignalChangeFunction function;
	bool                 made;
} Attempt;

static void
MakeChange(void *state)
{
	Attempt *attempt = state;

	attempt->made = attempt->function(attempt->oids, &attempt->change);
}

static void
ReadChange(TupleTableSlot *slot, SignalChange *change)
{
	bool isnull;

	change->signal = DatumGetInt64(SlotColumn(slot, POSTPONED_CHANGE_SIGNAL_ID, &isnull));
	change->detection = DatumGetInt64(SlotColumn(slot, POSTPONED_CHANGE_DETECTION_ID, &isnull));
	change->kind = KindByName(SlotText(slot, POSTPONED_CHANGE_KIND));
	change->reason = SlotText(slot, POSTPONED_CHANGE_REASON);
	change->event = SlotJsonb(slot, POSTPONED_CHANGE_EVENT);
}

/* The text for event_errors: after the first failure and after the last one; else NULL. */
static char *
FailureText(const SignalChange *change, int attempts, const ErrorData *error)
{
	if (attempts == 1)
		return psprintf("changing signal " INT64_FORMAT " failed: %s", change->signal,
						ErrorReason(error));
	if (attempts == RETRY_ATTEMPTS)
		return psprintf("changing signal " INT64_FORMAT " was given up after %d attempts: %s",
						change->signal, RETRY_ATTEMPTS, ErrorReason(error));
	return NULL;
}

/* Try the change in the row store->found.  Returns the text for event_errors, or NULL. */
static char *
TryChange(TableStore *store, Attempt *attempt, TimestampTz *next)
{
	ItemPointerData place = store->found->tts_tid;
	Retry           retry = RetryRead(store->found, &ChangeRetry);
	const int       attempts = retry.attempts;
	ErrorData      *error;

	ReadChange(store->found, &attempt->change);
	error = RunUnlessFinal(MakeChange, attempt);
	if (error == NULL && attempt->made)
	{
		TableStoreDelete(store, &place);
		return NULL;
	}
	if (error != NULL)
		RetryFailed(store, &place, &ChangeRetry, &retry, error);
	*next = Min(*next, retry.next_attempt);
	return retry.attempts == attempts ? NULL : FailureText(&attempt->change, retry.attempts, error);
}

/* The places of all rows that are due. */
static List *
DueChanges(TableStore *store, RetryScope scope, TimestampTz *next)
{
	TableScanDesc scan = table_beginscan(store->table, SnapshotSelf, 0, NULL);
	List         *places = NIL;

	while (table_scan_getnextslot(scan, ForwardScanDirection, store->found))
	{
		Retry retry = RetryRead(store->found, &ChangeRetry);

		CHECK_FOR_INTERRUPTS();
		if (RetryIsDue(&retry, scope))
		{
			ItemPointer place = palloc(sizeof(ItemPointerData));

			*place = store->found->tts_tid;
			places = lappend(places, place);
		}
		else
			*next = Min(*next, retry.next_attempt);
	}
	table_endscan(scan);
	return places;
}

bool
SignalChangesRetry(const ExtensionOids *oids, RetryScope scope, SignalChangeFunction function,
				   TimestampTz *next, List **texts)
{
	TableStore store;
	Attempt    attempt = {.oids = oids, .function = function};
	List      *places;
	ListCell  *cell;

	TableStoreOpen(&store, oids->postponed_changes);
	places = DueChanges(&store, scope, next);
	foreach(cell, places)
	{
		char *text = NULL;

		CHECK_FOR_INTERRUPTS();
		if (table_tuple_fetch_row_version(store.table, lfirst(cell), SnapshotSelf, store.found))
			text = TryChange(&store, &attempt, next);
		if (text != NULL)
			*texts = lappend(*texts, text);
	}
	TableStoreClose(&store);
	return places != NIL;
}
