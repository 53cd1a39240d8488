/*
 * replay_state.c
 *	  The runs that stored events show, in memory, apart from the stored baseline.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "history/replay_state.h"

#define SH_PREFIX               replay
#define SH_ELEMENT_TYPE         ReplayTerm
#define SH_KEY_TYPE             Digest
#define SH_KEY                  digest
#define SH_HASH_KEY(table, key) ((uint32) (key).h2)
#define SH_EQUAL(table, a, b)   DigestEqual(a, b)
#define SH_SCOPE                static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The size of a new hash table, in terms. */
#define INITIAL_TERMS 256

/* Terms are never freed one by one, so a context without free lists saves memory. */
static MemoryContext
CreateTermContext(MemoryContext parent)
{
	return GenerationContextCreate(parent, "newterm replay terms", ALLOCSET_DEFAULT_SIZES);
}

ReplayState *
ReplayStateCreate(int nrules, int64 from, Size limit)
{
	ReplayState *state = palloc0(sizeof(ReplayState));

	state->context = CurrentMemoryContext;
	state->term_context = CreateTermContext(state->context);
	state->from = from;
	state->below = REPLAY_KEYS;
	state->limit = limit;
	state->earliest = PG_INT64_MAX;
	state->latest = PG_INT64_MIN;
	state->nrules = nrules;
	state->rules = palloc0(sizeof(ReplayRule) * Max(nrules, 1));
	state->terms = replay_create(state->term_context, INITIAL_TERMS, NULL);
	return state;
}

ReplayTerm *
ReplayFind(ReplayState *state, const Digest *digest)
{
	return replay_lookup(state->terms, *digest);
}

/* Allocate room for `allocated` runs, and copy the present ones. */
static void
SetRoom(MemoryContext context, ReplayRuns *known, int allocated)
{
	Run *runs = MemoryContextAlloc(context, (sizeof(Run) + sizeof(ReplaySource)) * allocated);
	ReplaySource *sources = (ReplaySource *) (runs + allocated);

	if (known->nruns > 0)
	{
		memcpy(runs, known->runs, sizeof(Run) * known->nruns);
		memcpy(sources, known->sources, sizeof(ReplaySource) * known->nruns);
	}
	known->runs = runs;
	known->sources = sources;
	known->allocated = allocated;
}

/* Create a term without runs, with copies of its values. */
static ReplayRuns *
CreateRuns(MemoryContext context, int64 key, const Jsonb *entity_values, const Jsonb *term_values)
{
	Size        entity_size = entity_values == NULL ? 0 : MAXALIGN(VARSIZE(entity_values));
	ReplayRuns *known =
		MemoryContextAllocZero(context, sizeof(ReplayRuns) + entity_size + VARSIZE(term_values));
	char *values = (char *) (known + 1);

	known->key = key;
	if (entity_values != NULL)
		known->entity_values = memcpy(values, entity_values, VARSIZE(entity_values));
	known->term_values = memcpy(values + entity_size, term_values, VARSIZE(term_values));
	SetRoom(context, known, 1);
	return known;
}

ReplayTerm *
ReplayEnter(ReplayState *state, const Digest *digest, int rule, int64 key,
			const Jsonb *entity_values, const Jsonb *term_values)
{
	ReplayTerm *term;
	bool        found;

	if (!ReplayKeeps(state, key))
		return NULL;
	term = replay_insert(state->terms, *digest, &found);
	Assert(!found);
	term->rule = rule;
	term->covered_from = PG_INT64_MAX;
	term->covered_end = PG_INT64_MIN;
	term->known = CreateRuns(state->term_context, key, entity_values, term_values);
	return term;
}

/* Put each run's source at the position that the run has now. */
static void
OrderSources(ReplayRuns *known, int nbefore)
{
	ReplaySource *before = palloc(sizeof(ReplaySource) * nbefore);

	memcpy(before, known->sources, sizeof(ReplaySource) * nbefore);
	for (int i = 0; i < known->nruns; i++)
	{
		known->sources[i] = before[known->runs[i].source];
		known->runs[i].source = i;
	}
	pfree(before);
}

/* Remember a run as the one that was seen last. */
static inline void
SetCovered(ReplayTerm *term, const Run *run, const Span *span)
{
	term->covered_from = run->first_seen;
	term->covered_end = run->last_granule + span->granule;
}

static char *
CopyText(MemoryContext context, const char *text)
{
	return text == NULL ? NULL : MemoryContextStrdup(context, text);
}

void
ReplayAddRun(ReplayState *state, ReplayTerm *term, const Run *run, ReplaySource source)
{
	const Span *span = &state->rules[term->rule].span;
	ReplayRuns *known = term->known;
	int         before = known->nruns;
	Run         added = *run;
	int         holder;

	if (before == known->allocated)
		SetRoom(state->term_context, known, before * 2);
	added.source = before;
	known->sources[before].event_id = CopyText(state->term_context, source.event_id);
	known->sources[before].muted = CopyText(state->term_context, source.muted);
	known->nruns = RunsAdd(known->runs, before, &added, span);
	/* a new run behind all others has its source at its position already */
	if (known->nruns <= before || known->runs[before].source != before)
		OrderSources(known, before + 1);
	for (holder = known->nruns - 1; known->runs[holder].first_seen > run->first_seen;)
		holder--;
	SetCovered(term, &known->runs[holder], span);
}

bool
ReplayContinue(ReplayState *state, ReplayTerm *term, int64 time)
{
	const Span *span = &state->rules[term->rule].span;
	ReplayRuns *known = term->known;
	Run        *last = &known->runs[known->nruns - 1];
	Run         run = {.first_seen = time, .last_granule = GranuleStart(time, span->granule)};

	if (RunsContinue(last, 1, &run, span))
	{
		last->last_granule = Max(last->last_granule, run.last_granule);
		SetCovered(term, last, span);
		return true;
	}
	if (!RunsContinue(known->runs, known->nruns - 1, &run, span))
		return false;
	ReplayAddRun(state, term, &run, (ReplaySource){0});
	return true;
}

/* Keep only the terms with keys below a lower bound, copied into new memory. */
static void
LowerBound(ReplayState *state, int64 below)
{
	MemoryContext   old_context = state->term_context;
	replay_hash    *old = state->terms;
	replay_iterator each;
	ReplayTerm     *term;

	state->below = below;
	state->term_context = CreateTermContext(state->context);
	state->terms = replay_create(state->term_context, INITIAL_TERMS, NULL);
	replay_start_iterate(old, &each);
	while ((term = replay_iterate(old, &each)) != NULL)
	{
		const ReplayRuns *known = term->known;
		ReplayTerm       *kept;

		CHECK_FOR_INTERRUPTS();
		kept = ReplayEnter(state, &term->digest, term->rule, known->key, known->entity_values,
						   known->term_values);
		for (int i = 0; kept != NULL && i < known->nruns; i++)
			ReplayAddRun(state, kept, &known->runs[i], known->sources[i]);
	}
	MemoryContextDelete(old_context);
}

void
ReplayBound(ReplayState *state)
{
	/* the terms of one key cannot be divided */
	while (MemoryContextMemAllocated(state->term_context, false) > state->limit &&
		   state->below - state->from > 1)
		LowerBound(state, state->from + (state->below - state->from) / 2);
}

/* Do two processes describe a rule alike, so that terms of one are those of the other? */
static bool
SameRule(const ReplayRule *a, const ReplayRule *b)
{
	if (a->span.granule != b->span.granule || a->span.forget_after != b->span.forget_after ||
		a->by_entity != b->by_entity || a->learning != b->learning ||
		a->learning_values != b->learning_values || a->clock != b->clock ||
		a->clock_at_most != b->clock_at_most || a->nentity != b->nentity ||
		a->ncolumns != b->ncolumns)
		return false;
	for (int i = 0; i < a->ncolumns; i++)
		if (strcmp(a->texts[i], b->texts[i]) != 0)
			return false;
	return true;
}

/* Who calls newterm.replay by hand may give each row other rules. */
static void
CheckSameWork(const ReplayState *a, const ReplayState *b)
{
	bool same = a->from == b->from && a->nrules == b->nrules;

	for (int i = 0; same && i < a->nrules; i++)
		same = SameRule(&a->rules[i], &b->rules[i]);
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("newterm.replay takes the same rules, clocks and key for all rows")));
}

void
ReplayCombine(ReplayState *state, const ReplayState *other)
{
	replay_iterator each;
	ReplayTerm     *theirs;

	CheckSameWork(state, other);
	if (other->below < state->below)
		LowerBound(state, other->below);
	state->events += other->events;
	state->unusable += other->unusable;
	state->earliest = Min(state->earliest, other->earliest);
	state->latest = Max(state->latest, other->latest);
	for (int i = 0; i < state->nrules; i++)
	{
		state->rules[i].matched += other->rules[i].matched;
		state->rules[i].lacking += other->rules[i].lacking;
		for (int j = 0; j < state->rules[i].ncolumns; j++)
			state->rules[i].missing[j] += other->rules[i].missing[j];
	}
	replay_start_iterate(other->terms, &each);
	while ((theirs = replay_iterate(other->terms, &each)) != NULL)
	{
		ReplayTerm *term = ReplayFind(state, &theirs->digest);

		CHECK_FOR_INTERRUPTS();
		if (term == NULL)
			term = ReplayEnter(state, &theirs->digest, theirs->rule, theirs->known->key,
							   theirs->known->entity_values, theirs->known->term_values);
		if (term == NULL)
			continue;
		for (int i = 0; i < theirs->known->nruns; i++)
			ReplayAddRun(state, term, &theirs->known->runs[i], theirs->known->sources[i]);
	}
	ReplayBound(state);
}

int64
ReplayCountTerms(const ReplayState *state)
{
	return state->terms->members;
}

void
ReplayForEach(const ReplayState *state, ReplayFunction function, void *argument)
{
	replay_iterator each;
	ReplayTerm     *term;

	replay_start_iterate(state->terms, &each);
	while ((term = replay_iterate(state->terms, &each)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		function(term, argument);
	}
}
