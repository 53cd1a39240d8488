/*
 * merge_functions.c
 *	  SQL functions: merge postponed terms, mark a backfill, forget known terms.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/inval.h"

#include "base/compat.h"
#include "merge/commit.h"
#include "merge/merge.h"
#include "store/extension.h"

PG_FUNCTION_INFO_V1(newterm_baseline_changed);
PG_FUNCTION_INFO_V1(newterm_merge_postponed);
PG_FUNCTION_INFO_V1(newterm_merge_as_backfill);

/*
 * newterm.baseline_changed() returns trigger
 *		Statement trigger on newterm.runs and the tables beside it.  Merges write them
 *		without firing triggers, so somebody changed them by SQL: all sessions must
 *		forget which terms are known.
 */
Datum
newterm_baseline_changed(PG_FUNCTION_ARGS)
{
	CacheInvalidateRelcacheByRelid(ExtensionOfTrigger(fcinfo, "newterm.baseline_changed")
									   ->baseline);
	return PointerGetDatum(NULL);
}

/*
 * newterm.merge_postponed()
 *		Merge all postponed terms when this transaction commits.
 */
Datum
newterm_merge_postponed(PG_FUNCTION_ARGS)
{
	MergePostponedAtCommit(true);
	PG_RETURN_VOID();
}

/*
 * newterm.merge_as_backfill(signals boolean)
 *		Give this transaction's detections the origin backfill: see MergeAsBackfill.
 */
Datum
newterm_merge_as_backfill(PG_FUNCTION_ARGS)
{
	MergeAsBackfill(PG_GETARG_BOOL(0));
	PG_RETURN_VOID();
}
