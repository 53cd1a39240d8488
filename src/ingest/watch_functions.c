/*
 * watch_functions.c
 *	  SQL functions about watched tables and what their rows hold.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "event/record.h"
#include "event/row_shape.h"
#include "event/shape.h"
#include "ingest/watch.h"
#include "store/extension.h"

PG_FUNCTION_INFO_V1(newterm_watch_columns);
PG_FUNCTION_INFO_V1(newterm_note_watch);
PG_FUNCTION_INFO_V1(newterm_forget_watch);
PG_FUNCTION_INFO_V1(newterm_record_member);
PG_FUNCTION_INFO_V1(newterm_row_document);
PG_FUNCTION_INFO_V1(newterm_document_kind);
PG_FUNCTION_INFO_V1(newterm_records);

/* ---------- what a trigger observes ---------- */

/* The SQL expression that gives a row's document. */
static char *
DocumentExpression(Oid table, const Watch *watch)
{
	StringInfoData text;

	if (watch->event_column != 0)
		return pstrdup(quote_identifier(get_attname(table, watch->event_column, false)));
	initStringInfo(&text);
	appendStringInfoString(&text, "newterm.row_document(ARRAY[");
	for (int i = 0; i < watch->ncolumns; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "", quote_literal_cstr(watch->members[i]));
	appendStringInfoChar(&text, ']');
	for (int i = 0; i < watch->ncolumns; i++)
		appendStringInfo(&text, ", %s",
						 quote_identifier(get_attname(table, watch->columns[i], false)));
	appendStringInfoChar(&text, ')');
	return text.data;
}

/* The name of a column as text; NULL for none. */
static void
SetColumnName(Oid table, AttrNumber column, Datum *value, bool *isnull)
{
	*isnull = column == 0;
	if (column != 0)
		*value = CStringGetTextDatum(get_attname(table, column, false));
}

/*
 * newterm.watch_columns(events regclass, OUT event_column, OUT time_column, OUT document)
 *		What a watched table's trigger observes; NULLs where it is not watched.
 */
Datum
newterm_watch_columns(PG_FUNCTION_ARGS)
{
	Oid       events = PG_GETARG_OID(0);
	Relation  table = try_table_open(events, AccessShareLock);
	TupleDesc desc;
	Watch     watch;
	Datum     values[3] = {0};
	bool      nulls[3] = {true, true, true};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (table != NULL)
	{
		if (WatchOf(table, &watch))
		{
			SetColumnName(events, watch.event_column, &values[0], &nulls[0]);
			SetColumnName(events, watch.time_column, &values[1], &nulls[1]);
			values[2] = CStringGetTextDatum(DocumentExpression(events, &watch));
			nulls[2] = false;
		}
		table_close(table, AccessShareLock);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* ---------- newterm.watches ---------- */

/* Roles that may execute newterm.merge() may watch tables. */
static void
CheckMayWatch(void)
{
	if (!DatumGetBool(DirectFunctionCall2(has_function_privilege_name,
										  PointerGetDatum(cstring_to_text("newterm.merge()")),
										  PointerGetDatum(cstring_to_text("EXECUTE")))))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("you have no right to watch tables")));
}

/*
 * Run a statement on newterm.watches as the extension's owner, with the arguments of a
 * function as its own.  Returns how many rows it changed.
 */
static uint64
RunAsOwner(const char *query, FunctionCallInfo fcinfo, int count, Oid *types)
{
	const ExtensionOids *oids = ExtensionLookup();
	Datum               *values = palloc(sizeof(Datum) * count);
	char                *nulls = palloc(count);
	Oid                  user;
	int                  security;
	uint64               changed;

	if (oids == NULL)
		return 0;
	for (int i = 0; i < count; i++)
	{
		values[i] = fcinfo->args[i].value;
		nulls[i] = fcinfo->args[i].isnull ? 'n' : ' ';
	}
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(oids->owner,
						   security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	SPI_connect();
	/* a trigger there would have the owner's rights, too */
	if (SPI_execute("SELECT newterm.refuse_triggers('newterm.watches')", false, 0) < 0 ||
		SPI_execute_with_args(query, count, types, values, nulls, false, 0) < 0)
		elog(ERROR, "could not change newterm.watches");
	changed = SPI_processed;
	SPI_finish();
	SetUserIdAndSecContext(user, security);
	return changed;
}

/*
 * newterm.note_watch(events text, relation oid, event_column name, time_column name,
 *		fires text, shape text, updates boolean)
 *		Store the arguments of watch() in newterm.watches.
 */
Datum
newterm_note_watch(PG_FUNCTION_ARGS)
{
	Oid types[] = {TEXTOID, OIDOID, NAMEOID, NAMEOID, TEXTOID, TEXTOID, BOOLOID};

	CheckMayWatch();
	RunAsOwner("INSERT INTO newterm.watches AS w"
			   " (events, relation, event_column, time_column, fires, shape, updates)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7)"
			   " ON CONFLICT (events) DO UPDATE SET relation = excluded.relation,"
			   " event_column = excluded.event_column, time_column = excluded.time_column,"
			   " fires = excluded.fires, shape = excluded.shape, updates = excluded.updates,"
			   " watched_by = excluded.watched_by, watched_at = excluded.watched_at",
			   fcinfo, lengthof(types), types);
	PG_RETURN_VOID();
}

/*
 * newterm.forget_watch(events text, relation oid)
 *		The table is not to be watched any more.  Was it to be?
 */
Datum
newterm_forget_watch(PG_FUNCTION_ARGS)
{
	Oid    types[] = {TEXTOID, OIDOID};
	uint64 changed;

	CheckMayWatch();
	changed =
		RunAsOwner("DELETE FROM newterm.watches w"
				   " WHERE w.events OPERATOR(pg_catalog.=) $1 OR w.relation OPERATOR(pg_catalog.=) $2",
				   fcinfo, lengthof(types), types);
	PG_RETURN_BOOL(changed > 0);
}

/* ---------- what rows hold ---------- */

/* newterm.record_member(column_name text): the member that it stands for, or NULL. */
Datum
newterm_record_member(PG_FUNCTION_ARGS)
{
	const char *member = RecordMember(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (member == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(member));
}

/*
 * newterm.row_document(members text[], VARIADIC columns "any") returns jsonb
 *		A row put together: columns that are members of the record.
 */
Datum
newterm_row_document(PG_FUNCTION_ARGS)
{
	FmgrInfo     *function = fcinfo->flinfo;
	RowShape     *shape = function->fn_extra;
	MemoryContext old;
	Jsonb        *document;

	if (shape == NULL)
	{
		bool constant = get_fn_expr_arg_stable(function, 0);

		old = MemoryContextSwitchTo(constant ? function->fn_mcxt : CurrentMemoryContext);
		shape = RowShapeOfCall(fcinfo, 0, 1);
		if (constant)
			function->fn_extra = shape;
		MemoryContextSwitchTo(old);
	}
	document = RowShapeDocument(shape, &fcinfo->args[1]);
	if (document == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(document);
}

/* The document that an argument of any type is, or NULL where it is none. */
static Jsonb *
DocumentArgument(FunctionCallInfo fcinfo)
{
	Oid    type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	Record record;

	if (PG_ARGISNULL(0) || !OidIsValid(type) || !RecordTypeIsUsable(getBaseType(type)))
		return NULL;
	RecordParse(&record, PG_GETARG_DATUM(0), getBaseType(type));
	return record.jsonb != NULL ? record.jsonb : record.document;
}

/* A RecordFunction that only lets records be counted. */
static void
IgnoreRecord(void *state, Jsonb *record)
{
}

/*
 * newterm.document_kind(value "any") returns text
 *		How a value holds records; NULL where it holds none.
 */
Datum
newterm_document_kind(PG_FUNCTION_ARGS)
{
	Jsonb   *document = DocumentArgument(fcinfo);
	Document found = {0};

	if (document != NULL)
		found = DocumentRecords(document, IgnoreRecord, NULL);
	if (found.records == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(DocumentKindName(found.kind)));
}

/* Store a record as a row of the result (a RecordFunction). */
static void
StoreRecord(void *state, Jsonb *record)
{
	ReturnSetInfo *result = state;
	Datum          value = JsonbPGetDatum(record);
	bool           isnull = false;

	tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
}

/*
 * newterm.records(value "any") returns setof jsonb
 *		The records in a value.
 */
Datum
newterm_records(PG_FUNCTION_ARGS)
{
	Jsonb *document = DocumentArgument(fcinfo);

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (document != NULL)
		(void) DocumentRecords(document, StoreRecord, fcinfo->resultinfo);
	return (Datum) 0;
}
