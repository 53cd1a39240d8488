/*
 * load_log.c
 *	  newterm.load_log: the records of log files into a watched table.
 *
 * A scanner splits the text into records, and PostgreSQL's COPY inserts them: it inserts many rows
 * at once, where INSERT does one by one, routes rows to partitions and fires triggers.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/copy.h"
#include "commands/copyfrom_internal.h"
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

/*
 * COPY reads lines of CSV, each of which stands for a row: this character for the event, which
 * ReadEvent returns, and the time.  With events themselves in the lines, which COPY copies twice
 * and searches for line ends and quotes, load_log took 1.45 times the CPU time of COPY; it takes
 * 0.99 times (docs/experiments.md).
 */
#define LINE_EVENT 'e'
#define LINE_SIZE  (ISOTIME_TEXT_SIZE + 3)

/* The table that rows go to. */
typedef struct Target
{
	Relation   table;
	AttrNumber event_column;
	bool       is_jsonb;    /* its type is jsonb, which needs no checks as a domain does */
	bool       hexadecimal; /* its type is bytea, or a domain over it */
	AttrNumber time_column; /* 0: none that is to be filled */
	bool       time_needed; /* it is NOT NULL */
} Target;

/* A record on its way into the table, as text or as jsonb. */
typedef struct Row
{
	char  *text; /* inside a larger text; NULL: see record */
	size_t length;
	Jsonb *record;
	bool   has_time;
	int64  time;
} Row;

/* The rows of one document on their way to COPY. */
typedef struct Feed
{
	const Target *target;
	LoadOutcome  *outcome;
	MemoryContext outer;   /* holds the outcome's message, and rows */
	MemoryContext context; /* reset with each piece */
	LogScanner    scanner; /* of a text; next is NULL where there is none */
	LogPiece      piece;
	Row          *rows; /* of the piece at hand */
	int           nrows;
	int           room;  /* for so many rows */
	int           given; /* so many of them have a line at COPY */
	int           read;  /* so many of them have been read */
	CopyFromState copy;
	FmgrInfo      input; /* of the event column's type */
} Feed;

/* COPY's callback has no argument: the feed of the innermost one. */
static Feed *Current = NULL;

/* ---------- damage ---------- */

/* Record in newterm.event_errors what was not loaded, or was changed. */
static void
Note(Feed *feed, const char *cause, const char *detail)
{
	EventErrorAdd(PendingCurrent(), RelationGetRelid(feed->target->table), cause, NULL, detail);
}

/* Record what was not loaded, and keep the first message for the user. */
static void
NoteDamage(Feed *feed, const char *cause, const char *detail)
{
	if (feed->outcome->damages++ == 0)
		feed->outcome->damage = MemoryContextStrdup(feed->outer, detail);
	Note(feed, cause, detail);
}

/* The place as text: "byte 71, line 2". */
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

/* Add a row, unless it lacks a time that the table needs. */
static void
AddRow(Feed *feed, const Row *row)
{
	if (!row->has_time && feed->target->time_needed)
	{
		NoteDamage(feed, "no_event_time",
				   psprintf("%s: the record has no time, which the table needs",
							PlaceOf(feed, feed->piece.text)));
		return;
	}
	if (feed->nrows == feed->room)
	{
		feed->room *= 2;
		feed->rows = repalloc(feed->rows, sizeof(Row) * feed->room);
	}
	feed->rows[feed->nrows++] = *row;
	feed->outcome->records++;
}

/* Add a record of a document as a row (a RecordFunction). */
static void
AddRecord(void *state, Jsonb *record)
{
	Row row = {0};

	row.record = (Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(record));
	row.has_time = EventTimeWritten(&record->root, &row.time);
	AddRow(state, &row);
}

/* Add the records inside a document, such as an envelope. */
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

/* Parse a piece that is no plain record, and add the records in it. */
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

/* Can the piece's text go into the table unchanged?  Then fill the row. */
static bool
IsPlainRecord(const Feed *feed, Row *row)
{
	const LogPiece *piece = &feed->piece;

	if (!piece->record || piece->care)
		return false;
	row->text = unconstify(char *, piece->text);
	row->length = piece->length;
	row->has_time = piece->time != NULL &&
		IsoTimeParse(piece->time, piece->time_length, &row->time);
	return row->has_time || feed->target->time_column == 0;
}

/* Find the rows of the next piece that has any; false where the text has no more. */
static bool
NextRows(Feed *feed)
{
	feed->nrows = feed->given = feed->read = 0;
	while (feed->nrows == 0 && feed->scanner.next != NULL)
	{
		Row row = {0};

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
				if (IsPlainRecord(feed, &row))
					AddRow(feed, &row);
				else
					AddPiece(feed);
				break;
		}
	}
	return feed->nrows > 0;
}

/* ---------- COPY ---------- */

/* Write the line of CSV that stands for a row; returns its length. */
static int
WriteLine(const Target *target, const Row *row, char line[LINE_SIZE])
{
	char *end = line;

	*end++ = LINE_EVENT;
	if (target->time_column != 0)
	{
		*end++ = ',';
		/* as PostgreSQL reads it, whatever DateStyle is, with a zone or without */
		if (row->has_time && IsoTimeFormatShort(row->time, end))
			end += strlen(end);
	}
	*end++ = '\n';
	return end - line;
}

/*
 * GiveLines
 *		COPY's callback (copy_data_source_cb): lines that stand for the next rows.  It comes again
 *		only after all of them have been read.
 */
static int
GiveLines(void *buffer, int least, int most)
{
	Feed *feed = Current;
	int   filled = 0;

	Assert(feed->read == feed->given);
	if (feed->given == feed->nrows)
	{
		MemoryContext old = MemoryContextSwitchTo(feed->context);
		bool          found = NextRows(feed);

		MemoryContextSwitchTo(old);
		if (!found)
			return 0;
	}
	while (feed->given < feed->nrows && most - filled >= LINE_SIZE)
	{
		const Row *row = &feed->rows[feed->given++];

		filled += WriteLine(feed->target, row, (char *) buffer + filled);
	}
	return filled;
}

/* bytea's text form of some bytes, palloc'd. */
static char *
Hexadecimal(const char *bytes, size_t length)
{
	char *text = palloc_extended(length * 2 + 3, MCXT_ALLOC_HUGE);

	memcpy(text, "\\x", 2);
	text[2 + hex_encode(bytes, length, text + 2)] = '\0';
	return text;
}

/* The event column's value, as its type reads it from a text. */
static Datum
ReadText(Feed *feed, FunctionCallInfo fcinfo, char *text, size_t length)
{
	if (feed->target->hexadecimal)
		text = Hexadecimal(text, length);
	feed->copy->cur_attval = text; /* for messages */
	return InputFunctionCall(&feed->input, text, PG_GETARG_OID(1), PG_GETARG_INT32(2));
}

/*
 * ReadEvent
 *		Stands in for the input function of the event column's type: returns the event of the row
 *		whose line COPY is reading.
 */
static Datum
ReadEvent(PG_FUNCTION_ARGS)
{
	Feed *feed = fcinfo->flinfo->fn_extra;
	Row  *row;
	char  behind;
	Datum event;

	feed->copy->line_buf_valid = false; /* messages that showed it would help nobody */
	if (feed->read == feed->given)
		elog(ERROR, "COPY has read a row that load_log did not give");
	row = &feed->rows[feed->read++];
	if (row->text == NULL)
	{
		StringInfoData text;

		if (feed->target->is_jsonb)
			return JsonbPGetDatum(row->record);
		initStringInfo(&text);
		JsonbToCString(&text, &row->record->root, VARSIZE(row->record));
		return ReadText(feed, fcinfo, text.data, text.len);
	}
	/* input functions want a zero byte behind the text */
	behind = row->text[row->length];
	row->text[row->length] = '\0';
	event = ReadText(feed, fcinfo, row->text, row->length);
	row->text[row->length] = behind;
	return event;
}

/* Have COPY read the event column by ReadEvent. */
static void
ReplaceInput(Feed *feed)
{
	FmgrInfo *input = &feed->copy->in_functions[feed->target->event_column - 1];

	feed->input = *input;
	input->fn_addr = ReadEvent;
	input->fn_extra = feed;
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
CopyRows(Feed *feed)
{
	const Target *target = feed->target;
	ParseState   *state = make_parsestate(NULL);
	List         *columns = list_make1(ColumnName(target, target->event_column));
	List         *options = list_make2(Option("format", "csv"), Option("encoding", "UTF8"));
	uint64        rows;

	if (target->time_column != 0)
		columns = lappend(columns, ColumnName(target, target->time_column));
	(void) addRangeTableEntryForRelation(state, target->table, RowExclusiveLock, NULL, false,
										 false);
	feed->copy = BeginCopyFrom(state, target->table, NULL, NULL, false, GiveLines, columns,
							   options);
	ReplaceInput(feed);
	rows = CopyFrom(feed->copy);
	EndCopyFrom(feed->copy);
	free_parsestate(state);
	CommandCounterIncrement();
	return rows;
}

/* Insert the rows of a feed whose document is set. */
static void
Load(Feed *feed)
{
	Feed *outer = Current;

	PG_TRY();
	{
		Current = feed;
		feed->outcome->rows += CopyRows(feed);
	}
	PG_FINALLY();
	{
		Current = outer;
	}
	PG_END_TRY();
	table_close(feed->target->table, NoLock);
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

/* May the current user insert into this column? */
static void
CheckColumn(Oid table, AttrNumber column)
{
	if (pg_class_aclcheck(table, GetUserId(), ACL_INSERT) != ACLCHECK_OK &&
		pg_attribute_aclcheck(table, column, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(table));
}

/* Find the time column by which the table is partitioned, or 0. */
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

/* Choose the time column to fill: the watch's, or else the one of the partition key. */
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

/* Open the table and choose the columns to fill. */
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
	target->is_jsonb =
		TupleDescAttr(RelationGetDescr(target->table), watch.event_column - 1)->atttypid ==
		JSONBOID;
	target->hexadecimal = watch.event_type == BYTEAOID;
	SetTimeColumn(target, &watch);
}

/* ---------- loading ---------- */

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

static Feed *
MakeFeed(const Target *target, LoadOutcome *outcome)
{
	Feed *feed = palloc0(sizeof(Feed));

	feed->target = target;
	feed->outcome = outcome;
	feed->outer = CurrentMemoryContext;
	feed->context = AllocSetContextCreate(CurrentMemoryContext, "newterm log",
										  ALLOCSET_DEFAULT_SIZES);
	feed->room = 8;
	feed->rows = palloc(sizeof(Row) * feed->room);
	return feed;
}

/* Insert the records of a text as GzipRead returns it. */
static void
LoadText(const Target *target, const GzipText *text, LoadOutcome *outcome)
{
	Feed *feed = MakeFeed(target, outcome);

	LogScanBegin(&feed->scanner, text->text, text->length);
	if (text->damage != NULL)
		NoteDamage(feed, "invalid_json",
				   psprintf("compressed byte %zu: %s", text->position, text->damage));
	Load(feed);
	outcome->bytes += text->length;
	outcome->lines += LogLinesBefore(&feed->scanner, feed->scanner.end);
	MemoryContextDelete(feed->context);
	pfree(feed->rows);
	pfree(feed);
}

void
LoadLog(Oid table, char *text, size_t length, LoadOutcome *outcome)
{
	Target   target;
	GzipText plain = {text, length};

	OpenTarget(&target, table);
	LoadText(&target, &plain, outcome);
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

/* The table in a function's second argument, or the default one. */
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
	Target          target;
	GzipText        text = {0};
	struct varlena *document;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	OpenTarget(&target, TableArgument(fcinfo));
	document = PG_GETARG_VARLENA_PP(0);
	if (IsGzip(VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document)))
		text = GzipRead(VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document));
	else
	{
		text.length = VARSIZE_ANY_EXHDR(document);
		text.text = palloc_extended(text.length + 1, MCXT_ALLOC_HUGE);
		memcpy(text.text, VARDATA_ANY(document), text.length);
		text.text[text.length] = '\0';
	}
	LoadText(&target, &text, &outcome);
	pfree(text.text);
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
