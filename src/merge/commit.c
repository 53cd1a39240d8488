/*
 * commit.c
 *	  Callbacks at the end of a transaction.
 *
 * Each step runs in a subtransaction, so an error in it is recorded and does not keep
 * the transaction's own work from committing.
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
 * The most merges of one transaction.  Triggers of users on newterm's tables may insert
 * events, which have to be merged and fire the triggers again.
 */
#define MERGE_ROUNDS 4

/* Ids of versions whose clocks this transaction stored or found stored. */
static List *ClocksAtCommit = NIL;

/* Which rows of newterm.postponed the commit has to merge (MergePostponedAtCommit). */
static RetryScope PostponedWanted = RETRY_NONE;

/* ---------- after a merge failed ---------- */

/* Record the error of a merge, with the first of its events as a sample. */
static void
NoteFailure(PendingLevel *level, const ErrorData *error)
{
	const EventReference *first = level->nreferences > 0 ? &level->references[0] : NULL;
	EventError           *noted = PendingAddError(level, first == NULL ? InvalidOid : first->table,
												  "internal_error", Max(level->nreferences, 1));

	if (noted != NULL)
		EventErrorDescribe(level, noted, first == NULL ? NULL : ReferenceEventIfReadable(first),
						   psprintf("the merge failed: %s", ErrorReason(error)));
}

/* Write the errors of single events, and the error of the merge, to newterm.event_errors. */
static void
RecordErrors(void *state)
{
	Unmerged     *unmerged = state;
	PendingLevel *level = unmerged->level;

	if (ExtensionLookup() == NULL)
		return;
	MemoryContextSwitchTo(level->context);
	if (unmerged->attempts > 0)
		NoteFailure(level, unmerged->error);
	EventErrorsWrite(ExtensionLookup(), level->faults);
}

/* Tell the user why terms were postponed. */
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

/* Postponing failed as well: tell the user, and record the events. */
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

/* Run a step, and return its error; errors that must end the transaction are raised. */
static ErrorData *
RunStep(void (*function)(void *state), void *state, int *budget)
{
	ErrorData *error = LockWaitsRun(function, state, budget);

	if (error != NULL && ErrorIsFinal(error->sqlerrcode))
		ReThrowError(error);
	return error;
}

/*
 * POSTPONE_AT_LEAST
 *		Milliseconds that postponing may wait for locks, however short newterm.lock_timeout
 *		is.  Another session that adds to newterm.postponed holds the table's extension lock
 *		for a moment, and terms that cannot be postponed are lost.
 */
#define POSTPONE_AT_LEAST 100

/* Postpone a level.  Raises only errors that must end the transaction. */
static void
Postpone(Unmerged *unmerged, int *budget)
{
	PendingLevel *level = unmerged->level;
	ErrorData    *error = NULL;

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
				 errmsg("newterm could not write newterm.event_errors: %s", ErrorReason(error))));
}

/* Tell the user that merging postponed terms failed. */
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
 *		As how many attempts does a failed merge count?  As none if other sessions held
 *		locks; as the last one if triggers of users keep inserting events.
 */
static int
HowOften(const MergeJob *job, const ErrorData *error)
{
	return job->round == MERGE_ROUNDS          ? RETRY_ATTEMPTS
		: ErrorIsContention(error->sqlerrcode) ? 0
											   : 1;
}

/* Postpone the terms of a merge that failed. */
static void
LeaveForLater(MergeJob *job, ErrorData *error, int *budget)
{
	PendingLevel  *level = job->level;
	Unmerged       unmerged = {level, error, HowOften(job, error), MergeOrigin()};
	const RuleSet *set = RulesInUse();

	PostponedForget();
	if (!PendingHasTerms(level) && level->faults == NIL)
	{
		TellStillPostponed(error);
		return;
	}
	Postpone(&unmerged, budget);
	/* merge the postponed rows now, by parts, so that only bad ones wait */
	if (unmerged.attempts == 1 && PendingHasTerms(level) && set != NULL && set->failure == NULL)
		PostponedWanted = Max(PostponedWanted, RETRY_SOME);
}

/* ---------- merging ---------- */

/* The part of the waiting time for merging; the rest is kept for postponing. */
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
 *		Merge in a subtransaction; if that fails, postpone the terms and return false.
 */
static bool
RunMerge(MergeJob *job)
{
	MemoryContext caller = CurrentMemoryContext;
	const int     budget = LockWaitsAllowed();
	int           share = MergeShare(budget);
	int           rest = budget - share;
	ErrorData    *error;

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

/* Has the transaction pending terms or errors?  Judges the prefetched event first. */
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
 *		Which rows of newterm.postponed does this commit merge?  Those that were asked
 *		for; else, once in a commit, those that other sessions announced.  A logical
 *		apply worker takes all that are due, as its COMMIT PREPARED calls no hook of ours.
 */
static RetryScope
PostponedToMerge(bool *looked)
{
	RetryScope wanted = PostponedWanted;

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

/* Merge before commit, and again while triggers of users insert more events. */
static void
CommitEnds(void)
{
	bool looked = false;
	int  round = 0;

	for (;;)
	{
		MergeJob job = {.postponed = PostponedToMerge(&looked), .round = round};

		if (!HasPending() && job.postponed == RETRY_NONE)
			break;
		if (RunMerge(&job))
			round++;
	}
}

/* Postpone a prepared transaction's terms, to be merged after COMMIT PREPARED. */
static void
PrepareEnds(void)
{
	Unmerged unmerged = {.origin = MergeOrigin()};
	int      budget = LockWaitsAllowed();

	if (!HasPending())
		return;
	unmerged.level = PendingExisting();
	Postpone(&unmerged, &budget);
	PendingClear(unmerged.level);
}

static void
PublishClocks(void)
{
	ListCell *cell;

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
