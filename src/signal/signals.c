/*
 * signals.c
 *	  Detections and signals: rendering and storing.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "event/event_time.h"
#include "signal/mute.h"
#include "signal/signals.h"
#include "signal/template.h"
#include "store/extension.h"

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

/* Columns of newterm.signals that a new signal fills; the others have defaults. */
enum
{
	SIGNAL_ID,
	SIGNAL_RULE,
	SIGNAL_RULE_VERSION,
	SIGNAL_SEVERITY,
	SIGNAL_TITLE,
	SIGNAL_MESSAGE,
	SIGNAL_TAGS,
	SIGNAL_ENTITY,
	SIGNAL_TERM,
	SIGNAL_TERMS,
	SIGNAL_DETECTIONS,
	SIGNAL_FIRST_SEEN,
	SIGNAL_LAST_SEEN,
	SIGNAL_EVENT_ID,
	SIGNAL_EVENT,
	SIGNAL_ORIGIN,
	SIGNAL_CREATED_AT,
	SIGNAL_UPDATED_AT,
	SIGNAL_COLUMNS
};

static const char *const SignalColumns[SIGNAL_COLUMNS] = {
	"id", "rule", "rule_version", "severity", "title", "message", "tags", "entity",
	"term", "terms", "detections", "first_seen", "last_seen", "event_id", "event", "origin",
	"created_at", "updated_at"
};

/* The column of newterm.signals by which one is found. */
#define SIGNAL_KEY		1

/* Of a detection that has none. */
#define NO_SIGNAL		0

/* Titles are cut after so many bytes: terms may be of any length. */
#define TITLE_LIMIT		500

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

static void
InsertSignal(SignalWriter *writer, const Datum *values, const bool *nulls)
{
	TableStore	   *signals = &writer->signals;

	if (signals->table == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		TableStoreOpenFiring(signals, writer->oids->signals);
		TableStoreNameColumns(signals, SIGNAL_COLUMNS, SignalColumns);
		MemoryContextSwitchTo(old);
	}
	TableStoreInsertLater(signals, SIGNAL_COLUMNS, values, nulls);
}

/* The log of detections, which the first use opens. */
static TableStore *
Detections(SignalWriter *writer)
{
	if (writer->detections.table == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		TableStoreOpenBy(&writer->detections, writer->oids->detection_log,
						 DETECTION_DIGEST);
		MemoryContextSwitchTo(old);
	}
	return &writer->detections;
}

/* Tell of a signal, or of a change of one: to those who subscribed and those who listen. */
static void
Tell(SignalWriter *writer, const Notification *told)
{
	SignalChangeWrite(&writer->changes, told);
	NotificationAdd(&writer->notifications, told);
}

/* An array of one value. */
static Jsonb *
ArrayOf(Jsonb *value)
{
	JsonbParseState *state = NULL;
	JsonbValue	element = {.type = jbvBinary};

	element.val.binary.data = &value->root;
	element.val.binary.len = VARSIZE(value) - VARHDRSZ;
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	pushJsonbValue(&state, WJB_ELEM, &element);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

static int64
SignalOfDetection(TupleTableSlot *slot)
{
	bool		isnull;
	Datum		signal = SlotColumn(slot, DETECTION_SIGNAL_ID, &isnull);

	return isnull ? NO_SIGNAL : DatumGetInt64(signal);
}

/* Open newterm.signals and find a signal's row, or NULL; to be closed by the caller. */
static TupleTableSlot *
FindSignal(TableStore *signals, const ExtensionOids *oids, int64 signal)
{
	TupleTableSlot *slot;

	TableStoreOpenBy(signals, oids->signals, SIGNAL_KEY);
	TableStoreFind(signals, F_INT8EQ, Int64GetDatum(signal));
	return TableStoreNext(signals, &slot) ? slot : NULL;
}

/* A column of a signal's row that is never null. */
static Datum
SignalColumn(const TableStore *signals, TupleTableSlot *slot, int column)
{
	bool		isnull;

	return SlotColumn(slot, SPI_fnumber(RelationGetDescr(signals->table),
										SignalColumns[column]), &isnull);
}

/* The event of a signal that is about that start of that term alone, or NULL. */
static Jsonb *
EventOfSignal(const ExtensionOids *oids, int64 signal, int64 first_seen, Jsonb *term)
{
	TableStore	signals;
	TupleTableSlot *slot = FindSignal(&signals, oids, signal);
	Jsonb	   *event = NULL;

	if (slot != NULL &&
		DatumGetTimestampTz(SignalColumn(&signals, slot, SIGNAL_FIRST_SEEN)) ==
		TIMESTAMP_OF(first_seen) &&
		compareJsonbContainers(&DatumGetJsonbP(SignalColumn(&signals, slot, SIGNAL_TERM))->root,
							   &term->root) == 0)
		event = SlotJsonb(slot, SPI_fnumber(RelationGetDescr(signals.table),
											SignalColumns[SIGNAL_EVENT]));
	TableStoreClose(&signals);
	return event;
}

/*
 * EarlierEvent
 *		The event of a detection that there was of the same start, such as one that
 *		changed learning retracted; or NULL.
 */
static Jsonb *
EarlierEvent(SignalWriter *writer, const Subject *subject, int64 first_seen)
{
	TableStore *detections = Detections(writer);
	TupleTableSlot *slot;
	Jsonb	   *event = NULL;

	TableStoreFindDigest(detections, subject->term);
	while (event == NULL && TableStoreNext(detections, &slot))
	{
		bool		isnull;
		Datum		time = SlotColumn(slot, DETECTION_FIRST_SEEN, &isnull);

		if (DatumGetTimestampTz(time) == TIMESTAMP_OF(first_seen) &&
			SignalOfDetection(slot) != NO_SIGNAL)
			event = EventOfSignal(writer->oids, SignalOfDetection(slot), first_seen,
								  SubjectTermObject(subject));
	}
	return event;
}

/* A detection that is made. */
typedef struct Detection
{
	const Subject *subject;
	int64		first_seen;
	TemplateValues given;		/* entity, term, and the event or NULL */
	const char *event_id;		/* or NULL */
	const char *muted_by;		/* the suppression, or NULL */
} Detection;

/* What is stored of an event (or NULL) that a subject was seen in, and told. */
static Jsonb *
SampleOf(const Subject *subject, Jsonb *event)
{
	return subject->sample != NULL ? subject->sample : event;
}

static TemplateValues
ValuesOf(SignalWriter *writer, const Subject *subject, Jsonb *event)
{
	return (TemplateValues) {
		.rule = subject->rule, .set = writer->set, .entity = EntityObject(subject),
		.term = SubjectTermObject(subject), .event = event
	};
}

/* Make the signal of a detection and announce it; returns its number. */
static int64
MakeSignal(SignalWriter *writer, const Detection *detection)
{
	Datum		values[SIGNAL_COLUMNS];
	bool		nulls[SIGNAL_COLUMNS] = {0};
	const TemplateValues *given = &detection->given;
	const Rule *rule = given->rule;
	int64		signal = nextval_internal(writer->oids->signal_sequence, false);
	const char *title = TemplateClip(TemplateTitle(given), TITLE_LIMIT);

	values[SIGNAL_ID] = Int64GetDatum(signal);
	values[SIGNAL_RULE] = CStringGetTextDatum(rule->name);
	values[SIGNAL_RULE_VERSION] = Int32GetDatum(rule->version);
	values[SIGNAL_SEVERITY] = CStringGetTextDatum(rule->severity);
	values[SIGNAL_TITLE] = CStringGetTextDatum(title);
	values[SIGNAL_MESSAGE] = OptionalText(TemplateMessage(given), &nulls[SIGNAL_MESSAGE]);
	values[SIGNAL_TAGS] = rule->tags;
	values[SIGNAL_ENTITY] = JsonbPGetDatum(given->entity);
	values[SIGNAL_TERM] = JsonbPGetDatum(given->term);
	values[SIGNAL_TERMS] = JsonbPGetDatum(ArrayOf(given->term));
	values[SIGNAL_DETECTIONS] = Int32GetDatum(1);
	values[SIGNAL_FIRST_SEEN] = values[SIGNAL_LAST_SEEN] =
		TimestampTzGetDatum(TIMESTAMP_OF(detection->first_seen));
	values[SIGNAL_EVENT_ID] = OptionalText(detection->event_id, &nulls[SIGNAL_EVENT_ID]);
	values[SIGNAL_EVENT] = JsonbPGetDatum(given->event);
	nulls[SIGNAL_EVENT] = given->event == NULL;
	values[SIGNAL_ORIGIN] = CStringGetTextDatum(OriginName(writer->origin));
	values[SIGNAL_CREATED_AT] = values[SIGNAL_UPDATED_AT] =
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	InsertSignal(writer, values, nulls);

	if (writer->origin == ORIGIN_LIVE)
		Tell(writer,
			 &(Notification) {
				 .kind = "new", .signal = signal, .rule = rule, .title = title,
				 .entity = given->entity, .term = given->term,
				 .event_time = detection->first_seen, .event_id = detection->event_id
			 });
	return signal;
}

/* Enter a detection into the log, with its signal or NO_SIGNAL. */
static void
LogDetection(SignalWriter *writer, const Detection *detection, int64 signal)
{
	Datum		row[DETECTION_COLUMNS] = {0};
	bool		nulls[DETECTION_COLUMNS] = {0};
	const Subject *subject = detection->subject;

	row[DETECTION_ID - 1] =
		Int64GetDatum(nextval_internal(writer->oids->detection_sequence, false));
	row[DETECTION_VERSION_ID - 1] = Int32GetDatum(subject->rule->version_id);
	row[DETECTION_RULE - 1] = CStringGetTextDatum(subject->rule->name);
	row[DETECTION_DIGEST - 1] = PointerGetDatum(subject->term);
	row[DETECTION_ENTITY - 1] = JsonbPGetDatum(detection->given.entity);
	row[DETECTION_TERM - 1] = JsonbPGetDatum(detection->given.term);
	row[DETECTION_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(detection->first_seen));
	row[DETECTION_EVENT_ID - 1] = OptionalText(detection->event_id,
											   &nulls[DETECTION_EVENT_ID - 1]);
	row[DETECTION_STATUS - 1] = CStringGetTextDatum("live");
	row[DETECTION_ORIGIN - 1] = CStringGetTextDatum(OriginName(writer->origin));
	row[DETECTION_SIGNAL_ID - 1] = Int64GetDatum(signal);
	nulls[DETECTION_SIGNAL_ID - 1] = signal == NO_SIGNAL;
	row[DETECTION_SUPPRESSION - 1] = OptionalText(detection->muted_by,
												  &nulls[DETECTION_SUPPRESSION - 1]);
	TableStoreInsertLater(Detections(writer), DETECTION_COLUMNS, row, nulls);
}

void
SignalDetect(SignalWriter *writer, const Subject *subject, int64 first_seen,
			 Jsonb *event)
{
	Detection	detection = {.subject = subject, .first_seen = first_seen};

	if (event == NULL)
		event = EarlierEvent(writer, subject, first_seen);
	detection.given = ValuesOf(writer, subject, SampleOf(subject, event));
	detection.event_id = event == NULL ? subject->event_id : EventIdentity(&event->root);
	detection.muted_by = MutedBy(writer->set, subject, first_seen, event);
	LogDetection(writer, &detection,
				 subject->rule->silent || writer->origin == ORIGIN_BACKFILL ||
				 detection.muted_by != NULL ? NO_SIGNAL : MakeSignal(writer, &detection));
}

void
SignalsOpen(SignalWriter *writer, const ExtensionOids *oids, RuleSet *set, Origin origin,
			MemoryContext context)
{
	writer->oids = oids;
	writer->set = set;
	writer->origin = origin;
	writer->context = writer->notifications.context = context;
	/* opened by the first one: most merges make none */
	writer->detections.table = writer->signals.table = NULL;
	SignalChangesOpen(&writer->changes, oids, context);
}

void
SignalsFlush(SignalWriter *writer)
{
	if (writer->detections.table != NULL)
		TableStoreFlush(&writer->detections);
	if (writer->signals.table != NULL)
		TableStoreFlush(&writer->signals);
	SignalChangesFlush(&writer->changes);
}

void
SignalsClose(SignalWriter *writer)
{
	if (writer->detections.table != NULL)
		TableStoreClose(&writer->detections);
	if (writer->signals.table != NULL)
		TableStoreClose(&writer->signals);
	SignalChangesClose(&writer->changes);
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
	TableStore *detections = Detections(writer);
	TupleTableSlot *slot;
	HeapTuple	tuple = NULL;

	TableStoreFindDigest(detections, subject->term);
	while (TableStoreNext(detections, &slot))
	{
		bool		isnull;
		Datum		time = SlotColumn(slot, DETECTION_FIRST_SEEN, &isnull);
		char	   *status = TextDatumGetCString(SlotColumn(slot, DETECTION_STATUS, &isnull));

		if (DatumGetTimestampTz(time) == TIMESTAMP_OF(first_seen) &&
			strcmp(status, "live") == 0)
		{
			*signal = SignalOfDetection(slot);
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

/*
 * LockSignal
 *		Lock a signal's newest row without waiting; *row is a copy of it.
 */
static Found
LockSignal(TableStore *signals, int64 signal, HeapTuple *row)
{
	TupleTableSlot *slot;

	for (;;)
	{
		TM_Result	result;

		TableStoreFind(signals, F_INT8EQ, Int64GetDatum(signal));
		if (!TableStoreNext(signals, &slot))
			return FOUND_NOTHING;
		result = TableStoreLock(signals, row);
		if (result == TM_WouldBlock)
			return FOUND_BUSY;
		if (result == TM_Ok)
			return FOUND_LOCKED;
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
	TableStore		signals;
	HeapTuple	tuple;
	Found		found;

	TableStoreOpenBy(&signals, oids->signals, SIGNAL_KEY);
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
		TableStoreUpdate(&signals, tuple, desc->natts, row.values, row.nulls, row.replace);
	}
	TableStoreClose(&signals);
	return found != FOUND_BUSY;
}

/* The title of a signal, made anew where its row is gone. */
static const char *
SignalTitle(SignalWriter *writer, const Subject *subject, const SignalChange *change)
{
	char	   *title = NULL;
	TableStore	signals;
	TupleTableSlot *slot = FindSignal(&signals, writer->oids, change->signal);
	TemplateValues given;

	if (slot != NULL)
		title = TextDatumGetCString(SignalColumn(&signals, slot, SIGNAL_TITLE));
	TableStoreClose(&signals);
	if (title != NULL)
		return title;
	given = ValuesOf(writer, subject, change->event);
	return TemplateClip(TemplateTitle(&given), TITLE_LIMIT);
}

/* Is the detection one that was made as events came in? */
static bool
IsLive(const SignalWriter *writer, HeapTuple detection)
{
	bool		isnull;
	Datum		origin = heap_getattr(detection, DETECTION_ORIGIN,
									  RelationGetDescr(writer->detections.table), &isnull);

	return strcmp(TextDatumGetCString(origin), OriginName(ORIGIN_LIVE)) == 0;
}

/* Is a change of that detection's signal announced? */
static bool
IsAnnounced(const SignalWriter *writer, HeapTuple detection)
{
	return writer->origin == ORIGIN_LIVE || IsLive(writer, detection);
}

/* What is to be told of a change. */
typedef struct Changed
{
	const Subject *subject;
	HeapTuple	detection;		/* as it was */
	int64		event_time;
	const char *event_id;		/* or NULL */
} Changed;

/*
 * Make the change now, or leave it to a later merge; announce it either way.  A
 * detection of mode observe has no signal that would change.
 */
static void
Change(SignalWriter *writer, const SignalChange *change, const Changed *changed)
{
	const Subject *subject = changed->subject;

	if (change->signal == NO_SIGNAL)
		return;
	if (!SignalApply(writer->oids, change))
		SignalChangePostpone(writer->oids, change);
	if (IsAnnounced(writer, changed->detection))
		Tell(writer,
			 &(Notification) {
				 .kind = change->retracted ? "retract" : "amend",
				 .signal = change->signal, .rule = subject->rule,
				 .title = SignalTitle(writer, subject, change),
				 .entity = EntityObject(subject), .term = SubjectTermObject(subject),
				 .event_time = changed->event_time, .event_id = changed->event_id,
				 .reason = change->reason
			 });
}

void
SignalAmend(SignalWriter *writer, const Subject *subject, int64 before,
			int64 first_seen, Jsonb *event)
{
	Datum		row[DETECTION_COLUMNS] = {0};
	bool		row_nulls[DETECTION_COLUMNS] = {0};
	bool		replace[DETECTION_COLUMNS] = {0};
	char	   *event_id = event == NULL ? NULL : EventIdentity(&event->root);
	SignalChange change = {.first_seen = first_seen,.event = SampleOf(subject, event)};
	HeapTuple	detection = FindDetection(writer, subject, before, &change.signal);

	if (detection == NULL)
		return;					/* unlearned, or deleted by hand */
	row[DETECTION_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(first_seen));
	row[DETECTION_EVENT_ID - 1] = OptionalText(event_id, &row_nulls[DETECTION_EVENT_ID - 1]);
	replace[DETECTION_FIRST_SEEN - 1] = true;
	replace[DETECTION_EVENT_ID - 1] = true;
	TableStoreUpdate(&writer->detections, detection, DETECTION_COLUMNS, row, row_nulls,
				replace);

	change.reason = psprintf("a late event shows an earlier start: %s instead of %s",
							 NotificationTime(first_seen), NotificationTime(before));
	Change(writer, &change, &(Changed) {subject, detection, first_seen, event_id});
}

/* Why a detection is no more, now that its term's run starts at first_seen. */
static char *
RetractReason(const SignalWriter *writer, int64 first_seen, bool learned)
{
	const char *start = NotificationTime(first_seen);

	if (writer->reason != NULL)
		return pstrdup(writer->reason);
	if (writer->origin == ORIGIN_REDECIDED)
		return psprintf("learning was changed: the run of the term starts at %s, inside learning", start);
	return psprintf(learned ?
					"the term was learned: a run of it starts at %s, inside learning" :
					"a late event shows that the term was known: its run starts at %s",
					start);
}

/* Has somebody archived the signal? */
static bool
IsArchived(const ExtensionOids *oids, int64 signal)
{
	TableStore	signals;
	TupleTableSlot *slot = FindSignal(&signals, oids, signal);
	bool		archived = false;

	if (slot != NULL)
	{
		bool		isnull;
		Datum		status = SlotColumn(slot, SPI_fnumber(RelationGetDescr(signals.table), "status"),
										&isnull);

		archived = strcmp(TextDatumGetCString(status), "archived") == 0;
	}
	TableStoreClose(&signals);
	return archived;
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
	TableStoreUpdate(&writer->detections, detection, DETECTION_COLUMNS, row, row_nulls,
				replace);

	/* what was told of an event that happened stays as a person has judged it */
	if (writer->signals_stay ||
		(writer->reason != NULL && change.signal != NO_SIGNAL &&
		 IsArchived(writer->oids, change.signal)))
		return;
	change.reason = RetractReason(writer, first_seen, learned);
	Change(writer, &change,
		   &(Changed) {
			   subject, detection, before,
			   no_event_id ? NULL : TextDatumGetCString(event_id)
		   });
}
