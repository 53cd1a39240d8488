/*
 * pending_file.c
 *	  A temporary file that outlives the subtransaction that made it.
 */
#include "postgres.h"

#include "storage/buffile.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/compat.h"
#include "baseline/pending_file.h"

struct PendingFile
{
	BufFile      *buffered;
	ResourceOwner owner; /* of the file alone */
};

PendingFile *
PendingFileCreate(void)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	ResourceOwner owner = CurrentResourceOwner;
	PendingFile  *file = palloc(sizeof(PendingFile));

	/* subtransactions that end well must not close the file */
	file->owner = ResourceOwnerCreate(TopTransactionResourceOwner, "newterm spill");
	CurrentResourceOwner = file->owner;
	file->buffered = BufFileCreateTemp(false);
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(old);
	return file;
}

void
PendingFileDiscard(PendingFile *file)
{
	ResourceOwnerRelease(file->owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	ResourceOwnerRelease(file->owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(file->owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
	ResourceOwnerDelete(file->owner);
	pfree(file);
}

void
PendingFileClose(PendingFile *file)
{
	BufFileClose(file->buffered);
	PendingFileDiscard(file);
}

void
PendingFileWrite(PendingFile *file, const void *bytes, size_t size)
{
	BufFileWrite(file->buffered, unconstify(void *, bytes), size);
}

void
PendingFileRewind(PendingFile *file)
{
	if (BufFileSeek(file->buffered, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rewind a temporary file of newterm")));
}

bool
PendingFileRead(PendingFile *file, void *bytes, size_t size)
{
	size_t got = BufFileRead(file->buffered, bytes, size);

	if (got == 0)
		return false;
	if (got != size)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("a temporary file of newterm ends too early")));
	return true;
}
