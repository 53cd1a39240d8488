/*
 * observe.c
 *	  What every row of a watched table meets: the WHEN clause of its trigger.
 *
 * observe uses session memory: no SQL, no lock that is waited for.  A term that
 * the session meets for the first time is looked up in the stored baseline.
 * What is new is noted, to be merged just before commit, and marked, so that a
 * term that comes a million times in one transaction is noted once.  Where events
 * in a row were known, one is judged when the next one comes (prefetch.h).  Notes and
 * marks must be of rows that were inserted, so that it makes them only where it
 * is evaluated as the WHEN clause of our trigger; called by hand it only
 * answers, and only to who may read newterm.runs.  As the WHEN clause it is never true:
 * what an event shows, and what is wrong with it, is in memory then, and PostgreSQL
 * need not queue the row.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "utils/acl.h"
#include "utils/memutils.h"

#include "ingest/prefetch.h"
#include "base/compat.h"
#include "ingest/reevaluate.h"
#include "base/guard.h"
#include "baseline/event_error.h"
#include "baseline/known.h"
#include "ingest/event_fault.h"
#include "rule/dispatch.h"
#include "baseline/pending.h"
#include "settings.h"
#include "baseline/sighting.h"
#include "ingest/watch.h"
#include "event/record.h"
#include "store/extension.h"

PG_FUNCTION_INFO_V1(newterm_observe);
PG_FUNCTION_INFO_V1(newterm_merge);
PG_FUNCTION_INFO_V1(newterm_events_passed_over);

/* What one call site of observe is. */
typedef struct CallSite
{
	bool		in_trigger;		/* the WHEN clause of a trigger of ours */
	bool		repeated;		/* the table has several such triggers */
	bool		foreign;		/* its rows cannot be read again */
	bool		silent;			/* called by hand, by who may not ask what is known */
	Oid			file;			/* of the trigger's table: no statement changes it meanwhile */
	AttrNumber	event_column;
	Oid			event_type;
	bool		has_time_column;
	Oid			time_type;
} CallSite;

/* Is the node a column of the new row in a trigger's WHEN clause? */
static bool
IsNewColumn(Node *node)
{
	/*
	 * TriggerEnabled() makes NEW an OUTER_VAR, in varnosyn too; the planner
	 * leaves the range table's index there.  So no query can look like this.
	 */
	return IsA(node, Var) && ((Var *) node)->varno == OUTER_VAR &&
		((Var *) node)->varnosyn == OUTER_VAR;
}

/* Does the table of a site have our trigger?  Notes what else is to be known of it. */
static bool
ReadTable(CallSite *site, Oid table)
{
	Relation	relation = RelationIdGetRelation(table);
	int			watches;

	if (relation == NULL)
		return false;
	watches = CountWatches(relation);
	site->repeated = watches > 1;
	site->foreign = relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE;
	site->file = relation->rd_rel->relfilenode;
	RelationClose(relation);
	return watches > 0;
}

/* May the current user ask what is known? */
static bool
MayReadBaseline(void)
{
	const ExtensionOids *oids = ExtensionLookup();

	return oids != NULL &&
		pg_class_aclcheck(oids->runs, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

static CallSite *
CallSiteOf(FunctionCallInfo fcinfo)
{
	FmgrInfo   *function = fcinfo->flinfo;
	CallSite   *site = function->fn_extra;
	List	   *arguments;

	if (site != NULL)
		return site;
	site = MemoryContextAllocZero(function->fn_mcxt, sizeof(CallSite));
	site->event_type = get_fn_expr_argtype(function, 0);
	site->time_type = get_fn_expr_argtype(function, 1);
	if (site->event_type != JSONBOID && site->event_type != JSONOID &&
		site->event_type != TEXTOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("newterm.observe takes an event of type jsonb, json or text")));
	site->has_time_column = site->time_type == TIMESTAMPTZOID ||
		site->time_type == TIMESTAMPOID;
	if (function->fn_expr != NULL && IsA(function->fn_expr, FuncExpr))
	{
		arguments = ((FuncExpr *) function->fn_expr)->args;
		if (site->has_time_column && !IsA(lsecond(arguments), Var))
			site->has_time_column = false;	/* watch() passes a constant NULL */
		if (IsA(linitial(arguments), Var))
			site->event_column = ((Var *) linitial(arguments))->varattno;
		site->in_trigger = list_length(arguments) == 4 &&
			IsNewColumn(linitial(arguments)) &&
			IsNewColumn(lthird(arguments)) &&
			((Var *) lthird(arguments))->varattno == TableOidAttributeNumber &&
			IsNewColumn(lfourth(arguments)) &&
			((Var *) lfourth(arguments))->varattno == SelfItemPointerAttributeNumber &&
			ReadTable(site, PG_GETARG_OID(2));
	}
	site->silent = !site->in_trigger && !MayReadBaseline();
	function->fn_extra = site;
	return site;
}

/* What observing one record finds. */
typedef struct Observation
{
	const CallSite *site;
	int64		time;
	Jsonb	   *event;
	Oid			table;			/* in the trigger: where the row is */
	ItemPointer place;
	EventSource source;			/* the row, once something needs it */
	bool		pending;		/* it brings news, for who calls by hand */
} Observation;

/*
 * IsRepeated
 *		Did another trigger of the table show this row just before?  A partition that is
 *		watched by itself has its parent's trigger besides.
 */
static bool
IsRepeated(const CallSite *site, Oid table, ItemPointer place)
{
	static EventReference last;
	static TransactionId last_transaction;
	const TransactionId transaction = GetCurrentTransactionIdIfAny();
	const CommandId command = ReferenceCommand();

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

/* The row that the trigger sees, as a reference. */
static EventReference
RowReference(const Observation *observation)
{
	const CallSite *site = observation->site;

	return (EventReference) {
		.table = observation->table, .file = site->file, .tid = *observation->place,
		.column = site->event_column, .type = site->event_type,
		.command = ReferenceCommand(), .time = observation->time,
		.event = site->foreign ? observation->event : NULL,
		.generation = RulesInUse()->generation
	};
}

/* Note what is new, or answer whether anything is. */
static void
ObserveSighting(void *state, const Sighting *sighting)
{
	Observation *observation = state;
	const Span *span = &sighting->rule->span;

	if (!observation->site->in_trigger)
	{
		if (KnownNovelty(&sighting->term, observation->time, span) != NOVELTY_NONE)
			observation->pending = true;
		return;
	}
	switch (PendingNovelty(&sighting->term, observation->time, span))
	{
		case NOVELTY_NONE:
			break;
		case NOVELTY_LATER:
			/* no detection can come of it, so that the row is of no interest */
			PendingAddSighting(PendingCurrent(), sighting, observation->time, NULL);
			break;
		case NOVELTY_NEW:
			if (RuleIsFull(sighting->rule) && !KnownStored(&sighting->term))
				break;
			if (!OidIsValid(observation->source.reference.table))
				observation->source.reference =
					RowReference(observation);
			PendingAddSighting(PendingCurrent(), sighting, observation->time,
							&observation->source);
			break;
	}
}

/* Rules without a clock need the earliest time of the transaction. */
static void
ObserveClocks(RuleSet *set, Observation *observation)
{
	uint32		epoch = PendingEpoch();

	for (int i = 0; i < set->nclockless; i++)
	{
		Rule	   *rule = set->clockless[i];

		if (rule->clock_epoch == epoch && observation->time >= rule->clock_pending)
			continue;
		if (!observation->site->in_trigger)
		{
			observation->pending = true;
			return;
		}
		rule->clock_epoch = epoch;
		rule->clock_pending = observation->time;
		PendingAddClock(PendingCurrent(), rule->version_id, observation->time);
	}
}

/*
 * FindTerms
 *		Find what the current event shows to the rules that it concerns.  Where it is
 *		judged at once, the terms of rules without a filter, which are many, are on their
 *		way from memory while filters are tried.
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

/* Events of this session that had no usable time and concerned no rule. */
static int64 EventsPassedOver = 0;

/* Does the current event pass a rule's filter, whatever terms it shows? */
static bool
ConcernsRule(Evaluation *event)
{
	DispatchBegin(event, 0);
	DispatchEvent(event);
	/* dispatch leaves out what does not matter for events without a term */
	for (int i = 0; i < event->nmatching; i++)
		if (FilterMatches(event->matching[i]->filter, event->fields))
			return true;
	return false;
}

/*
 * NoteRefused
 *		An event that cannot be evaluated is to be recorded, unless filters can be asked
 *		and it passes none.
 */
static void
NoteRefused(Evaluation *event, const CallSite *site, const Record *record, Oid table)
{
	if (!site->in_trigger)
		return;
	if (record->jsonb == NULL || ConcernsRule(event))
		EventErrorAdd(PendingCurrent(), table, record->cause, record->jsonb, record->detail);
	else
		EventsPassedOver++;
}

/*
 * Observe
 *		Does the record bring news?  Everything inside works on memory alone, or
 *		guards itself, so that an error leaves nothing half done.
 */
static bool
Observe(RuleSet *set, FunctionCallInfo fcinfo, const CallSite *site)
{
	Evaluation *event = set->evaluation;
	Record		record;
	Observation observation = {.site = site};
	const bool	at_once = !PrefetchIsTime();
	bool		known;

	if (site->repeated && IsRepeated(site, PG_GETARG_OID(2), (ItemPointer) PG_GETARG_POINTER(3)))
		return false;
	if (at_once)
		DispatchExpect(event);
	RecordRead(&record, set->fields, PG_GETARG_DATUM(0), PG_ARGISNULL(0), site->event_type,
			   site->has_time_column, PG_GETARG_DATUM(1), PG_ARGISNULL(1));
	if (record.cause != NULL)
	{
		NoteRefused(event, site, &record, PG_GETARG_OID(2));
		return false;
	}
	if (record.absent)
		return false;
	observation.time = record.time;
	observation.event = record.jsonb;
	if (site->in_trigger)
	{
		observation.table = PG_GETARG_OID(2);
		observation.place = (ItemPointer) PG_GETARG_POINTER(3);
		observation.source.index = -1;
	}
	ObserveClocks(set, &observation);
	FindTerms(event, record.time, at_once);
	if (site->in_trigger && PrefetchSettle())
	{
		EventBegin(set->fields, &record.jsonb->root);
		FindTerms(event, record.time, true);
	}
	if (site->in_trigger && event->ntoo_many > 0)
		EventFaultTooMany(PendingCurrent(), observation.table, event, record.jsonb);
	else if (site->in_trigger && PrefetchMayWait(event, record.jsonb))
	{
		PrefetchEvent(event, RowReference(&observation), record.jsonb);
		return false;
	}
	known = KnownAll(event->terms, event->nterms, record.time);
	if (site->in_trigger)
		PrefetchLearn(known);
	if (!known)
	{
		if (site->in_trigger)
			KnownLookUp(event->terms, event->nterms, record.time);
		EventSightings(event, ObserveSighting, &observation);
		PendingSpillLarge();
	}
	return observation.pending;
}

/* Note that an event could not be evaluated, as the rules could not be loaded. */
static void
NoteFailure(const RuleSet *set, FunctionCallInfo fcinfo, const CallSite *site)
{
	EventError *error;
	Record		record = {0};

	if (!site->in_trigger || PG_ARGISNULL(0) ||
		(site->repeated && IsRepeated(site, PG_GETARG_OID(2), (ItemPointer) PG_GETARG_POINTER(3))))
		return;
	error = PendingAddError(PendingCurrent(), PG_GETARG_OID(2), "internal_error", 1);
	if (error == NULL)
		return;
	RecordParse(&record, PG_GETARG_DATUM(0), site->event_type);
	EventErrorDescribe(PendingCurrent(), error, record.jsonb, set->failure);
}

/*
 * newterm.observe(event "any", event_time "any", source oid, place tid) returns boolean
 *		The WHEN clause of a watched table's trigger: notes what the row shows, and is
 *		false.  By hand: does the event bring news?  NULL to who may not read
 *		newterm.runs.
 */
Datum
newterm_observe(PG_FUNCTION_ARGS)
{
	CallSite   *volatile site = CallSiteOf(fcinfo);
	RuleSet    *set = RulesCurrent();
	MemoryContext caller = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;
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
			NoteFailure(set, fcinfo, site);
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
		EventFaultInternal(PendingCurrent(), PG_GETARG_OID(2), NULL, error);
	PG_RETURN_BOOL(pending);
}

/*
 * newterm.merge() returns trigger
 *		The function of a watched table's trigger, which is known by it.  PostgreSQL calls
 *		it where a clause is true although observe is not.
 */
Datum
newterm_merge(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Watch		watch;

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
 *		Events of this session that had no usable time and passed no rule's filter.
 */
Datum
newterm_events_passed_over(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(EventsPassedOver);
}
