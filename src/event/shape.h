/*
 * shape.h
 *	  Finds the records inside a document: a log file, an envelope, a tool's row.
 *
 * CloudTrail records arrive one by one, in AWS's log files, in the output of lookup-events,
 * and in the envelopes of EventBridge, SNS, SQS, CloudWatch Logs and tools that ship logs.
 * Each is recognised by the names of its members alone.
 */
#ifndef NEWTERM_SHAPE_H
#define NEWTERM_SHAPE_H

#include "utils/jsonb.h"

/* Envelopes may lie this deep in each other. */
#define DOCUMENT_MAX_DEPTH 8

/* What a document is, by its outermost layer. */
typedef enum DocumentKind
{
	DOCUMENT_UNKNOWN,          /* neither a record nor an envelope that we know */
	DOCUMENT_EMPTY,            /* of AWS's, and without records: a digest file, {"Records": null} */
	DOCUMENT_RECORD,           /* a record itself */
	DOCUMENT_RECORDS,          /* a log file, {"Records": […]} */
	DOCUMENT_ARRAY,            /* records in an array */
	DOCUMENT_LOOKUP,           /* {"Events": […]} of lookup-events */
	DOCUMENT_CLOUDTRAIL_EVENT, /* one of those, as Airbyte stores it: {"CloudTrailEvent": "…"} */
	DOCUMENT_EVENTBRIDGE,      /* {"detail-type": …, "detail": {…}} */
	DOCUMENT_SNS,              /* {"Message": "…"} */
	DOCUMENT_SQS,              /* {"Body": "…"}, {"Messages": […]} */
	DOCUMENT_CLOUDWATCH,       /* {"message": "…"}, {"logEvents": […]} */
	DOCUMENT_SHIPPED,          /* {"log": …}, {"event": …}, {"_airbyte_data": …} */
	DOCUMENT_OCSF              /* Security Lake's, of class API Activity and others */
} DocumentKind;

/* Called for each record, which is freed after the call. */
typedef void (*RecordFunction)(void *state, Jsonb *record);

/* The result of DocumentRecords. */
typedef struct Document
{
	DocumentKind kind;
	int          records; /* in it */
	int          others;  /* values that are no records where records were expected */
} Document;

/*
 * Call a function for each record in a document, in order.  Needs stack and memory for
 * DOCUMENT_MAX_DEPTH layers; deeper records are not found.
 */
extern Document DocumentRecords(Jsonb *document, RecordFunction function, void *state);

/* Is the object a record?  It has one of the members that CloudTrail's records begin with. */
extern bool IsRecord(JsonbContainer *object);

/* Is this, of `length` bytes, the name of such a member? */
extern bool IsRecordKey(const char *key, int length);

/* The name of a kind, as newterm.watched shows it. */
extern const char *DocumentKindName(DocumentKind kind);

#endif /* NEWTERM_SHAPE_H */
