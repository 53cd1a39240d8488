/*
 * guard.c
 *	  Faults of newterm that must not become faults of the insert.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/guard.h"
#include "settings.h"

bool
ErrorIsFinal(int sqlerrcode)
{
	return OnErrorSetting == ON_ERROR_FAIL ||
		sqlerrcode == ERRCODE_QUERY_CANCELED ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION;
}

ErrorData *
RunGuarded(void (*function) (void *state), void *state)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

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
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return error;
}

ErrorData *
RunUnlessFinal(void (*function) (void *state), void *state)
{
	ErrorData  *error = RunGuarded(function, state);

	if (error != NULL && ErrorIsFinal(error->sqlerrcode))
		ReThrowError(error);
	return error;
}
