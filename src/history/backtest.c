/*
 * backtest.c
 *	  The aggregate newterm.replay: evaluates stored events by rules and returns the runs
 *	  that they show, each learned or a detection.
 *
 * It writes nothing, so it runs on a hot standby and in parallel workers.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/compat.h"
#include "baseline/sighting.h"
#include "event/event_time.h"
#include "event/record.h"
#include "history/replay_bytes.h"
#include "history/replay_result.h"
#include "history/replay_state.h"
#include "history/stored_row.h"
#include "rule/dispatch.h"
#include "rule/rule_digest.h"
#include "rule/rule_load.h"
#include "rule/suppression.h"

PG_FUNCTION_INFO_V1(newterm_replay_add);
PG_FUNCTION_INFO_V1(newterm_replay_combine);
PG_FUNCTION_INFO_V1(newterm_replay_serialise);
PG_FUNCTION_INFO_V1(newterm_replay_deserialise);
PG_FUNCTION_INFO_V1(newterm_replay_final);

/* Arguments of newterm_replay_add. */
enum
{
	ARGUMENT_STATE,
	ARGUMENT_EVENT, /* and those of StoredRowRead behind it */
	ARGUMENT_TEXT,
	ARGUMENT_TIME,
	ARGUMENT_HAS_TIME,
	ARGUMENT_RULES,
	ARGUMENT_CLOCKS,
	ARGUMENT_SECRET,
	ARGUMENT_SINCE,
	ARGUMENT_UNTIL,
	ARGUMENT_FROM
};

/* The largest state: a worker returns it as one value. */
#define LARGEST_STATE ((Size) 256 * 1024 * 1024)

/* The aggregate's state, with what a process needs to add events to it. */
typedef struct Replay
{
	RuleSet      *set;
	int64         since;
	int64         until;
	MemoryContext event_context; /* reset after each event */
	MemoryContext own_context;   /* of a state that came from another process, else NULL */
	ReplayState  *state;

	/* of the current event */
	int64  time;
	char  *event_id; /* if event_id_read */
	bool   event_id_read;
	Jsonb *event;
} Replay;

/* Copy into the state what runs are joined and decided by. */
static void
DescribeRules(ReplayState *state, const RuleSet *set, ArrayType *clocks)
{
	Datum *elements;
	bool  *nulls;
	int    count;

	deconstruct_array(clocks, TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE, &elements, &nulls, &count);
	if (count != set->nrules)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("newterm.replay takes a clock for each rule")));
	for (int i = 0; i < set->nrules; i++)
	{
		const Rule *rule = set->rules[i];
		ReplayRule *described = &state->rules[i];

		described->span = rule->span;
		described->by_entity = rule->by_entity;
		described->learning = rule->learning;
		described->learning_values = rule->learning_values;
		described->clock = rule->clock_set ? rule->learning_from : PG_INT64_MAX;
		described->clock_at_most = nulls[i] ? PG_INT64_MAX
											: UNIX_MICROS(DatumGetTimestampTz(elements[i]));
		described->nentity = rule->shape.nentity;
		described->ncolumns = rule->shape.ncolumns;
		described->texts = rule->texts;
	}
}

/* Create the state at the first event of a process. */
static Replay *
ReplayBegin(FunctionCallInfo fcinfo)
{
	Replay *replay = palloc0(sizeof(Replay));
	Size    limit = get_hash_memory_limit();

	if (PG_ARGISNULL(ARGUMENT_RULES) || PG_ARGISNULL(ARGUMENT_CLOCKS) ||
		PG_ARGISNULL(ARGUMENT_SECRET) || PG_ARGISNULL(ARGUMENT_FROM))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("newterm.replay needs rules, their clocks, a secret and a key")));
	replay->set = RulesCompile(PG_GETARG_ARRAYTYPE_P(ARGUMENT_RULES),
							   PG_GETARG_UUID_P(ARGUMENT_SECRET)->data, GetActiveSnapshot());
	replay->since = ArgumentTime(fcinfo, ARGUMENT_SINCE, PG_INT64_MIN);
	replay->until = ArgumentTime(fcinfo, ARGUMENT_UNTIL, PG_INT64_MAX);
	replay->event_context = AllocSetContextCreate(CurrentMemoryContext, "newterm replay event",
												  ALLOCSET_DEFAULT_SIZES);
	replay->state = ReplayStateCreate(replay->set->nrules, PG_GETARG_INT64(ARGUMENT_FROM),
									  Min(limit, LARGEST_STATE));
	DescribeRules(replay->state, replay->set, PG_GETARG_ARRAYTYPE_P(ARGUMENT_CLOCKS));
	return replay;
}

/* Read what is kept of the current event, which starts a run. */
static ReplaySource
SourceOfStart(Replay *replay, const Sighting *sighting)
{
	const Suppression *muted = SuppressionMutes(replay->set->evaluation, sighting->rule,
												sighting->row_digests, true);
	ReplaySource       source = {.muted = muted == NULL ? NULL : muted->name};

	if (!replay->event_id_read)
		replay->event_id = EventIdentity(&replay->event->root);
	replay->event_id_read = true;
	source.event_id = replay->event_id;
	return source;
}

/*
 * PartOfTerm
 *		The key by which the work is divided.  Terms that are decided together have the
 *		same key: those of an entity with a clock of its own, and those of a rule that
 *		learns the first n terms.  Only the former need entity_values.
 */
static int64
PartOfTerm(const Replay *replay, const Rule *rule, const Digest *term, const Jsonb *entity_values)
{
	Digest scope = *term;

	if (rule->by_entity)
		scope = EntityClockDigest(replay->set, rule, entity_values);
	else if (rule->learning_values >= 0)
		scope = RuleClockDigest(replay->set, rule);
	return (int64) (scope.h1 >> 2);
}

/* Enter a new term; NULL if its key is not in this part of the work. */
static ReplayTerm *
EnterTerm(Replay *replay, const Sighting *sighting)
{
	const Rule *rule = sighting->rule;
	const int   nentity = rule->shape.nentity;
	Jsonb      *entity_values = nentity == 0 ? NULL : TermValues(sighting->row, 0, nentity);

	return ReplayEnter(replay->state, &sighting->term, rule->version_id - 1,
					   PartOfTerm(replay, rule, &sighting->term, entity_values), entity_values,
					   TermValues(sighting->row, nentity, rule->shape.ncolumns));
}

/* Add a sighting of a term that may be new (a SightingFunction). */
static void
AddSighting(void *argument, const Sighting *sighting)
{
	Replay     *replay = argument;
	ReplayTerm *term = ReplayFind(replay->state, &sighting->term);
	const bool  entered = term == NULL;
	Run         run = {
				.first_seen = replay->time,
				.last_granule = GranuleStart(replay->time, sighting->rule->span.granule),
    };

	if (entered)
		term = EnterTerm(replay, sighting);
	if (term == NULL)
		return;
	if (entered ||
		(!ReplayCovers(term, replay->time) && !ReplayContinue(replay->state, term, replay->time)))
		ReplayAddRun(replay->state, term, &run, SourceOfStart(replay, sighting));
}

/*
 * AddKnown
 *		Add a sighting by its digest alone.  False if it may start a run, for which the
 *		term's values and the event are needed.
 */
static inline bool
AddKnown(Replay *replay, const TermOfRule *shown)
{
	ReplayTerm *term = ReplayFind(replay->state, &shown->term);

	if (term != NULL)
		return ReplayCovers(term, replay->time) ||
			ReplayContinue(replay->state, term, replay->time);
	return !shown->rule->by_entity &&
		!ReplayKeeps(replay->state, PartOfTerm(replay, shown->rule, &shown->term, NULL));
}

/*
 * AddTerms
 *		Add the event's terms.  Few events start a run, so values are extracted a second
 *		time only for the rules of those that do (docs/experiments.md).
 */
static void
AddTerms(Replay *replay, Evaluation *event)
{
	const Rule *added = NULL;

	event->ntoo_many = 0;
	for (int i = 0; i < event->nterms; i++)
	{
		Rule *rule = event->terms[i].rule;

		if (AddKnown(replay, &event->terms[i]) || rule == added)
			continue;
		RuleSightings(event, rule, AddSighting, replay);
		added = rule;
	}
	if (added != NULL)
		ReplayBound(replay->state);
}

/* Count an event that passed the rule's filter and showed it no term. */
static void
CountLacking(ReplayRule *counted, const Rule *rule, FieldSet *fields)
{
	counted->lacking++;
	for (int i = 0; i < rule->shape.ncolumns; i++)
		if (EventValues(fields, rule->shape.slots[i])->count == 0)
			counted->missing[i]++;
}

/* Count the event for each rule whose filter it passed.  Its terms are in their order. */
static void
CountMatches(ReplayState *state, const Evaluation *event)
{
	int term = 0;

	for (int i = 0; i < event->nmatching; i++)
	{
		const Rule *rule = event->matching[i];
		ReplayRule *counted = &state->rules[rule->version_id - 1];
		const int   before = term;

		counted->matched++;
		while (term < event->nterms && event->terms[term].rule == rule)
			term++;
		if (term == before)
			CountLacking(counted, rule, event->fields);
	}
}

/* Evaluate a record and add its terms. */
static void
AddRecord(Replay *replay, const Record *record)
{
	Evaluation  *event = replay->set->evaluation;
	ReplayState *state = replay->state;

	replay->event = record->jsonb;
	replay->time = record->time;
	replay->event_id_read = false;
	state->events++;
	state->earliest = Min(state->earliest, record->time);
	state->latest = Max(state->latest, record->time);
	DispatchBegin(event, record->time);
	DispatchEvent(event);
	EventTerms(event, false);
	CountMatches(state, event);
	AddTerms(replay, event);
}

/* Add a record of a row if it is in the interval (a RowFunction). */
static void
ReplayRecord(void *state, Record *record)
{
	Replay *replay = state;

	if (record->cause != NULL)
		replay->state->unusable++;
	else if (record->time >= replay->since && record->time < replay->until)
		AddRecord(replay, record);
}

/*
 * newterm.replay_add(state internal, event jsonb, event_text text, event_time timestamptz,
 *		has_time boolean, rules newterm.rules[], clocks timestamptz[], secret uuid,
 *		since timestamptz, until timestamptz, from_key bigint) returns internal
 *		The transition function of newterm.replay.
 */
Datum
newterm_replay_add(PG_FUNCTION_ARGS)
{
	MemoryContext aggregate;
	MemoryContext old;
	Replay       *replay;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "newterm.replay_add called outside an aggregate");
	old = MemoryContextSwitchTo(aggregate);
	replay = PG_ARGISNULL(ARGUMENT_STATE) ? ReplayBegin(fcinfo)
										  : (Replay *) PG_GETARG_POINTER(ARGUMENT_STATE);
	MemoryContextSwitchTo(replay->event_context);
	StoredRowRead(fcinfo, ARGUMENT_EVENT, replay->set->fields, ReplayRecord, replay);
	MemoryContextSwitchTo(old);
	MemoryContextReset(replay->event_context);
	PG_RETURN_POINTER(replay);
}

Datum
newterm_replay_serialise(PG_FUNCTION_ARGS)
{
	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "newterm.replay_serialise called outside an aggregate");
	PG_RETURN_BYTEA_P(ReplayWrite(((Replay *) PG_GETARG_POINTER(0))->state));
}

/*
 * newterm.replay_deserialise(bytea, internal) returns internal
 *		The state has memory of its own that lasts as long as the aggregate.  So combine
 *		keeps the first one as it is, and frees the others when they are added to it.
 */
Datum
newterm_replay_deserialise(PG_FUNCTION_ARGS)
{
	MemoryContext aggregate;
	MemoryContext old;
	Replay       *replay;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "newterm.replay_deserialise called outside an aggregate");
	old = MemoryContextSwitchTo(AllocSetContextCreate(aggregate, "newterm replay of a process",
													  ALLOCSET_DEFAULT_SIZES));
	replay = palloc0(sizeof(Replay));
	replay->own_context = CurrentMemoryContext;
	replay->state = ReplayRead(PG_GETARG_BYTEA_PP(0));
	MemoryContextSwitchTo(old);
	PG_RETURN_POINTER(replay);
}

/*
 * newterm.replay_combine(internal, internal) returns internal
 */
Datum
newterm_replay_combine(PG_FUNCTION_ARGS)
{
	Replay *added;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "newterm.replay_combine called outside an aggregate");
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_ARGISNULL(0) ? (Datum) 0 : PG_GETARG_DATUM(0));
	added = (Replay *) PG_GETARG_POINTER(1);
	if (added->own_context == NULL)
		elog(ERROR, "newterm.replay_combine takes what newterm.replay_deserialise returns");
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(added);
	ReplayCombine(((Replay *) PG_GETARG_POINTER(0))->state, added->state);
	MemoryContextDelete(added->own_context);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * newterm.replay_final(internal) returns newterm.replayed
 */
Datum
newterm_replay_final(PG_FUNCTION_ARGS)
{
	TupleDesc desc;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "newterm.replay_final called outside an aggregate");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "newterm.replay_final returns no row");
	return ReplayResult(((Replay *) PG_GETARG_POINTER(0))->state, BlessTupleDesc(desc));
}
