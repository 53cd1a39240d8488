/*
 * lock_wait.c
 *	  Limits the time for which a merge waits for locks.
 */
#include "postgres.h"

#include "storage/proc.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/guard.h"
#include "settings.h"
#include "store/lock_wait.h"

/* Microseconds that are left to wait, and that a cap keeps back; negative: no limit. */
static int64 Left = -1;
static int64 KeptBack = 0;

/* Is a budget in force? */
static bool Active = false;

/* Is nothing waited for? */
static bool Never = false;

/* What we set lock_timeout's variable to. */
static int Ours;

/* When the last wait that was counted began. */
static TimestampTz Counted;

/*
 * Each wait for a lock starts the timer of deadlock_timeout, which keeps when that was
 * when it is over.
 */
static TimestampTz
LastWait(void)
{
	return get_timeout_start_time(DEADLOCK_TIMEOUT);
}

/* Tell PostgreSQL how long the next wait may take; 0 would be for ever. */
static void
SetTimer(void)
{
	Ours = Left < 0 ? 0 : (int) Max(Left / 1000, 1);
	LockTimeout = Ours;
}

static int64
Micros(int milliseconds)
{
	return milliseconds < 0 ? -1 : (int64) milliseconds * 1000;
}

int
LockWaitsAllowed(void)
{
	const int settings[] = {LockTimeoutSetting, LockTimeout, StatementTimeout};
	int       allowed = LOCK_WAITS_UNLIMITED;

	for (int i = 0; i < (int) lengthof(settings); i++)
		if (settings[i] > 0 && (allowed < 0 || settings[i] < allowed))
			allowed = settings[i];
	return allowed;
}

ErrorData *
LockWaitsRun(void (*function)(void *state), void *state, int *budget)
{
	const int users = LockTimeout;
	ErrorData *volatile error = NULL;

	Assert(!Active);
	Left = Micros(*budget);
	KeptBack = 0;
	Counted = LastWait();
	Active = true;
	SetTimer();
	PG_TRY();
	{
		error = RunLast(function, state);
	}
	PG_FINALLY();
	{
		LockWaitsUncap();
		if (Left >= 0)
			*budget = (int) (Left / 1000);
		Active = false;
		/* code of users that ran meanwhile may have set it to something else */
		if (LockTimeout == Ours)
			LockTimeout = users;
	}
	PG_END_TRY();
	return error;
}

ErrorData *
LockWaitsNever(void (*function)(void *state), void *state)
{
	ErrorData *volatile error = NULL;

	Never = true;
	PG_TRY();
	{
		error = RunGuarded(function, state);
	}
	PG_FINALLY();
	{
		Never = false;
	}
	PG_END_TRY();
	return error;
}

bool
LockMayWait(void)
{
	return !Never;
}

void
LockWaitsCount(void)
{
	TimestampTz began;

	if (!Active || Left < 0)
		return;
	began = LastWait();
	if (began == Counted)
		return;
	Counted = began;
	Left = Max(Left - (GetCurrentTimestamp() - began), 0);
	SetTimer();
}

void
LockWaitsCap(int most)
{
	if (!Active)
		return;
	LockWaitsCount();
	if (Left < 0 || Left <= Micros(most))
		return;
	KeptBack = Left - Micros(most);
	Left = Micros(most);
	SetTimer();
}

void
LockWaitsUncap(void)
{
	if (!Active)
		return;
	LockWaitsCount();
	if (Left >= 0)
		Left += KeptBack;
	KeptBack = 0;
	SetTimer();
}
