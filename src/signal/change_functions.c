/*
 * change_functions.c
 *	  SQL functions of changes: telling of one, and the lock under which they get
 *	  positions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "signal/signal_change.h"
#include "store/lock.h"

PG_FUNCTION_INFO_V1(newterm_lock_positions);
PG_FUNCTION_INFO_V1(newterm_tell);

/* How long readers wait for each other, in milliseconds. */
#define POSITIONS_WAIT 1000

/*
 * newterm.lock_positions()
 *		Lock out other sessions that give positions.  Returns false if one of them keeps the
 *		lock too long.
 */
Datum
newterm_lock_positions(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(LockPositions(POSITIONS_WAIT));
}

static char *
TextArgument(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(number));
}

/*
 * newterm.tell(kind text, signal bigint, rule text, severity text, title text,
 *				entity jsonb, term jsonb, event_time timestamptz, event_id text,
 *				reason text)
 *		Write a change of a signal, and notify at commit.  Only the last two may be
 *		NULL.
 */
Datum
newterm_tell(PG_FUNCTION_ARGS)
{
	Rule         rule = {0};
	Notification told = {.rule = &rule};

	for (int i = 0; i < 8; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("only event_id and reason of a change may be NULL")));
	if (ExtensionLookup() == NULL)
		PG_RETURN_VOID(); /* in the middle of DROP EXTENSION */
	told.kind = TextArgument(fcinfo, 0);
	told.signal = PG_GETARG_INT64(1);
	rule.name = TextArgument(fcinfo, 2);
	rule.severity = TextArgument(fcinfo, 3);
	told.title = TextArgument(fcinfo, 4);
	told.entity = PG_GETARG_JSONB_P(5);
	told.term = PG_GETARG_JSONB_P(6);
	told.event_time = UNIX_MICROS(PG_GETARG_TIMESTAMPTZ(7));
	told.event_id = TextArgument(fcinfo, 8);
	told.reason = TextArgument(fcinfo, 9);
	SignalChangeTell(&told);
	PG_RETURN_VOID();
}
