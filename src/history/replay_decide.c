/*
 * replay_decide.c
 *	  Decides which runs of a replay are learned and which are detections.
 *
 * Live insertion decides as events arrive, and may have to retract or amend a detection.
 * Here all events have been read, so each run is decided once.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/compat.h"
#include "event/term.h"
#include "history/replay_decide.h"

/*
 * A term that is decided together with others of its rule.  The objects order terms that
 * were first seen at the same time, which matters only to rules that learn the first n.
 */
typedef struct Candidate
{
	ReplayTerm *term;
	Jsonb      *entity_object; /* NULL if a learning window decides */
	Jsonb      *term_object;
} Candidate;

/* The terms to be decided, and the starts of all runs. */
typedef struct Gathering
{
	const ReplayState *state;
	int64              nruns;
	int64              ncandidates;
	Candidate         *candidates;
	int64              nstarts;
	ReplayStart       *starts;
} Gathering;

Jsonb *
ReplayEntity(const ReplayState *state, const ReplayTerm *term)
{
	const ReplayRule *rule = &state->rules[term->rule];

	return TermObject(term->known->entity_values, rule->texts, rule->nentity);
}

Jsonb *
ReplayTermObject(const ReplayState *state, const ReplayTerm *term)
{
	const ReplayRule *rule = &state->rules[term->rule];

	return TermObject(term->known->term_values, rule->texts + rule->nentity,
					  rule->ncolumns - rule->nentity);
}

/* Does the decision about a term of the rule depend on this term alone? */
static bool
DecidesAlone(const ReplayRule *rule)
{
	return !rule->by_entity && rule->learning_values < 0;
}

/* Count a term's runs, and the term if it is a candidate (a ReplayFunction). */
static void
CountTerm(ReplayTerm *term, void *argument)
{
	Gathering *gathering = argument;

	gathering->nruns += term->known->nruns;
	if (!DecidesAlone(&gathering->state->rules[term->rule]))
		gathering->ncandidates++;
}

/* Append the starts of a term's runs (a ReplayFunction). */
static void
AddStarts(ReplayTerm *term, void *argument)
{
	Gathering *gathering = argument;

	for (int run = 0; run < term->known->nruns; run++)
		gathering->starts[gathering->nstarts++] = (ReplayStart){term, run};
}

static void
AddCandidate(Gathering *gathering, ReplayTerm *term)
{
	const ReplayState *state = gathering->state;
	Candidate         *candidate = &gathering->candidates[gathering->ncandidates++];

	*candidate = (Candidate){.term = term};
	if (state->rules[term->rule].learning_values >= 0)
	{
		candidate->entity_object = ReplayEntity(state, term);
		candidate->term_object = ReplayTermObject(state, term);
	}
}

/*
 * CompareEntities
 *		Order by key first, which is cheap and the same for equal entities.  Equal bytes
 *		are equal values; other bytes may be.
 */
static int
CompareEntities(const ReplayRuns *a, const ReplayRuns *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->entity_values == NULL) /* a described rule may lack group_by */
		return 0;
	if (VARSIZE(a->entity_values) == VARSIZE(b->entity_values) &&
		memcmp(a->entity_values, b->entity_values, VARSIZE(a->entity_values)) == 0)
		return 0;
	return compareJsonbContainers(&a->entity_values->root, &b->entity_values->root);
}

/* Order by rule and scope, then by first sighting, ties by term and then by entity. */
static int
CompareCandidates(const void *a, const void *b, void *argument)
{
	const ReplayState *state = argument;
	const Candidate   *left = a;
	const Candidate   *right = b;
	const ReplayRuns  *left_runs = left->term->known;
	const ReplayRuns  *right_runs = right->term->known;
	int                order;

	if (left->term->rule != right->term->rule)
		return left->term->rule < right->term->rule ? -1 : 1;
	if (state->rules[left->term->rule].by_entity)
	{
		order = CompareEntities(left_runs, right_runs);
		if (order != 0)
			return order;
	}
	if (left_runs->runs[0].first_seen != right_runs->runs[0].first_seen)
		return left_runs->runs[0].first_seen < right_runs->runs[0].first_seen ? -1 : 1;
	if (left->term_object == NULL)
		return 0;
	order = compareJsonbContainers(&left->term_object->root, &right->term_object->root);
	return order != 0
		? order
		: compareJsonbContainers(&left->entity_object->root, &right->entity_object->root);
}

/* Do two terms learn in one scope? */
static bool
SameScope(const ReplayState *state, const Candidate *a, const Candidate *b)
{
	return a->term->rule == b->term->rule &&
		(!state->rules[a->term->rule].by_entity ||
		 CompareEntities(a->term->known, b->term->known) == 0);
}

/* When the scope began to learn; `first` is its earliest term. */
static int64
ScopeClock(const ReplayState *state, const ReplayTerm *first)
{
	const ReplayRule *rule = &state->rules[first->rule];

	if (rule->by_entity)
		return first->known->runs[0].first_seen;
	if (rule->clock != PG_INT64_MAX)
		return rule->clock;
	return Min(rule->clock_at_most, state->earliest);
}

/* Runs that start before the end of the learning window are learned. */
static void
DecideByWindow(ReplayRuns *known, int64 until)
{
	for (int run = 0; run < known->nruns; run++)
		known->runs[run].learned = known->runs[run].first_seen < until;
}

/* The first runs of the first learning_values terms are learned; numbers begin with 0. */
static void
DecideByNumber(ReplayRuns *known, int64 number, int64 learning_values)
{
	for (int run = 0; run < known->nruns; run++)
		known->runs[run].learned = run == 0 && number < learning_values;
}

/* Decide about the terms of one scope, which are sorted. */
static void
DecideScope(const ReplayState *state, Candidate *scope, int64 count)
{
	const ReplayRule *rule = &state->rules[scope->term->rule];
	int64             until = ScopeClock(state, scope->term) + rule->learning;

	for (int64 i = 0; i < count; i++)
	{
		if (rule->learning_values >= 0)
			DecideByNumber(scope[i].term->known, i, rule->learning_values);
		else
			DecideByWindow(scope[i].term->known, until);
	}
}

/* Decide about the candidates, scope by scope. */
static void
DecideCandidates(Gathering *gathering)
{
	const ReplayState *state = gathering->state;
	Candidate         *list = gathering->candidates;
	int64              begin = 0;

	qsort_arg(list, gathering->ncandidates, sizeof(Candidate), CompareCandidates,
			  unconstify(ReplayState *, state));
	for (int64 i = 1; i <= gathering->ncandidates; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i < gathering->ncandidates && SameScope(state, &list[begin], &list[i]))
			continue;
		DecideScope(state, &list[begin], i - begin);
		begin = i;
	}
}

/* Decide about a term, or append it to the candidates (a ReplayFunction). */
static void
DecideTerm(ReplayTerm *term, void *argument)
{
	Gathering        *gathering = argument;
	const ReplayRule *rule = &gathering->state->rules[term->rule];

	if (DecidesAlone(rule))
		DecideByWindow(term->known, ScopeClock(gathering->state, term) + rule->learning);
	else
		AddCandidate(gathering, term);
}

static int
CompareStarts(const void *a, const void *b)
{
	const ReplayStart *left = a;
	const ReplayStart *right = b;
	int64              left_time = left->term->known->runs[left->run].first_seen;
	int64              right_time = right->term->known->runs[right->run].first_seen;

	if (left_time != right_time)
		return left_time < right_time ? -1 : 1;
	if (left->term->rule != right->term->rule)
		return left->term->rule < right->term->rule ? -1 : 1;
	return DigestCompare(&left->term->digest, &right->term->digest);
}

ReplayStart *
ReplayDecide(ReplayState *state, int64 *count)
{
	Gathering gathering = {.state = state};

	ReplayForEach(state, CountTerm, &gathering);
	gathering.candidates = palloc_extended(sizeof(Candidate) * Max(gathering.ncandidates, 1),
										   MCXT_ALLOC_HUGE);
	gathering.starts = palloc_extended(sizeof(ReplayStart) * Max(gathering.nruns, 1),
									   MCXT_ALLOC_HUGE);
	gathering.ncandidates = 0;
	ReplayForEach(state, DecideTerm, &gathering);
	DecideCandidates(&gathering);
	ReplayForEach(state, AddStarts, &gathering);
	qsort(gathering.starts, gathering.nstarts, sizeof(ReplayStart), CompareStarts);
	*count = gathering.nstarts;
	return gathering.starts;
}
