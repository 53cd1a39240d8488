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
#include "executor/execExpr.h"
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
#define CONDITIONS 16

/* The one call that a clause is, and the arguments that are columns of the row. */
typedef struct Call
{
	FunctionCallInfo function;
	int              ncolumns;
	struct
	{
		int        argument;
		AttrNumber number;
	} columns[FLEXIBLE_ARRAY_MEMBER];
} Call;

typedef struct WhenClause
{
	Oid        trigger; /* invalid: the table has changed since */
	Oid        table;
	Oid        user; /* whose right to call the function was checked */
	ExprState *state;
} WhenClause;

/* All of them lie in one context. */
static MemoryContext Context;
static WhenClause    WhenClauses[CONDITIONS];
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

/* A column of a row. */
static inline Datum
ColumnOf(TupleTableSlot *row, AttrNumber number, bool *isnull)
{
	return number > 0 ? slot_getattr(row, number, isnull) : slot_getsysattr(row, number, isnull);
}

/*
 * EvaluateCall
 *		Evaluate a clause that is one call.  It does what the steps do that PostgreSQL
 *		interprets, each of which has to be fetched and guessed anew after a
 *		statement's other work (an ExprStateEvalFunc, see executor/execExpr.h).
 */
static Datum
EvaluateCall(ExprState *state, ExprContext *context, bool *isnull)
{
	const Call      *call = state->evalfunc_private;
	FunctionCallInfo function = call->function;
	Datum            result;

	for (int i = 0; i < call->ncolumns; i++)
	{
		NullableDatum *argument = &function->args[call->columns[i].argument];

		argument->value = ColumnOf(context->ecxt_outertuple, call->columns[i].number,
								   &argument->isnull);
	}
	function->isnull = false;
	result = FunctionCallInvoke(function);
	*isnull = false;
	return BoolGetDatum(!function->isnull && DatumGetBool(result));
}

/* Have a prepared clause evaluated by EvaluateCall, if it is such a call. */
static void
EvaluateDirectly(ExprState *state, const List *arguments)
{
	Call            *call;
	FunctionCallInfo function = NULL;
	ListCell        *cell;

	/* a strict function, or one whose calls are counted, is another kind of step */
	for (int i = 0; i < state->steps_len; i++)
		if (ExecEvalStepOp(state, &state->steps[i]) == EEOP_FUNCEXPR)
			function = state->steps[i].d.func.fcinfo_data;
	if (function == NULL)
		return;
	call = palloc(offsetof(Call, columns) + sizeof(call->columns[0]) * list_length(arguments));
	call->function = function;
	call->ncolumns = 0;
	foreach(cell, arguments)
		if (IsA(lfirst(cell), Var))
		{
			call->columns[call->ncolumns].argument = foreach_current_index(cell);
			call->columns[call->ncolumns++].number = lfirst_node(Var, cell)->varattno;
		}
	state->evalfunc = EvaluateCall;
	state->evalfunc_private = call;
}

/*
 * Prepare
 *		Prepare a clause as TriggerEnabled() does, in the current memory context.  NULL if
 *		PostgreSQL should do it.
 */
static ExprState *
Prepare(Relation table, const Trigger *trigger)
{
	Node      *clause = stringToNode(trigger->tgqual);
	ExprState *state;

	if (!IsPlain(table, clause))
		return NULL;
	ChangeVarNodes(clause, PRS2_OLD_VARNO, INNER_VAR, 0);
	ChangeVarNodes(clause, PRS2_NEW_VARNO, OUTER_VAR, 0);
	clause = (Node *) expression_planner((Expr *) clause);
	state = ExecInitQual(make_ands_implicit((Expr *) clause), NULL);
	/* still so?  The planner puts some functions' bodies in their place. */
	if (IsPlain(table, clause))
		EvaluateDirectly(state, ((FuncExpr *) clause)->args);
	return state;
}

/* The prepared clause of a trigger, or NULL. */
static ExprState *
ClauseOf(Relation table, const Trigger *trigger)
{
	Oid           user = GetUserId();
	WhenClause   *condition;
	MemoryContext old;

	for (int i = 0; i < Count; i++)
		if (WhenClauses[i].trigger == trigger->tgoid && WhenClauses[i].user == user)
			return WhenClauses[i].state;
	if (!IsWatchingTrigger(trigger))
		return NULL;
	if (Count == CONDITIONS)
	{
		Outdated = true;
		return NULL;
	}
	/* entered first: preparing looks into catalogs, where a change is met */
	condition = &WhenClauses[Count++];
	*condition = (WhenClause){trigger->tgoid, RelationGetRelid(table), user, NULL};
	old = MemoryContextSwitchTo(Context);
	condition->state = Prepare(table, trigger);
	MemoryContextSwitchTo(old);
	return condition->state;
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
	Context = AllocSetContextCreate(TopMemoryContext, "newterm conditions", ALLOCSET_SMALL_SIZES);
	NextExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = StartExecutor;
	CacheRegisterRelcacheCallback(TableChanged, (Datum) 0);
	RegisterXactCallback(TransactionEnds, NULL);
}
