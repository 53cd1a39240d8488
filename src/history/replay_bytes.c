/*
 * replay_bytes.c
 *	  Writes the state of a replay as bytes for another process, and reads it.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "history/replay_bytes.h"

/* A written state begins with this; rules and terms follow. */
typedef struct StateHead
{
	int64 from;
	int64 below;
	int64 limit;
	int64 events;
	int64 unusable;
	int64 earliest;
	int64 latest;
	int64 nterms;
	int64 nrules;
} StateHead;

/* A written term begins with this; its values and runs follow. */
typedef struct TermHead
{
	Digest digest;
	int64  key;
	int32  rule;
	int32  nruns;
	int32  entity_bytes; /* 0: NULL */
	int32  term_bytes;
} TermHead;

/* Write a text: its length, or -1 for NULL, and its bytes. */
static void
WriteText(StringInfo out, const char *text)
{
	int32 length = text == NULL ? -1 : (int32) strlen(text);

	appendBinaryStringInfo(out, (char *) &length, sizeof(length));
	if (text != NULL)
		appendBinaryStringInfo(out, text, length);
}

static void
WriteTerm(ReplayTerm *term, void *argument)
{
	StringInfo        out = argument;
	const ReplayRuns *known = term->known;
	TermHead          head = {0};

	head.digest = term->digest;
	head.key = known->key;
	head.rule = term->rule;
	head.nruns = known->nruns;
	head.entity_bytes = known->entity_values == NULL ? 0 : VARSIZE(known->entity_values);
	head.term_bytes = VARSIZE(known->term_values);
	appendBinaryStringInfo(out, (char *) &head, sizeof(head));
	if (head.entity_bytes > 0)
		appendBinaryStringInfo(out, (char *) known->entity_values, head.entity_bytes);
	appendBinaryStringInfo(out, (char *) known->term_values, head.term_bytes);
	appendBinaryStringInfo(out, (char *) known->runs, sizeof(Run) * known->nruns);
	for (int i = 0; i < known->nruns; i++)
	{
		WriteText(out, known->sources[i].event_id);
		WriteText(out, known->sources[i].muted);
	}
}

bytea *
ReplayWrite(ReplayState *state)
{
	StringInfoData out;
	StateHead      head = {
			 .from = state->from,
			 .below = state->below,
			 .limit = state->limit,
			 .events = state->events,
			 .unusable = state->unusable,
			 .earliest = state->earliest,
			 .latest = state->latest,
			 .nterms = ReplayCountTerms(state),
			 .nrules = state->nrules,
    };

	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	appendBinaryStringInfo(&out, (char *) &head, sizeof(head));
	for (int i = 0; i < state->nrules; i++)
	{
		appendBinaryStringInfo(&out, (char *) &state->rules[i], sizeof(ReplayRule));
		for (int j = 0; j < state->rules[i].ncolumns; j++)
			WriteText(&out, state->rules[i].texts[j]);
	}
	ReplayForEach(state, WriteTerm, &out);
	SET_VARSIZE(out.data, out.len);
	return (bytea *) out.data;
}

/* Read the next bytes of a written state. */
static void
ReadBytes(StringInfo in, void *to, int64 length)
{
	Assert(length >= 0 && length <= in->len - in->cursor);
	memcpy(to, in->data + in->cursor, length);
	in->cursor += length;
}

static Jsonb *
ReadValues(StringInfo in, int32 length)
{
	Jsonb *values;

	if (length == 0)
		return NULL;
	values = palloc(length);
	ReadBytes(in, values, length);
	return values;
}

static char *
ReadText(StringInfo in)
{
	int32 length;
	char *text;

	ReadBytes(in, &length, sizeof(length));
	if (length == -1)
		return NULL;
	text = palloc0(length + 1);
	ReadBytes(in, text, length);
	return text;
}

static void
ReadTerm(StringInfo in, ReplayState *state)
{
	TermHead    head;
	ReplayTerm *term;
	Jsonb      *entity_values;
	Run        *runs;

	ReadBytes(in, &head, sizeof(head));
	entity_values = ReadValues(in, head.entity_bytes);
	term = ReplayEnter(state, &head.digest, head.rule, head.key, entity_values,
					   ReadValues(in, head.term_bytes));
	runs = palloc(sizeof(Run) * Max(head.nruns, 1));
	ReadBytes(in, runs, sizeof(Run) * head.nruns);
	for (int i = 0; i < head.nruns; i++)
	{
		ReplaySource source = {0};

		source.event_id = ReadText(in);
		source.muted = ReadText(in);
		ReplayAddRun(state, term, &runs[i], source);
	}
}

/* Read the terms.  The state copies what it keeps, so scratch memory suffices. */
static void
ReadTerms(StringInfo in, ReplayState *state, int64 count)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "newterm replay read",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	for (int64 i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		ReadTerm(in, state);
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

ReplayState *
ReplayRead(const bytea *bytes)
{
	StringInfoData in = {
		.data = (char *) VARDATA_ANY(bytes),
		.len = VARSIZE_ANY_EXHDR(bytes),
	};
	StateHead    head;
	ReplayState *state;

	ReadBytes(&in, &head, sizeof(head));
	state = ReplayStateCreate(head.nrules, head.from, head.limit);
	state->below = head.below;
	state->events = head.events;
	state->unusable = head.unusable;
	state->earliest = head.earliest;
	state->latest = head.latest;
	for (int i = 0; i < head.nrules; i++)
	{
		ReplayRule *rule = &state->rules[i];

		ReadBytes(&in, rule, sizeof(ReplayRule));
		rule->texts = palloc(sizeof(char *) * rule->ncolumns);
		for (int j = 0; j < rule->ncolumns; j++)
			rule->texts[j] = ReadText(&in);
	}
	ReadTerms(&in, state, head.nterms);
	return state;
}
