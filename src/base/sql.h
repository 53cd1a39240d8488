/*
 * sql.h
 *	  SQL of ours with the newest snapshot, whatever the isolation level of the
 *	  transaction: what ri_triggers.c does for foreign keys.
 */
#ifndef NEWTERM_SQL_H
#define NEWTERM_SQL_H

#include "executor/spi.h"

/*
 * Run an INSERT, UPDATE or DELETE inside an open SPI connection with `nvalues`
 * parameters.  *plan keeps the plan for the session; NULL at first, and only then are
 * `query` and `types` read.
 */
extern void ExecuteLatest(SPIPlanPtr *plan, const char *query, int nvalues,
						  Oid *types, Datum *values, const char *nulls);

#endif							/* NEWTERM_SQL_H */
