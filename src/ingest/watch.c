/*
 * watch.c
 *	  Watched tables: what their trigger observes.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "ingest/watch.h"
#include "store/extension.h"

/* Is the function one of the extension's, by its name? */
static bool
IsFunctionOfOurs(Oid function, const char *name)
{
	const ExtensionOids *oids = ExtensionLookup();
	char	   *actual = get_func_name(function);

	return oids != NULL && actual != NULL && strcmp(actual, name) == 0 &&
		get_func_namespace(function) == oids->schema;
}

/* Find the call of newterm.observe in a WHEN clause. */
static bool
ObserveCall(Node *node, FuncExpr **call)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) &&
		IsFunctionOfOurs(((FuncExpr *) node)->funcid, "observe"))
	{
		*call = (FuncExpr *) node;
		return true;
	}
	return expression_tree_walker(node, ObserveCall, call);
}

bool
WatchOfClause(char *condition, Watch *watch)
{
	FuncExpr   *call = NULL;
	Node	   *event;
	Node	   *time;

	memset(watch, 0, sizeof(Watch));
	if (condition == NULL || !ObserveCall(stringToNode(condition), &call) ||
		list_length(call->args) != 4)
		return false;
	event = linitial(call->args);
	time = lsecond(call->args);
	if (!IsA(event, Var))
		return false;
	watch->event_column = ((Var *) event)->varattno;
	watch->event_type = ((Var *) event)->vartype;
	if (IsA(time, Var))
	{
		watch->time_column = ((Var *) time)->varattno;
		watch->time_type = ((Var *) time)->vartype;
	}
	return true;
}

bool
IsWatchingTrigger(const Trigger *trigger)
{
	return trigger->tgqual != NULL && IsFunctionOfOurs(trigger->tgfoid, "merge");
}

/* The table's watching trigger, or NULL. */
static Trigger *
WatchingTrigger(Relation table)
{
	TriggerDesc *triggers = table->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (IsWatchingTrigger(&triggers->triggers[i]))
			return &triggers->triggers[i];
	return NULL;
}

int
CountWatches(Relation table)
{
	TriggerDesc *triggers = table->trigdesc;
	int			count = 0;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		count += IsWatchingTrigger(&triggers->triggers[i]);
	return count;
}

bool
WatchOf(Relation table, Watch *watch)
{
	Trigger    *trigger = WatchingTrigger(table);

	return trigger != NULL && WatchOfClause(trigger->tgqual, watch);
}
