/*
 * backfill.c
 *	  newterm.backfill_event: observes a stored event as if it were inserted now.
 *
 * New terms are buffered and merged at commit by the code of live insertion.  A baseline
 * is a union of runs, so an event that is inserted live and backfilled counts once.
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
	ARGUMENT_UNTIL,
	ARGUMENT_SOURCE
};

/* One call, for one stored row. */
typedef struct Filler
{
	RuleSet   *set;
	ArrayType *versions; /* of the rules that are filled */
	int64      since;
	int64      until;
	Oid        source; /* the table of the row, or InvalidOid */
	bool       usable; /* a record has a usable time inside the interval */
} Filler;

/* The event whose terms are being added. */
typedef struct Filling
{
	int64          time;
	EventSource    source;
	const Novelty *novelties; /* of the next terms of the rule at hand */
} Filling;

static bool
IsFilled(const Filler *filler, const Rule *rule)
{
	const int32 *versions = (int32 *) ARR_DATA_PTR(filler->versions);
	const int    nversions = ArrayGetNItems(ARR_NDIM(filler->versions), ARR_DIMS(filler->versions));

	for (int i = 0; i < nversions; i++)
		if (versions[i] == rule->version_id)
			return true;
	return false;
}

/*
 * WantedNovelty
 *		Mark a term as buffered, and return how new it is.  A sighting that continues a
 *		pending run is added here, as it needs nothing of the event: it gives NOVELTY_NONE.
 */
static Novelty
WantedNovelty(const TermOfRule *shown, int64 time)
{
	const Span *span = &shown->rule->span;
	Novelty     novelty = PendingNovelty(&shown->term, time, span);

	if (novelty == NOVELTY_LATER && PendingAddLater(PendingCurrent(), &shown->term, time, span))
		return NOVELTY_NONE;
	return novelty;
}

/* Buffer the next term of the rule if it is new (a SightingFunction). */
static void
AddSighting(void *argument, const Sighting *sighting)
{
	Filling *filling = argument;

	switch (*filling->novelties++)
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

/*
 * FillRule
 *		Buffer the event's new terms of one rule.  Few events have one, so values are
 *		extracted a second time only for these (docs/experiments.md).
 */
static void
FillRule(Evaluation *event, const TermOfRule *terms, int nterms, Filling *filling)
{
	Novelty *novelties = palloc(sizeof(Novelty) * nterms);
	bool     wanted = false;

	for (int i = 0; i < nterms; i++)
	{
		novelties[i] = WantedNovelty(&terms[i], filling->time);
		wanted = wanted || novelties[i] != NOVELTY_NONE;
	}
	filling->novelties = novelties;
	if (wanted)
		RuleSightings(event, terms->rule, AddSighting, filling);
	pfree(novelties);
}

/* Buffer the event's new terms, rule by rule. */
static void
FillTerms(const Filler *filler, Evaluation *event, Filling *filling)
{
	int end;

	event->ntoo_many = 0;
	for (int begin = 0; begin < event->nterms; begin = end)
	{
		Rule *rule = event->terms[begin].rule;

		for (end = begin + 1; end < event->nterms && event->terms[end].rule == rule;)
			end++;
		if (IsFilled(filler, rule))
			FillRule(event, &event->terms[begin], end - begin, filling);
	}
}

/* Observe a record (a RowFunction). */
static void
FillRecord(void *state, Record *record)
{
	Filler     *filler = state;
	RuleSet    *set = filler->set;
	Evaluation *event = set->evaluation;
	Filling     filling = {.time = record->time};

	if (record->cause != NULL || record->time < filler->since || record->time >= filler->until)
		return;
	filler->usable = true;
	DispatchBegin(event, record->time);
	DispatchEvent(event);
	EventTerms(event, false);
	if (KnownAll(event->terms, event->nterms, record->time))
		return;
	KnownLookUp(event->terms, event->nterms, record->time);
	filling.source.reference.table = filler->source;
	filling.source.reference.event = record->jsonb;
	filling.source.reference.time = record->time;
	filling.source.reference.generation = set->generation;
	filling.source.index = -1;
	filling.source.record = record->jsonb;
	FillTerms(filler, event, &filling);
	PendingSpillLarge();
}

/*
 * newterm.backfill_event(event jsonb, event_text text, event_time timestamptz,
 *		has_time boolean, versions integer[], since timestamptz, until timestamptz,
 *		source regclass) returns boolean
 *		Observe a stored event for the rules of these versions.  True if it has a usable
 *		time inside the interval.  Signals name the table `source`.
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
	if (!PG_ARGISNULL(ARGUMENT_SOURCE))
		filler.source = PG_GETARG_OID(ARGUMENT_SOURCE);
	StoredRowRead(fcinfo, ARGUMENT_EVENT, filler.set->fields, FillRecord, &filler);
	PG_RETURN_BOOL(filler.usable);
}
