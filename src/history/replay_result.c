/*
 * replay_result.c
 *	  The result of a replay: its counts, and the starts of all runs.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "history/replay_decide.h"
#include "history/replay_result.h"

static Datum
TimeOrNull(int64 micros, bool present, bool *isnull)
{
	*isnull = !present;
	return present ? TimestampTzGetDatum(TIMESTAMP_OF(micros)) : (Datum) 0;
}

static Datum
TextOrNull(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* The start of a run as a newterm.replayed_start. */
static Datum
StartRow(const ReplayState *state, const ReplayStart *start, TupleDesc desc)
{
	const ReplayTerm   *term = start->term;
	const Run          *run = &term->known->runs[start->run];
	const ReplaySource *source = &term->known->sources[start->run];
	Datum               values[8];
	bool                nulls[8] = {0};

	values[0] = Int32GetDatum(term->rule + 1);
	values[1] = JsonbPGetDatum(ReplayEntity(state, term));
	values[2] = JsonbPGetDatum(ReplayTermObject(state, term));
	values[3] = TimestampTzGetDatum(TIMESTAMP_OF(run->first_seen));
	values[4] = TextOrNull(source->event_id, &nulls[4]);
	values[5] = BoolGetDatum(run->learned);
	values[6] = TextOrNull(source->muted, &nulls[6]);
	values[7] = TimestampTzGetDatum(TIMESTAMP_OF(run->last_granule));
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* The starts of all runs as a newterm.replayed_start[]. */
static Datum
StartRows(ReplayState *state, Oid array_type)
{
	Oid              type = get_element_type(array_type);
	TupleDesc        desc = lookup_rowtype_tupdesc_copy(type, -1);
	MemoryContext    old = CurrentMemoryContext;
	ArrayBuildState *array = initArrayResult(type, old, false);
	MemoryContext    row_context = AllocSetContextCreate(old, "newterm replay start",
														 ALLOCSET_DEFAULT_SIZES);
	int64            count;
	ReplayStart     *starts = ReplayDecide(state, &count);

	MemoryContextSwitchTo(row_context);
	for (int64 i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* copies the row; making it takes some kilobytes */
		accumArrayResult(array, StartRow(state, &starts[i], desc), false, type, old);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row_context);
	return makeArrayResult(array, old);
}

/* The counts of matched events, or else of lacking ones, as a bigint[]. */
static Datum
Counts(const ReplayState *state, bool matched)
{
	Datum *numbers = palloc(sizeof(Datum) * Max(state->nrules, 1));

	for (int i = 0; i < state->nrules; i++)
		numbers[i] = Int64GetDatum(matched ? state->rules[i].matched : state->rules[i].lacking);
	return PointerGetDatum(construct_array(numbers, state->nrules, INT8OID, 8, true,
										   TYPALIGN_DOUBLE));
}

/* The counts of missing values, as a bigint[][]: a row a rule, a column a field. */
static Datum
MissingCounts(const ReplayState *state)
{
	const int count = state->nrules * TERM_MAX_COLUMNS;
	Datum    *numbers = palloc(sizeof(Datum) * Max(count, 1));
	int       lengths[2] = {state->nrules, TERM_MAX_COLUMNS};
	int       from[2] = {1, 1};

	for (int i = 0; i < count; i++)
		numbers[i] =
			Int64GetDatum(state->rules[i / TERM_MAX_COLUMNS].missing[i % TERM_MAX_COLUMNS]);
	return PointerGetDatum(construct_md_array(numbers, NULL, state->nrules == 0 ? 0 : 2, lengths,
											  from, INT8OID, 8, true, TYPALIGN_DOUBLE));
}

Datum
ReplayResult(ReplayState *state, TupleDesc desc)
{
	Datum values[9];
	bool  nulls[9] = {0};

	values[0] = Int64GetDatum(state->below);
	nulls[0] = state->below == REPLAY_KEYS;
	values[1] = Int64GetDatum(state->events);
	values[2] = Int64GetDatum(state->unusable);
	values[3] = TimeOrNull(state->earliest, state->events > 0, &nulls[3]);
	values[4] = TimeOrNull(state->latest, state->events > 0, &nulls[4]);
	values[5] = Counts(state, true);
	values[6] = Counts(state, false);
	values[7] = MissingCounts(state);
	values[8] = StartRows(state, TupleDescAttr(desc, 8)->atttypid);
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}
