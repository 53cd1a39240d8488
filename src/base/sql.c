/*
 * sql.c
 *	  SQL of ours with the newest snapshot.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/snapmgr.h"

#include "base/sql.h"

void
ExecuteLatest(SPIPlanPtr *plan, const char *query, int nvalues, Oid *types,
			  Datum *values, const char *nulls)
{
	MemoryContext caller = CurrentMemoryContext;
	int			result;

	if (*plan == NULL)
	{
		*plan = SPI_prepare(query, nvalues, types);
		if (*plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
		SPI_keepplan(*plan);
	}
	result = SPI_execute_snapshot(*plan, values, nulls, GetLatestSnapshot(),
								  InvalidSnapshot, false, true, 0);
	if (result < 0)
		elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));

	/* SPI leaves its own context current, which lives until SPI_finish */
	MemoryContextSwitchTo(caller);
}
