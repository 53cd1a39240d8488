/*
 * replay_decide.c
 *	  What the runs of a replay mean: learned, or detections.
 *
 * Live insertion decides as events arrive, and changes what it said.  Here all events
 * were read, so that each run is decided once.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/compat.h"
#include "event/term.h"
#include "history/replay_decide.h"

/* A term with the objects that it is ordered by. */
typedef struct Candidate
{
	ReplayTerm *term;
	Jsonb      *entity_object;
	Jsonb      *term_object;
} Candidate;

typedef struct Candidates
{
	const ReplayState *state;
	int64              count;
	Candidate         *list;
} Candidates;

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

static void
AddCandidate(ReplayTerm *term, void *argument)
{
	Candidates *all = argument;
	Candidate  *candidate = &all->list[all->count++];

	candidate->term = term;
	candidate->entity_object = ReplayEntity(all->state, term);
	candidate->term_object = ReplayTermObject(all->state, term);
}

static void
CountTerm(ReplayTerm *term, void *argument)
{
	(*(int64 *) argument)++;
}

/* By rule and scope; in a scope by first sighting, ties by term and then by entity. */
static int
CompareCandidates(const void *a, const void *b, void *argument)
{
	const ReplayState *state = argument;
	const Candidate   *left = a;
	const Candidate   *right = b;
	int                entity_order;
	int                order;

	if (left->term->rule != right->term->rule)
		return left->term->rule < right->term->rule ? -1 : 1;
	entity_order = compareJsonbContainers(&left->entity_object->root, &right->entity_object->root);
	if (state->rules[left->term->rule].by_entity && entity_order != 0)
		return entity_order;
	if (left->term->known->runs[0].first_seen != right->term->known->runs[0].first_seen)
		return left->term->known->runs[0].first_seen < right->term->known->runs[0].first_seen ? -1
																							  : 1;
	order = compareJsonbContainers(&left->term_object->root, &right->term_object->root);
	return order != 0 ? order : entity_order;
}

/* Do two terms learn in one scope? */
static bool
SameScope(const ReplayState *state, const Candidate *a, const Candidate *b)
{
	return a->term->rule == b->term->rule &&
		(!state->rules[a->term->rule].by_entity ||
		 compareJsonbContainers(&a->entity_object->root, &b->entity_object->root) == 0);
}

/* When the scope began to learn; `first` is its earliest term. */
static int64
ScopeClock(const ReplayState *state, const Candidate *first)
{
	const ReplayRule *rule = &state->rules[first->term->rule];

	if (rule->by_entity)
		return first->term->known->runs[0].first_seen;
	if (rule->clock != PG_INT64_MAX)
		return rule->clock;
	return Min(rule->clock_at_most, state->earliest);
}

/* Decide about one scope, its terms in order. */
static void
DecideScope(const ReplayState *state, Candidate *scope, int64 count)
{
	const ReplayRule *rule = &state->rules[scope->term->rule];
	int64             until = ScopeClock(state, scope) + rule->learning;

	for (int64 i = 0; i < count; i++)
	{
		ReplayRuns *known = scope[i].term->known;

		for (int run = 0; run < known->nruns; run++)
			known->runs[run].learned = rule->learning_values >= 0
				? run == 0 && i < rule->learning_values
				: known->runs[run].first_seen < until;
	}
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
	Candidates   all = {.state = state};
	int64        nterms = 0;
	int64        nruns = 0;
	int64        begin = 0;
	ReplayStart *starts;

	ReplayForEach(state, CountTerm, &nterms);
	all.list = palloc_extended(sizeof(Candidate) * Max(nterms, 1), MCXT_ALLOC_HUGE);
	ReplayForEach(state, AddCandidate, &all);
	qsort_arg(all.list, all.count, sizeof(Candidate), CompareCandidates, state);
	for (int64 i = 1; i <= all.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		nruns += all.list[i - 1].term->known->nruns;
		if (i < all.count && SameScope(state, &all.list[begin], &all.list[i]))
			continue;
		DecideScope(state, &all.list[begin], i - begin);
		begin = i;
	}
	starts = palloc_extended(sizeof(ReplayStart) * Max(nruns, 1), MCXT_ALLOC_HUGE);
	*count = 0;
	for (int64 i = 0; i < all.count; i++)
		for (int run = 0; run < all.list[i].term->known->nruns; run++)
			starts[(*count)++] = (ReplayStart){all.list[i].term, run};
	qsort(starts, *count, sizeof(ReplayStart), CompareStarts);
	return starts;
}
