/*
 * reevaluate.c
 *	  Evaluates rows after their insertion.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "ingest/reevaluate.h"
#include "base/guard.h"
#include "baseline/event_error.h"
#include "baseline/known.h"
#include "rule/dispatch.h"
#include "settings.h"
#include "baseline/sighting.h"
#include "baseline/pending_spill.h"
#include "ingest/event_fault.h"
#include "baseline/event_ref.h"
#include "event/event_time.h"
#include "event/record.h"

/* The evaluation of one event. */
typedef struct Reevaluation
{
	PendingLevel *level;
	RuleSet      *set;
	EventSource   source; /* the row, and the time it is evaluated at */
} Reevaluation;

static void
EvaluateSighting(void *state, const Sighting *sighting)
{
	Reevaluation *evaluation = state;
	int64         time = evaluation->source.reference.time;

	if (KnownNovelty(&sighting->term, time, &sighting->rule->span) != NOVELTY_NONE)
		PendingAddSighting(evaluation->level, sighting, time, &evaluation->source);
}

/* Read the time of an event that was never evaluated; false if it has no usable one. */
static bool
ReadTime(Reevaluation *evaluation, Jsonb *event)
{
	EventReference *reference = &evaluation->source.reference;
	Record          record = {.jsonb = event};

	RecordReadTime(&record, evaluation->set->fields);
	if (record.cause != NULL)
	{
		EventFaultRefused(evaluation->level, reference->table, evaluation->set->evaluation,
						  &record);
		return false;
	}
	reference->time = record.time;
	if (evaluation->source.index >= 0)
		evaluation->level->references[evaluation->source.index].time = record.time;
	return true;
}

/*
 * Add the event's terms for the rules as they are now.  If these could not be loaded, buffer
 * the event again.
 */
static void
EvaluateEvent(Reevaluation *evaluation, Jsonb *record)
{
	RuleSet    *set = evaluation->set;
	Evaluation *event = set->evaluation;
	const Oid   table = evaluation->source.reference.table;

	if (set->failure != NULL)
	{
		PendingAddUnevaluated(evaluation->level, &evaluation->source.reference);
		return;
	}
	EventBegin(set->fields, &record->root);
	if (evaluation->source.reference.time == RECORD_OWN_TIME && !ReadTime(evaluation, record))
		return;
	for (int i = 0; i < set->nclockless; i++)
		PendingAddClock(evaluation->level, set->clockless[i]->version_id,
						evaluation->source.reference.time);
	DispatchBegin(event, evaluation->source.reference.time);
	DispatchEvent(event);
	EventSightings(event, EvaluateSighting, evaluation);
	if (event->ntoo_many > 0)
		EventFaultTooMany(evaluation->level, table, event, record);
}

/* The same, but record an error instead of raising it. */
static void
EvaluateSafely(Reevaluation *evaluation, Jsonb *record)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "newterm collect",
												  ALLOCSET_DEFAULT_SIZES);

	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		EvaluateEvent(evaluation, record);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ErrorIsFinal(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		EventFaultInternal(evaluation->level, evaluation->source.reference.table, record, error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

void
EvaluateLate(PendingLevel *level, RuleSet *set, const EventReference *reference, Jsonb *event)
{
	Reevaluation evaluation = {level, set, {*reference, event, -1}};

	evaluation.source.reference.generation = set->generation;
	EvaluateSafely(&evaluation, event);
}

/* The identity of an event, or NULL, as long as the level. */
static char *
ReferenceIdentity(PendingLevel *level, Jsonb *event)
{
	char *identity = EventIdentity(&event->root);

	return identity == NULL ? NULL : MemoryContextStrdup(level->context, identity);
}

void
ReevaluateLevel(PendingLevel *level, RuleSet *set)
{
	MemoryContext context = NULL;
	MemoryContext old = CurrentMemoryContext;

	for (int64 i = 0; i < level->nreferences; i++)
	{
		Reevaluation evaluation = {.level = level, .set = set};
		Jsonb       *event;

		CHECK_FOR_INTERRUPTS();
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
		if (level->references[i].event_id == NULL)
			level->references[i].event_id = ReferenceIdentity(level, event);
		evaluation.source.reference = level->references[i];
		evaluation.source.index = i;
		EvaluateEvent(&evaluation, event);
	}
	MemoryContextSwitchTo(old);
	if (context != NULL)
		MemoryContextDelete(context);
}

static void
PendingFileLevel(void *level)
{
	PendingSpill(level);
}

void
PendingSpillLarge(void)
{
	PendingLevel *level = PendingExisting();
	ErrorData    *error;

	/* after a failed write, do not try again with each new term */
	if (level == NULL || level->unspillable || PendingSize(level) <= MERGE_MEMORY + level->kept)
		return;
	error = RunUnlessFinal(PendingFileLevel, level);
	if (error == NULL)
		return;
	level->unspillable = true;
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("newterm holds more than newterm.merge_memory in memory: %s", error->message)));
}
