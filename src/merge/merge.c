/*
 * merge.c
 *	  Writes a transaction's pending terms to the stored baseline.
 *
 * A merge sorts the terms, locks them, reads their stored runs, adds the new sightings
 * and decides what the difference means.  It runs just before commit, after every
 * deferred trigger, so its locks last only for the commit.  It runs in a subtransaction:
 * an error undoes all of it and is recorded, and the transaction's own work commits.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "ingest/prefetch.h"
#include "base/array.h"
#include "base/compat.h"
#include "baseline/clock_store.h"
#include "baseline/decide.h"
#include "rule/rule_digest.h"
#include "rule/suppression.h"
#include "ingest/reevaluate.h"
#include "baseline/event_error.h"
#include "base/guard.h"
#include "baseline/learning_values.h"
#include "baseline/known.h"
#include "store/lock.h"
#include "store/lock_wait.h"
#include "merge/merge.h"
#include "merge/own_account.h"
#include "settings.h"
#include "merge/postpone.h"
#include "baseline/run_store.h"
#include "baseline/sighting.h"
#include "signal/signals.h"
#include "baseline/pending_spill.h"
#include "store/extension.h"
#include "baseline/event_ref.h"

/* Set by MergeAsBackfill in the transactions of a backfill. */
static Origin OriginOfTransaction = ORIGIN_LIVE;

/* A decision, to be carried out when all terms are decided. */
typedef struct Action
{
	PendingTerm *pending;
	Decision     decision;
	bool         learned;    /* is the run learned, after the merge? */
	int          source;     /* its event: index of a reference, or -1 */
	int64        before;     /* start of the detection before the merge */
	int64        first_seen; /* start of the run after it */
} Action;

/* One merge. */
typedef struct Merge
{
	MemoryContext        context;
	Origin               origin;
	PendingLevel        *level; /* terms and references of the batch */
	RuleSet             *set;
	const ExtensionOids *oids;
	int                  nterms;
	PendingTerm        **terms; /* sorted by digest */
	RunStore             runs;
	ClockStore           clocks;
	LearningValues      *first_values; /* learning_values rules; NULL where none */
	KeptEvents          *kept; /* what a version that is decided again had of them, or NULL */
	SignalWriter         writer;
	List                *accounts; /* whose entries in newterm.own_accounts may change */
	int64                nactions;
	int64                actions_allocated;
	Action              *actions;
	EventReader          reader; /* of the actions' events */
} Merge;

static int
ComparePending(const void *a, const void *b)
{
	return DigestCompare(&(*(PendingTerm *const *) a)->term, &(*(PendingTerm *const *) b)->term);
}

/* Remove the runs that have an event: keep later sightings of known runs. */
static void
KeepLaterRuns(PendingTerm *pending)
{
	int kept = 0;

	for (int i = 0; i < pending->nruns; i++)
		if (pending->runs[i].source < 0)
			pending->runs[kept++] = pending->runs[i];
	pending->nruns = kept;
}

/* Set the scope by the rule as it is now; it may have changed since the sightings. */
static void
SetEntityClock(Merge *merge, const Rule *rule, PendingTerm *pending)
{
	pending->by_entity = rule->by_entity;
	if (rule->by_entity)
		pending->entity_clock = EntityClockDigest(merge->set, rule, pending->entity_values);
}

/* Run.source of sightings of which nothing tells whether they are void. */
#define SOURCE_UNSURE (-2)

/* Does a run of the term, stored or among its first `nkept` pending ones, go on with this one? */
static bool
ContinuesRun(Merge *merge, const Rule *rule, const PendingTerm *pending, int nkept, const Run *run)
{
	StoredRuns stored;

	RunsRead(&merge->runs, &pending->term, &stored);
	return RunsContinue(stored.runs, stored.nruns, run, &rule->span) ||
		RunsContinue(pending->runs, nkept, run, &rule->span);
}

/*
 * IsVoid
 *		Is what began a run void by the rules as they are now?  A later sighting of a known
 *		term has no event to ask a filter of: it then makes a known run longer, and nothing
 *		else, as an intruder's must not begin one.  The `nkept` runs before it stay.
 */
static bool
IsVoid(Merge *merge, const Rule *rule, const PendingTerm *pending, const Digest *row, int nkept,
	   Run *run)
{
	Evaluation *evaluation = merge->set->evaluation;
	Jsonb      *event = run->source < 0
			 ? NULL
			 : EventReaderRead(&merge->reader, &merge->level->references[run->source]);

	evaluation->time = run->first_seen;
	if (event != NULL)
	{
		EventBegin(merge->set->fields, &event->root);
		return SuppressionExcludes(evaluation, rule, row, FILTERS_ASKED);
	}
	if (SuppressionExcludes(evaluation, rule, row, FILTERS_FAIL))
		return true;
	if (!SuppressionExcludes(evaluation, rule, row, FILTERS_PASS))
		return false;
	run->source = SOURCE_UNSURE;
	/* where it began a run, it would move an entity's clock, or be one of the first values */
	return (rule->by_entity || rule->learning_values >= 0) &&
		!ContinuesRun(merge, rule, pending, nkept, run);
}

/* Leave out what was noted before somebody unlearned it. */
static void
DropVoid(Merge *merge, const Rule *rule, PendingTerm *pending)
{
	Digest row[TERM_MAX_COLUMNS];
	int    kept = 0;

	if (!rule->excludes || pending->generation == merge->set->generation)
		return;
	pending->generation = merge->set->generation;
	StoredDigests(rule, pending->entity_values, pending->term_values, row);
	EventReaderOpen(&merge->reader);
	for (int i = 0; i < pending->nruns; i++)
		if (!IsVoid(merge, rule, pending, row, kept, &pending->runs[i]))
			pending->runs[kept++] = pending->runs[i];
	EventReaderClose(&merge->reader);
	pending->nruns = kept;
}

/*
 * CollectTerms
 *		Sort a level's terms.  Events with new terms are evaluated by the rules as they
 *		are at commit, so new terms of versions that were replaced or disabled since are
 *		left out.  Later sightings of known runs count for such versions as well: these
 *		are loaded for this merge.  Terms of dropped rules are left out.
 */
static void
CollectTerms(Merge *merge, PendingLevel *level)
{
	HASH_SEQ_STATUS each;
	PendingTerm    *pending;

	ReevaluateLevel(level, merge->set);
	merge->level = level;
	merge->terms = NULL;
	merge->nterms = 0;
	if (merge->level->terms == NULL)
		return;
	merge->terms = MemoryContextAllocHuge(CurrentMemoryContext,
										  sizeof(PendingTerm *) *
											  Max(hash_get_num_entries(merge->level->terms), 1));
	hash_seq_init(&each, merge->level->terms);
	while ((pending = hash_seq_search(&each)) != NULL)
	{
		Rule *rule = RuleOfVersion(merge->set, pending->version_id);

		CHECK_FOR_INTERRUPTS();
		if (rule == NULL)
			continue;
		pending->continues = !rule->evaluated;
		if (pending->continues)
			KeepLaterRuns(pending);
		else
		{
			DropVoid(merge, rule, pending);
			SetEntityClock(merge, rule, pending);
		}
		if (pending->nruns == 0)
			continue;
		merge->terms[merge->nterms++] = pending;
	}
	qsort(merge->terms, merge->nterms, sizeof(PendingTerm *), ComparePending);
}

/* Are all sightings of a term inside stored runs? */
static bool
IsKnown(const PendingTerm *pending, const StoredRuns *stored)
{
	for (int i = 0; i < pending->nruns; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!RunsCover(stored->runs, stored->nruns, &pending->runs[i]))
			return false;
	}
	return true;
}

static void
KnowRuns(const PendingTerm *pending, const Run *runs, int nruns, const Rule *rule)
{
	for (int i = 0; i < nruns; i++)
		KnowAtCommit(&pending->term, &runs[i], rule->span.granule);
}

/* Do all of the news begin in stored runs, or continue them?  Then nothing is detected. */
static bool
Extends(const PendingTerm *pending, const StoredRuns *stored, const Rule *rule)
{
	for (int i = 0; i < pending->nruns; i++)
		if (!RunsContinue(stored->runs, stored->nruns, &pending->runs[i], &rule->span))
			return false;
	return true;
}

/* Read a term's stored runs; the session remembers where it knew of none. */
static void
ReadStored(Merge *merge, const PendingTerm *pending, StoredRuns *stored)
{
	RunsRead(&merge->runs, &pending->term, stored);
	if (stored->nruns > 0 && pending->nruns > 0)
		KnownMissed(&pending->term);
}

/*
 * DropKnown
 *		Remove terms whose sightings are stored already, which then need no lock: a new
 *		session knows no term, and buffers all.  If the session has read the whole
 *		baseline, terms are most likely new, and left to MergeTerm.
 */
static void
DropKnown(Merge *merge)
{
	int kept = 0;

	for (int i = 0; i < merge->nterms; i++)
	{
		PendingTerm *pending = merge->terms[i];
		StoredRuns   stored;

		CHECK_FOR_INTERRUPTS();
		pending->extends = false;
		if (!KnownNotStored(&pending->term))
		{
			const Rule *rule = RuleByVersion(merge->set, pending->version_id);

			ReadStored(merge, pending, &stored);
			if (IsKnown(pending, &stored))
			{
				KnowRuns(pending, stored.runs, stored.nruns, rule);
				continue;
			}
			pending->extends = Extends(pending, &stored, rule);
		}
		merge->terms[kept++] = pending;
	}
	merge->nterms = kept;
}

/* May a detection of the term join a signal, or make one that others join? */
static bool
IsGrouped(const Rule *rule, const PendingTerm *pending)
{
	return rule->keep_alive > 0 && !rule->silent && !pending->continues && !pending->extends;
}

/* The digests of everything that this merge may write. */
static void
LockAll(Merge *merge)
{
	int          count = 0;
	SlotRequest *requests =
		MemoryContextAllocHuge(CurrentMemoryContext,
							   sizeof(SlotRequest) *
								   (merge->nterms * 3 + ClocksCount(&merge->clocks) + 1));

	for (int i = 0; i < merge->nterms; i++)
	{
		PendingTerm *pending = merge->terms[i];
		Rule        *rule = RuleByVersion(merge->set, pending->version_id);

		CHECK_FOR_INTERRUPTS();
		requests[count++] = (SlotRequest){.digest = pending->term};
		if (rule->learning_values >= 0 && !pending->continues)
			requests[count++] = (SlotRequest){
				.digest = LearningValuesScope(merge->set, rule, pending),
			};
		if (IsGrouped(rule, pending))
			requests[count++] = (SlotRequest){
				.digest = GroupDigest(rule, pending->entity_values),
			};
	}
	count += ClocksToLock(&merge->clocks, requests + count);
	LockSlots(requests, count);
	pfree(requests);

	/* see changes of rules that were committed before we had the locks */
	AcceptInvalidationMessages();
}

/* Is a run that starts at `first_seen` learned? */
static bool
IsLearned(Merge *merge, const Rule *rule, const PendingTerm *pending, const Run *run,
		  bool first_run)
{
	if (rule->learning_values >= 0)
		return first_run && LearningValuesInclude(merge->first_values, &pending->term);
	return run->first_seen < ClockOf(&merge->clocks, rule, pending) + rule->learning;
}

/* The event at a run's start, or NULL; sets *sample to what is stored of it. */
static Jsonb *
RunEvent(Merge *merge, const Action *action, Jsonb **sample)
{
	if (action->source >= 0)
	{
		EventReference *reference = &merge->level->references[action->source];
		Jsonb          *event = EventReaderRead(&merge->reader, reference);

		if (event != NULL)
			*sample = EventSample(event, &reference->with_signals);
		return event;
	}
	if (merge->first_values != NULL)
		return LearningValuesEvent(merge->first_values, &action->pending->term, action->first_seen);
	return KeptEvent(merge->kept, &action->pending->term, action->first_seen);
}

/*
 * HasRoom
 *		May the rule store one term more?  Stored terms are counted once in a session, so
 *		the cap holds roughly.
 */
static bool
HasRoom(Merge *merge, Rule *rule)
{
	if (MaxTermsPerRuleSetting == 0)
		return true;
	if (rule->stored_terms < 0)
		rule->stored_terms = RunsCount(&merge->runs, rule->version_id, MaxTermsPerRuleSetting);
	if (!RuleIsFull(rule))
	{
		rule->stored_terms++;
		return true;
	}
	if (!rule->told_full)
	{
		EventError fault = {.key = {.cause = "rule_full"}, .events = 1};

		rule->told_full = true;
		fault.detail =
			psprintf("rule \"%s\" has newterm.max_terms_per_rule = %d terms: it takes no new ones",
					 rule->name, MaxTermsPerRuleSetting);
		EventErrorsWrite(merge->oids, list_make1(&fault));
	}
	return false;
}

/* Runs of a term in the making. */
typedef struct RunList
{
	Run *runs;
	int  count;
} RunList;

/* The stored runs of a term with its sightings added. */
static RunList
AddSightings(Merge *merge, const Rule *rule, const PendingTerm *pending, const StoredRuns *stored)
{
	RunList after = {.count = stored->nruns};

	after.runs = palloc(sizeof(Run) * (stored->nruns + pending->nruns + 1));
	memcpy(after.runs, stored->runs, sizeof(Run) * stored->nruns);
	for (int i = 0; i < pending->nruns; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if ((!pending->continues && pending->runs[i].source != SOURCE_UNSURE) ||
			RunsContinue(after.runs, after.count, &pending->runs[i], &rule->span))
			after.count = RunsAdd(after.runs, after.count, &pending->runs[i], &rule->span);
	}
	for (int i = 0; i < after.count && !pending->continues; i++)
		after.runs[i].learned = IsLearned(merge, rule, pending, &after.runs[i], i == 0);
	return after;
}

/* One more action, to be filled. */
static Action *
AppendAction(Merge *merge)
{
	ARRAY_RESERVE(merge->context, merge->actions, merge->actions_allocated, merge->nactions + 1,
				  64);
	return &merge->actions[merge->nactions++];
}

/* Append what the difference between a term's runs before and after means to the actions. */
static void
AppendActions(Merge *merge, PendingTerm *pending, const StoredRuns *stored, const RunList *after)
{
	Verdict  *verdicts = palloc(sizeof(Verdict) * (stored->nruns + after->count));
	const int nverdicts = Decide(stored->runs, stored->nruns, after->runs, after->count, verdicts);

	for (int i = 0; i < nverdicts; i++)
	{
		const Verdict *verdict = &verdicts[i];
		const Run     *run = &after->runs[verdict->run];

		*AppendAction(merge) = (Action){
			.pending = pending,
			.decision = verdict->decision,
			.before = verdict->detection < 0 ? 0 : stored->runs[verdict->detection].first_seen,
			.first_seen = run->first_seen,
			.learned = run->learned,
			.source = run->source,
		};
	}
}

/*
 * NoteOwnAccount
 *		Note that the account that a term names joined or departed, at the end of its last
 *		run.  Where learning was changed nothing arrived, and nothing is noted.
 */
static void
NoteOwnAccount(Merge *merge, const Rule *rule, const PendingTerm *pending, const Run *last)
{
	MemoryContext old;

	if (rule->own_accounts == OWN_ACCOUNTS_STAY || pending->continues ||
		merge->writer.origin == ORIGIN_REDECIDED)
		return;
	old = MemoryContextSwitchTo(merge->context);
	merge->accounts = OwnAccountAdd(merge->accounts, rule, pending->term_values,
									last->last_granule);
	MemoryContextSwitchTo(old);
}

/*
 * MergeTerm
 *		Add a term's sightings to its stored runs, store the result, and append what the
 *		difference means to the actions.
 */
static void
MergeTerm(Merge *merge, PendingTerm *pending)
{
	Rule      *rule = RuleByVersion(merge->set, pending->version_id);
	StoredRuns stored;
	RunList    after;

	pending->signal = NO_SIGNAL;
	ReadStored(merge, pending, &stored);
	/* a version that is not in use gets no new runs */
	if (stored.nruns == 0 && (pending->continues || !HasRoom(merge, rule)))
		return;
	after = AddSightings(merge, rule, pending, &stored);
	RunsWrite(&merge->runs, pending, &stored, after.runs, after.count);
	if (pending->nruns > 0)
		KnowRuns(pending, after.runs, after.count, rule);
	if (after.count > 0)
		NoteOwnAccount(merge, rule, pending, &after.runs[after.count - 1]);
	AppendActions(merge, pending, &stored, &after);
}

/* By event time, so that signals are numbered in the order of their events. */
static int
CompareActions(const void *a, const void *b)
{
	const Action *left = a;
	const Action *right = b;
	int           order;

	if (left->first_seen != right->first_seen)
		return left->first_seen < right->first_seen ? -1 : 1;
	if (left->pending->version_id != right->pending->version_id)
		return left->pending->version_id < right->pending->version_id ? -1 : 1;
	order = compareJsonbContainers(&left->pending->term_values->root,
								   &right->pending->term_values->root);
	if (order == 0 && left->pending->entity_values != NULL)
		order = compareJsonbContainers(&left->pending->entity_values->root,
									   &right->pending->entity_values->root);
	return order;
}

static void
CarryOut(Merge *merge, const Action *action)
{
	Subject subject = {0};
	Jsonb  *event;

	subject.rule = RuleByVersion(merge->set, action->pending->version_id);
	subject.term = &action->pending->term;
	subject.entity_values = action->pending->entity_values;
	subject.term_values = action->pending->term_values;
	subject.signal = &action->pending->signal;
	if (action->source >= 0)
		subject.table = merge->level->references[action->source].table;
	switch (action->decision)
	{
		case DECISION_DETECT:
			event = RunEvent(merge, action, &subject.sample);
			if (event == NULL)
				subject.event_id = RunsEventId(&merge->runs, subject.term, action->first_seen);
			SignalDetect(&merge->writer, &subject, action->first_seen, event);
			break;
		case DECISION_AMEND:
			event = RunEvent(merge, action, &subject.sample);
			SignalAmend(&merge->writer, &subject, action->before, action->first_seen, event);
			break;
		case DECISION_RETRACT:
			SignalRetract(&merge->writer, &subject, action->before, action->first_seen,
						  action->learned);
			break;
	}
}

static void
OpenTables(Merge *merge, Origin origin)
{
	RunsOpen(&merge->runs, merge->oids);
	ClocksOpen(&merge->clocks, merge->set, merge->oids);
	SignalsOpen(&merge->writer, merge->oids, merge->set, origin, merge->context);
}

static void
CloseTables(Merge *merge)
{
	SignalsClose(&merge->writer);
	ClocksClose(&merge->clocks);
	RunsClose(&merge->runs);
}

/*
 * Merge merge->terms, in order, and write the errors of their level.  The locks are held.
 */
static void
MergeTerms(Merge *merge)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "newterm term",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;

	merge->nactions = 0;
	merge->runs.references = merge->level->references;
	merge->runs.backfilled = merge->origin == ORIGIN_BACKFILL ||
		merge->origin == ORIGIN_BACKFILL_SIGNALS;
	EventReaderOpen(&merge->reader);
	LearningValuesApply(&merge->first_values, merge->set, merge->oids, &merge->runs, merge->level,
						merge->kept, &merge->terms, &merge->nterms);
	old = MemoryContextSwitchTo(context);
	for (int i = 0; i < merge->nterms; i++)
	{
		CHECK_FOR_INTERRUPTS();
		MergeTerm(merge, merge->terms[i]);
		MemoryContextReset(context);
	}
	TableStoreFlush(&merge->runs.store);
	qsort(merge->actions, merge->nactions, sizeof(Action), CompareActions);
	for (int64 i = 0; i < merge->nactions; i++)
	{
		CHECK_FOR_INTERRUPTS();
		CarryOut(merge, &merge->actions[i]);
		MemoryContextReset(context);
	}
	SignalsFlush(&merge->writer);
	OwnAccountsWrite(merge->oids, merge->accounts);
	merge->accounts = NIL;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	EventReaderClose(&merge->reader);
	EventErrorsWrite(merge->oids, merge->level->faults);
	CommandCounterIncrement();
}

/* The number of terms that are decided again together. */
#define DECIDED_TOGETHER 1000

/* Terms that are collected to be decided again. */
typedef struct DecidedTerms
{
	Merge        *merge;
	MemoryContext context; /* of the terms */
} DecidedTerms;

static void
DecideTerms(DecidedTerms *decided)
{
	MergeTerms(decided->merge);
	decided->merge->nterms = 0;
	MemoryContextReset(decided->context);
}

/* Add a term to be decided again (a TermFunction); `state` is the DecidedTerms. */
static void
DecideTerm(void *state, PendingTerm *term)
{
	DecidedTerms *decided = state;
	Merge        *merge = decided->merge;

	merge->terms[merge->nterms++] = term;
	if (merge->nterms == DECIDED_TOGETHER)
		DecideTerms(decided);
}

/*
 * DecideMoved
 *		Decide again for entities whose clocks moved to an earlier time: their learning
 *		ended earlier, so runs that were learned after its new end are detections now.
 *		The merge's own terms are decided before that.
 */
static void
DecideMoved(Merge *merge)
{
	List        *clocks = ClocksMoved(&merge->clocks);
	PendingLevel nothing = {0};
	DecidedTerms decided = {.merge = merge};
	ListCell    *cell;

	if (clocks == NIL)
		return;
	decided.context = AllocSetContextCreate(CurrentMemoryContext, "newterm entity",
											ALLOCSET_DEFAULT_SIZES);
	merge->level = &nothing;
	merge->terms = palloc(sizeof(PendingTerm *) * DECIDED_TOGETHER);
	merge->nterms = 0;
	foreach(cell, clocks)
	{
		const MovedClock *moved = lfirst(cell);
		const Rule       *rule = RuleByVersion(merge->set, moved->version_id);

		/* with learning_values the clock decides nothing */
		if (rule->learning_values < 0)
			RunsLearnedSince(merge->oids, &moved->entity, moved->learning_from + rule->learning,
							 decided.context, DecideTerm, &decided);
	}
	DecideTerms(&decided);
	MemoryContextDelete(decided.context);
}

/* Use the rules as they are now; false if the extension is gone. */
static bool
UseRules(Merge *merge)
{
	merge->oids = ExtensionLookup();
	merge->set = RulesCurrent();
	if (merge->set == NULL)
		return false;
	RulesCheck(merge->set);
	return true;
}

/* The usual merge: one batch, under the locks of its terms. */
static void
MergeOne(Merge *merge, PendingLevel *level)
{
	uint64 generation;

	OpenTables(merge, merge->origin);
	do
	{
		generation = merge->set->generation;
		CollectTerms(merge, level);
		DropKnown(merge);
		ClocksCollect(&merge->clocks, level, merge->terms, merge->nterms);
		LockAll(merge);
		if (!UseRules(merge))
			return;

		/*
		 * Rare: rules changed before we had the locks.  These may be the wrong
		 * ones now, and locking more could end in a deadlock.
		 */
		if (merge->set->generation != generation)
		{
			CloseTables(merge);
			LockGateInstead();
			OpenTables(merge, merge->origin);
		}
	} while (merge->set->generation != generation);
	ClocksSet(&merge->clocks);
	MergeTerms(merge);
	DecideMoved(merge);
	CloseTables(merge);
}

/* Collect the clocks of a batch (a BatchFunction); `state` is the Merge. */
static void
BatchClocks(PendingLevel *batch, void *state)
{
	Merge *merge = state;

	CollectTerms(merge, batch);
	ClocksCollect(&merge->clocks, batch, merge->terms, merge->nterms);
	if (merge->terms != NULL)
		pfree(merge->terms);
}

/*
 * Merge a batch (a BatchFunction), in memory of its own, as there may be many.  Under the
 * gate there are no locks to spare: MergeTerm reads each term's stored runs anyway.
 */
static void
BatchTerms(PendingLevel *batch, void *state)
{
	Merge        *merge = state;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "newterm batch",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	CollectTerms(merge, batch);
	MergeTerms(merge);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/*
 * Call a function for each batch, files first and memory last, which is the order of the
 * sightings: a later sighting of a term has no event, and must be merged after the first.
 */
static void
ForEachBatch(Merge *merge, PendingLevel *level, BatchFunction function)
{
	PendingSpillsForEach(level->spills, function, merge);
	function(level, merge);
}

/* Merge a level that may have files.  The gate is held exclusively. */
static void
MergeMany(Merge *merge, PendingLevel *level)
{
	OpenTables(merge, merge->origin);
	ForEachBatch(merge, level, BatchClocks);
	ClocksSet(&merge->clocks);
	ForEachBatch(merge, level, BatchTerms);
	DecideMoved(merge);
	CloseTables(merge);
}

/* Merge a level: under the gate if it is held exclusively, else under locks of its own. */
static void
MergeLevel(MergeJob *job, PendingLevel *level, Origin origin)
{
	Merge         merge = {.origin = origin};
	MemoryContext old;

	merge.context = AllocSetContextCreate(CurrentMemoryContext, "newterm merge",
										  ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(merge.context);
	if (UseRules(&merge))
	{
		if (LockGateHeld())
			MergeMany(&merge, level);
		else
			MergeOne(&merge, level);
		NotificationsSend(&merge.writer.notifications);
		MemoryContextSwitchTo(job->context);
		job->published = ClocksPublished(&merge.clocks, job->published);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(merge.context);
}

/* Merge postponed rows (a PostponedFunction); `state` is the MergeJob. */
static void
MergePostponed(PendingLevel *level, Origin origin, void *state)
{
	MergeLevel(state, level, origin);
}

/*
 * Milliseconds that a merge waits for locks while it merges postponed rows beside its own.
 * Such a lock may be held for long, and the gate keeps all loaders waiting meanwhile.
 */
#define WAIT_BESIDE 10

/* Take the lock for merging postponed rows, if the job asks for that. */
static Postponed *
OpenPostponed(const MergeJob *job, bool wait)
{
	Postponed *postponed;

	if (job->postponed == RETRY_NONE)
		return NULL;
	if (job->postponed == RETRY_SOME)
		LockWaitsCap(WAIT_BESIDE);
	postponed = PostponedOpen(ExtensionLookup(), job->postponed,
							  wait && job->postponed != RETRY_SOME);
	LockWaitsUncap();
	return postponed;
}

/* Merge postponed rows.  The gate is held exclusively. */
static void
MergeAllPostponed(MergeJob *job, Postponed *postponed)
{
	RuleSet *set = RulesCurrent();

	if (set == NULL)
		return;
	RulesCheck(set);
	if (job->postponed == RETRY_SOME)
		LockWaitsCap(WAIT_BESIDE);
	PostponedMerge(postponed, set, MergePostponed, job);
	LockWaitsUncap();
}

/* Take the lock for merging postponed rows, and then the gate. */
static Postponed *
LockGate(const MergeJob *job)
{
	/* in a later round we hold locks already, and whoever holds some must not wait */
	const bool wait = job->round == 0 && !LockGateHeld();
	Postponed *postponed = OpenPostponed(job, wait);

	if (postponed == NULL && job->level->spills == NIL && job->round == 0)
		LockGateShared();
	else if (!LockGateExclusive(wait))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE), errmsg("other merges are in progress")));
	AcceptInvalidationMessages();
	return postponed;
}

void
MergeRun(void *state)
{
	MergeJob  *job = state;
	Postponed *postponed;

	if (ExtensionLookup() == NULL)
		return; /* dropped in this transaction */
	MemoryContextSwitchTo(job->context);
	postponed = LockGate(job);
	/* postponed rows come first, as their transactions committed before this one */
	if (postponed != NULL)
		MergeAllPostponed(job, postponed);
	if (PendingHasTerms(job->level))
		MergeLevel(job, job->level, OriginOfTransaction);
	else
		EventErrorsWrite(ExtensionLookup(), job->level->faults);
}

void
MergeAsBackfill(bool signals)
{
	OriginOfTransaction = signals ? ORIGIN_BACKFILL_SIGNALS : ORIGIN_BACKFILL;
}

Origin
MergeOrigin(void)
{
	return OriginOfTransaction;
}

void
MergeTransactionEnds(void)
{
	OriginOfTransaction = ORIGIN_LIVE;
}

/* Begin to decide again about a rule version; false where it was dropped. */
static bool
RedecideBegin(Merge *merge, PendingLevel *level, int32 version_id, const char *reason)
{
	merge->context = CurrentMemoryContext;
	merge->oids = ExtensionLookup();
	merge->set = RulesCurrent();
	merge->level = level;
	merge->writer.reason = reason;
	RulesCheck(merge->set);
	return RuleOfVersion(merge->set, version_id) != NULL;
}

/* Enter a term whose first stored run is given. */
static void
RedecideTerm(Merge *merge, PendingTerm *pending)
{
	SetEntityClock(merge, RuleByVersion(merge->set, pending->version_id), pending);
	merge->terms[merge->nterms++] = pending;
}

/* Decide about the terms that were entered, with the tables open. */
static void
RedecideEnd(Merge *merge)
{
	ClocksCollect(&merge->clocks, merge->level, merge->terms, merge->nterms);
	ClocksSet(&merge->clocks);
	MergeTerms(merge);
	CloseTables(merge);
	NotificationsSend(&merge->writer.notifications);
}

static Origin
RedecideOrigin(void)
{
	return OriginOfTransaction == ORIGIN_LIVE ? ORIGIN_REDECIDED : OriginOfTransaction;
}

/* Is a run of the version stored? */
static bool
HasRuns(int32 version_id)
{
	RunStore runs;
	bool     found;

	RunsOpen(&runs, ExtensionLookup());
	found = RunsCount(&runs, version_id, 1) > 0;
	RunsClose(&runs);
	return found;
}

void
MergeRedecide(int32 version_id, const char *reason)
{
	Merge        merge = {0};
	PendingLevel level = {0};
	List        *terms;
	ListCell    *cell;
	bool         rewrite;

	/* a backfill moves the clocks of many rules that have none, and loading rules takes long */
	if (!HasRuns(version_id) || !RedecideBegin(&merge, &level, version_id, reason))
		return;
	RulesHold();
	merge.kept = LearningValuesTake(merge.oids, version_id);
	terms = RunsTerms(merge.oids, version_id, RuleByVersion(merge.set, version_id)->by_entity,
					  &rewrite);
	merge.terms = MemoryContextAllocHuge(merge.context,
										 sizeof(PendingTerm *) * Max(list_length(terms), 1));
	foreach(cell, terms)
		RedecideTerm(&merge, lfirst(cell));
	OpenTables(&merge, RedecideOrigin());
	merge.runs.rewrite = rewrite;
	RedecideEnd(&merge);
	RulesRelease();
}

/* A stored term with its first run as news, or NULL. */
static PendingTerm *
TermToRedecide(Merge *merge, const Digest *digest)
{
	PendingTerm *pending = palloc(sizeof(PendingTerm));
	StoredRuns   stored;

	if (!RunsReadTerm(&merge->runs, digest, pending))
		return NULL;
	RunsRead(&merge->runs, digest, &stored);
	pending->runs = palloc(sizeof(Run));
	pending->runs[0] = stored.runs[0];
	pending->nruns = pending->runs_allocated = 1;
	return pending;
}

void
MergeRedecideTerms(int32 version_id, const Digest *terms, int nterms, const char *reason)
{
	Merge        merge = {0};
	PendingLevel level = {0};

	if (!RedecideBegin(&merge, &level, version_id, reason))
		return;
	RulesHold();
	merge.terms = MemoryContextAllocHuge(merge.context, sizeof(PendingTerm *) * Max(nterms, 1));
	OpenTables(&merge, RedecideOrigin());
	for (int i = 0; i < nterms; i++)
	{
		PendingTerm *pending = TermToRedecide(&merge, &terms[i]);

		CHECK_FOR_INTERRUPTS();
		if (pending != NULL && pending->version_id == version_id)
			RedecideTerm(&merge, pending);
	}
	RedecideEnd(&merge);
	RulesRelease();
}
