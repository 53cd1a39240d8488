/*
 * table_name.h
 *	  Names of tables, as rows of newterm's tables store them.
 */
#ifndef NEWTERM_TABLE_NAME_H
#define NEWTERM_TABLE_NAME_H

/* The qualified and quoted name of a table, palloc'd; NULL if there is no such table. */
extern char *QualifiedTableName(Oid table);

/* The partitioned table that the table is a part of, at the top; else the table itself. */
extern Oid RootTable(Oid table);

#endif /* NEWTERM_TABLE_NAME_H */
