/*
 * merge_functions.c
 *	  SQL functions: merging what is postponed, and forgetting what was known.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "merge/commit.h"
#include "merge/merge.h"
#include "store/extension.h"

PG_FUNCTION_INFO_V1(newterm_baseline_changed);
PG_FUNCTION_INFO_V1(newterm_merge_postponed);
PG_FUNCTION_INFO_V1(newterm_merge_as_backfill);

/*
 * newterm.baseline_changed() returns trigger
 *		Statement trigger on the tables of what is known, which merges write without
 *		firing it: somebody changed them by SQL, and sessions must not go on knowing
 *		what is gone.
 */
Datum
newterm_baseline_changed(PG_FUNCTION_ARGS)
{
	const ExtensionOids *oids = ExtensionLookup();
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || oids == NULL ||
		RelationGetNamespace(data->tg_relation) != oids->schema)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("newterm.baseline_changed is the trigger function of newterm's tables")));
	CacheInvalidateRelcacheByRelid(oids->baseline);
	return PointerGetDatum(NULL);
}

/*
 * newterm.merge_postponed()
 *		Merge what is postponed when this transaction commits.
 */
Datum
newterm_merge_postponed(PG_FUNCTION_ARGS)
{
	MergePostponedAtCommit(true);
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
