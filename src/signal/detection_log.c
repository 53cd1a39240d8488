/*
 * detection_log.c
 *	  The log of detections: newterm.detection_log.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "signal/detection_log.h"
#include "signal/term_list.h"

static int64
IdColumn(TupleTableSlot *slot)
{
	bool isnull;

	return DatumGetInt64(SlotColumn(slot, DETECTION_ID, &isnull));
}

static TimestampTz
StartColumn(TupleTableSlot *slot)
{
	bool isnull;

	return DatumGetTimestampTz(SlotColumn(slot, DETECTION_FIRST_SEEN, &isnull));
}

/* Has the detection not been retracted? */
static bool
Stands(TupleTableSlot *slot)
{
	return strcmp(SlotText(slot, DETECTION_STATUS), "live") == 0;
}

void
DetectionEnter(SignalWriter *writer, const Detection *detection, int64 signal)
{
	Datum          row[DETECTION_COLUMNS] = {0};
	bool           nulls[DETECTION_COLUMNS] = {0};
	const Subject *subject = detection->subject;

	row[DETECTION_ID - 1] =
		Int64GetDatum(nextval_internal(writer->oids->detection_sequence, false));
	row[DETECTION_VERSION_ID - 1] = Int32GetDatum(subject->rule->version_id);
	row[DETECTION_RULE - 1] = CStringGetTextDatum(subject->rule->name);
	row[DETECTION_DIGEST - 1] = PointerGetDatum(subject->term);
	row[DETECTION_ENTITY - 1] = JsonbPGetDatum(detection->given.entity);
	row[DETECTION_TERM - 1] = JsonbPGetDatum(detection->given.term);
	row[DETECTION_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(detection->first_seen));
	row[DETECTION_EVENT_ID - 1] = OptionalText(detection->event_id, &nulls[DETECTION_EVENT_ID - 1]);
	row[DETECTION_STATUS - 1] = CStringGetTextDatum("live");
	row[DETECTION_ORIGIN - 1] = CStringGetTextDatum(OriginName(writer->origin));
	row[DETECTION_SIGNAL_ID - 1] = Int64GetDatum(signal);
	nulls[DETECTION_SIGNAL_ID - 1] = signal == NO_SIGNAL;
	row[DETECTION_SUPPRESSION - 1] = OptionalText(detection->muted_by,
												  &nulls[DETECTION_SUPPRESSION - 1]);
	TableStoreInsertLater(WriterDetections(writer), DETECTION_COLUMNS, row, nulls);
}

int64
DetectionSlotSignal(TupleTableSlot *slot)
{
	bool  isnull;
	Datum signal = SlotColumn(slot, DETECTION_SIGNAL_ID, &isnull);

	return isnull ? NO_SIGNAL : DatumGetInt64(signal);
}

bool
DetectionSlotStarts(TupleTableSlot *slot, int64 first_seen)
{
	return StartColumn(slot) == TIMESTAMP_OF(first_seen);
}

int64
DetectionLastSignal(SignalWriter *writer, const Digest *term)
{
	TableStore     *detections = WriterDetections(writer);
	TupleTableSlot *slot;
	int64           newest = 0;
	int64           signal = NO_SIGNAL;

	TableStoreFindDigest(detections, term);
	while (TableStoreNext(detections, &slot))
	{
		if (DetectionSlotSignal(slot) == NO_SIGNAL || IdColumn(slot) < newest)
			continue;
		newest = IdColumn(slot);
		signal = DetectionSlotSignal(slot);
	}
	return signal;
}

bool
DetectionFind(SignalWriter *writer, const Digest *term, int64 first_seen, StoredDetection *found)
{
	TableStore     *detections = WriterDetections(writer);
	TupleTableSlot *slot;

	found->row = NULL;
	TableStoreFindDigest(detections, term);
	while (TableStoreNext(detections, &slot))
	{
		if (!DetectionSlotStarts(slot, first_seen) || !Stands(slot))
			continue;
		found->row = ExecCopySlotHeapTuple(slot);
		found->id = IdColumn(slot);
		found->signal = DetectionSlotSignal(slot);
		found->live = strcmp(SlotText(slot, DETECTION_ORIGIN), OriginName(ORIGIN_LIVE)) == 0;
		found->event_id = SlotText(slot, DETECTION_EVENT_ID);
		found->muted_by = SlotText(slot, DETECTION_SUPPRESSION);
	}
	return found->row != NULL;
}

/* ---------- the detections of a signal ---------- */

static bool
JsonbEquals(Jsonb *left, Jsonb *right)
{
	return compareJsonbContainers(&left->root, &right->root) == 0;
}

static Shown
ReadShown(TupleTableSlot *slot)
{
	return (Shown){
		.entity = SlotJsonb(slot, DETECTION_ENTITY),
		.term = SlotJsonb(slot, DETECTION_TERM),
		.event_id = SlotText(slot, DETECTION_EVENT_ID),
	};
}

/* Count a detection; `found` keeps only the parts of it that are needed. */
static void
CountDetection(SignalDetections *found, TupleTableSlot *slot, const Shown *shows, int64 asked)
{
	const TimestampTz start = StartColumn(slot);
	Shown             shown = ReadShown(slot);
	const bool        same = JsonbEquals(shown.term, shows->term) &&
		JsonbEquals(shown.entity, shows->entity);

	if (found->count++ == 0)
	{
		found->first = shown;
		found->first_seen = found->last_seen = start;
	}
	found->first_seen = Min(found->first_seen, start);
	found->last_seen = Max(found->last_seen, start);
	found->terms = TermListAdd(found->terms, shown.term);
	found->shown |= same;
	if (IdColumn(slot) == asked)
	{
		found->asked_is_shown = same;
		found->asked_event_id = shown.event_id;
	}
}

void
DetectionsOfSignal(const ExtensionOids *oids, int64 signal, const Shown *shows, int64 asked,
				   SignalDetections *found)
{
	TableStore      detections;
	TupleTableSlot *slot;

	memset(found, 0, sizeof(SignalDetections));
	TableStoreOpenOrdered(&detections, oids->detection_log, DETECTION_SIGNAL_ID, DETECTION_ID);
	TableStoreFind(&detections, F_INT8EQ, Int64GetDatum(signal));
	while (TableStoreNext(&detections, &slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (Stands(slot))
			CountDetection(found, slot, shows, asked);
	}
	TableStoreClose(&detections);
}
