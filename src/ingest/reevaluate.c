/*
 * reevaluate.c
 *	  Rows that are evaluated after their insertion: those that waited for their
 *	  terms and were not known, those that were queued for the trigger's function,
 *	  and those whose rules have changed since they were inserted.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "ingest/reevaluate.h"
#include "base/guard.h"
#include "baseline/known.h"
#include "rule/dispatch.h"
#include "settings.h"
#include "baseline/sighting.h"
#include "baseline/pending_spill.h"
#include "ingest/watch.h"
#include "event/record.h"
#include "baseline/event_ref.h"

PG_FUNCTION_INFO_V1(newterm_merge);

/* Adding the sightings of one row. */
typedef struct Reevaluation
{
	PendingLevel  *level;
	RuleSet    *set;
	EventSource source;			/* the row, and the time it is evaluated at */
} Reevaluation;

static void
EvaluateSighting(void *state, const Sighting *sighting)
{
	Reevaluation *evaluation = state;
	int64		time = evaluation->source.reference.time;

	if (KnownNovelty(&sighting->term, time, &sighting->rule->span) != NOVELTY_NONE)
		PendingAddSighting(evaluation->level, sighting, time, &evaluation->source);
}

/* Add what an event shows to the rules as they are now. */
static void
EvaluateEvent(Reevaluation *evaluation)
{
	RuleSet    *set = evaluation->set;
	Evaluation *event = set->evaluation;

	for (int i = 0; i < set->nclockless; i++)
		PendingAddClock(evaluation->level, set->clockless[i]->version_id,
					 evaluation->source.reference.time);
	DispatchBegin(event);
	DispatchEvent(event);
	EventSightings(event, EvaluateSighting, evaluation);
	for (int i = 0; i < event->ntoo_many; i++)
		PendingAddError(evaluation->level, &evaluation->source.reference, "too_many_terms",
					 psprintf("rule \"%s\": the event shows more than newterm.max_terms_per_event = %d terms",
							  event->too_many[i]->name, MaxTermsPerEventSetting));
}

/* The collector of an event (Jsonb *); without rules, which failed to load, a fault. */
static void
EvaluateJsonb(Reevaluation *evaluation, void *state)
{
	Jsonb	   *event = state;

	if (evaluation->set->failure != NULL)
	{
		PendingAddError(evaluation->level, &evaluation->source.reference, "internal_error",
					 evaluation->set->failure);
		return;
	}
	EventBegin(evaluation->set->fields, &event->root);
	EvaluateEvent(evaluation);
}

/* A row that was queued. */
typedef struct QueuedRow
{
	const Watch *watch;
	TupleTableSlot *slot;
} QueuedRow;

/* The collector of a queued row; memory only, as in Observe. */
static void
EvaluateRow(Reevaluation *evaluation, void *state)
{
	const Watch *watch = ((QueuedRow *) state)->watch;
	TupleTableSlot *slot = ((QueuedRow *) state)->slot;
	PendingLevel  *level = evaluation->level;
	Record		record;
	bool		event_null;
	bool		time_null = true;
	Datum		event = slot_getattr(slot, watch->event_column, &event_null);
	Datum		time = (Datum) 0;

	if (watch->time_column != 0)
		time = slot_getattr(slot, watch->time_column, &time_null);
	RecordRead(&record, evaluation->set->fields, event, event_null, watch->event_type,
			   watch->time_column != 0, time, time_null, watch->time_type);
	/* a foreign table's row cannot be read again */
	if (!OidIsValid(evaluation->source.reference.file))
		evaluation->source.reference.event = record.jsonb;
	if (record.cause != NULL)
		PendingAddError(level, &evaluation->source.reference, record.cause, record.detail);
	if (record.jsonb == NULL)
		return;
	evaluation->source.reference.time = record.time;
	EvaluateJsonb(evaluation, record.jsonb);
}

/* What of a row is collected: a function and its state. */
typedef void (*Collector) (Reevaluation *evaluation, void *state);

/* Run one; what goes wrong is added as a fault. */
static void
EvaluateSafely(Reevaluation *evaluation, Collector collector, void *state)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "newterm collect",
												  ALLOCSET_DEFAULT_SIZES);

	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		collector(evaluation, state);
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
		ItemPointerSetInvalid(&evaluation->source.reference.tid);
		PendingAddError(evaluation->level, &evaluation->source.reference, "internal_error",
					 error->message);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

void
EvaluateLate(PendingLevel *level, RuleSet *set, const EventReference *reference, Jsonb *event)
{
	Reevaluation	evaluation = {level, set, {*reference, -1}};

	evaluation.source.reference.generation = set->generation;
	EvaluateSafely(&evaluation, EvaluateJsonb, event);
}

void
ReevaluateLevel(PendingLevel *level, RuleSet *set)
{
	MemoryContext context = NULL;
	MemoryContext old = CurrentMemoryContext;

	for (int64 i = 0; i < level->nreferences; i++)
	{
		Reevaluation	evaluation = {.level = level,.set = set};
		Jsonb	   *event;

		if (level->references[i].generation == set->generation)
			continue;
		level->references[i].generation = set->generation;
		if (context == NULL)
			context = AllocSetContextCreate(old, "newterm collect", ALLOCSET_DEFAULT_SIZES);
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		event = ReferenceEvent(&level->references[i]);
		if (event == NULL)
			continue;
		evaluation.source.reference = level->references[i];
		evaluation.source.index = i;
		EvaluateJsonb(&evaluation, event);
	}
	MemoryContextSwitchTo(old);
	if (context != NULL)
		MemoryContextDelete(context);
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
		if (!WatchOfClause(trigger->tgqual, watch))
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

static void
PendingFileLevel(void *level)
{
	PendingSpill(level);
}

void
PendingSpillLarge(void)
{
	PendingLevel  *level = PendingExisting();
	ErrorData  *error;

	if (level == NULL || level->unspillable || PendingSize(level) <= MERGE_MEMORY)
		return;
	error = RunUnlessFinal(PendingFileLevel, level);
	if (error == NULL)
		return;
	level->unspillable = true;
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("newterm holds more than newterm.merge_memory in memory: %s",
					error->message)));
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
	Reevaluation	evaluation = {0};
	QueuedRow	row;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!(TRIGGER_FIRED_BY_INSERT(data->tg_event) || TRIGGER_FIRED_BY_UPDATE(data->tg_event)))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("newterm.merge must be fired AFTER INSERT OR UPDATE FOR EACH ROW"),
				 errhint("Use newterm.watch() to watch a table.")));
	row.watch = FiringWatch(fcinfo, data->tg_trigger);
	row.slot = TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newslot : data->tg_trigslot;

	/* the rules as they are now, at the statement's end, and not when the row was inserted */
	AcceptInvalidationMessages();
	evaluation.level = PendingCurrent();
	evaluation.set = RulesCurrent();
	if (evaluation.set == NULL)
		return PointerGetDatum(NULL);
	evaluation.source.reference = (EventReference) {
		.table = RelationGetRelid(data->tg_relation),
		.file = data->tg_relation->rd_rel->relfilenode, .tid = row.slot->tts_tid,
		.column = row.watch->event_column, .type = row.watch->event_type,
		.command = ReferenceCommand(), .generation = evaluation.set->generation
	};
	evaluation.source.index = -1;

	EvaluateSafely(&evaluation, EvaluateRow, &row);
	PendingSpillLarge();
	return PointerGetDatum(NULL);
}
