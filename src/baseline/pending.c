/*
 * pending.c
 *	  Pending terms: sightings of this transaction that are not merged yet.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "base/array.h"
#include "base/compat.h"
#include "base/hash_table.h"
#include "base/jsonb_copy.h"
#include "baseline/pending.h"
#include "baseline/pending_file.h"
#include "event/event_time.h"

static PendingLevel *Innermost = NULL;

/* ---------- levels ---------- */

static void
DropInnermost(void)
{
	PendingLevel *level = Innermost;

	PendingClear(level);
	Innermost = level->outer;
	MemoryContextDelete(level->context);
	pfree(level);
}

PendingLevel *
PendingExisting(void)
{
	if (Innermost != NULL && Innermost->nesting == GetCurrentTransactionNestLevel())
		return Innermost;
	return NULL;
}

PendingLevel *
PendingOfNesting(int nesting)
{
	PendingLevel **place = &Innermost;
	PendingLevel  *level;

	while (*place != NULL && (*place)->nesting > nesting)
		place = &(*place)->outer;
	level = *place;
	if (level == NULL || level->nesting < nesting)
	{
		level = MemoryContextAllocZero(TopMemoryContext, sizeof(PendingLevel));
		level->context = AllocSetContextCreate(TopMemoryContext, "newterm news",
											   ALLOCSET_DEFAULT_SIZES);
		level->nesting = nesting;
		level->outer = *place;
		*place = level;
	}
	return level;
}

PendingLevel *
PendingCurrent(void)
{
	return PendingOfNesting(GetCurrentTransactionNestLevel());
}

PendingLevel *
PendingApart(void)
{
	PendingLevel *level = palloc0(sizeof(PendingLevel));

	level->context = AllocSetContextCreate(CurrentMemoryContext, "newterm news",
										   ALLOCSET_DEFAULT_SIZES);
	return level;
}

PendingLevel *
PendingTake(PendingLevel *level)
{
	PendingLevel *taken = MemoryContextAlloc(TopMemoryContext, sizeof(PendingLevel));

	*taken = *level;
	memset(level, 0, sizeof(PendingLevel));
	level->outer = taken->outer;
	level->nesting = taken->nesting;
	level->context = AllocSetContextCreate(TopMemoryContext, "newterm news",
										   ALLOCSET_DEFAULT_SIZES);
	return taken;
}

void
PendingFree(PendingLevel *level)
{
	PendingClear(level);
	MemoryContextDelete(level->context);
	pfree(level);
}

/* Let a level hold nothing, whose memory is gone or somebody else's. */
static void
Empty(PendingLevel *level)
{
	level->terms = NULL;
	level->clocks = NULL;
	level->nreferences = level->references_allocated = 0;
	level->references = NULL;
	level->faults = NIL;
	level->faults_by_key = NULL;
	level->spills = NIL;
}

void
PendingClear(PendingLevel *level)
{
	ListCell *cell;

	foreach(cell, level->spills)
		PendingFileClose(lfirst(cell));
	level->kept = 0;
	level->unspillable = false;
	MemoryContextReset(level->context);
	Empty(level);
}

bool
PendingHasTerms(const PendingLevel *level)
{
	return level->terms != NULL || level->clocks != NULL || level->spills != NIL ||
		level->nreferences > 0;
}

Size
PendingSize(const PendingLevel *level)
{
	return MemoryContextMemAllocated(level->context, true);
}

static void
AppendReferences(PendingLevel *level, const EventReference *references, int64 count)
{
	ARRAY_RESERVE(level->context, level->references, level->references_allocated,
				  level->nreferences + count, 64);
	if (count > 0)
		memcpy(&level->references[level->nreferences], references, sizeof(EventReference) * count);
	level->nreferences += count;
}

static char *
CopyText(MemoryContext context, const char *text)
{
	return text == NULL ? NULL : MemoryContextStrdup(context, text);
}

static void
CopyDescription(MemoryContext context, EventError *to, const EventError *from)
{
	to->source = CopyText(context, from->source);
	to->event_id = CopyText(context, from->event_id);
	to->has_time = from->has_time;
	to->event_time = from->event_time;
	to->detail = CopyText(context, from->detail);
}

/* Move terms to another level, where `shift` is added to the numbers of their references. */
static void
MoveTerms(PendingLevel *to, HTAB *terms, int shift)
{
	HASH_SEQ_STATUS each;
	PendingTerm    *pending;

	hash_seq_init(&each, terms);
	while ((pending = hash_seq_search(&each)) != NULL)
		for (int i = 0; i < pending->nruns; i++)
		{
			/* the merge joins runs of the same term */
			Span apart = {.granule = 1, .forget_after = 0};
			Run  run = pending->runs[i];

			if (run.source >= 0)
				run.source += shift;
			PendingAddRun(to, pending, &run, &apart);
		}
}

static void
MoveClocks(PendingLevel *to, HTAB *clocks)
{
	HASH_SEQ_STATUS each;
	PendingClock   *clock;

	hash_seq_init(&each, clocks);
	while ((clock = hash_seq_search(&each)) != NULL)
		PendingAddClock(to, clock->version_id, clock->earliest);
}

static void
MoveFaults(PendingLevel *to, const List *faults)
{
	ListCell *cell;

	foreach(cell, faults)
	{
		const EventError *from = lfirst(cell);
		EventError *fault = PendingAddError(to, from->key.table, from->key.cause, from->events);

		if (fault != NULL)
			CopyDescription(to->context, fault, from);
	}
}

/* At the end of a subtransaction: move its pending terms to its parent's level. */
static void
MergeIntoOuter(PendingLevel *outer, PendingLevel *inner)
{
	const int     shift = outer->nreferences;
	MemoryContext old;

	for (int64 i = 0; i < inner->nreferences; i++)
		PendingReference(outer, &inner->references[i]);
	if (inner->terms != NULL)
		MoveTerms(outer, inner->terms, shift);
	if (inner->clocks != NULL)
		MoveClocks(outer, inner->clocks);
	old = MemoryContextSwitchTo(outer->context);
	outer->spills = list_concat(outer->spills, inner->spills);
	inner->spills = NIL;
	MemoryContextSwitchTo(old);
	MoveFaults(outer, inner->faults);
}

static void
SubtransactionEnds(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
				   void *argument)
{
	PendingLevel *level = PendingExisting();

	if (level == NULL)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		DropInnermost();
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		if (level->outer != NULL && level->outer->nesting == level->nesting - 1)
		{
			MergeIntoOuter(level->outer, level);
			DropInnermost();
		}
		else
			level->nesting--;
	}
}

static void
TransactionEnds(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		while (Innermost != NULL)
			DropInnermost();
}

void
PendingInitialise(void)
{
	RegisterXactCallback(TransactionEnds, NULL);
	RegisterSubXactCallback(SubtransactionEnds, NULL);
}

/* ---------- adding ---------- */

int
PendingReference(PendingLevel *level, const EventReference *reference)
{
	EventReference copy = *reference;

	copy.event = JsonbCopy(level->context, reference->event);
	copy.event_id = CopyText(level->context, reference->event_id);
	AppendReferences(level, &copy, 1);
	return level->nreferences - 1;
}

void
PendingAddUnevaluated(PendingLevel *level, const EventReference *reference)
{
	EventReference unevaluated = *reference;

	unevaluated.generation = GENERATION_NONE;
	PendingReference(level, &unevaluated);
}

/* The entry of a term, created if needed; *found may be NULL. */
static PendingTerm *
PendingEntry(PendingLevel *level, const Digest *term, bool *found)
{
	if (level->terms == NULL)
		level->terms = HashTableIn(level->context, "newterm pending terms", 256, sizeof(Digest),
								   sizeof(PendingTerm));
	return hash_search(level->terms, term, HASH_ENTER, found);
}

static void
AddRun(PendingLevel *level, PendingTerm *pending, const Run *run, const Span *span)
{
	ARRAY_RESERVE(level->context, pending->runs, pending->runs_allocated, pending->nruns + 1, 1);
	pending->nruns = RunsAdd(pending->runs, pending->nruns, run, span);
}

/* The pending term of a digest, or NULL. */
static PendingTerm *
PendingFind(PendingLevel *level, const Digest *term)
{
	return level->terms == NULL ? NULL : hash_search(level->terms, term, HASH_FIND, NULL);
}

/* A run of one sighting that has no event. */
static Run
RunOfSighting(int64 time, const Span *span)
{
	return (Run){
		.first_seen = time,
		.last_granule = GranuleStart(time, span->granule),
		.source = -1,
	};
}

bool
PendingAddLater(PendingLevel *level, const Digest *term, int64 time, const Span *span)
{
	PendingTerm *pending = PendingFind(level, term);
	Run          run = RunOfSighting(time, span);

	if (pending == NULL)
		return false;
	if (!RunsCover(pending->runs, pending->nruns, &run))
		AddRun(level, pending, &run, span);
	return true;
}

void
PendingAddSighting(PendingLevel *level, const Sighting *sighting, int64 time, EventSource *source)
{
	Rule        *rule = sighting->rule;
	TermShape   *shape = &rule->shape;
	PendingTerm *pending = PendingFind(level, &sighting->term);
	Run          run = RunOfSighting(time, &rule->span);

	if (pending == NULL)
	{
		/* do first what may raise an error, so that no entry is incomplete */
		PendingTerm made = {
			.term = sighting->term,
			.version_id = rule->version_id,
			.generation = RulesInUse()->generation,
		};

		if (shape->nentity > 0)
			made.entity_values = JsonbCopy(level->context,
										   TermValues(sighting->row, 0, shape->nentity));
		made.term_values = JsonbCopy(level->context,
									 TermValues(sighting->row, shape->nentity, shape->ncolumns));
		pending = PendingEntry(level, &sighting->term, NULL);
		*pending = made;
	}
	if (RunsCover(pending->runs, pending->nruns, &run))
		return;
	if (source != NULL)
	{
		if (source->index < 0)
		{
			source->reference.event_id = EventIdentity(&source->record->root);
			source->index = PendingReference(level, &source->reference);
		}
		run.source = source->index;
	}
	AddRun(level, pending, &run, &rule->span);
}

/*
 * PendingDropTerms
 *		What stays moves to a context of its own, so that the rest can go with its memory.
 */
void
PendingDropTerms(PendingLevel *level)
{
	PendingLevel rest = *level;

	level->context = AllocSetContextCreate(MemoryContextGetParent(rest.context), "newterm news",
										   ALLOCSET_DEFAULT_SIZES);
	Empty(level);
	rest.terms = NULL;
	rest.nreferences = 0;
	MergeIntoOuter(level, &rest);
	MemoryContextDelete(rest.context);
}

void
PendingAddRun(PendingLevel *level, const PendingTerm *given, const Run *run, const Span *span)
{
	bool         found;
	PendingTerm *pending = PendingEntry(level, &given->term, &found);

	if (!found)
	{
		*pending = *given;
		pending->entity_values = JsonbCopy(level->context, given->entity_values);
		pending->term_values = JsonbCopy(level->context, given->term_values);
		pending->nruns = pending->runs_allocated = 0;
		pending->runs = NULL;
	}
	pending->generation = Min(pending->generation, given->generation);
	AddRun(level, pending, run, span);
}

void
PendingAddClock(PendingLevel *level, int32 version_id, int64 earliest)
{
	PendingClock *clock;
	bool          found;

	if (level->clocks == NULL)
		level->clocks = HashTableIn(level->context, "newterm pending clocks", 16, sizeof(int32),
									sizeof(PendingClock));
	clock = hash_search(level->clocks, &version_id, HASH_ENTER, &found);
	if (!found || earliest < clock->earliest)
		clock->earliest = earliest;
}

EventError *
PendingAddError(PendingLevel *level, Oid table, const char *cause, int64 events)
{
	EventErrorKey key = {.table = table};
	EventError   *fault;
	MemoryContext old;
	bool          found;

	if (level->faults_by_key == NULL)
		level->faults_by_key = HashTableIn(level->context, "newterm event errors", 16,
										   sizeof(EventErrorKey), sizeof(EventError));
	strlcpy(key.cause, cause, sizeof(key.cause));
	fault = hash_search(level->faults_by_key, &key, HASH_ENTER, &found);
	if (found)
	{
		fault->events += events;
		return NULL;
	}
	*fault = (EventError){.key = key, .events = events};
	old = MemoryContextSwitchTo(level->context);
	level->faults = lappend(level->faults, fault);
	MemoryContextSwitchTo(old);
	return fault;
}
