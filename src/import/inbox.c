/*
 * inbox.c
 *	  newterm.inbox: a view to COPY log files into.
 *
 * Its triggers buffer the lines of a statement and load many of them at once.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "import/load_log.h"

PG_FUNCTION_INFO_V1(newterm_inbox);

/* The lines are loaded when the buffer holds this many bytes. */
#define INBOX_BYTES (8 * 1024 * 1024)

/* The buffer of one statement.  A trigger may run another such statement inside. */
typedef struct Inbox
{
	struct Inbox         *outer;
	MemoryContext         context; /* a child of the subtransaction's */
	MemoryContextCallback callback;
	Oid                   table; /* invalid until the first lines are loaded */
	StringInfoData        lines;
	LoadOutcome           outcome;
} Inbox;

static Inbox *Innermost = NULL;

/* Called when the context is deleted: by Close, or by the abort of a statement that fails. */
static void
Forget(void *argument)
{
	Inbox *inbox = argument;

	while (Innermost != NULL && Innermost != inbox)
		Innermost = Innermost->outer;
	Innermost = inbox->outer;
}

static void
Open(void)
{
	MemoryContext context = AllocSetContextCreate(CurTransactionContext, "newterm inbox",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Inbox        *inbox = palloc0(sizeof(Inbox));

	inbox->context = context;
	inbox->outer = Innermost;
	initStringInfo(&inbox->lines);
	inbox->callback.func = Forget;
	inbox->callback.arg = inbox;
	MemoryContextRegisterResetCallback(context, &inbox->callback);
	Innermost = inbox;
	MemoryContextSwitchTo(old);
}

/* Load the buffered lines. */
static void
Flush(Inbox *inbox)
{
	MemoryContext old = MemoryContextSwitchTo(inbox->context);

	if (!OidIsValid(inbox->table))
		inbox->table = LogTable();
	LoadLog(inbox->table, inbox->lines.data, inbox->lines.len, &inbox->outcome);
	resetStringInfo(&inbox->lines);
	MemoryContextSwitchTo(old);
}

static void
AddLine(Inbox *inbox, const text *line)
{
	const char *data = VARDATA_ANY(line);
	int         length = VARSIZE_ANY_EXHDR(line);

	if (inbox->lines.len > 0 && inbox->lines.len + length >= INBOX_BYTES)
		Flush(inbox);
	appendBinaryStringInfo(&inbox->lines, data, length);
	appendStringInfoChar(&inbox->lines, '\n');
}

static void
Close(Inbox *inbox)
{
	if (inbox->lines.len > 0)
	{
		Flush(inbox);
		LoadTell(&inbox->outcome,
				 "COPY newterm.inbox FROM … WITH (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02') reads JSON as it is.");
	}
	MemoryContextDelete(inbox->context);
}

/*
 * newterm.inbox() returns trigger
 *		The function of the view's three triggers: BEFORE the statement, INSTEAD OF
 *		each row, AFTER the statement.
 */
Datum
newterm_inbox(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Datum        line;
	bool         isnull;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_INSERT(data->tg_event) ||
		!(TRIGGER_FIRED_INSTEAD(data->tg_event) || TRIGGER_FIRED_FOR_STATEMENT(data->tg_event)) ||
		data->tg_relation->rd_rel->relkind != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("newterm.inbox is the function of the triggers of the view newterm.inbox")));
	if (TRIGGER_FIRED_BEFORE(data->tg_event))
		Open();
	if (TRIGGER_FIRED_FOR_STATEMENT(data->tg_event))
	{
		if (TRIGGER_FIRED_AFTER(data->tg_event) && Innermost != NULL)
			Close(Innermost);
		return PointerGetDatum(NULL);
	}
	line = slot_getattr(data->tg_trigslot, 1, &isnull);
	if (!isnull && Innermost != NULL)
		AddLine(Innermost, DatumGetTextPP(line));
	return PointerGetDatum(data->tg_trigtuple);
}
