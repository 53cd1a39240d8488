/*
 * signals.c
 *	  Writes the detections and signals of a merge, and tells of them.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "event/event_time.h"
#include "signal/context.h"
#include "signal/detection_log.h"
#include "signal/group.h"
#include "signal/mute.h"
#include "signal/new_signal.h"
#include "signal/signal_apply.h"
#include "signal/signal_row.h"
#include "signal/signals.h"
#include "signal/template.h"

/* Entity and term of a subject as the objects that users see. */
static Jsonb *
EntityObject(const Subject *subject)
{
	return TermObject(subject->entity_values, subject->rule->texts, subject->rule->shape.nentity);
}

static Jsonb *
SubjectTermObject(const Subject *subject)
{
	int nentity = subject->rule->shape.nentity;

	return TermObject(subject->term_values, subject->rule->texts + nentity,
					  subject->rule->shape.ncolumns - nentity);
}

/* ---------- detections ---------- */

/* The event of a signal that shows that start of that term, or NULL. */
static Jsonb *
EventOfSignal(const ExtensionOids *oids, int64 signal, int64 first_seen, Jsonb *term)
{
	TableStore      signals;
	TupleTableSlot *slot = SignalFind(&signals, oids, signal);
	Jsonb          *event = NULL;
	bool            isnull;

	if (slot != NULL &&
		DatumGetTimestampTz(SlotColumn(slot, SIGNAL_FIRST_SEEN, &isnull)) ==
			TIMESTAMP_OF(first_seen) &&
		compareJsonbContainers(&DatumGetJsonbP(SlotColumn(slot, SIGNAL_TERM, &isnull))->root,
							   &term->root) == 0)
		event = SlotJsonb(slot, SIGNAL_EVENT);
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
	TableStore     *detections = WriterDetections(writer);
	TupleTableSlot *slot;
	Jsonb          *event = NULL;

	TableStoreFindDigest(detections, subject->term);
	while (event == NULL && TableStoreNext(detections, &slot))
		if (DetectionSlotStarts(slot, first_seen) && DetectionSlotSignal(slot) != NO_SIGNAL)
			event = EventOfSignal(writer->oids, DetectionSlotSignal(slot), first_seen,
								  SubjectTermObject(subject));
	return event;
}

/* The part of a subject's event (or NULL) that is stored. */
static Jsonb *
SampleOf(const Subject *subject, Jsonb *event)
{
	return subject->sample != NULL ? subject->sample : event;
}

static TemplateValues
ValuesOf(SignalWriter *writer, const Subject *subject, Jsonb *event)
{
	return (TemplateValues){
		.rule = subject->rule,
		.set = writer->set,
		.entity = EntityObject(subject),
		.term = SubjectTermObject(subject),
		.event = event,
	};
}

/* The detection of a run that starts at first_seen, with `event` or NULL. */
static Detection
DetectionOf(SignalWriter *writer, const Subject *subject, int64 first_seen, Jsonb *event)
{
	return (Detection){
		.subject = subject,
		.first_seen = first_seen,
		.given = ValuesOf(writer, subject, SampleOf(subject, event)),
		.event_id = event == NULL ? subject->event_id : EventIdentity(&event->root),
		.muted_by = MutedBy(writer->set, subject, first_seen, event),
	};
}

/* The signal that tells of a detection, made where none takes it; returns its number. */
static int64
SignalFor(SignalWriter *writer, const Detection *detection)
{
	const Subject *subject = detection->subject;
	NewSignal      signal;

	if (subject->rule->keep_alive > 0)
		*subject->signal = GroupTake(writer, detection);
	else
	{
		NewSignalRender(writer, detection, &signal);
		NewSignalStore(writer, &signal);
		*subject->signal = signal.id;
	}
	return *subject->signal;
}

void
SignalDetect(SignalWriter *writer, const Subject *subject, int64 first_seen, Jsonb *event)
{
	Detection detection;
	bool      silent;

	if (event == NULL)
		event = EarlierEvent(writer, subject, first_seen);
	detection = DetectionOf(writer, subject, first_seen, event);
	silent = subject->rule->silent || writer->origin == ORIGIN_BACKFILL ||
		detection.muted_by != NULL;
	DetectionEnter(writer, &detection, silent ? NO_SIGNAL : SignalFor(writer, &detection));
}

/* ---------- a merge ---------- */

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
	writer->groups = NULL;
	writer->contexts = NULL;
	writer->table = InvalidOid;
	writer->source = NULL;
	SignalChangesOpen(&writer->changes, oids, context);
}

void
SignalsFlush(SignalWriter *writer)
{
	if (writer->detections.table != NULL)
		TableStoreFlush(&writer->detections);
	GroupsFlush(writer);
	if (writer->signals.table != NULL)
		TableStoreFlush(&writer->signals);
	SignalChangesFlush(&writer->changes);
	ContextsForget(writer);
}

void
SignalsClose(SignalWriter *writer)
{
	if (writer->detections.table != NULL)
		TableStoreClose(&writer->detections);
	GroupsClose(writer);
	ContextsClose(writer);
	if (writer->signals.table != NULL)
		TableStoreClose(&writer->signals);
	SignalChangesClose(&writer->changes);
}

/* ---------- changes ---------- */

/* The title of a signal, made anew where its row is gone. */
static const char *
TitleOf(SignalWriter *writer, const Subject *subject, const SignalChange *change)
{
	char           *title = NULL;
	TableStore      signals;
	TupleTableSlot *slot = SignalFind(&signals, writer->oids, change->signal);
	TemplateValues  given;

	if (slot != NULL)
		title = SlotText(slot, SIGNAL_TITLE);
	TableStoreClose(&signals);
	if (title != NULL)
		return title;
	given = ValuesOf(writer, subject, change->event);
	return TemplateTitle(&given);
}

/* Have all detections of a signal gone whose row somebody else has locked? */
static bool
HasNoDetections(SignalWriter *writer, const Subject *subject, int64 signal)
{
	const Shown      shows = {.entity = EntityObject(subject), .term = SubjectTermObject(subject)};
	SignalDetections stand;

	DetectionsOfSignal(writer->oids, signal, &shows, 0, &stand);
	return stand.count == 0;
}

/* Make the change now or postpone it; change->kind becomes the kind to tell. */
static void
Apply(SignalWriter *writer, const Subject *subject, SignalChange *change)
{
	Applied applied;

	/* they may be of the same signal */
	SignalsFlush(writer);
	applied = SignalApply(writer->oids, change);
	if (applied == APPLIED_RETRACTED ||
		(applied == APPLIED_NOT && HasNoDetections(writer, subject, change->signal)))
		change->kind = CHANGE_RETRACT;
	if (applied == APPLIED_NOT)
		SignalChangePostpone(writer->oids, change);
}

/*
 * Change a detection's signal, and announce it where the merge or the detection is live.  A
 * detection of mode observe has no signal that would change.
 */
static void
Change(SignalWriter *writer, const Subject *subject, SignalChange *change,
	   const StoredDetection *detection, int64 event_time, const char *event_id)
{
	if (change->signal == NO_SIGNAL)
		return;
	Apply(writer, subject, change);
	if (writer->origin == ORIGIN_LIVE || detection->live)
		WriterTell(writer,
				   &(Notification){.kind = SignalChangeName(change->kind),
								   .signal = change->signal,
								   .rule = subject->rule,
								   .title = TitleOf(writer, subject, change),
								   .entity = EntityObject(subject),
								   .term = SubjectTermObject(subject),
								   .event_time = event_time,
								   .event_id = event_id,
								   .reason = change->reason});
}

/*
 * Which signal tells of a detection that is amended: the one it has, none where a
 * suppression mutes its event now, or one that is made where none does any more.
 */
static int64
SignalAmended(SignalWriter *writer, const StoredDetection *before, const Detection *now)
{
	if (now->muted_by != NULL)
		return NO_SIGNAL;
	if (before->muted_by == NULL || writer->origin != ORIGIN_LIVE || !before->live ||
		now->subject->rule->silent)
		return before->signal;
	return SignalFor(writer, now);
}

/* Why the signal of an amended detection changes. */
static char *
AmendReason(const Detection *now, int64 before)
{
	char *reason = psprintf("a late event shows an earlier start: %s instead of %s",
							NotificationTime(now->first_seen), NotificationTime(before));

	return now->muted_by == NULL
		? reason
		: psprintf("%s; suppression \"%s\" mutes that event", reason, now->muted_by);
}

void
SignalAmend(SignalWriter *writer, const Subject *subject, int64 before, int64 first_seen,
			Jsonb *event)
{
	RowChange       row;
	StoredDetection detection;
	Detection       now;
	int64           signal;

	if (!DetectionFind(writer, subject->term, before, &detection))
		return; /* unlearned, or deleted by hand */
	now = DetectionOf(writer, subject, first_seen, event);
	signal = SignalAmended(writer, &detection, &now);
	RowChangeBegin(&row, &writer->detections, detection.row);
	RowChangeSet(&row, DETECTION_FIRST_SEEN, TimestampTzGetDatum(TIMESTAMP_OF(first_seen)), false);
	RowChangeSetText(&row, DETECTION_EVENT_ID, now.event_id);
	RowChangeSet(&row, DETECTION_SIGNAL_ID, Int64GetDatum(signal), signal == NO_SIGNAL);
	RowChangeSetText(&row, DETECTION_SUPPRESSION, now.muted_by);
	RowChangeWrite(&row);
	Change(writer, subject,
		   &(SignalChange){.signal = detection.signal,
						   .detection = detection.id,
						   .kind = now.muted_by == NULL ? CHANGE_AMEND : CHANGE_UPDATE,
						   .event = now.given.event,
						   .reason = AmendReason(&now, before)},
		   &detection, first_seen, now.event_id);
}

/* The reason for retracting a detection whose term's run now starts at first_seen. */
static char *
RetractReason(const SignalWriter *writer, int64 first_seen, bool learned)
{
	const char *start = NotificationTime(first_seen);

	if (writer->reason != NULL)
		return pstrdup(writer->reason);
	if (writer->origin == ORIGIN_REDECIDED)
		return psprintf("learning was changed: the run of the term starts at %s, inside learning",
						start);
	return psprintf(learned ? "the term was learned: a run of it starts at %s, inside learning"
							: "a late event shows that the term was known: its run starts at %s",
					start);
}

/* Has somebody archived the signal? */
static bool
IsArchived(const ExtensionOids *oids, int64 signal)
{
	TableStore      signals;
	TupleTableSlot *slot = SignalFind(&signals, oids, signal);
	bool archived = slot != NULL && strcmp(SlotText(slot, SIGNAL_STATUS), "archived") == 0;

	TableStoreClose(&signals);
	return archived;
}

void
SignalRetract(SignalWriter *writer, const Subject *subject, int64 before, int64 first_seen,
			  bool learned)
{
	RowChange       row;
	StoredDetection detection;

	if (!DetectionFind(writer, subject->term, before, &detection))
		return;
	RowChangeBegin(&row, &writer->detections, detection.row);
	RowChangeSetText(&row, DETECTION_STATUS, "retracted");
	RowChangeWrite(&row);
	/* a person has judged the signal, and its event did happen: keep it */
	if (writer->signals_stay ||
		(writer->reason != NULL && detection.signal != NO_SIGNAL &&
		 IsArchived(writer->oids, detection.signal)))
		return;
	Change(writer, subject,
		   &(SignalChange){.signal = detection.signal,
						   .detection = detection.id,
						   .kind = CHANGE_UPDATE,
						   .reason = RetractReason(writer, first_seen, learned)},
		   &detection, before, detection.event_id);
}
