/*
 * stored_values.c
 *	  newterm.stored_values: the time and some fields of the records of a stored row, for
 *	  newterm.summary() and newterm.health.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/jsonbtext.h"
#include "event/event_time.h"
#include "event/record.h"
#include "history/stored_row.h"
#include "rule/question.h"
#include "rule/reference_load.h"
#include "rule/rule_parse.h"

PG_FUNCTION_INFO_V1(newterm_stored_values);

/* Arguments of newterm_stored_values. */
enum
{
	ARGUMENT_FIELDS,
	ARGUMENT_EVENT /* and those of StoredRowRead behind it */
};

/* The parsed fields of a call site, which are used for all rows that have the same fields. */
typedef struct CallSite
{
	MemoryContext context; /* of what follows */
	ArrayType    *source;  /* the array that they were parsed from, or NULL */
	FieldSet     *set;
	int           nslots;
	int          *slots; /* of the fields, in their order */
} CallSite;

static bool
SameArray(const ArrayType *a, const ArrayType *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* Parse the fields and keep them for the next calls. */
static void
ParseSite(CallSite *site, ArrayType *fields)
{
	MemoryContext old;
	char        **texts;
	int           needs = 0;

	site->source = NULL;
	MemoryContextReset(site->context);
	old = MemoryContextSwitchTo(site->context);
	texts = ArrayTexts(fields, "fields", &site->nslots);
	site->set = FieldSetCreate(QuestionKey(), ReferenceCreate());
	site->slots = palloc(sizeof(int) * Max(site->nslots, 1));
	for (int i = 0; i < site->nslots; i++)
	{
		Field *field = ParseField(texts[i], LANGUAGE_DATADOG);

		needs |= FieldNeeds(field);
		site->slots[i] = FieldSetAdd(site->set, field);
	}
	CheckBuiltIn(needs);
	ReferenceLoad(site->set->reference, needs, GetActiveSnapshot());
	site->source = memcpy(palloc(VARSIZE(fields)), fields, VARSIZE(fields));
	MemoryContextSwitchTo(old);
}

static CallSite *
CallSiteOf(FunctionCallInfo fcinfo)
{
	CallSite  *site = fcinfo->flinfo->fn_extra;
	ArrayType *fields = PG_GETARG_ARRAYTYPE_P(ARGUMENT_FIELDS);

	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
		site->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "newterm stored values",
											  ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = site;
	}
	if (site->source == NULL || !SameArray(site->source, fields))
		ParseSite(site, fields);
	return site;
}

/* The result. */
typedef struct Output
{
	ReturnSetInfo  *result;
	const CallSite *site;
} Output;

/* The first value of each field, as people read it, as a text[]. */
static Datum
FirstValues(const CallSite *site)
{
	Datum         *texts = palloc(sizeof(Datum) * Max(site->nslots, 1));
	bool          *nulls = palloc(sizeof(bool) * Max(site->nslots, 1));
	int            from = 1;
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < site->nslots; i++)
	{
		const EventSlot *slot = EventValues(site->set, site->slots[i]);

		nulls[i] = slot->count == 0;
		if (nulls[i])
			continue;
		resetStringInfo(&text);
		JsonbTextAppend(&text, &SlotValues(slot)[0]);
		texts[i] = PointerGetDatum(cstring_to_text_with_len(text.data, text.len));
	}
	return PointerGetDatum(construct_md_array(texts, nulls, site->nslots == 0 ? 0 : 1,
											  (int *) &site->nslots, &from, TEXTOID, -1, false,
											  TYPALIGN_INT));
}

/* Write a row for a record (a RowFunction). */
static void
PutRecord(void *state, Record *record)
{
	Output *output = state;
	Datum   values[4] = {0};
	bool    nulls[4];
	char   *identity = record->jsonb == NULL ? NULL : EventIdentity(&record->jsonb->root);

	nulls[0] = record->cause != NULL;
	values[0] = nulls[0] ? (Datum) 0 : TimestampTzGetDatum(TIMESTAMP_OF(record->time));
	nulls[1] = record->cause == NULL;
	values[1] = nulls[1] ? (Datum) 0 : CStringGetTextDatum(record->cause);
	nulls[2] = identity == NULL;
	values[2] = nulls[2] ? (Datum) 0 : CStringGetTextDatum(identity);
	nulls[3] = record->jsonb == NULL;
	values[3] = nulls[3] ? (Datum) 0 : FirstValues(output->site);
	tuplestore_putvalues(output->result->setResult, output->result->setDesc, values, nulls);
}

/*
 * newterm.stored_values(fields text[], event jsonb, event_text text,
 *		event_time timestamptz, has_time boolean)
 *		returns table (seen_at timestamptz, cause text, event_id text, "values" text[])
 *		A row for each record of a stored row.  If the record is not evaluated, seen_at is
 *		NULL and cause says why; if it is no object, values is NULL.
 */
Datum
newterm_stored_values(PG_FUNCTION_ARGS)
{
	Output output = {.result = (ReturnSetInfo *) fcinfo->resultinfo};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(ARGUMENT_FIELDS))
		return (Datum) 0;
	output.site = CallSiteOf(fcinfo);
	StoredRowRead(fcinfo, ARGUMENT_EVENT, output.site->set, PutRecord, &output);
	return (Datum) 0;
}
