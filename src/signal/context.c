/*
 * context.c
 *	  The context of a signal: the terms that were known before its first detection.
 *
 * Everything is judged at the detection's event time: a run counts that began before it
 * and, where the rule forgets, was not forgotten by then.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/hash_table.h"
#include "baseline/run_store.h"
#include "signal/context.h"

/* Counts end here. */
#define MOST 100

/* The number of rows read of an entity and of a term: one may be the detection's own. */
#define ROWS_READ (MOST + 1)

/* If an entity has more runs, this number of its oldest rows is read for its start. */
#define FIRST_ROWS 10

/* A term is new for this time, in microseconds. */
#define RECENT (30 * USECS_PER_DAY)

/* The number of entities whose runs are kept; they take 6 MB at most. */
#define ENTITIES_KEPT 1000

/* A run that was read. */
typedef struct RunOfTerm
{
	Digest term;
	Run    run;
} RunOfTerm;

/* The runs that were read of an entity. */
typedef struct EntityRuns
{
	int64      key;     /* hash key */
	int        nnewest; /* runs that were stored last, at most ROWS_READ */
	int        nfirst;  /* behind them, if there are more: runs that were stored first */
	RunOfTerm *runs;
} EntityRuns;

/*
 * The open tables and the entities of one merge.  A merge writes all its runs before its
 * signals, so it reads each entity once, whatever number of signals that has
 * (docs/experiments.md: 86 to 66 microseconds a signal).
 */
typedef struct SignalContexts
{
	bool          readable[RUNS_OF_TERM + 1];
	TableStore    stores[RUNS_OF_TERM + 1];
	MemoryContext memory; /* of the entities */
	HTAB         *entities;
} SignalContexts;

/* The numbers for one detection. */
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
	writer->contexts->memory = AllocSetContextCreate(writer->context, "newterm contexts",
													 ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(old);
	return writer->contexts;
}

static void
ForgetEntities(SignalContexts *contexts)
{
	MemoryContextReset(contexts->memory);
	contexts->entities = NULL;
}

void
ContextsForget(SignalWriter *writer)
{
	if (writer->contexts != NULL)
		ForgetEntities(writer->contexts);
}

void
ContextsClose(SignalWriter *writer)
{
	if (writer->contexts == NULL)
		return;
	for (int kind = RUNS_OF_ENTITY; kind <= RUNS_OF_TERM; kind++)
		if (writer->contexts->readable[kind])
			TableStoreClose(&writer->contexts->stores[kind]);
	MemoryContextDelete(writer->contexts->memory);
	writer->contexts = NULL;
}

/* ---------- reading an entity ---------- */

/* Keep a run that is read; `state` is the EntityRuns, which have room for it. */
static void
KeepRun(void *state, const Digest *term, const Run *run)
{
	EntityRuns *entity = state;

	entity->runs[entity->nnewest + entity->nfirst++] = (RunOfTerm){*term, *run};
}

/* Read an entity.  Its new terms are among the rows that were stored last. */
static void
ReadEntity(SignalContexts *contexts, EntityRuns *entity)
{
	RunOfTerm   read[ROWS_READ + FIRST_ROWS];
	TableStore *store = &contexts->stores[RUNS_OF_ENTITY];
	RunsAsked   asked = {.key = entity->key, .newest = true, .most = ROWS_READ};

	entity->runs = read;
	entity->nnewest = entity->nfirst = 0;
	entity->nnewest = RunsAround(store, &asked, KeepRun, entity);
	entity->nfirst = 0;
	if (entity->nnewest == ROWS_READ)
	{
		asked.newest = false;
		asked.most = FIRST_ROWS;
		RunsAround(store, &asked, KeepRun, entity);
	}
	entity->runs = MemoryContextAlloc(contexts->memory,
									  sizeof(RunOfTerm) * (entity->nnewest + entity->nfirst));
	memcpy(entity->runs, read, sizeof(RunOfTerm) * (entity->nnewest + entity->nfirst));
}

/* The runs of a subject's entity. */
static const EntityRuns *
RunsOfEntity(SignalContexts *contexts, const Subject *subject)
{
	const int64 key = RunsKey(subject->rule->version_id, subject->entity_values);
	EntityRuns *entity;
	bool        found;

	if (contexts->entities != NULL && hash_get_num_entries(contexts->entities) == ENTITIES_KEPT)
		ForgetEntities(contexts);
	if (contexts->entities == NULL)
		contexts->entities = HashTableIn(contexts->memory, "newterm contexts", 64, sizeof(int64),
										 sizeof(EntityRuns));
	entity = hash_search(contexts->entities, &key, HASH_ENTER, &found);
	if (!found)
		ReadEntity(contexts, entity);
	return entity;
}

/* ---------- counting ---------- */

/* Note when the earliest run began. */
static void
NoteStart(Counts *counts, const Run *run)
{
	if (run->first_seen < counts->time)
		counts->since = Min(counts->since, run->first_seen);
}

/* Count a run in; `state` is the Counts. */
static void
CountRun(void *state, const Digest *term, const Run *run)
{
	Counts   *counts = state;
	const Run now = {.first_seen = counts->time};

	if (run->first_seen >= counts->time)
		return;
	NoteStart(counts, run);
	if (run->first_seen >= counts->time - RECENT && !run->learned)
		counts->recent++;
	if (!RunsContinue(run, 1, &now, counts->span))
		return;
	counts->known++;
	if (!DigestEqual(*term, *counts->own))
		counts->others++;
}

/* ---------- the object ---------- */

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

/* Add the members about the entity. */
static void
AddEntity(JsonbParseState **state, const EntityRuns *entity, Counts *counts)
{
	for (int i = 0; i < entity->nnewest; i++)
		CountRun(counts, &entity->runs[i].term, &entity->runs[i].run);
	for (int i = entity->nnewest; i < entity->nnewest + entity->nfirst; i++)
		NoteStart(counts, &entity->runs[i].run);
	AddCount(state, "known_terms", counts->known);
	AddCount(state, "new_terms_30_days", counts->recent);
	AddTime(state, "entity_since", counts->since);
}

/* Add the member about other entities that know the term. */
static void
AddOthers(JsonbParseState **state, TableStore *store, const Subject *subject, Counts *counts)
{
	const RunsAsked asked = {
		.key = RunsKey(subject->rule->version_id, subject->term_values),
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
		AddEntity(&state, RunsOfEntity(contexts, subject), &entity);
	if (contexts->readable[RUNS_OF_TERM] && subject->entity_values != NULL)
		AddOthers(&state, &contexts->stores[RUNS_OF_TERM], subject, &term);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
