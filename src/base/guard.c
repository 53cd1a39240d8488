/*
 * guard.c
 *	  Runs newterm's own code so that its errors do not fail the user's insert.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "commands/trigger.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "base/guard.h"
#include "base/user_code.h"
#include "settings.h"

bool
ErrorIsContention(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

const char *
ErrorReason(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ? "a lock was not to be had in time"
														   : error->message;
}

bool
ErrorIsFinal(int sqlerrcode)
{
	if (sqlerrcode == ERRCODE_QUERY_CANCELED ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
		return true;
	return OnErrorSetting == ON_ERROR_FAIL && !ErrorIsContention(sqlerrcode);
}

/*
 * OwnCode
 *		The error's code.  Codes of cancel and shutdown are kept where this session was told to
 *		stop, and not where user code raised them: RAISE in a trigger, or an error that
 *		another server sent to one.  They would end the user's insert.
 */
static int
OwnCode(const ErrorData *error)
{
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION &&
		(error->funcname == NULL || strcmp(error->funcname, "ProcessInterrupts") != 0))
		return ERRCODE_EXTERNAL_ROUTINE_EXCEPTION;
	return error->sqlerrcode;
}

ErrorData *
RunGuarded(void (*function)(void *state), void *state)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	/* its end undoes this: who turned to READ ONLY after writing has written */
	if (!RecoveryInProgress())
		XactReadOnly = false;
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		function(state);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		error->sqlerrcode = OwnCode(error);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return error;
}

/* A function and its state. */
typedef struct Call
{
	void (*function)(void *state);
	void *state;
} Call;

/*
 * PostgreSQL fired the transaction's deferred triggers and closed its cursors before us,
 * and does neither again.
 */
static void
CallLast(void *state)
{
	const Call        *call = state;
	ConstraintsSetStmt immediate = {.type = T_ConstraintsSetStmt};
	UserCode           before;

	RestrictUserCode(&before);
	AfterTriggerSetState(&immediate);
	PushActiveSnapshot(GetTransactionSnapshot());
	call->function(call->state);
	PopActiveSnapshot();
	PreCommit_Portals(false);
	UserCodeEnds(&before);
}

ErrorData *
RunLast(void (*function)(void *state), void *state)
{
	Call call = {function, state};

	return RunGuarded(CallLast, &call);
}

ErrorData *
RunUnlessFinal(void (*function)(void *state), void *state)
{
	ErrorData *error = RunGuarded(function, state);

	if (error != NULL && ErrorIsFinal(error->sqlerrcode))
		ReThrowError(error);
	return error;
}
