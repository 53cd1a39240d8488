/*
 * event_fault.c
 *	  Events that are recorded in newterm.event_errors when they are inserted.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "baseline/event_error.h"
#include "ingest/event_fault.h"
#include "rule/dispatch.h"
#include "settings.h"

/* Events that had no usable time and concerned no rule. */
static int64 PassedOver = 0;

/* Does the current event pass a rule's filter, whatever terms it shows? */
static bool
ConcernsRule(Evaluation *event)
{
	DispatchBegin(event, 0);
	DispatchEvent(event);
	/* dispatch leaves out what does not matter for events without a term */
	for (int i = 0; i < event->nmatching; i++)
		if (FilterMatches(event->matching[i]->filter, event->fields))
			return true;
	return false;
}

void
EventFaultRefused(PendingLevel *level, Oid table, Evaluation *evaluation, const Record *record)
{
	if (record->jsonb == NULL || ConcernsRule(evaluation))
		EventErrorAdd(level, table, record->cause, record->jsonb, record->detail);
	else
		PassedOver++;
}

int64
EventFaultsPassedOver(void)
{
	return PassedOver;
}

/* Rules that a text names. */
#define NAMED_RULES 5

void
EventFaultTooMany(PendingLevel *level, Oid table, const Evaluation *evaluation, Jsonb *event)
{
	StringInfoData detail;

	initStringInfo(&detail);
	appendStringInfo(&detail,
					 "the first newterm.max_terms_per_event = %d terms were judged; left were",
					 MaxTermsPerEventSetting);
	for (int i = 0; i < Min(evaluation->ntoo_many, NAMED_RULES); i++)
	{
		const TooManyTerms *many = &evaluation->too_many[i];

		appendStringInfo(&detail, "%s %s" UINT64_FORMAT " of rule \"%s\"", i > 0 ? "," : "",
						 many->left == TERMS_COUNTLESS ? "more than " : "", many->left,
						 many->rule->name);
	}
	if (evaluation->ntoo_many > NAMED_RULES)
		appendStringInfo(&detail, ", and some of %d other rules",
						 evaluation->ntoo_many - NAMED_RULES);
	EventErrorAdd(level, table, "too_many_terms", event, detail.data);
	pfree(detail.data);
}

void
EventFaultInternal(PendingLevel *level, Oid table, Jsonb *event, const ErrorData *error)
{
	if (EventErrorAdd(level, table, "internal_error", event, error->message))
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("newterm could not evaluate an event: %s", error->message),
				 errhint("newterm.event_errors tells of this event and of others that meet the same.")));
}
