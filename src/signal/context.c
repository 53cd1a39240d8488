/*
 * context.c
 *	  What was known around a detection, before it.
 *
 * Everything is judged at the detection's event time: a run counts that began before it
 * and, where the rule forgets, was not forgotten by then.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/compat.h"
#include "baseline/run_store.h"
#include "signal/context.h"

/* Counts end here. */
#define MOST 100

/* So many rows are read of an entity and of a term: one may be its own. */
#define ROWS_READ (MOST + 1)

/* Of an entity with more, so many of those that were stored first are read for its start. */
#define FIRST_ROWS 10

/* What is new, in microseconds. */
#define RECENT (30 * USECS_PER_DAY)

/* Where contexts are read from, during one merge. */
typedef struct SignalContexts
{
	bool       readable[RUNS_OF_TERM + 1];
	TableStore stores[RUNS_OF_TERM + 1];
} SignalContexts;

/* What was found. */
typedef struct Counts
{
	const Span   *span;
	const Digest *own; /* entity and term of the detection */
	int64         time;
	int           known;  /* runs that were known ... */
	int           others; /* ... of others than `own` */
	int           recent; /* runs that began lately, outside learning */
	int64         since;  /* start of the earliest one */
} Counts;

static SignalContexts *
Contexts(SignalWriter *writer)
{
	MemoryContext old;

	if (writer->contexts != NULL)
		return writer->contexts;
	old = MemoryContextSwitchTo(writer->context);
	writer->contexts = palloc0(sizeof(SignalContexts));
	for (int kind = RUNS_OF_ENTITY; kind <= RUNS_OF_TERM; kind++)
		writer->contexts->readable[kind] = RunsAroundOpen(&writer->contexts->stores[kind],
														  writer->oids, kind);
	MemoryContextSwitchTo(old);
	return writer->contexts;
}

void
ContextsClose(SignalWriter *writer)
{
	if (writer->contexts == NULL)
		return;
	for (int kind = RUNS_OF_ENTITY; kind <= RUNS_OF_TERM; kind++)
		if (writer->contexts->readable[kind])
			TableStoreClose(&writer->contexts->stores[kind]);
	writer->contexts = NULL;
}

/* Note when the earliest run began; `state` is the Counts. */
static void
NoteStart(void *state, const Digest *term, const Run *run)
{
	Counts *counts = state;

	if (run->first_seen < counts->time)
		counts->since = Min(counts->since, run->first_seen);
}

/* Count a run in. */
static void
CountRun(void *state, const Digest *term, const Run *run)
{
	Counts   *counts = state;
	const Run now = {.first_seen = counts->time};

	if (run->first_seen >= counts->time)
		return;
	NoteStart(counts, term, run);
	if (run->first_seen >= counts->time - RECENT && !run->learned)
		counts->recent++;
	if (!RunsContinue(run, 1, &now, counts->span))
		return;
	counts->known++;
	if (!DigestEqual(*term, *counts->own))
		counts->others++;
}

static void
AddMember(JsonbParseState **state, const char *name, JsonbValue *value)
{
	JsonbValue key = {.type = jbvString};

	key.val.string.val = (char *) name;
	key.val.string.len = strlen(name);
	pushJsonbValue(state, WJB_KEY, &key);
	pushJsonbValue(state, WJB_VALUE, value);
}

static void
AddCount(JsonbParseState **state, const char *name, int count)
{
	JsonbValue value = {.type = jbvNumeric};

	value.val.numeric = int64_to_numeric(Min(count, MOST));
	AddMember(state, name, &value);
}

static void
AddTime(JsonbParseState **state, const char *name, int64 time)
{
	JsonbValue value = {.type = jbvNull};

	if (time != PG_INT64_MAX)
	{
		value.type = jbvString;
		value.val.string.val = NotificationTime(time);
		value.val.string.len = strlen(value.val.string.val);
	}
	AddMember(state, name, &value);
}

/* Read what the entity knew: what is new is among what was stored last. */
static void
AddEntity(JsonbParseState **state, TableStore *store, const Subject *subject, Counts *counts)
{
	RunsAsked asked = {
		.version_id = subject->rule->version_id,
		.values = subject->entity_values,
		.newest = true,
		.most = ROWS_READ,
	};

	if (RunsAround(store, &asked, CountRun, counts) == ROWS_READ)
	{
		asked.newest = false;
		asked.most = FIRST_ROWS;
		RunsAround(store, &asked, NoteStart, counts);
	}
	AddCount(state, "known_terms", counts->known);
	AddCount(state, "new_terms_30_days", counts->recent);
	AddTime(state, "entity_since", counts->since);
}

/* Read which other entities know the term. */
static void
AddOthers(JsonbParseState **state, TableStore *store, const Subject *subject, Counts *counts)
{
	const RunsAsked asked = {
		.version_id = subject->rule->version_id,
		.values = subject->term_values,
		.most = ROWS_READ,
	};

	RunsAround(store, &asked, CountRun, counts);
	AddCount(state, "other_entities", counts->others);
}

Jsonb *
ContextOf(SignalWriter *writer, const Detection *detection)
{
	SignalContexts *contexts = Contexts(writer);
	const Subject  *subject = detection->subject;
	const Counts    none = {
		   .span = &subject->rule->span,
		   .own = subject->term,
		   .time = detection->first_seen,
		   .since = PG_INT64_MAX,
    };
	Counts           entity = none;
	Counts           term = none;
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (contexts->readable[RUNS_OF_ENTITY])
		AddEntity(&state, &contexts->stores[RUNS_OF_ENTITY], subject, &entity);
	if (contexts->readable[RUNS_OF_TERM] && subject->entity_values != NULL)
		AddOthers(&state, &contexts->stores[RUNS_OF_TERM], subject, &term);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
