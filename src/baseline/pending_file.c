/*
 * pending_file.c
 *	  PendingTerm that do not fit into memory, in a temporary file until they are merged.
 */
#include "postgres.h"

#include "storage/buffile.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/compat.h"
#include "settings.h"
#include "baseline/pending_file.h"

struct PendingFile
{
	BufFile    *file;
	ResourceOwner owner;		/* of the file alone */
};

/* What stands before the values and runs of a term. */
typedef struct PendingFileHead
{
	Digest		term;
	int32		version_id;
	int32		nruns;
	uint32		entity_size;	/* 0: NULL */
	uint32		term_size;
} PendingFileHead;

/* A run and what its source refers to. */
typedef struct PendingFileRun
{
	Run			run;
	EventReference reference;
} PendingFileRun;

PendingFile *
PendingFileCreate(void)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	ResourceOwner owner = CurrentResourceOwner;
	PendingFile	   *spill = palloc(sizeof(PendingFile));

	/* subtransactions that end well must not close the file */
	spill->owner = ResourceOwnerCreate(TopTransactionResourceOwner, "newterm spill");
	CurrentResourceOwner = spill->owner;
	spill->file = BufFileCreateTemp(false);
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(old);
	return spill;
}

void
PendingFileDiscard(PendingFile *spill)
{
	ResourceOwnerRelease(spill->owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	ResourceOwnerRelease(spill->owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(spill->owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
	ResourceOwnerDelete(spill->owner);
	pfree(spill);
}

void
PendingFileClose(PendingFile *spill)
{
	BufFileClose(spill->file);
	PendingFileDiscard(spill);
}

void
PendingFileWrite(PendingFile *spill, const PendingLevel *level, const PendingTerm *pending)
{
	PendingFileHead	head = {0};

	head.term = pending->term;
	head.version_id = pending->version_id;
	head.nruns = pending->nruns;
	head.entity_size = pending->entity_values == NULL ? 0 : VARSIZE(pending->entity_values);
	head.term_size = VARSIZE(pending->term_values);
	BufFileWrite(spill->file, &head, sizeof(head));
	if (head.entity_size > 0)
		BufFileWrite(spill->file, pending->entity_values, head.entity_size);
	BufFileWrite(spill->file, pending->term_values, head.term_size);
	for (int i = 0; i < pending->nruns; i++)
	{
		PendingFileRun	run;

		memset(&run, 0, sizeof(run));
		run.run = pending->runs[i];
		if (run.run.source >= 0)
			run.reference = level->references[run.run.source];
		BufFileWrite(spill->file, &run, sizeof(run));
	}
}

void
PendingFileRewind(PendingFile *spill)
{
	if (BufFileSeek(spill->file, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rewind a temporary file of newterm")));
}

static void
ReadAll(PendingFile *spill, void *buffer, size_t size)
{
	if (BufFileRead(spill->file, buffer, size) != size)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("a temporary file of newterm ends too early")));
}

/* A jsonb of the file, or NULL where it has no bytes. */
static Jsonb *
ReadJsonb(PendingFile *spill, uint32 size)
{
	Jsonb	   *jsonb = size == 0 ? NULL : palloc(size);

	if (size > 0)
		ReadAll(spill, jsonb, size);
	return jsonb;
}

/* One term into the level; false at the end of the file. */
static bool
ReadTerm(PendingFile *spill, PendingLevel *level)
{
	PendingFileHead	head;
	PendingTerm		pending = {0};
	size_t		size = BufFileRead(spill->file, &head, sizeof(head));

	if (size == 0)
		return false;
	if (size != sizeof(head))
		ReadAll(spill, &head, sizeof(head));	/* raises */
	pending.term = head.term;
	pending.version_id = head.version_id;
	pending.entity_values = ReadJsonb(spill, head.entity_size);
	pending.term_values = ReadJsonb(spill, head.term_size);
	for (int i = 0; i < head.nruns; i++)
	{
		/* runs of one term are apart already: nothing is to be joined */
		Span		apart = {.granule = 1,.forget_after = 0};
		PendingFileRun	run;

		ReadAll(spill, &run, sizeof(run));
		if (run.run.source >= 0)
			run.run.source = PendingReference(level, &run.reference);
		PendingAddRun(level, &pending, &run.run, &apart);
	}
	return true;
}

/* Add the file's next terms to a level, as many as fit; false where there were none. */
static bool
ReadBatch(PendingFile *spill, PendingLevel *level)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "newterm spill",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	bool		any = false;

	while (PendingSize(level) < MERGE_MEMORY && ReadTerm(spill, level))
	{
		any = true;
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return any;
}

void
PendingFilesForEach(List *spills, BatchFunction function, void *state)
{
	ListCell   *cell;

	foreach(cell, spills)
	{
		PendingFile	   *spill = lfirst(cell);
		PendingLevel  *batch = PendingApart();

		PendingFileRewind(spill);
		while (ReadBatch(spill, batch))
		{
			function(batch, state);
			PendingClear(batch);
		}
		PendingFree(batch);
	}
}
