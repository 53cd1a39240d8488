/*
 * watch_functions.c
 *	  SQL functions about watched tables.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "ingest/watch.h"

PG_FUNCTION_INFO_V1(newterm_watch_columns);

/*
 * newterm.watch_columns(events regclass, OUT event_column, OUT time_column)
 *		What a watched table's trigger observes; NULLs where it is not watched.
 */
Datum
newterm_watch_columns(PG_FUNCTION_ARGS)
{
	Oid			events = PG_GETARG_OID(0);
	Relation	table = try_table_open(events, AccessShareLock);
	TupleDesc	desc;
	Watch		watch;
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (table != NULL)
	{
		if (WatchOf(table, &watch))
		{
			values[0] = CStringGetTextDatum(get_attname(events, watch.event_column, false));
			nulls[0] = false;
			if (watch.time_column != 0)
			{
				values[1] = CStringGetTextDatum(get_attname(events, watch.time_column, false));
				nulls[1] = false;
			}
		}
		table_close(table, AccessShareLock);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
