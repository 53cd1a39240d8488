/*
 * version_rows.h
 *	  Rows of newterm's tables that belong to rule versions.
 */
#ifndef NEWTERM_VERSION_ROWS_H
#define NEWTERM_VERSION_ROWS_H

#include "access/attnum.h"
#include "nodes/pg_list.h"

/* Delete the rows of a table whose version_id, that column, is one of these. */
extern void DeleteOfVersions(Oid table, AttrNumber version_id, const List *versions);

#endif /* NEWTERM_VERSION_ROWS_H */
