/*
 * observe.c
 *	  newterm.observe, the WHEN clause of a watched table's trigger.
 *
 * observe works in session memory: it runs no SQL and waits for no lock.  It finds the
 * terms of the row's event and looks them up in the session's cache of known terms, and
 * new ones, once, in the stored baseline.  Terms that are still new are buffered, to be
 * merged just before commit, and marked, so that a term that comes a million times in a
 * transaction is buffered once.  After a row of known events, the check of the next one
 * is delayed while the processor fetches its cache entries (prefetch.h).
 *
 * observe buffers only inside our trigger, because buffered terms must be of rows that
 * were inserted.  Called by hand it only answers whether the event has new terms, and only
 * to roles that may read newterm.runs.  In the trigger it is never true: everything is in
 * memory then, so PostgreSQL need not queue the row.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/memutils.h"

#include "ingest/prefetch.h"
#include "base/compat.h"
#include "ingest/reevaluate.h"
#include "base/guard.h"
#include "baseline/event_error.h"
#include "baseline/known.h"
#include "ingest/call_site.h"
#include "ingest/event_fault.h"
#include "rule/dispatch.h"
#include "baseline/pending.h"
#include "settings.h"
#include "baseline/sighting.h"
#include "ingest/watch.h"
#include "event/record.h"
#include "store/extension.h"

PG_FUNCTION_INFO_V1(newterm_observe);
PG_FUNCTION_INFO_V1(newterm_observe_columns);
PG_FUNCTION_INFO_V1(newterm_merge);
PG_FUNCTION_INFO_V1(newterm_events_passed_over);

/* The observation of one row. */
typedef struct Observation
{
	const CallSite *site;
	RuleSet        *set;
	Oid             table; /* in the trigger: where the row is */
	ItemPointer     place;
	const Record   *record;  /* the one that is being evaluated */
	EventSource     source;  /* of the record, once a sighting needs it */
	bool            pending; /* called by hand: the event has new terms */
} Observation;

/*
 * IsRepeated
 *		Was observe called for this row just before, by another trigger of the table?  A
 *		partition that is watched by itself also has its parent's trigger.
 */
static bool
IsRepeated(const CallSite *site, Oid table, ItemPointer place)
{
	static EventReference last;
	static TransactionId  last_transaction;
	const TransactionId   transaction = GetCurrentTransactionIdIfAny();
	const CommandId       command = ReferenceCommand();

	if (!ItemPointerIsValid(place))
		return false;
	if (last.table == table && ItemPointerEquals(&last.tid, place) &&
		last.column == site->event_column && last.command == command &&
		last_transaction == transaction)
		return true;
	last.table = table;
	last.tid = *place;
	last.column = site->event_column;
	last.command = command;
	last_transaction = transaction;
	return false;
}

/* A reference to the trigger's row. */
static EventReference
RowReference(const Observation *observation)
{
	const CallSite *site = observation->site;

	return (EventReference){
		.table = observation->table,
		.file = site->file,
		.tid = *observation->place,
		.column = site->event_column,
		.type = site->event_type,
		.command = ReferenceCommand(),
		.time = observation->record->time,
		.event = site->unreadable || observation->record->inside ? observation->record->jsonb
																 : NULL,
		.generation = RulesInUse()->generation,
	};
}

/* Buffer a new sighting; called by hand, only remember that there is one. */
static void
ObserveSighting(void *state, const Sighting *sighting)
{
	Observation *observation = state;
	const Span  *span = &sighting->rule->span;

	if (!observation->site->in_trigger)
	{
		if (KnownNovelty(&sighting->term, observation->record->time, span) != NOVELTY_NONE)
			observation->pending = true;
		return;
	}
	switch (PendingNovelty(&sighting->term, observation->record->time, span))
	{
		case NOVELTY_NONE:
			break;
		case NOVELTY_LATER:
			/* it cannot become a detection, so the event is not needed */
			PendingAddSighting(PendingCurrent(), sighting, observation->record->time, NULL);
			break;
		case NOVELTY_NEW:
			if (RuleIsFull(sighting->rule) && !KnownStored(&sighting->term))
				break;
			if (!OidIsValid(observation->source.reference.table))
				observation->source.reference = RowReference(observation);
			PendingAddSighting(PendingCurrent(), sighting, observation->record->time,
							   &observation->source);
			break;
	}
}

/* Buffer the transaction's earliest time for rules whose clock is not set yet. */
static void
ObserveClocks(RuleSet *set, Observation *observation)
{
	const int64 time = observation->record->time;
	uint32      epoch = PendingEpoch();

	for (int i = 0; i < set->nclockless; i++)
	{
		Rule *rule = set->clockless[i];

		if (rule->clock_epoch == epoch && time >= rule->clock_pending)
			continue;
		if (!observation->site->in_trigger)
		{
			observation->pending = true;
			return;
		}
		rule->clock_epoch = epoch;
		rule->clock_pending = time;
		PendingAddClock(PendingCurrent(), rule->version_id, time);
	}
}

/*
 * FindTerms
 *		Find the current event's terms.  If it is checked at once, prefetch the cache
 *		entries for rules without a filter, which are many, before filters are tested
 *		(docs/experiments.md: 120 to 180 cycles in single rows).
 */
static void
FindTerms(Evaluation *event, int64 time, bool at_once)
{
	DispatchBegin(event, time);
	if (at_once)
		EventTerms(event, true);
	DispatchEvent(event);
	EventTerms(event, at_once);
}

/*
 * ObserveRecord
 *		Evaluate a record and buffer its new terms (a RowFunction).  Everything inside
 *		works on memory alone or guards itself, so an error leaves nothing half done.
 */
static void
ObserveRecord(void *state, Record *record)
{
	Observation *observation = state;
	RuleSet     *set = observation->set;
	Evaluation  *event = set->evaluation;
	const bool   in_trigger = observation->site->in_trigger;
	const bool   at_once = !PrefetchIsTime();
	bool         known;

	observation->record = record;
	if (record->cause != NULL)
	{
		if (in_trigger)
			EventFaultRefused(PendingCurrent(), observation->table, event, record);
		return;
	}
	observation->source.reference.table = InvalidOid;
	observation->source.index = -1;
	observation->source.record = record->jsonb;
	ObserveClocks(set, observation);
	FindTerms(event, record->time, at_once);
	if (in_trigger && PrefetchSettle())
	{
		EventBegin(set->fields, &record->jsonb->root);
		FindTerms(event, record->time, true);
	}
	if (in_trigger && event->ntoo_many > 0)
		EventFaultTooMany(PendingCurrent(), observation->table, event, record->jsonb);
	else if (in_trigger && PrefetchMayWait(event, record->jsonb))
	{
		PrefetchEvent(event, RowReference(observation), record->jsonb);
		return;
	}
	known = KnownAll(event->terms, event->nterms, record->time);
	if (in_trigger)
		PrefetchLearn(known);
	if (!known)
	{
		if (in_trigger)
			KnownLookUp(event->terms, event->nterms, record->time);
		EventSightings(event, ObserveSighting, observation);
		PendingSpillLarge();
	}
}

/* Observe a row, which may hold several records. */
static bool
Observe(RuleSet *set, FunctionCallInfo fcinfo, const CallSite *site)
{
	Observation observation = {.site = site, .set = set};
	RowValues   row;

	if (site->in_trigger)
	{
		observation.table = PG_GETARG_OID(OBSERVE_TABLE);
		observation.place = (ItemPointer) PG_GETARG_POINTER(OBSERVE_PLACE);
		if (site->repeated && IsRepeated(site, observation.table, observation.place))
			return false;
	}
	if (!PrefetchIsTime())
		DispatchExpect(set->evaluation);
	CallSiteValues(site, fcinfo, &row);
	RecordsRead(set->fields, &row, ObserveRecord, &observation);
	return observation.pending;
}

/* Buffer a record that is evaluated when the rules can be loaded (a RowFunction). */
static void
KeepRecord(void *state, Record *record)
{
	Observation   *observation = state;
	EventReference reference;

	if (record->cause != NULL)
	{
		EventErrorAdd(PendingCurrent(), observation->table, record->cause, record->jsonb,
					  record->detail);
		return;
	}
	observation->record = record;
	reference = RowReference(observation);
	PendingAddUnevaluated(PendingCurrent(), &reference);
}

/* Buffer a row's events without evaluating them, as the rules could not be loaded. */
static void
NoteUnevaluated(FunctionCallInfo fcinfo, const CallSite *site)
{
	Observation observation = {.site = site};
	RowValues   row;

	if (!site->in_trigger)
		return;
	observation.table = PG_GETARG_OID(OBSERVE_TABLE);
	observation.place = (ItemPointer) PG_GETARG_POINTER(OBSERVE_PLACE);
	if (site->repeated && IsRepeated(site, observation.table, observation.place))
		return;
	CallSiteValues(site, fcinfo, &row);
	RecordsRead(NULL, &row, KeepRecord, &observation);
	PendingSpillLarge();
}

/* A call of newterm.observe or newterm.observe_columns. */
static Datum
ObserveCall(FunctionCallInfo fcinfo, const CallSite *site)
{
	RuleSet      *set = RulesWithoutWaiting();
	MemoryContext caller = CurrentMemoryContext;
	ErrorData *volatile error = NULL;
	volatile bool pending = false;

	if (site->silent)
		PG_RETURN_NULL();
	if (set == NULL)
		PG_RETURN_BOOL(false);
	PG_TRY();
	{
		if (set->failure == NULL)
			pending = Observe(set, fcinfo, site);
		else
			NoteUnevaluated(fcinfo, site);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		if (ErrorIsFinal(geterrcode()))
			PG_RE_THROW();
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	if (error != NULL && site->in_trigger)
		EventFaultInternal(PendingCurrent(), PG_GETARG_OID(OBSERVE_TABLE), NULL, error);
	PG_RETURN_BOOL(pending);
}

/*
 * newterm.observe(event "any", event_time "any", source oid, place tid) returns boolean
 *		The WHEN clause of a watched table's trigger: buffers the row's new terms and
 *		returns false.  Called by hand: has the event new terms?  NULL for roles that may
 *		not read newterm.runs.
 */
Datum
newterm_observe(PG_FUNCTION_ARGS)
{
	return ObserveCall(fcinfo, CallSiteOf(fcinfo));
}

/*
 * newterm.observe_columns(members text[], event_time "any", source oid, place tid,
 *		VARIADIC columns "any") returns boolean
 *		The same for a table whose columns are members of the record.
 */
Datum
newterm_observe_columns(PG_FUNCTION_ARGS)
{
	return ObserveCall(fcinfo, CallSiteOfColumns(fcinfo));
}

/*
 * newterm.merge() returns trigger
 *		The function of a watched table's trigger, by which newterm recognises it.
 *		PostgreSQL calls it only if somebody wrote another WHEN clause around observe.
 */
Datum
newterm_merge(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Watch        watch;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!(TRIGGER_FIRED_BY_INSERT(data->tg_event) || TRIGGER_FIRED_BY_UPDATE(data->tg_event)))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("newterm.merge must be fired AFTER INSERT OR UPDATE FOR EACH ROW"),
				 errhint("Use newterm.watch() to watch a table.")));
	if (!WatchOfClause(data->tg_trigger->tgqual, &watch))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" does not observe an event column",
						data->tg_trigger->tgname),
				 errhint("Use newterm.watch() to watch a table.")));
	return PointerGetDatum(NULL);
}

/*
 * newterm.events_passed_over() returns bigint
 *		Number of events of this session without a usable time that passed no filter.
 */
Datum
newterm_events_passed_over(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(EventFaultsPassedOver());
}
