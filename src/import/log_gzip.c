/*
 * log_gzip.c
 *	  Decompresses log files.
 */
#include "postgres.h"

#include <zlib.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "import/log_gzip.h"
#include "settings.h"

/* Tells zlib to expect gzip's header and trailer. */
#define GZIP_WINDOW (MAX_WBITS + 16)

/* The first size of the text's buffer, and how much is decompressed at once. */
#define FIRST_ROOM (256 * 1024)

bool
IsGzip(const char *data, size_t length)
{
	return length >= 2 && (unsigned char) data[0] == 0x1F && (unsigned char) data[1] == 0x8B;
}

/* zlib allocates in a memory context, so that an error frees it. */
static voidpf
Allocate(voidpf context, uInt items, uInt size)
{
	return MemoryContextAllocHuge(context, (Size) items * size);
}

static void
Free(voidpf context, voidpf address)
{
	pfree(address);
}

/* Enlarge the buffer, up to newterm.max_log_size. */
static void
Grow(GzipText *read, size_t *room)
{
	size_t most = MAX_LOG_SIZE;

	if (*room >= most)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the log file is longer than newterm.max_log_size = %d kB once it is decompressed",
						MaxLogSizeSetting)));
	*room = Min(*room * 4, most);
	read->text = repalloc_huge(read->text, *room + 1);
}

/* Begin the next member, if there is one; other bytes behind a member are ignored. */
static bool
NextMember(z_stream *stream)
{
	return stream->avail_in > 0 && IsGzip((const char *) stream->next_in, stream->avail_in) &&
		inflateReset(stream) == Z_OK;
}

GzipText
GzipRead(const char *data, size_t length)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "newterm gzip",
												  ALLOCSET_DEFAULT_SIZES);
	GzipText      read = {0};
	size_t        room = Min(FIRST_ROOM, MAX_LOG_SIZE);
	z_stream      stream = {0};
	int           status = Z_OK;

	read.text = palloc(room + 1);
	stream.zalloc = Allocate;
	stream.zfree = Free;
	stream.opaque = context;
	stream.next_in = (Bytef *) unconstify(char *, data);
	stream.avail_in = length;
	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		elog(ERROR, "could not start zlib: %s", stream.msg == NULL ? "?" : stream.msg);
	while (status == Z_OK || (status == Z_STREAM_END && NextMember(&stream)))
	{
		size_t before;

		CHECK_FOR_INTERRUPTS();
		if (read.length == room)
			Grow(&read, &room);
		before = Min(room - read.length, FIRST_ROOM);
		stream.next_out = (Bytef *) read.text + read.length;
		stream.avail_out = before;
		status = inflate(&stream, Z_NO_FLUSH);
		read.length += before - stream.avail_out;
	}
	if (status != Z_STREAM_END)
	{
		read.damage = status == Z_BUF_ERROR ? "the gzip data ends too early"
			: stream.msg != NULL            ? pstrdup(stream.msg)
											: "the gzip data is damaged";
		read.position = length - stream.avail_in + 1;
	}
	read.text[read.length] = '\0';
	inflateEnd(&stream);
	MemoryContextDelete(context);
	return read;
}
