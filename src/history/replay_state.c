/*
 * replay_state.c
 *	  What reading stored events shows to rules, kept apart from the baseline.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "history/replay_state.h"

#define SH_PREFIX		replay
#define SH_ELEMENT_TYPE	ReplayTerm
#define SH_KEY_TYPE		Digest
#define SH_KEY			digest
#define SH_HASH_KEY(table, key)	((uint32) (key).h2)
#define SH_EQUAL(table, a, b)	DigestEqual(a, b)
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Terms that a table has room for at first. */
#define INITIAL_TERMS	256

ReplayState *
ReplayStateCreate(int nrules, int64 from, Size limit)
{
	ReplayState *state = palloc0(sizeof(ReplayState));

	state->context = CurrentMemoryContext;
	state->from = from;
	state->below = REPLAY_KEYS;
	state->limit = limit;
	state->earliest = PG_INT64_MAX;
	state->latest = PG_INT64_MIN;
	state->nrules = nrules;
	state->rules = palloc0(sizeof(ReplayRule) * Max(nrules, 1));
	state->terms = replay_create(state->context, INITIAL_TERMS, NULL);
	return state;
}

ReplayTerm *
ReplayFind(ReplayState *state, const Digest *digest)
{
	return replay_lookup(state->terms, *digest);
}

static Jsonb *
CopyValues(const Jsonb *values)
{
	Jsonb	   *copy;

	if (values == NULL)
		return NULL;
	copy = palloc(VARSIZE(values));
	memcpy(copy, values, VARSIZE(values));
	return copy;
}

/* About what a term takes, its runs apart. */
static Size
TermBytes(const ReplayTerm *term)
{
	return 2 * sizeof(ReplayTerm) + VARSIZE(term->term_values) +
		(term->entity_values == NULL ? 0 : VARSIZE(term->entity_values));
}

/* About what a run takes. */
static Size
RunBytes(const char *event_id)
{
	return sizeof(Run) + sizeof(char *) + (event_id == NULL ? 0 : strlen(event_id) + 9);
}

ReplayTerm *
ReplayEnter(ReplayState *state, const Digest *digest, int rule, int64 key,
			const Jsonb *entity_values, const Jsonb *term_values)
{
	MemoryContext old;
	ReplayTerm *term;
	bool		found;

	if (key < state->from || key >= state->below)
		return NULL;
	term = replay_insert(state->terms, *digest, &found);
	Assert(!found);
	old = MemoryContextSwitchTo(state->context);
	term->rule = rule;
	term->key = key;
	term->entity_values = CopyValues(entity_values);
	term->term_values = CopyValues(term_values);
	term->nruns = 0;
	term->allocated = 2;
	term->runs = palloc(sizeof(Run) * term->allocated);
	term->event_ids = palloc(sizeof(char *) * term->allocated);
	MemoryContextSwitchTo(old);
	state->bytes += TermBytes(term);
	return term;
}

/* Room for one run more. */
static void
EnlargeRuns(ReplayTerm *term)
{
	if (term->nruns < term->allocated)
		return;
	term->allocated *= 2;
	term->runs = repalloc(term->runs, sizeof(Run) * term->allocated);
	term->event_ids = repalloc(term->event_ids, sizeof(char *) * term->allocated);
}

/* Put each run's event at the run's own position; free those of runs that are no more. */
static void
OrderEvents(ReplayState *state, ReplayTerm *term, int nbefore)
{
	char	  **before = palloc(sizeof(char *) * nbefore);

	memcpy(before, term->event_ids, sizeof(char *) * nbefore);
	for (int i = 0; i < term->nruns; i++)
	{
		term->event_ids[i] = before[term->runs[i].source];
		before[term->runs[i].source] = NULL;
		term->runs[i].source = i;
	}
	for (int i = 0; i < nbefore; i++)
		if (before[i] != NULL)
		{
			state->bytes -= RunBytes(before[i]) - RunBytes(NULL);
			pfree(before[i]);
		}
	pfree(before);
}

void
ReplayAddRun(ReplayState *state, ReplayTerm *term, const Run *run, const char *event_id)
{
	const Span *span = &state->rules[term->rule].span;
	int			before = term->nruns;
	Run			added = *run;

	EnlargeRuns(term);
	added.source = before;
	term->event_ids[before] = event_id == NULL ? NULL :
		MemoryContextStrdup(state->context, event_id);
	state->bytes += RunBytes(event_id);
	term->nruns = RunsAdd(term->runs, before, &added, span);
	state->bytes -= RunBytes(NULL) * (before + 1 - term->nruns);
	OrderEvents(state, term, before + 1);
}

static void
FreeTerm(ReplayTerm *term)
{
	for (int i = 0; i < term->nruns; i++)
		if (term->event_ids[i] != NULL)
			pfree(term->event_ids[i]);
	pfree(term->event_ids);
	pfree(term->runs);
	pfree(term->term_values);
	if (term->entity_values != NULL)
		pfree(term->entity_values);
}

/* Keep only the terms below a lower bound. */
static void
LowerBound(ReplayState *state, int64 below)
{
	replay_hash *terms = replay_create(state->context, INITIAL_TERMS, NULL);
	replay_iterator each;
	ReplayTerm *term;

	state->below = below;
	state->bytes = 0;
	replay_start_iterate(state->terms, &each);
	while ((term = replay_iterate(state->terms, &each)) != NULL)
	{
		ReplayTerm *kept;
		uint32		status;
		bool		found;

		CHECK_FOR_INTERRUPTS();
		if (term->key >= below)
		{
			FreeTerm(term);
			continue;
		}
		kept = replay_insert(terms, term->digest, &found);
		status = kept->status;
		*kept = *term;
		kept->status = status;
		state->bytes += TermBytes(kept);
		for (int i = 0; i < kept->nruns; i++)
			state->bytes += RunBytes(kept->event_ids[i]);
	}
	replay_destroy(state->terms);
	state->terms = terms;
}

void
ReplayBound(ReplayState *state)
{
	/* what is left of one key cannot be divided any further */
	while (state->bytes > state->limit && state->below - state->from > 1)
		LowerBound(state, state->from + (state->below - state->from) / 2);
}

void
ReplayCombine(ReplayState *state, const ReplayState *other)
{
	replay_iterator each;
	ReplayTerm *theirs;

	Assert(state->from == other->from && state->nrules == other->nrules);
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
	}
	replay_start_iterate(other->terms, &each);
	while ((theirs = replay_iterate(other->terms, &each)) != NULL)
	{
		ReplayTerm *term = ReplayFind(state, &theirs->digest);

		CHECK_FOR_INTERRUPTS();
		if (term == NULL)
			term = ReplayEnter(state, &theirs->digest, theirs->rule, theirs->key,
							   theirs->entity_values, theirs->term_values);
		if (term == NULL)
			continue;
		for (int i = 0; i < theirs->nruns; i++)
			ReplayAddRun(state, term, &theirs->runs[i], theirs->event_ids[i]);
	}
	ReplayBound(state);
}

void
ReplayForEach(const ReplayState *state, ReplayFunction function, void *argument)
{
	replay_iterator each;
	ReplayTerm *term;

	replay_start_iterate(state->terms, &each);
	while ((term = replay_iterate(state->terms, &each)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		function(term, argument);
	}
}

/* ---------- as bytes ---------- */

/* What stands before the counts and terms. */
typedef struct StateHead
{
	int64		from;
	int64		below;
	int64		limit;
	int64		events;
	int64		unusable;
	int64		earliest;
	int64		latest;
	int64		nterms;
	int64		nrules;
} StateHead;

/* What stands before a term's values and runs. */
typedef struct TermHead
{
	Digest		digest;
	int64		key;
	int32		rule;
	int32		nruns;
	int32		entity_bytes;	/* 0: NULL */
	int32		term_bytes;
} TermHead;

/* An event's identity: its length, -1 for NULL, and its bytes. */
static void
WriteText(StringInfo out, const char *text)
{
	int32		length = text == NULL ? -1 : (int32) strlen(text);

	appendBinaryStringInfo(out, (char *) &length, sizeof(length));
	if (text != NULL)
		appendBinaryStringInfo(out, text, length);
}

static void
WriteTerm(ReplayTerm *term, void *argument)
{
	StringInfo	out = argument;
	TermHead	head = {0};

	head.digest = term->digest;
	head.key = term->key;
	head.rule = term->rule;
	head.nruns = term->nruns;
	head.entity_bytes = term->entity_values == NULL ? 0 : VARSIZE(term->entity_values);
	head.term_bytes = VARSIZE(term->term_values);
	appendBinaryStringInfo(out, (char *) &head, sizeof(head));
	if (head.entity_bytes > 0)
		appendBinaryStringInfo(out, (char *) term->entity_values, head.entity_bytes);
	appendBinaryStringInfo(out, (char *) term->term_values, head.term_bytes);
	appendBinaryStringInfo(out, (char *) term->runs, sizeof(Run) * term->nruns);
	for (int i = 0; i < term->nruns; i++)
		WriteText(out, term->event_ids[i]);
}

bytea *
ReplayWrite(ReplayState *state)
{
	StringInfoData out;
	StateHead	head = {
		.from = state->from, .below = state->below, .limit = state->limit,
		.events = state->events, .unusable = state->unusable,
		.earliest = state->earliest, .latest = state->latest,
		.nterms = state->terms->members, .nrules = state->nrules
	};

	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	appendBinaryStringInfo(&out, (char *) &head, sizeof(head));
	for (int i = 0; i < state->nrules; i++)
	{
		appendBinaryStringInfo(&out, (char *) &state->rules[i], sizeof(ReplayRule));
		for (int j = 0; j < state->rules[i].ncolumns; j++)
			WriteText(&out, state->rules[i].texts[j]);
	}
	ReplayForEach(state, WriteTerm, &out);
	SET_VARSIZE(out.data, out.len);
	return (bytea *) out.data;
}

/* The next bytes of a written state. */
static void
ReadBytes(StringInfo in, void *to, int64 length)
{
	Assert(length >= 0 && length <= in->len - in->cursor);
	memcpy(to, in->data + in->cursor, length);
	in->cursor += length;
}

static Jsonb *
ReadValues(StringInfo in, int32 length)
{
	Jsonb	   *values;

	if (length == 0)
		return NULL;
	values = palloc(length);
	ReadBytes(in, values, length);
	return values;
}

static char *
ReadText(StringInfo in)
{
	int32		length;
	char	   *text;

	ReadBytes(in, &length, sizeof(length));
	if (length == -1)
		return NULL;
	text = palloc0(length + 1);
	ReadBytes(in, text, length);
	return text;
}

static void
ReadTerm(StringInfo in, ReplayState *state)
{
	TermHead	head;
	ReplayTerm *term;
	Jsonb	   *entity_values;
	Run		   *runs;

	ReadBytes(in, &head, sizeof(head));
	entity_values = ReadValues(in, head.entity_bytes);
	term = ReplayEnter(state, &head.digest, head.rule, head.key, entity_values,
					   ReadValues(in, head.term_bytes));
	runs = palloc(sizeof(Run) * Max(head.nruns, 1));
	ReadBytes(in, runs, sizeof(Run) * head.nruns);
	for (int i = 0; i < head.nruns; i++)
		ReplayAddRun(state, term, &runs[i], ReadText(in));
}

ReplayState *
ReplayRead(const bytea *bytes)
{
	StringInfoData in = {
		.data = (char *) VARDATA_ANY(bytes), .len = VARSIZE_ANY_EXHDR(bytes)
	};
	StateHead	head;
	ReplayState *state;

	ReadBytes(&in, &head, sizeof(head));
	state = ReplayStateCreate(head.nrules, head.from, head.limit);
	state->below = head.below;
	state->events = head.events;
	state->unusable = head.unusable;
	state->earliest = head.earliest;
	state->latest = head.latest;
	for (int i = 0; i < head.nrules; i++)
	{
		ReplayRule *rule = &state->rules[i];

		ReadBytes(&in, rule, sizeof(ReplayRule));
		rule->texts = palloc(sizeof(char *) * rule->ncolumns);
		for (int j = 0; j < rule->ncolumns; j++)
			rule->texts[j] = ReadText(&in);
	}
	for (int64 i = 0; i < head.nterms; i++)
	{
		CHECK_FOR_INTERRUPTS();
		ReadTerm(&in, state);
	}
	return state;
}
