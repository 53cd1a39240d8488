/*
 * commit.c
 *	  The end of a transaction that showed something, or is asked to merge what waits.
 *
 * Everything here happens in subtransactions: a fault undoes a merge and is recorded, and
 * the transaction's own work commits.
 */
#include "postgres.h"

#include "access/xact.h"
#include "replication/logicalworker.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/guard.h"
#include "baseline/event_error.h"
#include "baseline/event_ref.h"
#include "baseline/pending.h"
#include "ingest/prefetch.h"
#include "merge/commit.h"
#include "merge/merge.h"
#include "merge/postpone.h"
#include "rule/rule.h"
#include "store/extension.h"
#include "store/lock_wait.h"

/*
 * Triggers of users may bring new events, whose signals fire them again: this many merges
 * has a transaction.
 */
#define MERGE_ROUNDS	4

/* Rule clocks that this transaction stored or found, published when it commits. */
static List *ClocksAtCommit = NIL;

/* What of newterm.postponed is to be merged at commit, as COMMIT PREPARED and others ask. */
static RetryScope PostponedWanted = RETRY_NONE;

/* ---------- what is not merged ---------- */

/* Note the fault that kept a merge away, with the first of its events as a sample. */
static void
NoteFailure(PendingLevel *level, const ErrorData *error)
{
	const EventReference *first = level->nreferences > 0 ? &level->references[0] : NULL;
	EventError *noted = PendingAddError(level, first == NULL ? InvalidOid : first->table,
										"internal_error", Max(level->nreferences, 1));

	if (noted != NULL)
		EventErrorDescribe(level, noted,
						   first == NULL ? NULL : ReferenceEventIfReadable(first),
						   psprintf("the merge failed: %s", ErrorReason(error)));
}

/* Write down what went wrong with single events, and the fault that kept the merge away. */
static void
RecordErrors(void *state)
{
	Unmerged   *unmerged = state;
	PendingLevel *level = unmerged->level;

	if (ExtensionLookup() == NULL)
		return;
	MemoryContextSwitchTo(level->context);
	if (unmerged->attempts > 0)
		NoteFailure(level, unmerged->error);
	EventErrorsWrite(ExtensionLookup(), level->faults);
}

/* What is in newterm.postponed now: tell why. */
static void
TellPostponed(const Unmerged *unmerged)
{
	if (unmerged->error == NULL)
		return;
	if (unmerged->attempts == 0)
		ereport(NOTICE,
				(errmsg("newterm merges later what this transaction showed"),
				 errdetail("The merge failed: %s.", ErrorReason(unmerged->error)),
				 errhint("A later transaction does, or newterm.merge_postponed().")));
	else
		ereport(WARNING,
				(errcode(unmerged->error->sqlerrcode),
				 errmsg("newterm could not merge what this transaction showed: %s",
						unmerged->error->message),
				 errhint("It is kept in newterm.postponed%s.",
						 unmerged->attempts < RETRY_ATTEMPTS ? ", and tried again" : "")));
}

/* Not even that worked: tell it, and record the events. */
static void
TellLost(PendingLevel *level, ErrorData *error, int *budget)
{
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("newterm could neither merge nor postpone what this transaction showed: %s",
					ErrorReason(error)),
			 errhint("The events are in newterm.event_errors.")));
	EventErrorsOfMerge(level, error, budget);
}

/* Run a step; an error is returned unless it is final. */
static ErrorData *
RunStep(void (*function) (void *state), void *state, int *budget)
{
	ErrorData  *error = LockWaitsRun(function, state, budget);

	if (error != NULL && ErrorIsFinal(error->sqlerrcode))
		ReThrowError(error);
	return error;
}

/*
 * POSTPONE_AT_LEAST
 *		Milliseconds that postponing may wait for locks however short newterm.lock_timeout
 *		is: others who add to newterm.postponed hold its extension lock for a moment, and
 *		what is not postponed is lost.
 */
#define POSTPONE_AT_LEAST	100

/* Keep what is not merged for later.  Raises what is final, and nothing else. */
static void
Postpone(Unmerged *unmerged, int *budget)
{
	PendingLevel *level = unmerged->level;
	ErrorData  *error = NULL;

	if (*budget >= 0)
		*budget = Max(*budget, POSTPONE_AT_LEAST);
	if (PendingHasTerms(level))
		error = RunStep(PostponePending, unmerged, budget);
	if (error != NULL)
	{
		TellLost(level, error, budget);
		return;
	}
	TellPostponed(unmerged);
	error = RunStep(RecordErrors, unmerged, budget);
	if (error != NULL)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("newterm could not write newterm.event_errors: %s",
						ErrorReason(error))));
}

/* Merging what was postponed failed as a whole. */
static void
TellStillPostponed(const ErrorData *error)
{
	if (ErrorIsContention(error->sqlerrcode))
		ereport(NOTICE, (errmsg("newterm merges later what is postponed")));
	else
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("newterm could not merge what is postponed: %s", error->message)));
}

/*
 * HowOften
 *		How many attempts at merging count, where one failed: none where others were in the
 *		way, and all where user code does not come to an end.
 */
static int
HowOften(const MergeJob *job, const ErrorData *error)
{
	return job->round == MERGE_ROUNDS ? RETRY_ATTEMPTS :
		ErrorIsContention(error->sqlerrcode) ? 0 : 1;
}

/* A merge failed. */
static void
LeaveForLater(MergeJob *job, ErrorData *error, int *budget)
{
	PendingLevel *level = job->level;
	Unmerged	unmerged = {level, error, HowOften(job, error), MergeOrigin()};
	const RuleSet *set = RulesInUse();

	PostponedForget();
	if (!PendingHasTerms(level) && level->faults == NIL)
	{
		TellStillPostponed(error);
		return;
	}
	Postpone(&unmerged, budget);
	/* what is not refused itself is merged now, without what is */
	if (unmerged.attempts == 1 && PendingHasTerms(level) && set != NULL && set->failure == NULL)
		PostponedWanted = Max(PostponedWanted, RETRY_SOME);
}

/* ---------- merging ---------- */

/* The share of a budget that is spent on merging; what is left serves postponing. */
static int
MergeShare(int budget)
{
	return budget < 0 ? budget : Max(budget - budget / 4, 1);
}

static void
CheckRounds(const MergeJob *job)
{
	if (job->round == MERGE_ROUNDS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("code of users on newterm's tables brought new events %d times in a row",
						MERGE_ROUNDS),
				 errhint("It must not write what makes new signals of its own signals.")));
}

static void
MergeChecked(void *job)
{
	CheckRounds(job);
	MergeRun(job);
}

/*
 * RunMerge
 *		Do a merge in a subtransaction, or postpone what it was to merge.  False where it
 *		failed.
 */
static bool
RunMerge(MergeJob *job)
{
	MemoryContext caller = CurrentMemoryContext;
	const int	budget = LockWaitsAllowed();
	int			share = MergeShare(budget);
	int			rest = budget - share;
	ErrorData  *error;

	job->context = AllocSetContextCreate(TopTransactionContext, "newterm merge",
										 ALLOCSET_DEFAULT_SIZES);
	job->level = PendingTake(PendingCurrent());
	RulesHold();
	error = LockWaitsRun(MergeChecked, job, &share);
	RulesRelease();
	rest = budget < 0 ? budget : rest + share;
	if (error == NULL)
	{
		MemoryContextSwitchTo(TopTransactionContext);
		ClocksAtCommit = list_concat(ClocksAtCommit, job->published);
		MemoryContextSwitchTo(caller);
	}
	else if (!ErrorIsFinal(error->sqlerrcode))
		LeaveForLater(job, error, &rest);
	PendingFree(job->level);
	MemoryContextDelete(job->context);
	if (error != NULL && ErrorIsFinal(error->sqlerrcode))
		ReThrowError(error);
	return error == NULL;
}

void
MergePostponedAtCommit(bool all)
{
	PostponedWanted = Max(PostponedWanted, all ? RETRY_ALL : RETRY_DUE);
}

/* Has the transaction something to merge, the event that waits included? */
static bool
HasPending(void)
{
	const PendingLevel *level;

	(void) PrefetchSettle();
	level = PendingExisting();
	return level != NULL && (PendingHasTerms(level) || level->faults != NIL);
}

/*
 * PostponedToMerge
 *		What of newterm.postponed this transaction is to merge, besides its own: what was
 *		asked for, or once what this session was told of.  An apply worker is told by its
 *		own COMMIT PREPARED, which calls no hook of ours.
 */
static RetryScope
PostponedToMerge(bool *looked)
{
	RetryScope	wanted = PostponedWanted;

	PostponedWanted = RETRY_NONE;
	if (wanted != RETRY_NONE || *looked)
		return wanted;
	*looked = true;
	if (IsLogicalWorker())
		AcceptInvalidationMessages();
	else if (!HasPending() && !PrefetchSawEvents())
		return RETRY_NONE;
	return !PostponedMayWait() ? RETRY_NONE : IsLogicalWorker() ? RETRY_DUE : RETRY_SOME;
}

/* The transaction commits: merge, until nothing is left that a merge brought about. */
static void
CommitEnds(void)
{
	bool		looked = false;
	int			round = 0;

	for (;;)
	{
		MergeJob	job = {.postponed = PostponedToMerge(&looked),.round = round};

		if (!HasPending() && job.postponed == RETRY_NONE)
			break;
		if (RunMerge(&job))
			round++;
	}
}

/* Keep what a transaction showed for the merge after COMMIT PREPARED. */
static void
PrepareEnds(void)
{
	Unmerged	unmerged = {.origin = MergeOrigin()};
	int			budget = LockWaitsAllowed();

	if (!HasPending())
		return;
	unmerged.level = PendingExisting();
	Postpone(&unmerged, &budget);
	PendingClear(unmerged.level);
}

static void
PublishClocks(void)
{
	ListCell   *cell;

	foreach(cell, ClocksAtCommit)
		RuleClockCommitted(lfirst_int(cell));
}

static void
TransactionEnds(XactEvent event, void *argument)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			CommitEnds();
			return;

		case XACT_EVENT_PRE_PREPARE:
			PrepareEnds();
			return;

		case XACT_EVENT_COMMIT:
			PublishClocks();
			PostponedCommitted();
			break;

		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			PostponedForget();
			break;

		default:
			return;
	}
	ClocksAtCommit = NIL;
	PostponedWanted = RETRY_NONE;
	MergeTransactionEnds();
}

void
CommitInitialise(void)
{
	RegisterXactCallback(TransactionEnds, NULL);
}
