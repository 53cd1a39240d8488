/*
 * newterm.c
 *	  Start-up: settings, caches and callbacks.
 */
#include "postgres.h"

#include "fmgr.h"
#include "tcop/utility.h"

#include "ingest/prefetch.h"
#include "base/compat.h"
#include "ingest/when_cache.h"
#include "baseline/known.h"
#include "merge/commit.h"
#include "baseline/pending.h"
#include "settings.h"
#include "rule/rule.h"
#include "store/extension.h"

PG_MODULE_MAGIC;

static ProcessUtility_hook_type NextUtilityHook = NULL;

/*
 * COMMIT PREPARED brings the postponed news of its transaction to light: merge
 * them in the transaction of the command itself.
 */
static void
NewtermUtility(PlannedStmt *statement, const char *query, bool read_only_tree,
			   ProcessUtilityContext context, ParamListInfo parameters,
			   QueryEnvironment *environment, DestReceiver *destination,
			   QueryCompletion *completion)
{
	bool commit_prepared = IsA(statement->utilityStmt, TransactionStmt) &&
		((TransactionStmt *) statement->utilityStmt)->kind == TRANS_STMT_COMMIT_PREPARED;

	if (NextUtilityHook != NULL)
		NextUtilityHook(statement, query, read_only_tree, context, parameters, environment,
						destination, completion);
	else
		standard_ProcessUtility(statement, query, read_only_tree, context, parameters, environment,
								destination, completion);
	if (commit_prepared)
		MergePostponedAtCommit(false);
}

void _PG_init(void);

void
_PG_init(void)
{
	SettingsDefine();
	ExtensionInitialise();
	RulesInitialise();
	KnownInitialise();
	PendingInitialise();
	PrefetchInitialise();
	CommitInitialise();
	WhenCacheInitialise();
	NextUtilityHook = ProcessUtility_hook;
	ProcessUtility_hook = NewtermUtility;
}
