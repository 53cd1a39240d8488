/*
 * call_site.c
 *	  Call sites of newterm.observe and newterm.observe_columns.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "base/compat.h"
#include "ingest/call_site.h"
#include "ingest/watch.h"
#include "store/extension.h"

/* Is the node a column of the new row in a trigger's WHEN clause? */
static bool
IsNewColumn(Node *node)
{
	/*
	 * TriggerEnabled() makes NEW an OUTER_VAR, in varnosyn too; the planner
	 * leaves the range table's index there.  So no query can look like this.
	 */
	return IsA(node, Var) && ((Var *) node)->varno == OUTER_VAR &&
		((Var *) node)->varnosyn == OUTER_VAR;
}

static bool
IsNewSystemColumn(Node *node, AttrNumber number)
{
	return IsNewColumn(node) && ((Var *) node)->varattno == number;
}

/* Has the table our trigger?  Reads what else the site needs to know of the table. */
static bool
ReadTable(CallSite *site, Oid table)
{
	Relation relation = RelationIdGetRelation(table);
	int      watches;

	if (relation == NULL)
		return false;
	watches = CountWatches(relation);
	site->repeated = watches > 1;
	site->unreadable = site->shape != NULL || relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE;
	site->file = relation->rd_rel->relfilenode;
	RelationClose(relation);
	return watches > 0;
}

/* May the current user read newterm.runs? */
static bool
MayReadBaseline(void)
{
	const ExtensionOids *oids = ExtensionLookup();

	return oids != NULL && pg_class_aclcheck(oids->runs, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

/* Complete a site: is it in the WHEN clause of our trigger? */
static CallSite *
FinishSite(FunctionCallInfo fcinfo, CallSite *site)
{
	site->in_trigger = site->in_trigger && ReadTable(site, PG_GETARG_OID(OBSERVE_TABLE));
	site->silent = !site->in_trigger && !MayReadBaseline();
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/* Create a site; `event` is the argument that holds the event, or its first column. */
static CallSite *
MakeSite(FunctionCallInfo fcinfo, int event)
{
	FmgrInfo *function = fcinfo->flinfo;
	CallSite *site = MemoryContextAllocZero(function->fn_mcxt, sizeof(CallSite));
	Oid       time_type = get_fn_expr_argtype(function, OBSERVE_TIME);
	List     *arguments = NIL;

	if (function->fn_expr != NULL && IsA(function->fn_expr, FuncExpr))
		arguments = ((FuncExpr *) function->fn_expr)->args;
	site->has_time_column = time_type == TIMESTAMPTZOID || time_type == TIMESTAMPOID;
	if (list_length(arguments) <= event)
		return site;
	/* watch() passes a constant NULL */
	site->has_time_column &= IsA(list_nth(arguments, OBSERVE_TIME), Var);
	if (IsA(list_nth(arguments, event), Var))
		site->event_column = ((Var *) list_nth(arguments, event))->varattno;
	site->in_trigger = IsNewColumn(list_nth(arguments, event)) &&
		IsNewSystemColumn(list_nth(arguments, OBSERVE_TABLE), TableOidAttributeNumber) &&
		IsNewSystemColumn(list_nth(arguments, OBSERVE_PLACE), SelfItemPointerAttributeNumber);
	return site;
}

CallSite *
CallSiteOf(FunctionCallInfo fcinfo)
{
	CallSite *site = fcinfo->flinfo->fn_extra;
	Oid       type;

	if (site != NULL)
		return site;
	type = get_fn_expr_argtype(fcinfo->flinfo, OBSERVE_EVENT);
	site = MakeSite(fcinfo, OBSERVE_EVENT);
	site->event_type = OidIsValid(type) ? getBaseType(type) : InvalidOid;
	if (!RecordTypeIsUsable(site->event_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("newterm.observe takes an event of type jsonb, json, text, varchar or bytea")));
	return FinishSite(fcinfo, site);
}

CallSite *
CallSiteOfColumns(FunctionCallInfo fcinfo)
{
	FmgrInfo     *function = fcinfo->flinfo;
	CallSite     *site = function->fn_extra;
	MemoryContext old;

	if (site != NULL)
		return site;
	old = MemoryContextSwitchTo(function->fn_mcxt);
	site = MakeSite(fcinfo, OBSERVE_COLUMNS);
	site->event_type = JSONBOID;
	site->shape = RowShapeOfCall(fcinfo, OBSERVE_EVENT, OBSERVE_COLUMNS);
	MemoryContextSwitchTo(old);
	return FinishSite(fcinfo, site);
}

void
CallSiteValues(const CallSite *site, FunctionCallInfo fcinfo, RowValues *row)
{
	row->event_type = site->event_type;
	row->has_time_column = site->has_time_column;
	row->time = PG_GETARG_DATUM(OBSERVE_TIME);
	row->time_null = PG_ARGISNULL(OBSERVE_TIME);
	if (site->shape == NULL)
	{
		row->event = PG_GETARG_DATUM(OBSERVE_EVENT);
		row->event_null = PG_ARGISNULL(OBSERVE_EVENT);
		return;
	}
	row->event = JsonbPGetDatum(RowShapeDocument(site->shape, &fcinfo->args[OBSERVE_COLUMNS]));
	row->event_null = DatumGetPointer(row->event) == NULL;
}
