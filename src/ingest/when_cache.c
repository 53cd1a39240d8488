/*
 * when_cache.c
 *	  Keeps the WHEN clauses of our triggers prepared between statements.
 *
 * PostgreSQL parses a trigger's WHEN clause from its stored text and prepares it in every
 * statement that fires the trigger.  That takes longer than evaluating it, which matters
 * for statements of a single row (docs/experiments.md has the figures).  So when a
 * statement starts, this file puts prepared clauses of its tables where TriggerEnabled()
 * of trigger.c looks for them.  In COPY, and in partitions that rows are routed to,
 * PostgreSQL prepares its own.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "ingest/when_cache.h"
#include "ingest/watch.h"

/* The number of clauses that are kept, a few kB each. */
#define CLAUSES 16

typedef struct WhenClause
{
	Oid        trigger; /* invalid: the table has changed since */
	Oid        table;
	Oid        user; /* whose right to call the function was checked */
	ExprState *state;
} WhenClause;

/* All of them lie in one context. */
static MemoryContext Context;
static WhenClause    WhenClauses[CLAUSES];
static int           Count = 0;

/* There was no room for a clause, or one cannot be used any more. */
static bool Outdated = false;

static ExecutorStart_hook_type NextExecutorStart = NULL;

/* Is the clause as newterm.watch() writes it, and the same for every statement? */
static bool
IsPlain(Relation table, Node *clause)
{
	ListCell *cell;

	if (!IsA(clause, FuncExpr) || CompatHasVirtualColumns(RelationGetDescr(table)))
		return false;
	foreach(cell, ((FuncExpr *) clause)->args)
		if (!IsA(lfirst(cell), Const) &&
			!(IsA(lfirst(cell), Var) && lfirst_node(Var, cell)->varattno != 0))
			return false;
	return true;
}

/*
 * Prepare
 *		Prepare a clause as TriggerEnabled() does, in the current memory context.  NULL if
 *		PostgreSQL should do it.
 */
static ExprState *
Prepare(Relation table, const Trigger *trigger)
{
	Node *clause = stringToNode(trigger->tgqual);

	if (!IsPlain(table, clause))
		return NULL;
	ChangeVarNodes(clause, PRS2_OLD_VARNO, INNER_VAR, 0);
	ChangeVarNodes(clause, PRS2_NEW_VARNO, OUTER_VAR, 0);
	clause = (Node *) expression_planner((Expr *) clause);
	return ExecInitQual(make_ands_implicit((Expr *) clause), NULL);
}

/* The prepared clause of a trigger, or NULL. */
static ExprState *
ClauseOf(Relation table, const Trigger *trigger)
{
	Oid           user = GetUserId();
	WhenClause   *clause;
	MemoryContext old;

	for (int i = 0; i < Count; i++)
		if (WhenClauses[i].trigger == trigger->tgoid && WhenClauses[i].user == user)
			return WhenClauses[i].state;
	if (!IsWatchingTrigger(trigger))
		return NULL;
	if (Count == CLAUSES)
	{
		Outdated = true;
		return NULL;
	}
	/* entered first: preparing looks into catalogs, where a change is met */
	clause = &WhenClauses[Count++];
	*clause = (WhenClause){trigger->tgoid, RelationGetRelid(table), user, NULL};
	old = MemoryContextSwitchTo(Context);
	clause->state = Prepare(table, trigger);
	MemoryContextSwitchTo(old);
	return clause->state;
}

static void
StartExecutor(QueryDesc *query, int flags)
{
	ListCell *cell;

	if (NextExecutorStart != NULL)
		NextExecutorStart(query, flags);
	else
		standard_ExecutorStart(query, flags);
	if (query->operation == CMD_UPDATE || query->operation == CMD_DELETE ||
		(flags & EXEC_FLAG_EXPLAIN_ONLY) != 0)
		return;
	foreach(cell, query->estate->es_opened_result_relations)
	{
		ResultRelInfo *table = lfirst(cell);
		TriggerDesc   *triggers = table->ri_TrigDesc;

		if (triggers == NULL || !triggers->trig_insert_after_row)
			continue;
		for (int i = 0; i < triggers->numtriggers; i++)
			if (triggers->triggers[i].tgqual != NULL && table->ri_TrigWhenExprs[i] == NULL)
				table->ri_TrigWhenExprs[i] = ClauseOf(table->ri_RelationDesc,
													  &triggers->triggers[i]);
	}
}

/* A table changed, and its triggers may have. */
static void
TableChanged(Datum argument, Oid table)
{
	for (int i = 0; i < Count; i++)
		if (WhenClauses[i].table == table || table == InvalidOid)
		{
			WhenClauses[i].trigger = InvalidOid;
			Outdated = true;
		}
}

/*
 * Between transactions no statement uses a clause, so that those that changed
 * can go, together with the others.
 */
static void
TransactionEnds(XactEvent event, void *argument)
{
	if (Outdated &&
		(event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE))
	{
		MemoryContextReset(Context);
		Count = 0;
		Outdated = false;
	}
}

void
WhenCacheInitialise(void)
{
	Context = AllocSetContextCreate(TopMemoryContext, "newterm WHEN clauses", ALLOCSET_SMALL_SIZES);
	NextExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = StartExecutor;
	CacheRegisterRelcacheCallback(TableChanged, (Datum) 0);
	RegisterXactCallback(TransactionEnds, NULL);
}
