/*
 * load_log.c
 *	  newterm.load_log: the records of log files into a watched table.
 *
 * The text is split into records, and these are given to PostgreSQL's own COPY as rows
 * of CSV: it inserts many at once, routes them to partitions and fires triggers, which
 * INSERT does row by row.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/copy.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "partitioning/partdefs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "base/compat.h"
#include "base/isotime.h"
#include "base/jsonc.h"
#include "baseline/event_error.h"
#include "event/event_time.h"
#include "event/shape.h"
#include "import/load_log.h"
#include "import/log_gzip.h"
#include "import/log_scan.h"
#include "ingest/watch.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(newterm_load_log);
PG_FUNCTION_INFO_V1(newterm_load_log_jsonb);

/* Quote and delimiter of the CSV: JSON has no such bytes. */
#define CSV_QUOTE     "\x01"
#define CSV_DELIMITER "\x02"

/* The table that rows go to. */
typedef struct Target
{
	Relation   table;
	AttrNumber event_column;
	bool       hexadecimal; /* the event column is of type bytea */
	AttrNumber time_column; /* 0: none that is to be filled */
	bool       time_needed; /* it is NOT NULL */
} Target;

/* The rows of one document on their way to COPY. */
typedef struct Feed
{
	const Target  *target;
	LoadOutcome   *outcome;
	MemoryContext  outer;   /* of the outcome's words */
	MemoryContext  context; /* of the piece at hand */
	LogScanner     scanner; /* of a text; next is NULL where there is none */
	LogPiece       piece;
	StringInfoData rows;  /* that were not given yet, as CSV */
	int            given; /* bytes of them that were */
} Feed;

/* COPY's callback has no argument: the feed of the innermost one. */
static Feed *Current = NULL;

/* ---------- what is no record ---------- */

/* Record what was not loaded, or not as it was. */
static void
Note(Feed *feed, const char *cause, const char *detail)
{
	EventErrorAdd(PendingCurrent(), RelationGetRelid(feed->target->table), cause, NULL, detail);
}

/* The same for what was not loaded; the first one is told to who loads. */
static void
NoteDamage(Feed *feed, const char *cause, const char *detail)
{
	if (feed->outcome->damages++ == 0)
		feed->outcome->damage = MemoryContextStrdup(feed->outer, detail);
	Note(feed, cause, detail);
}

/* "byte 71, line 2" */
static const char *
PlaceOf(Feed *feed, const char *place)
{
	if (feed->scanner.next == NULL)
		return "the document";
	return psprintf("byte " INT64_FORMAT ", line " INT64_FORMAT,
					feed->outcome->bytes + (place - feed->scanner.text) + 1,
					feed->outcome->lines + LogLinesBefore(&feed->scanner, place) + 1);
}

/* ---------- rows ---------- */

static void
AppendHexadecimal(StringInfo rows, const char *text, size_t length)
{
	appendStringInfoString(rows, "\\x");
	enlargeStringInfo(rows, length * 2);
	rows->len += hex_encode(text, length, rows->data + rows->len);
	rows->data[rows->len] = '\0';
}

/* The text of a record in one line. */
static void
AppendText(StringInfo rows, const char *text, size_t length, bool lines)
{
	int begin = rows->len;

	appendBinaryStringInfo(rows, text, length);
	for (int i = begin; lines && i < rows->len; i++)
		if (rows->data[i] == '\n' || rows->data[i] == '\r')
			rows->data[i] = ' ';
}

/* Add a row, unless it lacks a time that the table needs. */
static void
AppendRow(Feed *feed, const char *text, size_t length, bool lines, bool has_time, int64 time)
{
	const Target *target = feed->target;

	if (!has_time && target->time_needed)
	{
		NoteDamage(feed, "no_event_time",
				   psprintf("%s: the record has no time, which the table needs",
							PlaceOf(feed, feed->piece.text)));
		return;
	}
	if (target->hexadecimal)
		AppendHexadecimal(&feed->rows, text, length);
	else
		AppendText(&feed->rows, text, length, lines);
	if (target->time_column != 0)
	{
		char text[ISOTIME_TEXT_SIZE];

		/* as PostgreSQL reads it, whatever DateStyle is, with a zone or without */
		appendStringInfoString(&feed->rows, CSV_DELIMITER);
		if (has_time && IsoTimeFormatShort(time, text))
			appendStringInfoString(&feed->rows, text);
	}
	appendStringInfoChar(&feed->rows, '\n');
	feed->outcome->records++;
}

/* A record that is jsonb (a RecordFunction). */
static void
AddRecord(void *state, Jsonb *record)
{
	Feed          *feed = state;
	StringInfoData text;
	int64          time;
	bool           has_time = EventTimeWritten(&record->root, &time);

	initStringInfo(&text);
	JsonbToCString(&text, &record->root, VARSIZE(record));
	AppendRow(feed, text.data, text.len, false, has_time, time);
	pfree(text.data);
}

/* The records inside a document that is no plain record. */
static void
AddDocument(Feed *feed, Jsonb *document)
{
	Document    found = DocumentRecords(document, AddRecord, feed);
	const char *place = PlaceOf(feed, feed->piece.text);

	if (found.kind == DOCUMENT_EMPTY)
		feed->outcome->empty++;
	else if (found.kind == DOCUMENT_UNKNOWN && JB_ROOT_IS_OBJECT(document))
		NoteDamage(feed, "not_a_record",
				   psprintf("%s: the object is no CloudTrail record and holds none", place));
	else if (found.kind == DOCUMENT_UNKNOWN)
		NoteDamage(feed, "not_an_object", psprintf("%s: the value is no JSON object", place));
	else if (found.others > 0)
		NoteDamage(feed, "not_a_record",
				   psprintf("%s: values in the document that are no CloudTrail records: %d", place,
							found.others));
}

/* A piece that is not to be given as it is. */
static void
AddPiece(Feed *feed)
{
	const LogPiece *piece = &feed->piece;
	int             offset = 0;
	JsonError       error;
	Jsonb          *document;

	document = JsonParse(piece->text, piece->length, &offset, &error);
	if (document == NULL)
	{
		NoteDamage(feed, "invalid_json",
				   psprintf("%s: %s", PlaceOf(feed, piece->text + error.position - 1),
							error.message));
		return;
	}
	if (piece->care)
		Note(feed, "invalid_unicode",
			 psprintf("%s: U+FFFD stands for U+0000 or half a surrogate pair in the value",
					  PlaceOf(feed, piece->text)));
	AddDocument(feed, document);
}

/* May the piece's text go into the table as it stands, and is its time known? */
static bool
IsPlainRecord(const Feed *feed, int64 *time)
{
	const LogPiece *piece = &feed->piece;

	return piece->record && !piece->care &&
		(feed->target->time_column == 0 ||
		 (piece->time != NULL && IsoTimeParse(piece->time, piece->time_length, time)));
}

/* Find the next rows; false where the text has no more. */
static bool
NextRows(Feed *feed)
{
	resetStringInfo(&feed->rows);
	feed->given = 0;
	while (feed->rows.len == 0 && feed->scanner.next != NULL)
	{
		int64 time;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(feed->context);
		switch (LogScanNext(&feed->scanner, &feed->piece))
		{
			case LOG_END:
				return false;
			case LOG_EMPTY:
				feed->outcome->empty++;
				break;
			case LOG_DAMAGE:
				NoteDamage(feed, "invalid_json",
						   psprintf("%s: %s",
									PlaceOf(feed,
											feed->scanner.text + feed->scanner.error.position - 1),
									feed->scanner.error.message));
				break;
			case LOG_PIECE:
				if (IsPlainRecord(feed, &time))
					AppendRow(feed, feed->piece.text, feed->piece.length, feed->piece.lines, true,
							  time);
				else
					AddPiece(feed);
				break;
		}
	}
	return feed->rows.len > 0;
}

/* COPY's callback (copy_data_source_cb): fill its buffer. */
static int
GiveRows(void *buffer, int least, int most)
{
	Feed         *feed = Current;
	MemoryContext old = MemoryContextSwitchTo(feed->context);
	int           filled = 0;

	while (filled < most && (feed->given < feed->rows.len || NextRows(feed)))
	{
		int size = Min(most - filled, feed->rows.len - feed->given);

		memcpy((char *) buffer + filled, feed->rows.data + feed->given, size);
		feed->given += size;
		filled += size;
	}
	MemoryContextSwitchTo(old);
	return filled;
}

/* ---------- the table ---------- */

/*
 * CheckRights
 *		May the current user insert into some column of the table?  Asked before the
 *		table is locked: who has no right to it must not be able to.
 */
static void
CheckRights(Oid table)
{
	Oid user = GetUserId();

	if (!DatumGetBool(DirectFunctionCall2(has_schema_privilege_id,
										  ObjectIdGetDatum(get_rel_namespace(table)),
										  PointerGetDatum(cstring_to_text("USAGE")))))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA,
					   get_namespace_name(get_rel_namespace(table)));
	if (pg_class_aclcheck(table, user, ACL_INSERT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(table, user, ACL_INSERT, ACLMASK_ANY) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(table));
}

/* The same for a column that will be inserted. */
static void
CheckColumn(Oid table, AttrNumber column)
{
	if (pg_class_aclcheck(table, GetUserId(), ACL_INSERT) != ACLCHECK_OK &&
		pg_attribute_aclcheck(table, column, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(table));
}

/* The time column by which the table is partitioned, or 0. */
static AttrNumber
PartitionTime(Relation table)
{
	PartitionKey key;

	if (table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return 0;
	key = RelationGetPartitionKey(table);
	if (key->strategy != PARTITION_STRATEGY_RANGE || key->partnatts != 1 ||
		(key->parttypid[0] != TIMESTAMPTZOID && key->parttypid[0] != TIMESTAMPOID))
		return 0;
	return key->partattrs[0];
}

/* The watch's time column is filled, or else the one by which the table is partitioned. */
static void
SetTimeColumn(Target *target, const Watch *watch)
{
	AttrNumber number = watch->time_column != 0 ? watch->time_column : PartitionTime(target->table);
	Form_pg_attribute column;

	if (number == 0)
		return;
	column = TupleDescAttr(RelationGetDescr(target->table), number - 1);
	if (column->attgenerated != '\0')
		return;
	CheckColumn(RelationGetRelid(target->table), number);
	target->time_column = number;
	target->time_needed = column->attnotnull;
}

/* Open the table and find out which columns are to be filled. */
static void
OpenTarget(Target *target, Oid table)
{
	Watch watch;

	memset(target, 0, sizeof(Target));
	if (get_rel_relkind(table) == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("there is no table with OID %u", table)));
	CheckRights(table);
	target->table = table_open(table, RowExclusiveLock);
	if (!target->table->rd_islocaltemp)
		PreventCommandIfReadOnly("newterm.load_log");
	if (!WatchOf(target->table, &watch))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not watched", RelationGetRelationName(target->table)),
				 errhint("Watch it with newterm.watch('%s').",
						 RelationGetRelationName(target->table))));
	if (check_enable_rls(table, InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("load_log cannot insert into a table with row-level security"),
				 errhint("Use INSERT statements.")));
	if (watch.event_column == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("load_log needs a table with one column for the event, and \"%s\" has several",
						RelationGetRelationName(target->table)),
				 errhint("newterm.create_log_table() makes one.")));
	CheckColumn(table, watch.event_column);
	target->event_column = watch.event_column;
	target->hexadecimal = watch.event_type == BYTEAOID;
	SetTimeColumn(target, &watch);
}

static Node *
ColumnName(const Target *target, AttrNumber column)
{
	return (Node *)
		makeString(NameStr(TupleDescAttr(RelationGetDescr(target->table), column - 1)->attname));
}

static DefElem *
Option(char *name, char *value)
{
	return makeDefElem(name, (Node *) makeString(value), -1);
}

/* Have COPY insert the rows of a feed; returns how many it did. */
static uint64
CopyRows(const Target *target)
{
	ParseState   *state = make_parsestate(NULL);
	List         *columns = list_make1(ColumnName(target, target->event_column));
	List         *options = list_make4(Option("format", "csv"), Option("quote", CSV_QUOTE),
									   Option("delimiter", CSV_DELIMITER), Option("encoding", "UTF8"));
	CopyFromState copy;
	uint64        rows;

	if (target->time_column != 0)
		columns = lappend(columns, ColumnName(target, target->time_column));
	(void) addRangeTableEntryForRelation(state, target->table, RowExclusiveLock, NULL, false,
										 false);
	copy = BeginCopyFrom(state, target->table, NULL, NULL, false, GiveRows, columns, options);
	rows = CopyFrom(copy);
	EndCopyFrom(copy);
	free_parsestate(state);
	CommandCounterIncrement();
	return rows;
}

void
LoadTell(const LoadOutcome *outcome, const char *hint)
{
	if (outcome->records == 0 && outcome->damages > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("there are no CloudTrail records in this: %s", outcome->damage),
				 hint == NULL ? 0 : errhint("%s", hint)));
	if (outcome->empty > 0 || outcome->records == 0)
		ereport(NOTICE,
				(errmsg_plural("skipped %lld document without records",
							   "skipped %lld documents without records", Max(outcome->empty, 1),
							   (long long) Max(outcome->empty, 1))));
	if (outcome->damages > 0)
		ereport(WARNING,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("the log is damaged: %s", outcome->damage),
				 errdetail_plural("%lld record was loaded.", "%lld records were loaded.",
								  outcome->records, (long long) outcome->records),
				 errhint("newterm.event_errors tells what was not loaded.")));
}

/* Insert the rows of a feed whose document is set. */
static void
Load(Feed *feed)
{
	Feed *outer = Current;

	PG_TRY();
	{
		Current = feed;
		feed->outcome->rows += CopyRows(feed->target);
	}
	PG_FINALLY();
	{
		Current = outer;
	}
	PG_END_TRY();
	table_close(feed->target->table, NoLock);
}

static Feed *
MakeFeed(const Target *target, LoadOutcome *outcome)
{
	Feed *feed = palloc0(sizeof(Feed));

	feed->target = target;
	feed->outcome = outcome;
	feed->outer = CurrentMemoryContext;
	feed->context = AllocSetContextCreate(CurrentMemoryContext, "newterm log",
										  ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&feed->rows);
	return feed;
}

void
LoadLog(Oid table, const char *data, size_t length, LoadOutcome *outcome)
{
	Target   target;
	Feed    *feed;
	GzipText gzip = {0};

	OpenTarget(&target, table);
	feed = MakeFeed(&target, outcome);
	if (IsGzip(data, length))
		gzip = GzipRead(data, length);
	else
	{
		gzip.length = length;
		gzip.text = palloc(length + 1);
		memcpy(gzip.text, data, length);
		gzip.text[length] = '\0';
	}
	LogScanBegin(&feed->scanner, gzip.text, gzip.length);
	if (gzip.damage != NULL)
		NoteDamage(feed, "invalid_json",
				   psprintf("compressed byte %zu: %s", gzip.position, gzip.damage));
	Load(feed);
	outcome->bytes += gzip.length;
	outcome->lines += LogLinesBefore(&feed->scanner, feed->scanner.end);
	pfree(gzip.text);
	MemoryContextDelete(feed->context);
}

Oid
LogTable(void)
{
	Oid  table;
	bool isnull;

	if (LogTableSetting != NULL && LogTableSetting[0] != '\0')
		return DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(LogTableSetting)));
	SPI_connect();
	if (SPI_execute("SELECT newterm.only_watched_table()", true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "newterm.only_watched_table() gave no table");
	table =
		DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return table;
}

/* The table that a function was given, or the one that it can only mean. */
static Oid
TableArgument(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(1) ? LogTable() : PG_GETARG_OID(1);
}

/*
 * newterm.load_log(document text | bytea | jsonb, events regclass) returns bigint
 *		Insert the records of a log file as the caller, who needs INSERT on the
 *		table.  Returns how many rows there were; NULL for no document.
 */
Datum
newterm_load_log(PG_FUNCTION_ARGS)
{
	LoadOutcome     outcome = {0};
	struct varlena *document;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	document = PG_GETARG_VARLENA_PP(0);
	LoadLog(TableArgument(fcinfo), VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document), &outcome);
	LoadTell(&outcome, NULL);
	PG_RETURN_INT64(outcome.rows);
}

Datum
newterm_load_log_jsonb(PG_FUNCTION_ARGS)
{
	LoadOutcome outcome = {0};
	Target      target;
	Feed       *feed;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	OpenTarget(&target, TableArgument(fcinfo));
	feed = MakeFeed(&target, &outcome);
	AddDocument(feed, PG_GETARG_JSONB_P(0));
	Load(feed);
	LoadTell(&outcome, NULL);
	PG_RETURN_INT64(outcome.rows);
}
