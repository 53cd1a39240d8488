/*
 * observe.c
 *	  The trigger of a watched table: observe in its WHEN clause, for every
 *	  row, and merge at the end of the transaction, for the few rows that
 *	  observe could not finish with.
 *
 * observe uses session memory: no SQL, no lock that is waited for.  A term that
 * the session meets for the first time is looked up in the stored baseline.
 * What is new is noted, to be merged just before commit, and marked, so that a
 * term that comes a million times in one transaction is noted once.  Notes and
 * marks must be of rows that were inserted, so that it makes them only where it
 * is evaluated as the WHEN clause of our trigger; called by hand it only
 * answers.  A row is queued for the trigger function where it is to be recorded
 * in newterm.event_errors, or where the notes have reached newterm.merge_memory:
 * at the end of the transaction they can go to a file.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "nodes/primnodes.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "compat.h"
#include "fault.h"
#include "knowledge.h"
#include "news.h"
#include "newterm.h"
#include "watch.h"

/* newterm.merge_memory in bytes */
#define MERGE_MEMORY	((Size) MergeMemorySetting * 1024)

PG_FUNCTION_INFO_V1(newterm_observe);
PG_FUNCTION_INFO_V1(newterm_merge);

/* What one call site of observe is. */
typedef struct CallSite
{
	bool		in_trigger;		/* the WHEN clause of a trigger of ours */
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

/* Does a table have our trigger? */
static bool
HasOurTrigger(Oid table)
{
	Relation	relation = RelationIdGetRelation(table);
	bool		has;

	if (relation == NULL)
		return false;
	has = IsWatched(relation);
	RelationClose(relation);
	return has;
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
		site->in_trigger = list_length(arguments) == 4 &&
			IsNewColumn(linitial(arguments)) &&
			IsNewColumn(lthird(arguments)) &&
			((Var *) lthird(arguments))->varattno == TableOidAttributeNumber &&
			IsNewColumn(lfourth(arguments)) &&
			((Var *) lfourth(arguments))->varattno == SelfItemPointerAttributeNumber &&
			HasOurTrigger(PG_GETARG_OID(2));
	}
	function->fn_extra = site;
	return site;
}

/* What observing one record finds. */
typedef struct Observation
{
	int64		time;
	bool		in_trigger;
	Oid			table;			/* in the trigger: where the row is */
	ItemPointer place;
	EventSource source;			/* the row, once something needs it */
	bool		news;			/* to be queued, or told to who calls by hand */
} Observation;

/* A row that the trigger sees, as a reference. */
static EventReference
RowReference(Oid table, const ItemPointerData *tid)
{
	Relation	relation = RelationIdGetRelation(table);
	EventReference reference;

	if (!RelationIsValid(relation))
		elog(ERROR, "table %u is gone", table);
	reference = ReferenceTo(relation, tid);
	RelationClose(relation);
	return reference;
}

/* May more be noted in memory? */
static bool
HasRoomForNews(void)
{
	return NewsSize(NewsCurrent()) < MERGE_MEMORY;
}

static void
ObserveSighting(void *state, const Sighting *sighting)
{
	Observation *observation = state;
	const Span *span = &sighting->rule->span;

	if (!observation->in_trigger)
	{
		if (KnownNovelty(&sighting->term, observation->time, span) != NOVELTY_NONE)
			observation->news = true;
		return;
	}
	switch (PendingNovelty(&sighting->term, observation->time, span))
	{
		case NOVELTY_NONE:
			break;
		case NOVELTY_LATER:
			/* no detection can come of it, so that the row is of no interest */
			if (HasRoomForNews())
				NewsAddSighting(NewsCurrent(), sighting, observation->time, NULL);
			else
				observation->news = true;
			break;
		case NOVELTY_NEW:
			if (RuleIsFull(sighting->rule))
				break;
			if (!HasRoomForNews())
			{
				observation->news = true;
				break;
			}
			if (!OidIsValid(observation->source.reference.table))
				observation->source.reference =
					RowReference(observation->table, observation->place);
			NewsAddSighting(NewsCurrent(), sighting, observation->time,
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
		if (!observation->in_trigger)
		{
			observation->news = true;
			return;
		}
		rule->clock_epoch = epoch;
		rule->clock_pending = observation->time;
		NewsAddClock(NewsCurrent(), rule->version_id, observation->time);
	}
}

/*
 * Observe
 *		Does the record bring news?  Everything inside works on memory alone, or
 *		guards itself, so that an error leaves nothing half done.
 */
static bool
Observe(RuleSet *set, FunctionCallInfo fcinfo, const CallSite *site)
{
	Record		record;
	Observation observation = {0};

	RecordRead(&record, set->fields, PG_GETARG_DATUM(0), PG_ARGISNULL(0), site->event_type,
			   site->has_time_column, PG_GETARG_DATUM(1), PG_ARGISNULL(1),
			   site->time_type);
	if (record.cause != NULL)
		return true;			/* to be recorded */
	if (record.absent)
		return false;
	observation.time = record.time;
	observation.in_trigger = site->in_trigger;
	if (site->in_trigger)
	{
		observation.table = PG_GETARG_OID(2);
		observation.place = (ItemPointer) PG_GETARG_POINTER(3);
		observation.source.index = -1;
	}
	ObserveClocks(set, &observation);
	EventMatch(set);
	for (int i = 0; i < set->nmatching; i++)
	{
		int			first = set->nterms;

		EventTerms(set, set->matching[i]);
		/* each look-up is a cache miss: let the processor wait for all at once */
		for (int j = first; j < set->nterms; j++)
			KnownPrefetch(&set->terms[j].term);
	}
	if (set->too_many != NULL)
		return true;			/* to be recorded */
	for (int i = 0; i < set->nterms; i++)
		if (KnownNovelty(&set->terms[i].term, record.time,
						 &set->terms[i].rule->span) != NOVELTY_NONE)
		{
			EventSightings(set, ObserveSighting, &observation);
			break;
		}
	return observation.news;
}

/*
 * newterm.observe(event "any", event_time "any", source oid, place tid) returns boolean
 *		The WHEN clause of a watched table's trigger: true where the row is to be
 *		queued for newterm.merge.  By hand: does the event bring news?
 */
Datum
newterm_observe(PG_FUNCTION_ARGS)
{
	CallSite   *volatile site = CallSiteOf(fcinfo);
	RuleSet    *set = RulesCurrent();
	MemoryContext caller = CurrentMemoryContext;
	volatile bool news = true;

	if (set == NULL)
		PG_RETURN_BOOL(false);
	if (set->failure == NULL)
	{
		PG_TRY();
		{
			news = Observe(set, fcinfo, site);
		}
		PG_CATCH();
		{
			/* the trigger function will meet the error again and record it */
			MemoryContextSwitchTo(caller);
			if (ErrorIsFinal(geterrcode()))
				PG_RE_THROW();
			FlushErrorState();
			news = true;
		}
		PG_END_TRY();
	}
	PG_RETURN_BOOL(news);
}

/* Adding the sightings of a queued row. */
typedef struct Collection
{
	NewsLevel  *level;
	RuleSet    *set;
	int64		time;
	EventSource source;
} Collection;

static void
CollectSighting(void *state, const Sighting *sighting)
{
	Collection *collection = state;

	if (KnownNovelty(&sighting->term, collection->time,
					 &sighting->rule->span) == NOVELTY_NONE)
		return;
	NewsAddSighting(collection->level, sighting, collection->time,
					&collection->source);
}

/* Add what a queued row shows; memory only, as in Observe. */
static void
Collect(Collection *collection, const Watch *watch, TupleTableSlot *slot)
{
	RuleSet    *set = collection->set;
	NewsLevel  *level = collection->level;
	Record		record;
	bool		event_null;
	bool		time_null = true;
	Datum		event = slot_getattr(slot, watch->event_column, &event_null);
	Datum		time = (Datum) 0;

	if (watch->time_column != 0)
		time = slot_getattr(slot, watch->time_column, &time_null);
	RecordRead(&record, set->fields, event, event_null, watch->event_type,
			   watch->time_column != 0, time, time_null, watch->time_type);
	if (record.cause != NULL)
		NewsAddFault(level, &collection->source.reference, record.cause, record.detail);
	if (record.jsonb == NULL)
		return;
	if (set->failure != NULL)
	{
		NewsAddFault(level, &collection->source.reference, "internal_error", set->failure);
		return;
	}
	collection->time = record.time;
	for (int i = 0; i < set->nclockless; i++)
		NewsAddClock(level, set->clockless[i]->version_id, record.time);
	EventMatch(set);
	EventSightings(set, CollectSighting, collection);
	if (set->too_many != NULL)
		NewsAddFault(level, &collection->source.reference, "too_many_terms",
					 psprintf("rule \"%s\": the event shows more than newterm.max_terms_per_event = %d terms",
							  set->too_many->name, MaxTermsPerEventSetting));
}

/* The watch of the firing trigger, read once for each relation and statement. */
static Watch *
FiringWatch(FunctionCallInfo fcinfo, Trigger *trigger)
{
	Watch	   *watch = fcinfo->flinfo->fn_extra;

	if (watch == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		watch = palloc(sizeof(Watch));
		if (!WatchOfCondition(trigger->tgqual, watch))
			ereport(ERROR,
					(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
					 errmsg("trigger \"%s\" does not observe an event column",
							trigger->tgname),
					 errhint("Use newterm.watch() to watch a table.")));
		fcinfo->flinfo->fn_extra = watch;
		MemoryContextSwitchTo(old);
	}
	return watch;
}

/*
 * newterm.merge() returns trigger
 *		The function of a watched table's trigger: collects the news of a row
 *		that was queued.
 */
Datum
newterm_merge(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	Collection	collection = {0};
	Watch	   *volatile watch;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("newterm.merge must be fired AFTER INSERT FOR EACH ROW"),
				 errhint("Use newterm.watch() to watch a table.")));
	watch = FiringWatch(fcinfo, data->tg_trigger);

	/* the rules as they are now, at commit, and not when the row was inserted */
	AcceptInvalidationMessages();
	collection.level = NewsCurrent();
	collection.set = RulesCurrent();
	if (collection.set == NULL)
		return PointerGetDatum(NULL);
	collection.source = (EventSource) {
		ReferenceTo(data->tg_relation, &data->tg_trigslot->tts_tid), -1
	};

	context = AllocSetContextCreate(caller, "newterm collect", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		Collect(&collection, watch, data->tg_trigslot);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ErrorIsFinal(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		/* reading the row again, to describe it, might raise the same */
		ItemPointerSetInvalid(&collection.source.reference.tid);
		NewsAddFault(collection.level, &collection.source.reference, "internal_error",
					 error->message);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);

	if (NewsSize(collection.level) > MERGE_MEMORY)
		NewsSpill(collection.level);
	return PointerGetDatum(NULL);
}
