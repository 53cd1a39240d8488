/*
 * pending_spill.c
 *	  Pending terms beyond newterm.merge_memory, in temporary files.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/hash_table.h"
#include "baseline/pending_file.h"
#include "baseline/pending_spill.h"
#include "settings.h"

/* What stands before the values and runs of a term, or before an event. */
typedef struct SpilledTerm
{
	Digest term;
	int32  version_id;
	int32  nruns;       /* or SPILLED_EVENT: a reference follows, and its event */
	uint32 entity_size; /* 0: NULL */
	uint32 term_size;
	uint64 generation;
} SpilledTerm;

#define SPILLED_EVENT (-1)

/* A run and what its source refers to; an event that is given at hand stands behind it. */
typedef struct SpilledRun
{
	Run            run;
	EventReference reference;
	uint32         event_size; /* 0: none */
	uint32         id_size;    /* of its identity, likewise */
} SpilledRun;

/* ---------- writing ---------- */

/* Append what is known of one term, with the references of its runs. */
static void
WriteTerm(PendingFile *file, const PendingLevel *level, const PendingTerm *pending)
{
	SpilledTerm head = {0};

	head.term = pending->term;
	head.version_id = pending->version_id;
	head.nruns = pending->nruns;
	head.generation = pending->generation;
	head.entity_size = pending->entity_values == NULL ? 0 : VARSIZE(pending->entity_values);
	head.term_size = VARSIZE(pending->term_values);
	PendingFileWrite(file, &head, sizeof(head));
	if (head.entity_size > 0)
		PendingFileWrite(file, pending->entity_values, head.entity_size);
	PendingFileWrite(file, pending->term_values, head.term_size);
	for (int i = 0; i < pending->nruns; i++)
	{
		SpilledRun run;

		memset(&run, 0, sizeof(run));
		run.run = pending->runs[i];
		if (run.run.source >= 0)
			run.reference = level->references[run.run.source];
		if (run.reference.event != NULL)
			run.event_size = VARSIZE(run.reference.event);
		if (run.reference.event_id != NULL)
			run.id_size = strlen(run.reference.event_id) + 1;
		PendingFileWrite(file, &run, sizeof(run));
		if (run.event_size > 0)
			PendingFileWrite(file, run.reference.event, run.event_size);
		if (run.id_size > 0)
			PendingFileWrite(file, run.reference.event_id, run.id_size);
	}
}

/* Append an event that was not evaluated. */
static void
WriteUnevaluated(PendingFile *file, const EventReference *reference)
{
	SpilledTerm head = {.nruns = SPILLED_EVENT};

	head.term_size = reference->event == NULL ? 0 : VARSIZE(reference->event);
	PendingFileWrite(file, &head, sizeof(head));
	PendingFileWrite(file, reference, sizeof(EventReference));
	if (head.term_size > 0)
		PendingFileWrite(file, reference->event, head.term_size);
}

/* Write all terms of a level to a file, and the events that were not evaluated. */
static PendingFile *
WriteLevel(const PendingLevel *level)
{
	PendingFile    *file = PendingFileCreate();
	HASH_SEQ_STATUS each;
	PendingTerm    *pending;

	PG_TRY();
	{
		if (level->terms != NULL)
		{
			hash_seq_init(&each, level->terms);
			while ((pending = hash_seq_search(&each)) != NULL)
			{
				CHECK_FOR_INTERRUPTS();
				WriteTerm(file, level, pending);
			}
		}
		for (int64 i = 0; i < level->nreferences; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (level->references[i].generation == GENERATION_NONE)
				WriteUnevaluated(file, &level->references[i]);
		}
		/* all of it is written before anything is given up */
		PendingFileRewind(file);
	}
	PG_CATCH();
	{
		PendingFileDiscard(file);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return file;
}

void
PendingSpill(PendingLevel *level)
{
	PendingFile  *file;
	MemoryContext old;

	/* files are merged before what is in memory: the older terms first */
	if (level->outer != NULL)
		PendingSpill(level->outer);
	if (level->terms == NULL && level->nreferences == 0)
		return;
	file = WriteLevel(level);
	PendingDropTerms(level);
	old = MemoryContextSwitchTo(level->context);
	level->spills = lappend(level->spills, file);
	level->kept = PendingSize(level);
	MemoryContextSwitchTo(old);
}

/* ---------- reading ---------- */

static void
ReadBytes(PendingFile *file, void *bytes, size_t size)
{
	if (!PendingFileRead(file, bytes, size))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("a temporary file of newterm lacks a part")));
}

/* A value of the file, or NULL where it has no bytes. */
static void *
ReadValue(PendingFile *file, uint32 size)
{
	void *value = size == 0 ? NULL : palloc(size);

	if (size > 0)
		ReadBytes(file, value, size);
	return value;
}

/* A row, by which a batch finds its reference. */
typedef struct RowPlace
{
	Oid             table;
	Oid             file;
	CommandId       command;
	ItemPointerData tid;
} RowPlace;

typedef struct RowEntry
{
	RowPlace place; /* hash key */
	int      index; /* of PendingLevel.references */
} RowEntry;

/* Rows that a batch refers to, in its memory. */
static HTAB *
RowsCreate(const PendingLevel *level)
{
	return HashTableIn(level->context, "newterm spilled rows", 64, sizeof(RowPlace),
					   sizeof(RowEntry));
}

/* A row's reference in the level, once for all terms that it showed. */
static int
ReferenceOnce(PendingLevel *level, HTAB *rows, const EventReference *reference)
{
	RowPlace        place;
	RowEntry       *entry;
	EventReference *kept;
	bool            found;

	if (reference->event != NULL || !ItemPointerIsValid(&reference->tid))
		return PendingReference(level, reference);
	memset(&place, 0, sizeof(place));
	place.table = reference->table;
	place.file = reference->file;
	place.command = reference->command;
	place.tid = reference->tid;
	entry = hash_search(rows, &place, HASH_ENTER, &found);
	if (!found)
		entry->index = PendingReference(level, reference);
	/* what any of its terms was found by older rules for is evaluated again */
	kept = &level->references[entry->index];
	kept->generation = Min(kept->generation, reference->generation);
	return entry->index;
}

/* An event that was not evaluated into the level. */
static void
ReadUnevaluated(PendingFile *file, PendingLevel *level, uint32 event_size)
{
	EventReference reference;

	ReadBytes(file, &reference, sizeof(reference));
	reference.event = ReadValue(file, event_size);
	reference.event_id = NULL; /* once it is evaluated */
	PendingAddUnevaluated(level, &reference);
}

/* One term, or event, into the level; false at the end of the file. */
static bool
ReadTerm(PendingFile *file, PendingLevel *level, HTAB *rows)
{
	SpilledTerm head;
	PendingTerm pending = {0};

	if (!PendingFileRead(file, &head, sizeof(head)))
		return false;
	if (head.nruns == SPILLED_EVENT)
	{
		ReadUnevaluated(file, level, head.term_size);
		return true;
	}
	pending.term = head.term;
	pending.version_id = head.version_id;
	pending.generation = head.generation;
	pending.entity_values = ReadValue(file, head.entity_size);
	pending.term_values = ReadValue(file, head.term_size);
	for (int i = 0; i < head.nruns; i++)
	{
		/* runs of one term are apart already: nothing is to be joined */
		Span       apart = {.granule = 1, .forget_after = 0};
		SpilledRun run;

		ReadBytes(file, &run, sizeof(run));
		run.reference.event = ReadValue(file, run.event_size);
		run.reference.event_id = ReadValue(file, run.id_size);
		if (run.run.source >= 0)
			run.run.source = ReferenceOnce(level, rows, &run.reference);
		PendingAddRun(level, &pending, &run.run, &apart);
	}
	return true;
}

/* Add the file's next terms to a level, as many as fit; false where there were none. */
static bool
ReadBatch(PendingFile *file, PendingLevel *level)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "newterm spill",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	HTAB         *rows = RowsCreate(level);
	bool          any = false;

	while (PendingSize(level) < MERGE_MEMORY && ReadTerm(file, level, rows))
	{
		CHECK_FOR_INTERRUPTS();
		any = true;
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return any;
}

void
PendingSpillsForEach(List *spills, BatchFunction function, void *state)
{
	ListCell *cell;

	foreach(cell, spills)
	{
		PendingFile  *file = lfirst(cell);
		PendingLevel *batch = PendingApart();

		PendingFileRewind(file);
		while (ReadBatch(file, batch))
		{
			function(batch, state);
			PendingClear(batch);
		}
		PendingFree(batch);
	}
}
