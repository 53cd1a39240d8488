/*
 * signal.c
 *	  Detections and signals: rendering, storing, announcing.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "commands/sequence.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "newterm.h"
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
					  subject->rule->shape->nentity);
}

static Jsonb *
SubjectTermObject(const Subject *subject)
{
	int			nentity = subject->rule->shape->nentity;

	return TermObject(subject->term_values, subject->rule->texts + nentity,
					  subject->rule->shape->ncolumns - nentity);
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
	int			length = strlen(text);

	if (length > limit)
	{
		length = pg_mbcliplen(text, length, limit);
		text = psprintf("%.*s…", length, text);
		*shortened = true;
	}
	escape_json(payload, text);
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
				Jsonb	   *single = JsonbValueToJsonb(&value);

				initStringInfo(&text);
				JsonbToCString(&text, &single->root, VARSIZE(single));
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

	if (writer->origin != ORIGIN_LIVE)
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

void
SignalsNotify(List *payloads)
{
	int			sent = 0;
	double		used;
	ListCell   *cell;

	if (payloads == NIL)
		return;
	used = DatumGetFloat8(DirectFunctionCall1(pg_notification_queue_usage, (Datum) 0));
	if (used > QUEUE_LIMIT)
	{
		ereport(WARNING,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("newterm sent no notifications for %d signals: the NOTIFY queue is %.0f%% full",
						list_length(payloads), used * 100),
				 errhint("The signals are in newterm.signals. A session that listens inside a long transaction keeps the queue full.")));
		return;
	}
	foreach(cell, payloads)
	{
		if (sent++ == MaxNotificationsSetting)
		{
			Async_Notify("newterm",
						 psprintf("{\"kind\":\"more\",\"signals\":%d}",
								  list_length(payloads) - MaxNotificationsSetting));
			break;
		}
		Async_Notify("newterm", lfirst(cell));
	}
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
	char	   *title;
	TemplateValues given;

	given.rule = rule;
	given.set = writer->set;
	given.entity = EntityObject(subject);
	given.term = SubjectTermObject(subject);
	given.event = event;
	title = rule->title != NULL ? TemplateRender(rule->title, &given) :
		TemplateDefaultTitle(&given);

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
	StoreInsert(&writer->detections, row, row_nulls);

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

/* The place of a signal's row and its title; false where it is gone. */
static bool
FindSignal(SignalWriter *writer, int64 signal, ItemPointer tid, char **title)
{
	Store		signals;
	const Oid	equality = F_INT8EQ;
	const Datum key = Int64GetDatum(signal);
	TupleTableSlot *slot;
	bool		found = false;

	StoreOpen(&signals, writer->oids->signals, writer->oids->signals_key);
	StoreFind(&signals, 1, &equality, &key);
	while (StoreNext(&signals, &slot))
	{
		bool		isnull;
		int			column = SPI_fnumber(RelationGetDescr(signals.table), "title");

		*tid = slot->tts_tid;
		*title = TextDatumGetCString(SlotColumn(slot, column, &isnull));
		found = true;
	}
	StoreClose(&signals);
	return found;
}

void
SignalAmend(SignalWriter *writer, const Subject *subject, int64 before,
			int64 first_seen, Jsonb *event)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[] = {TIDOID, TIMESTAMPTZOID, TEXTOID, JSONBOID, TEXTOID};
	Datum		values[lengthof(types)];
	char		nulls[lengthof(types) + 1] = "     ";
	Datum		row[DETECTION_COLUMNS] = {0};
	bool		row_nulls[DETECTION_COLUMNS] = {0};
	bool		replace[DETECTION_COLUMNS] = {0};
	char	   *event_id = event == NULL ? NULL : EventIdentity(&event->root);
	char	   *reason;
	char	   *title;
	int64		signal;
	ItemPointerData tid;
	HeapTuple	detection = FindDetection(writer, subject, before, &signal);

	if (detection == NULL)
		return;					/* unlearned, or dropped by hand */
	row[DETECTION_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(first_seen));
	row[DETECTION_EVENT_ID - 1] = OptionalText(event_id, &row_nulls[DETECTION_EVENT_ID - 1]);
	replace[DETECTION_FIRST_SEEN - 1] = true;
	replace[DETECTION_EVENT_ID - 1] = true;
	StoreUpdate(&writer->detections, detection, row, row_nulls, replace);

	if (!FindSignal(writer, signal, &tid, &title))
		return;
	reason = psprintf("a late event shows an earlier start: %s instead of %s",
					  IsoTime(first_seen), IsoTime(before));
	values[0] = PointerGetDatum(&tid);
	values[1] = row[DETECTION_FIRST_SEEN - 1];
	values[2] = row[DETECTION_EVENT_ID - 1];
	nulls[2] = event_id == NULL ? 'n' : ' ';
	values[3] = event == NULL ? (Datum) 0 : JsonbPGetDatum(event);
	nulls[3] = event == NULL ? 'n' : ' ';
	values[4] = CStringGetTextDatum(reason);
	ExecuteLatest(&plan,
				  "UPDATE newterm.signals SET first_seen = $2, last_seen = $2,"
				  " event_id = $3, event = $4, change_reason = $5,"
				  " updated_at = pg_catalog.now()"
				  " WHERE ctid OPERATOR(pg_catalog.=) $1",
				  lengthof(types), types, values, nulls);
	Announce(writer, subject, "amend", signal, title, first_seen, event_id, reason);
}

void
SignalRetract(SignalWriter *writer, const Subject *subject, int64 before,
			  int64 first_seen, bool learned)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[] = {TIDOID, TEXTOID};
	Datum		values[lengthof(types)];
	Datum		row[DETECTION_COLUMNS] = {0};
	bool		row_nulls[DETECTION_COLUMNS] = {0};
	bool		replace[DETECTION_COLUMNS] = {0};
	bool		isnull;
	char	   *reason;
	char	   *title;
	char	   *event_id = NULL;
	int64		signal;
	ItemPointerData tid;
	HeapTuple	detection = FindDetection(writer, subject, before, &signal);
	Datum		value;

	if (detection == NULL)
		return;
	value = heap_getattr(detection, DETECTION_EVENT_ID,
						 RelationGetDescr(writer->detections.table), &isnull);
	if (!isnull)
		event_id = TextDatumGetCString(value);
	row[DETECTION_STATUS - 1] = CStringGetTextDatum("retracted");
	replace[DETECTION_STATUS - 1] = true;
	StoreUpdate(&writer->detections, detection, row, row_nulls, replace);

	if (!FindSignal(writer, signal, &tid, &title))
		return;
	if (learned)
		reason = psprintf("the term was learned: a run of it starts at %s, inside learning",
						  IsoTime(first_seen));
	else
		reason = psprintf("a late event shows that the term was known: its run starts at %s",
						  IsoTime(first_seen));
	values[0] = PointerGetDatum(&tid);
	values[1] = CStringGetTextDatum(reason);
	ExecuteLatest(&plan,
				  "UPDATE newterm.signals SET retracted_at = pg_catalog.now(),"
				  " change_reason = $2, updated_at = pg_catalog.now()"
				  " WHERE ctid OPERATOR(pg_catalog.=) $1",
				  lengthof(types), types, values, "  ");
	Announce(writer, subject, "retract", signal, title, before, event_id, reason);
}
