/*
 * watch.c
 *	  Watched tables: which columns their trigger observes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "ingest/call_site.h"
#include "ingest/watch.h"
#include "store/extension.h"

/* Is the function one of the extension's, by its name? */
static bool
IsFunctionOfOurs(Oid function, const char *name)
{
	const ExtensionOids *oids = ExtensionLookup();
	char                *actual = get_func_name(function);

	return oids != NULL && actual != NULL && strcmp(actual, name) == 0 &&
		get_func_namespace(function) == oids->schema;
}

/* Find the call of one of our functions in a WHEN clause. */
static bool
ObserveCall(Node *node, FuncExpr **call)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) &&
		(IsFunctionOfOurs(((FuncExpr *) node)->funcid, "observe") ||
		 IsFunctionOfOurs(((FuncExpr *) node)->funcid, "observe_columns")))
	{
		*call = (FuncExpr *) node;
		return true;
	}
	return expression_tree_walker(node, ObserveCall, call);
}

/* The columns and members of a call of observe_columns; false where it is not as watch() writes it. */
static bool
ReadColumns(const FuncExpr *call, Watch *watch)
{
	Node  *members = list_nth(call->args, OBSERVE_EVENT);
	Datum *values;
	bool  *nulls;
	int    count;

	if (!IsA(members, Const) || ((Const *) members)->constisnull)
		return false;
	deconstruct_array(DatumGetArrayTypeP(((Const *) members)->constvalue), TEXTOID, -1, false,
					  TYPALIGN_INT, &values, &nulls, &count);
	if (count != list_length(call->args) - OBSERVE_COLUMNS)
		return false;
	watch->ncolumns = count;
	watch->columns = palloc(sizeof(AttrNumber) * count);
	watch->members = palloc(sizeof(char *) * count);
	for (int i = 0; i < count; i++)
	{
		Node *column = list_nth(call->args, OBSERVE_COLUMNS + i);

		if (nulls[i] || !IsA(column, Var))
			return false;
		watch->columns[i] = ((Var *) column)->varattno;
		watch->members[i] = TextDatumGetCString(values[i]);
	}
	return true;
}

bool
WatchOfClause(char *condition, Watch *watch)
{
	FuncExpr *call = NULL;
	Node     *event;
	Node     *time;

	memset(watch, 0, sizeof(Watch));
	if (condition == NULL || !ObserveCall(stringToNode(condition), &call) ||
		list_length(call->args) < OBSERVE_COLUMNS)
		return false;
	event = list_nth(call->args, OBSERVE_EVENT);
	time = list_nth(call->args, OBSERVE_TIME);
	if (list_length(call->args) > OBSERVE_COLUMNS)
	{
		if (!ReadColumns(call, watch))
			return false;
	}
	else if (IsA(event, Var))
	{
		watch->event_column = ((Var *) event)->varattno;
		watch->event_type = getBaseType(((Var *) event)->vartype);
	}
	else
		return false;
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
	int          count = 0;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		count += IsWatchingTrigger(&triggers->triggers[i]);
	return count;
}

bool
WatchOf(Relation table, Watch *watch)
{
	Trigger *trigger = WatchingTrigger(table);

	return trigger != NULL && WatchOfClause(trigger->tgqual, watch);
}
