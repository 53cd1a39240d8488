/*
 * backfill.c
 *	  A stored event, as if it were inserted now.
 *
 * What it shows is noted and merged at commit by the code that live insertion uses, so
 * that an event which both count is counted once.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "baseline/known.h"
#include "baseline/pending.h"
#include "baseline/sighting.h"
#include "event/record.h"
#include "history/stored_row.h"
#include "ingest/reevaluate.h"
#include "rule/dispatch.h"
#include "rule/rule.h"

PG_FUNCTION_INFO_V1(newterm_backfill_event);

/* Arguments of newterm_backfill_event. */
enum
{
	ARGUMENT_EVENT,
	ARGUMENT_TEXT,
	ARGUMENT_TIME,
	ARGUMENT_HAS_TIME,
	ARGUMENT_VERSIONS,
	ARGUMENT_SINCE,
	ARGUMENT_UNTIL
};

/* Adding what one event shows to the rules that are filled. */
typedef struct Filling
{
	const int32 *versions; /* of those rules */
	int          nversions;
	int64        time;
	EventSource  source;
} Filling;

static bool
IsFilled(const Filling *filling, const Rule *rule)
{
	for (int i = 0; i < filling->nversions; i++)
		if (filling->versions[i] == rule->version_id)
			return true;
	return false;
}

static void
AddSighting(void *argument, const Sighting *sighting)
{
	Filling *filling = argument;

	if (!IsFilled(filling, sighting->rule))
		return;
	switch (PendingNovelty(&sighting->term, filling->time, &sighting->rule->span))
	{
		case NOVELTY_NONE:
			break;
		case NOVELTY_LATER:
			PendingAddSighting(PendingCurrent(), sighting, filling->time, NULL);
			break;
		case NOVELTY_NEW:
			PendingAddSighting(PendingCurrent(), sighting, filling->time, &filling->source);
			break;
	}
}

/* The rows of a call. */
typedef struct Filler
{
	RuleSet   *set;
	ArrayType *versions;
	int64      since;
	int64      until;
	bool       usable; /* a record has a usable time inside the interval */
} Filler;

/* Note what a record shows that is not known (a RowFunction). */
static void
FillRecord(void *state, Record *record)
{
	Filler     *filler = state;
	RuleSet    *set = filler->set;
	Evaluation *event = set->evaluation;
	Filling     filling = {
			.versions = (int32 *) ARR_DATA_PTR(filler->versions),
			.nversions = ArrayGetNItems(ARR_NDIM(filler->versions), ARR_DIMS(filler->versions)),
			.time = record->time,
    };

	if (record->cause != NULL || record->time < filler->since || record->time >= filler->until)
		return;
	filler->usable = true;
	DispatchBegin(event, record->time);
	DispatchEvent(event);
	EventTerms(event, false);
	if (KnownAll(event->terms, event->nterms, record->time))
		return;
	KnownLookUp(event->terms, event->nterms, record->time);
	filling.source.reference.event = record->jsonb;
	filling.source.reference.time = record->time;
	filling.source.reference.generation = set->generation;
	filling.source.index = -1;
	filling.source.record = record->jsonb;
	EventSightings(event, AddSighting, &filling);
	PendingSpillLarge();
}

/*
 * newterm.backfill_event(event jsonb, event_text text, event_time timestamptz,
 *		has_time boolean, versions integer[], since timestamptz, until timestamptz)
 *		returns boolean
 *		Show a stored event to the rules of these versions; true where it has a usable
 *		time inside the interval.
 */
Datum
newterm_backfill_event(PG_FUNCTION_ARGS)
{
	Filler filler = {.set = RulesCurrent()};

	if (filler.set == NULL || PG_ARGISNULL(ARGUMENT_VERSIONS))
		PG_RETURN_BOOL(false);
	RulesCheck(filler.set);
	filler.versions = PG_GETARG_ARRAYTYPE_P(ARGUMENT_VERSIONS);
	if (ARR_HASNULL(filler.versions))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("versions must not contain NULL")));
	filler.since = ArgumentTime(fcinfo, ARGUMENT_SINCE, PG_INT64_MIN);
	filler.until = ArgumentTime(fcinfo, ARGUMENT_UNTIL, PG_INT64_MAX);
	StoredRowRead(fcinfo, ARGUMENT_EVENT, filler.set->fields, FillRecord, &filler);
	PG_RETURN_BOOL(filler.usable);
}
