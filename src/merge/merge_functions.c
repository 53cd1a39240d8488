/*
 * merge_functions.c
 *	  SQL functions: merging what is postponed, and forgetting what was known.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/inval.h"

#include "base/compat.h"
#include "merge/merge.h"
#include "store/extension.h"

PG_FUNCTION_INFO_V1(newterm_forget_known);
PG_FUNCTION_INFO_V1(newterm_merge_postponed);
PG_FUNCTION_INFO_V1(newterm_merge_as_backfill);

/*
 * newterm.forget_known()
 *		Stored runs were taken away: sessions must not go on knowing them.
 */
Datum
newterm_forget_known(PG_FUNCTION_ARGS)
{
	const ExtensionOids *oids = ExtensionLookup();

	if (oids != NULL)
		CacheInvalidateRelcacheByRelid(oids->baseline);
	PG_RETURN_VOID();
}

/*
 * newterm.merge_postponed()
 *		Merge what prepared transactions showed when this one commits.
 */
Datum
newterm_merge_postponed(PG_FUNCTION_ARGS)
{
	MergePostponedAtCommit();
	PG_RETURN_VOID();
}

/*
 * newterm.merge_as_backfill(signals boolean)
 *		What this transaction merges has origin backfill: see MergeAsBackfill.
 */
Datum
newterm_merge_as_backfill(PG_FUNCTION_ARGS)
{
	MergeAsBackfill(PG_GETARG_BOOL(0));
	PG_RETURN_VOID();
}
