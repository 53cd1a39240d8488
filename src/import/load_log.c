/*
 * load_log.c
 *	  newterm.load_log: an AWS log file into a watched table.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/jsonc.h"
#include "ingest/watch.h"

PG_FUNCTION_INFO_V1(newterm_load_log);
PG_FUNCTION_INFO_V1(newterm_watch_columns);

/* The line of a byte position, from 1. */
static int
LineOf(const char *text, int position)
{
	int			line = 1;

	for (int i = 0; i < position - 1 && text[i] != '\0'; i++)
		line += text[i] == '\n';
	return line;
}

static void
AppendRecord(ArrayBuildState **records, Jsonb *record, int number)
{
	if (!JB_ROOT_IS_OBJECT(record))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("record %d of the log file is no JSON object", number),
				 errhint("Nothing was loaded.")));
	*records = accumArrayResult(*records, JsonbPGetDatum(record), false, JSONBOID,
								CurrentMemoryContext);
}

/*
 * ReadDocument
 *		All records of a document: of each {"Records": […]}, or each object
 *		that stands for itself.  Raises where the document is damaged.
 */
static ArrayBuildState *
ReadDocument(const char *text, int length, int *count)
{
	ArrayBuildState *records = NULL;
	int			offset = 0;

	*count = 0;
	while (offset < length && strspn(text + offset, " \t\r\n") > 0)
		offset++;
	while (offset < length)
	{
		JsonError	error;
		Jsonb	   *value = JsonParse(text, length, &offset, &error);
		JsonbValue	list;

		if (value == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("the log file is damaged at byte %d, line %d: %s",
							error.position, LineOf(text, error.position),
							error.message),
					 errhint("Nothing was loaded.")));
		if (JB_ROOT_IS_OBJECT(value) &&
			getKeyJsonValueFromContainer(&value->root, "Records", 7, &list) != NULL &&
			list.type == jbvBinary && JsonContainerIsArray(list.val.binary.data))
		{
			uint32		size = JsonContainerSize(list.val.binary.data);

			for (uint32 i = 0; i < size; i++)
				AppendRecord(&records,
							 JsonbValueToJsonb(getIthJsonbValueFromContainer(list.val.binary.data, i)),
							 ++*count);
		}
		else
			AppendRecord(&records, value, ++*count);
		CHECK_FOR_INTERRUPTS();
	}
	return records;
}

/*
 * newterm.load_log(document text, events regclass) returns bigint
 *		Insert the records as the caller, who needs INSERT on the table.
 *		Returns how many there were.
 */
Datum
newterm_load_log(PG_FUNCTION_ARGS)
{
	text	   *document = PG_GETARG_TEXT_PP(0);
	Oid			events = PG_GETARG_OID(1);
	int			length = VARSIZE_ANY_EXHDR(document);
	char	   *data = pnstrdup(VARDATA_ANY(document), length);
	Relation	table = table_open(events, RowExclusiveLock);
	Watch		watch;
	char	   *column;
	char	   *statement;
	ArrayBuildState *records;
	int			count;
	Oid			type = JSONBARRAYOID;
	Datum		value;
	int			result;

	if (!WatchOf(table, &watch))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not watched", RelationGetRelationName(table)),
				 errhint("Watch it with newterm.watch('%s').",
						 RelationGetRelationName(table))));
	column = get_attname(events, watch.event_column, false);
	table_close(table, NoLock);

	records = ReadDocument(data, length, &count);
	if (count == 0)
		PG_RETURN_INT64(0);
	value = makeArrayResult(records, CurrentMemoryContext);
	statement = psprintf("INSERT INTO %s (%s) SELECT record%s FROM pg_catalog.unnest($1) AS record",
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(events)),
													get_rel_name(events)),
						 quote_identifier(column),
						 watch.event_type == JSONBOID ? "" :
						 watch.event_type == JSONOID ? "::pg_catalog.json" :
						 "::pg_catalog.text");
	SPI_connect();
	result = SPI_execute_with_args(statement, 1, &type, &value, NULL, false, 0);
	if (result != SPI_OK_INSERT)
		elog(ERROR, "could not insert records: %s", SPI_result_code_string(result));
	SPI_finish();
	PG_RETURN_INT64(count);
}

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
