/*
 * table_name.c
 *	  Names of tables, as rows of newterm's tables store them.
 */
#include "postgres.h"

#include "catalog/partition.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "store/table_name.h"

char *
QualifiedTableName(Oid table)
{
	char *name = OidIsValid(table) ? get_rel_name(table) : NULL;
	char *schema = name == NULL ? NULL : get_namespace_name(get_rel_namespace(table));

	return schema == NULL ? NULL : quote_qualified_identifier(schema, name);
}

Oid
RootTable(Oid table)
{
	return OidIsValid(table) && get_rel_relispartition(table)
		? llast_oid(get_partition_ancestors(table))
		: table;
}
