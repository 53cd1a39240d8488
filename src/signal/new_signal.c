/*
 * new_signal.c
 *	  Making a signal.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/sequence.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "signal/context.h"
#include "signal/detection_log.h"
#include "signal/new_signal.h"
#include "signal/signal_row.h"
#include "signal/template.h"
#include "signal/term_list.h"

/* The signal that the term had before: of this merge, or of the detections stored so far. */
static int64
PreviousSignal(SignalWriter *writer, const Subject *subject)
{
	return *subject->signal != NO_SIGNAL ? *subject->signal
										 : DetectionLastSignal(writer, subject->term);
}

void
NewSignalRender(SignalWriter *writer, const Detection *detection, NewSignal *signal)
{
	const TemplateValues *given = &detection->given;

	*signal = (NewSignal){
		.id = nextval_internal(writer->oids->signal_sequence, false),
		.rule = given->rule,
		.title = TemplateTitle(given),
		.message = TemplateMessage(given),
		.entity = given->entity,
		.term = given->term,
		.event = given->event,
		.event_id = detection->event_id,
		.event_time = detection->first_seen,
		.source = WriterSource(writer, detection->subject->table),
		.context = ContextOf(writer, detection),
		.previous = PreviousSignal(writer, detection->subject),
		.terms = TermListAdd(NIL, given->term),
		.detections = 1,
		.first_seen = detection->first_seen,
		.last_seen = detection->first_seen,
	};
}

void
NewSignalTell(SignalWriter *writer, const NewSignal *signal, const char *kind, const char *reason)
{
	if (writer->origin != ORIGIN_LIVE)
		return;
	WriterTell(writer,
			   &(Notification){
				   .kind = kind,
				   .signal = signal->id,
				   .rule = signal->rule,
				   .title = signal->title,
				   .entity = signal->entity,
				   .term = signal->term,
				   .event_time = signal->event_time,
				   .event_id = signal->event_id,
				   .detections = signal->detections,
				   .reason = reason,
			   });
}

void
NewSignalStore(SignalWriter *writer, const NewSignal *signal)
{
	Datum       values[SIGNAL_COLUMNS];
	bool        nulls[SIGNAL_COLUMNS] = {0};
	const Rule *rule = signal->rule;

	values[SIGNAL_ID - 1] = Int64GetDatum(signal->id);
	values[SIGNAL_RULE - 1] = CStringGetTextDatum(rule->name);
	values[SIGNAL_RULE_VERSION - 1] = Int32GetDatum(rule->version);
	values[SIGNAL_SEVERITY - 1] = CStringGetTextDatum(rule->severity);
	values[SIGNAL_TITLE - 1] = CStringGetTextDatum(signal->title);
	values[SIGNAL_MESSAGE - 1] = OptionalText(signal->message, &nulls[SIGNAL_MESSAGE - 1]);
	values[SIGNAL_TAGS - 1] = rule->tags;
	values[SIGNAL_ENTITY - 1] = JsonbPGetDatum(signal->entity);
	values[SIGNAL_TERM - 1] = JsonbPGetDatum(signal->term);
	values[SIGNAL_TERMS - 1] = JsonbPGetDatum(TermListArray(signal->terms));
	values[SIGNAL_DETECTIONS - 1] = Int32GetDatum(signal->detections);
	values[SIGNAL_FIRST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(signal->first_seen));
	values[SIGNAL_LAST_SEEN - 1] = TimestampTzGetDatum(TIMESTAMP_OF(signal->last_seen));
	values[SIGNAL_EVENT_ID - 1] = OptionalText(signal->event_id, &nulls[SIGNAL_EVENT_ID - 1]);
	values[SIGNAL_EVENT - 1] = JsonbPGetDatum(signal->event);
	nulls[SIGNAL_EVENT - 1] = signal->event == NULL;
	values[SIGNAL_ORIGIN - 1] = CStringGetTextDatum(OriginName(writer->origin));
	values[SIGNAL_CREATED_AT - 1] = values[SIGNAL_UPDATED_AT - 1] =
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	values[SIGNAL_PREVIOUS - 1] = Int64GetDatum(signal->previous);
	nulls[SIGNAL_PREVIOUS - 1] = signal->previous == NO_SIGNAL;
	values[SIGNAL_CONTEXT - 1] = JsonbPGetDatum(signal->context);
	nulls[SIGNAL_CONTEXT - 1] = signal->context == NULL;
	values[SIGNAL_GROUP_DIGEST - 1] = PointerGetDatum(signal->group);
	nulls[SIGNAL_GROUP_DIGEST - 1] = signal->group == NULL;
	values[SIGNAL_RULE_ID - 1] = Int64GetDatum(rule->id);
	values[SIGNAL_SOURCE - 1] = OptionalText(signal->source, &nulls[SIGNAL_SOURCE - 1]);
	WriterInsertSignal(writer, values, nulls);
	NewSignalTell(writer, signal, "new", NULL);
}
