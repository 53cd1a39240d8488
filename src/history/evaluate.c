/*
 * evaluate.c
 *	  newterm.evaluate: the terms that the events of a stored row show to a rule.
 *
 * It is the part of live insertion that newterm.verify() and newterm.explain() use: all
 * that they compute behind it is plain SQL.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "baseline/sighting.h"
#include "event/event_time.h"
#include "event/record.h"
#include "history/stored_row.h"
#include "rule/dispatch.h"
#include "rule/rule_load.h"

PG_FUNCTION_INFO_V1(newterm_evaluate);

/* Arguments of newterm_evaluate. */
enum
{
	ARGUMENT_RULE,
	ARGUMENT_EVENT /* and those of StoredRowRead behind it */
};

/* The compiled rule of a call site, which is used for all rows that have the same rule. */
typedef struct CallSite
{
	MemoryContext   context; /* of the compiled rule */
	HeapTupleHeader source;  /* the row that it was compiled from */
	RuleSet        *set;
} CallSite;

static bool
SameRow(HeapTupleHeader a, HeapTupleHeader b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* Compile the rule and keep it for the next calls. */
static void
CompileSite(CallSite *site, HeapTupleHeader rule)
{
	const uint8   secret[DIGEST_SECRET_BYTES] = {0}; /* its digests are compared with no others */
	Oid           type = HeapTupleHeaderGetTypeId(rule);
	Datum         element = PointerGetDatum(rule);
	MemoryContext old;

	site->source = NULL;
	MemoryContextReset(site->context);
	old = MemoryContextSwitchTo(site->context);
	site->set = RulesCompile(construct_array(&element, 1, type, -1, false, TYPALIGN_DOUBLE), secret,
							 GetActiveSnapshot());
	site->source = memcpy(palloc(VARSIZE(rule)), rule, VARSIZE(rule));
	MemoryContextSwitchTo(old);
}

static CallSite *
CallSiteOf(FunctionCallInfo fcinfo)
{
	CallSite       *site = fcinfo->flinfo->fn_extra;
	HeapTupleHeader rule = PG_GETARG_HEAPTUPLEHEADER(ARGUMENT_RULE);

	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
		site->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "newterm evaluate",
											  ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = site;
	}
	if (site->source == NULL || !SameRow(site->source, rule))
		CompileSite(site, rule);
	return site;
}

/* The result, and the record whose terms are being written to it. */
typedef struct Output
{
	ReturnSetInfo *result;
	Evaluation    *event;
	const Record  *record;
	char          *event_id;
} Output;

/* Write a row for a sighting (a SightingFunction). */
static void
PutSighting(void *state, const Sighting *sighting)
{
	Output     *output = state;
	const Rule *rule = sighting->rule;
	const int   nentity = rule->shape.nentity;
	Jsonb      *entity = nentity == 0 ? NULL : TermValues(sighting->row, 0, nentity);
	Jsonb      *term = TermValues(sighting->row, nentity, rule->shape.ncolumns);
	Datum       values[4];
	bool        nulls[4] = {0};

	values[0] = TimestampTzGetDatum(TIMESTAMP_OF(output->record->time));
	nulls[1] = output->event_id == NULL;
	values[1] = nulls[1] ? (Datum) 0 : CStringGetTextDatum(output->event_id);
	values[2] = JsonbPGetDatum(TermObject(entity, rule->texts, nentity));
	values[3] =
		JsonbPGetDatum(TermObject(term, rule->texts + nentity, rule->shape.ncolumns - nentity));
	tuplestore_putvalues(output->result->setResult, output->result->setDesc, values, nulls);
}

/* Write the sightings of a record (a RowFunction). */
static void
PutRecord(void *state, Record *record)
{
	Output     *output = state;
	Evaluation *event = output->event;

	if (record->cause != NULL)
		return;
	DispatchBegin(event, record->time);
	DispatchEvent(event);
	if (event->nmatching == 0)
		return;
	output->record = record;
	output->event_id = EventIdentity(&record->jsonb->root);
	EventSightings(event, PutSighting, output);
}

/*
 * newterm.evaluate(rule newterm.rules, event jsonb, event_text text,
 *		event_time timestamptz, has_time boolean)
 *		returns table (seen_at timestamptz, event_id text, entity jsonb, term jsonb)
 *		A row for each term that the events of a stored row show to the rule.  Events that
 *		do not pass its filter, or that have no usable time, show none.
 */
Datum
newterm_evaluate(PG_FUNCTION_ARGS)
{
	Output output = {.result = (ReturnSetInfo *) fcinfo->resultinfo};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(ARGUMENT_RULE))
		return (Datum) 0;
	output.event = CallSiteOf(fcinfo)->set->evaluation;
	StoredRowRead(fcinfo, ARGUMENT_EVENT, output.event->fields, PutRecord, &output);
	return (Datum) 0;
}
