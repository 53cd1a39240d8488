/*
 * logfiles.h
 *	  CloudTrail's log files: finding them, reading them, and from when to when
 *	  they tell.
 */
#ifndef LOGFILES_H
#define LOGFILES_H

#include <stddef.h>
#include <stdint.h>

#define NO_TIME INT64_MAX

typedef struct LogFile
{
	char *path;

	/* eventTimes, in seconds since 1970; NO_TIME where there is none */
	int64_t first;
	int64_t last;
	int64_t begin; /* first and last but for stragglers */
	int64_t end;
	int64_t middle;
	char   *problem; /* why it cannot be read, or NULL */
} LogFile;

typedef struct LogFiles
{
	LogFile *files;
	int      count;
	int      room;
} LogFiles;

/*
 * Add a file, or all log files in a folder and its subfolders.  A file that is
 * named is added whatever its name; problems are noted with the file.
 */
extern void logfiles_add(LogFiles *logs, const char *path);

/* Read all files once for their times, and sort them by time, then by name. */
extern void logfiles_order(LogFiles *logs);

/*
 * The content of a file, decompressed if need be, NUL-terminated (and with
 * NULs in it, if the file has them).  NULL, and *problem set, if it cannot be
 * had.  The caller frees it.
 */
extern char *logfile_read(const char *path, size_t *length, char **problem);

#endif /* LOGFILES_H */
