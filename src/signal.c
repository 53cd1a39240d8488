/*
 * signal.c
 *	  Detections and signals: rendering, storing, announcing.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "commands/sequence.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "jsonbtext.h"
#include "newterm.h"
#include "postpone.h"
#include "query.h"
#include "signal.h"
#include "template.h"

/* Columns of newterm.detection_log. */
enum
{
	DETECTION_ID = 1,
	DETECTION_VERSION_ID,
	DETECTION_RULE,
	DETECTION_DIGEST,
	DETECTION_ENTITY,
	DETECTION_TERM,
	DETECTION_FIRST_SEEN,
	DETECTION_EVENT_ID,
	DETECTION_STATUS,
	DETECTION_ORIGIN,
	DETECTION_SIGNAL_ID,
	DETECTION_SUPPRESSION,
	DETECTION_COLUMNS = DETECTION_SUPPRESSION
};

/* NOTIFY takes payloads shorter than this; async.c has the same limit. */
#define PAYLOAD_LIMIT	(BLCKSZ - NAMEDATALEN - 128)

/* Titles are cut after so many bytes: terms may be of any length. */
#define TITLE_LIMIT		500

/* The queue is not filled by us beyond this share of it. */
#define QUEUE_LIMIT		0.9

static const char *
OriginName(Origin origin)
{
	return origin == ORIGIN_LIVE ? "live" : "backfill";
}

/* Entity and term of a subject as the objects that users see. */
static Jsonb *
EntityObject(const Subject *subject)
{
	return TermObject(subject->entity_values, subject->rule->texts,
					  subject->rule->shape.nentity);
}

static Jsonb *
SubjectTermObject(const Subject *subject)
{
	int			nentity = subject->rule->shape.nentity;

	return TermObject(subject->term_values, subject->rule->texts + nentity,
					  subject->rule->shape.ncolumns - nentity);
}

static Datum
OptionalText(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* ---------- notifications ---------- */

/* Append text as a JSON string of at most `limit` bytes before escaping. */
static void
AppendShortened(StringInfo payload, const char *text, int limit, bool *shortened)
{
	if ((int) strlen(text) > limit)
		*shortened = true;
	escape_json(payload, TemplateClip(text, limit));
}

/* Append an object of values, each string or container at most `limit` bytes. */
static void
AppendObject(StringInfo payload, Jsonb *object, int limit, bool *shortened)
{
	JsonbIterator *iterator = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	bool		first = true;

	appendStringInfoChar(payload, '{');
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			if (!first)
				appendStringInfoChar(payload, ',');
			first = false;
			AppendShortened(payload,
							pnstrdup(value.val.string.val, value.val.string.len),
							limit, shortened);
			appendStringInfoChar(payload, ':');
		}
		else if (token == WJB_VALUE)
		{
			if (value.type == jbvString)
				AppendShortened(payload,
								pnstrdup(value.val.string.val, value.val.string.len),
								limit, shortened);
			else
			{
				StringInfoData text;

				initStringInfo(&text);
				if (!JsonbTextAppendJson(&text, &value))
					*shortened = true;
				if (text.len > limit)
					AppendShortened(payload, text.data, limit, shortened);
				else
					appendStringInfoString(payload, text.data);
			}
		}
	}
	appendStringInfoChar(payload, '}');
}

/* ISO 8601 in UTC, as CloudTrail writes it. */
static char *
IsoTime(int64 micros)
{
	TimestampTz time = TIMESTAMP_OF(micros);
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		return pstrdup("");
	if (fsec == 0)
		return psprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year, tm.tm_mon,
						tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year, tm.tm_mon,
					tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int) fsec);
}

/*
 * Announce
 *		Build a signal's payload, with values as long as fit, and keep it for
 *		the end of the transaction.
 */
static void
Announce(SignalWriter *writer, const Subject *subject, const char *kind,
		 int64 signal, const char *title, int64 first_seen, const char *event_id,
		 const char *reason)
{
	Jsonb	   *entity = EntityObject(subject);
	Jsonb	   *term = SubjectTermObject(subject);

	if (writer->origin != ORIGIN_LIVE ||
		writer->nannounced++ >= MaxNotificationsSetting)
		return;
	for (int limit = 2048;; limit /= 2)
	{
		StringInfoData payload;
		bool		shortened = false;

		initStringInfo(&payload);
		appendStringInfo(&payload, "{\"kind\":\"%s\",\"signal\":" INT64_FORMAT ",\"rule\":",
						 kind, signal);
		AppendShortened(&payload, subject->rule->name, limit, &shortened);
		appendStringInfo(&payload, ",\"severity\":\"%s\",\"title\":",
						 subject->rule->severity);
		AppendShortened(&payload, title, limit, &shortened);
		appendStringInfoString(&payload, ",\"entity\":");
		AppendObject(&payload, entity, limit, &shortened);
		appendStringInfoString(&payload, ",\"term\":");
		AppendObject(&payload, term, limit, &shortened);
		appendStringInfo(&payload, ",\"event_time\":\"%s\",\"event_id\":",
						 IsoTime(first_seen));
		if (event_id == NULL)
			appendStringInfoString(&payload, "null");
		else
			AppendShortened(&payload, event_id, limit, &shortened);
		if (reason != NULL)
		{
			appendStringInfoString(&payload, ",\"reason\":");
			escape_json(&payload, reason);
		}
		if (shortened)
			appendStringInfoString(&payload, ",\"shortened\":true");
		appendStringInfoChar(&payload, '}');
		if (payload.len < PAYLOAD_LIMIT || limit <= 16)
		{
			MemoryContext old = MemoryContextSwitchTo(writer->context);

			writer->payloads = lappend(writer->payloads, pstrdup(payload.data));
			MemoryContextSwitchTo(old);
			return;
		}
		pfree(payload.data);
	}
}

/* Bytes that payloads take in the queue: each with its entry's head. */
static int64
QueueBytes(List *payloads)
{
	int64		bytes = 0;
	ListCell   *cell;

	foreach(cell, payloads)
		bytes += strlen(lfirst(cell)) + 64;
	return bytes;
}

void
SignalsNotify(const SignalWriter *writer)
{
	double		used;
	ListCell   *cell;

	if (writer->nannounced == 0)
		return;
	used = DatumGetFloat8(DirectFunctionCall1(pg_notification_queue_usage, (Datum) 0));
	used += (double) QueueBytes(writer->payloads) / CompatNotifyQueueBytes;
	if (used > QUEUE_LIMIT)
	{
		ereport(WARNING,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("newterm sent no notifications of " INT64_FORMAT " signals: the NOTIFY queue would be %.0f%% full",
						writer->nannounced, used * 100),
				 errhint("The signals are in newterm.signals. A session that listens inside a long transaction keeps the queue full.")));
		return;
	}
	foreach(cell, writer->payloads)
		Async_Notify("newterm", lfirst(cell));
	if (writer->nannounced > list_length(writer->payloads))
		Async_Notify("newterm",
					 psprintf("{\"kind\":\"more\",\"signals\":" INT64_FORMAT "}",
							  writer->nannounced - list_length(writer->payloads)));
}

/* ---------- signals ---------- */

static const char InsertSignal[] =
"INSERT INTO newterm.signals (id, rule, rule_version, severity, title, message, tags,"
" entity, term, terms, detections, first_seen, last_seen, event_id, event, origin)"
" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, pg_catalog.jsonb_build_array($9), 1,"
" $10, $10, $11, $12, $13)";

void
SignalDetect(SignalWriter *writer, const Subject *subject, int64 first_seen,
			 Jsonb *event)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[] = {INT8OID, TEXTOID, INT4OID, TEXTOID, TEXTOID, TEXTOID,
		TEXTARRAYOID, JSONBOID, JSONBOID, TIMESTAMPTZOID, TEXTOID, JSONBOID, TEXTOID};
	Datum		values[lengthof(types)];
	char		nulls[lengthof(types) + 1];
	Datum		row[DETECTION_COLUMNS] = {0};
	bool		row_nulls[DETECTION_COLUMNS] = {0};
	Rule	   *rule = subject->rule;
	int64		signal = nextval_internal(writer->oids->signal_sequence, false);
	char	   *event_id = event == NULL ? NULL : EventIdentity(&event->root);
	const char *title;
	TemplateValues given;

	given.rule = rule;
	given.set = writer->set;
	given.entity = EntityObject(subject);
	given.term = SubjectTermObject(subject);
	given.event = event;
	title = TemplateClip(rule->title != NULL ? TemplateRender(rule->title, &given) :
						 TemplateDefaultTitle(&given), TITLE_LIMIT);

	memset(nulls, ' ', lengthof(types));
	nulls[lengthof(types)] = '\0';
	values[0] = Int64GetDatum(signal);
	values[1] = CStringGetTextDatum(rule->name);
	values[2] = Int32GetDatum(rule->version);
	values[3] = CStringGetTextDatum(rule->severity);
	values[4] = CStringGetTextDatum(title);
	if (rule->message != NULL)
		values[5] = CStringGetTextDatum(TemplateRender(rule->message, &given));
	else
		nulls[5] = 'n';
	values[6] = rule->tags;
	values[7] = JsonbPGetDatum(given.entity);
	values[8] = JsonbPGetDatum(given.term);
	values[9] = TimestampTzGetDatum(TIMESTAMP_OF(first_seen));
	if (event_id != NULL)
		values[10] = CStringGetTextDatum(event_id);
	else
		nulls[10] = 'n';
	if (event != NULL)
		values[11] = JsonbPGetDatum(event);
	else
		nulls[11] = 'n';
	values[12] = CStringGetTextDatum(OriginName(writer->origin));
	ExecuteLatest(&plan, InsertSignal, lengthof(types), types, values, nulls);

	row[DETECTION_ID - 1] =
		Int64GetDatum(nextval_internal(writer->oids->detection_sequence, false));
	row[DETECTION_VERSION_ID - 1] = Int32GetDatum(rule->version_id);
	row[DETECTION_RULE - 1] = values[1];
	row[DETECTION_DIGEST - 1] = PointerGetDatum(subject->term);
	row[DETECTION_ENTITY - 1] = values[7];
	row[DETECTION_TERM - 1] = values[8];
	row[DETECTION_FIRST_SEEN - 1] = values[9];
	row[DETECTION_EVENT_ID - 1] = OptionalText(event_id, &row_nulls[DETECTION_EVENT_ID - 1]);
	row[DETECTION_STATUS - 1] = CStringGetTextDatum("live");
	row[DETECTION_ORIGIN - 1] = values[12];
	row[DETECTION_SIGNAL_ID - 1] = values[0];
	row_nulls[DETECTION_SUPPRESSION - 1] = true;
	StoreInsert(&writer->detections, DETECTION_COLUMNS, row, row_nulls);

	Announce(writer, subject, "new", signal, title, first_seen, event_id, NULL);
}

/*
 * FindDetection
 *		The live detection of the term that starts at first_seen: a copy of its
 *		row and the number of its signal.
 */
static HeapTuple
FindDetection(SignalWriter *writer, const Subject *subject, int64 first_seen,
			  int64 *signal)
{
	TupleTableSlot *slot;
	HeapTuple	tuple = NULL;

	StoreFindDigest(&writer->detections, subject->term);
	while (StoreNext(&writer->detections, &slot))
	{
		bool		isnull;
		Datum		time = SlotColumn(slot, DETECTION_FIRST_SEEN, &isnull);
		char	   *status = TextDatumGetCString(SlotColumn(slot, DETECTION_STATUS, &isnull));

		if (DatumGetTimestampTz(time) == TIMESTAMP_OF(first_seen) &&
			strcmp(status, "live") == 0)
		{
			*signal = DatumGetInt64(SlotColumn(slot, DETECTION_SIGNAL_ID, &isnull));
			if (isnull)
				*signal = 0;
			tuple = ExecCopySlotHeapTuple(slot);
		}
	}
	return tuple;
}

/* What became of looking for a signal's row. */
typedef enum Found
{
	FOUND_LOCKED,				/* by us, so that it can be changed */
	FOUND_BUSY,					/* somebody else holds a lock on it */
	FOUND_NOTHING				/* it is gone */
} Found;

/* The title of a signal; empty where its row is gone. */
static char *
SignalTitle(const ExtensionOids *oids, int64 signal)
{
	Store		signals;
	const Oid	equality = F_INT8EQ;
	const Datum key = Int64GetDatum(signal);
	TupleTableSlot *slot;
	char	   *title = "";

	StoreOpen(&signals, oids->signals, oids->signals_key);
	StoreFind(&signals, 1, &equality, &key);
	while (StoreNext(&signals, &slot))
	{
		bool		isnull;
		int			column = SPI_fnumber(RelationGetDescr(signals.table), "title");

		title = TextDatumGetCString(SlotColumn(slot, column, &isnull));
	}
	StoreClose(&signals);
	return title;
}

/*
 * LockSignal
 *		Lock a signal's newest row without waiting; *row is a copy of it.
 */
static Found
LockSignal(Store *signals, int64 signal, HeapTuple *row)
{
	const Oid	equality = F_INT8EQ;
	const Datum key = Int64GetDatum(signal);
	TupleTableSlot *slot;

	for (;;)
	{
		ItemPointerData tid;
		TM_FailureData failure;
		TM_Result	result;

		StoreFind(signals, 1, &equality, &key);
		if (!StoreNext(signals, &slot))
			return FOUND_NOTHING;
		tid = slot->tts_tid;
		CommandCounterIncrement();
		result = table_tuple_lock(signals->table, &tid, SnapshotSelf, signals->found,
								  GetCurrentCommandId(true), LockTupleNoKeyExclusive,
								  LockWaitSkip, 0, &failure);
		if (result == TM_WouldBlock)
			return FOUND_BUSY;
		if (result == TM_Ok)
		{
			*row = ExecCopySlotHeapTuple(signals->found);
			return FOUND_LOCKED;
		}
		/* changed since we looked: once more */
	}
}

/* Columns of a row that is to be changed, by their names. */
typedef struct RowChange
{
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;
	bool	   *replace;
} RowChange;

static void
SetColumn(RowChange *row, const char *column, Datum value, bool isnull)
{
	int			number = SPI_fnumber(row->desc, column) - 1;

	row->values[number] = value;
	row->nulls[number] = isnull;
	row->replace[number] = true;
}

/*
 * SignalApply
 *		Without SQL: an UPDATE would leave predicate locks on the signals' pages,
 *		over which serializable loaders would fail each other.
 */
bool
SignalApply(const ExtensionOids *oids, const SignalChange *change)
{
	Store		signals;
	HeapTuple	tuple;
	Found		found;

	StoreOpen(&signals, oids->signals, oids->signals_key);
	found = LockSignal(&signals, change->signal, &tuple);
	if (found == FOUND_LOCKED)
	{
		TupleDesc	desc = RelationGetDescr(signals.table);
		Datum		now = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
		RowChange	row;

		row.desc = desc;
		row.values = palloc0(sizeof(Datum) * desc->natts);
		row.nulls = palloc0(sizeof(bool) * desc->natts);
		row.replace = palloc0(sizeof(bool) * desc->natts);
		SetColumn(&row, "change_reason", CStringGetTextDatum(change->reason), false);
		SetColumn(&row, "updated_at", now, false);
		if (change->retracted)
			SetColumn(&row, "retracted_at", now, false);
		else
		{
			Datum		first_seen = TimestampTzGetDatum(TIMESTAMP_OF(change->first_seen));
			char	   *identity = change->event == NULL ? NULL :
				EventIdentity(&change->event->root);
			bool		no_identity;
			Datum		event_id = OptionalText(identity, &no_identity);

			SetColumn(&row, "first_seen", first_seen, false);
			SetColumn(&row, "last_seen", first_seen, false);
			SetColumn(&row, "event_id", event_id, no_identity);
			SetColumn(&row, "event", PointerGetDatum(change->event), change->event == NULL);
		}
		StoreUpdate(&signals, tuple, desc->natts, row.values, row.nulls, row.replace);
	}
	StoreClose(&signals);
	return found != FOUND_BUSY;
}

/* Make the change now, or leave it to a later merge; announce it either way. */
static void
Change(SignalWriter *writer, const Subject *subject, const SignalChange *change,
	   int64 event_time, const char *event_id)
{
	if (!SignalApply(writer->oids, change))
		PostponeSignalChange(writer->oids, change);
	Announce(writer, subject, change->retracted ? "retract" : "amend",
			 change->signal, SignalTitle(writer->oids, change->signal),
			 event_time, event_id, change->reason);
}

void
SignalAmend(SignalWriter *writer, const Subject *subject, int64 before,
			int64 first_seen, Jsonb *event)
{
	Datum		row[DETECTION_COLUMNS] = {0};
	bool		row_nulls[DETECTION_COLUMNS] = {0};
	bool		replace[DETECTION_COLUMNS] = {0};
	char	   *event_id = event == NULL ? NULL : EventIdentity(&event->root);
	SignalChange change = {.first_seen = first_seen,.event = event};
	HeapTuple	detection = FindDetection(writer, subject, before, &change.signal);

	if (detection == NULL)
		return;					/* unlearned, or deleted by hand */
	row[DETECTION_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(first_seen));
	row[DETECTION_EVENT_ID - 1] = OptionalText(event_id, &row_nulls[DETECTION_EVENT_ID - 1]);
	replace[DETECTION_FIRST_SEEN - 1] = true;
	replace[DETECTION_EVENT_ID - 1] = true;
	StoreUpdate(&writer->detections, detection, DETECTION_COLUMNS, row, row_nulls,
				replace);

	change.reason = psprintf("a late event shows an earlier start: %s instead of %s",
							 IsoTime(first_seen), IsoTime(before));
	Change(writer, subject, &change, first_seen, event_id);
}

void
SignalRetract(SignalWriter *writer, const Subject *subject, int64 before,
			  int64 first_seen, bool learned)
{
	Datum		row[DETECTION_COLUMNS] = {0};
	bool		row_nulls[DETECTION_COLUMNS] = {0};
	bool		replace[DETECTION_COLUMNS] = {0};
	SignalChange change = {.retracted = true};
	HeapTuple	detection = FindDetection(writer, subject, before, &change.signal);
	Datum		event_id;
	bool		no_event_id;

	if (detection == NULL)
		return;
	event_id = heap_getattr(detection, DETECTION_EVENT_ID,
							RelationGetDescr(writer->detections.table), &no_event_id);
	row[DETECTION_STATUS - 1] = CStringGetTextDatum("retracted");
	replace[DETECTION_STATUS - 1] = true;
	StoreUpdate(&writer->detections, detection, DETECTION_COLUMNS, row, row_nulls,
				replace);

	change.reason = psprintf(learned ?
							 "the term was learned: a run of it starts at %s, inside learning" :
							 "a late event shows that the term was known: its run starts at %s",
							 IsoTime(first_seen));
	Change(writer, subject, &change, before,
		   no_event_id ? NULL : TextDatumGetCString(event_id));
}
