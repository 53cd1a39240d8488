/*
 * logfiles.c
 *	  CloudTrail's log files: finding them, reading them, and from when to when
 *	  they tell.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <zlib.h>

#include "logfiles.h"

/* PostgreSQL takes values of less than 1 GB. */
#define LARGEST_FILE   ((size_t) 900 * 1024 * 1024)
#define DEEPEST_FOLDER 64

static void *
need(void *memory)
{
	if (memory == NULL)
	{
		fprintf(stderr, "demo: not enough memory\n");
		exit(1);
	}
	return memory;
}

static char *
format(const char *text, ...)
{
	char    line[512];
	va_list args;

	va_start(args, text);
	vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	return need(strdup(line));
}

static void
add_file(LogFiles *logs, const char *path, const char *problem)
{
	if (logs->count == logs->room)
	{
		logs->room = logs->room ? logs->room * 2 : 64;
		logs->files = need(realloc(logs->files, logs->room * sizeof(LogFile)));
	}
	logs->files[logs->count++] = (LogFile){
		.path = need(strdup(path)),
		.first = NO_TIME,
		.last = NO_TIME,
		.begin = NO_TIME,
		.end = NO_TIME,
		.middle = NO_TIME,
		.problem = problem ? need(strdup(problem)) : NULL,
	};
}

/* Is this a name that AWS, or a tool that writes a record a line, gives? */
static int
is_log_name(const char *name)
{
	static const char *const endings[] = {".json",      ".json.gz", ".ndjson",
										  ".ndjson.gz", ".jsonl",   ".jsonl.gz"};
	size_t                   length = strlen(name);

	/* Digest files, beside the logs, hold no records. */
	if (strstr(name, "_CloudTrail-Digest_"))
		return 0;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
	{
		size_t ending = strlen(endings[i]);

		if (length > ending && strcmp(name + length - ending, endings[i]) == 0)
			return 1;
	}
	return 0;
}

static void
add_folder(LogFiles *logs, const char *path, int depth)
{
	DIR           *folder = opendir(path);
	struct dirent *entry;

	if (folder == NULL || depth > DEEPEST_FOLDER)
	{
		add_file(logs, path, folder ? "too deep a folder" : strerror(errno));
		if (folder)
			closedir(folder);
		return;
	}
	while ((entry = readdir(folder)) != NULL)
	{
		char       *inner;
		struct stat status;

		if (entry->d_name[0] == '.')
			continue;
		inner = need(malloc(strlen(path) + strlen(entry->d_name) + 2));
		sprintf(inner, "%s/%s", path, entry->d_name);
		if (stat(inner, &status) != 0)
			add_file(logs, inner, strerror(errno));
		else if (S_ISDIR(status.st_mode))
			add_folder(logs, inner, depth + 1);
		else if (S_ISREG(status.st_mode) && is_log_name(entry->d_name))
			add_file(logs, inner, NULL);
		free(inner);
	}
	closedir(folder);
}

void
logfiles_add(LogFiles *logs, const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		add_file(logs, path, strerror(errno));
	else if (S_ISDIR(status.st_mode))
		add_folder(logs, path, 0);
	else if (S_ISREG(status.st_mode))
		add_file(logs, path, NULL);
	else
		add_file(logs, path, "neither a file nor a folder");
}

char *
logfile_read(const char *path, size_t *length, char **problem)
{
	/* zlib reads files that are not compressed as they are. */
	gzFile file = gzopen(path, "rb");
	char  *content = NULL;
	size_t room = 0;
	int    got;
	int    status;

	*length = 0;
	*problem = NULL;
	if (file == NULL)
	{
		*problem = format("%s", strerror(errno));
		return NULL;
	}
	do
	{
		if (*length + 65536 > room)
		{
			room = room ? room * 2 : 1024 * 1024;
			content = need(realloc(content, room + 1));
		}
		got = gzread(file, content + *length, 65536);
		if (got > 0)
			*length += got;
	} while (got > 0 && *length <= LARGEST_FILE);

	if (got < 0)
	{
		const char *why = gzerror(file, &status);

		*problem = format("%s", status == Z_ERRNO ? strerror(errno) : why);
	}
	else if (got > 0)
		*problem = format("larger than %zu MB", LARGEST_FILE / 1024 / 1024);
	/* A compressed file that ends too early. */
	status = gzclose(file);
	if (*problem == NULL && status != Z_OK)
		*problem = format("the compressed file is cut off");
	if (*problem)
	{
		free(content);
		return NULL;
	}
	content[*length] = '\0';
	return content;
}

/* Digits of a fixed width. */
static int
number(const char *text, int width)
{
	int n = 0;

	for (int i = 0; i < width; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + text[i] - '0';
	}
	return n;
}

/* 2025-06-01T00:00:00Z, which is how AWS writes it; else NO_TIME. */
static int64_t
parse_time(const char *text, size_t length)
{
	struct tm tm = {0};

	if (length < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
		text[16] != ':')
		return NO_TIME;
	tm.tm_year = number(text, 4) - 1900;
	tm.tm_mon = number(text + 5, 2) - 1;
	tm.tm_mday = number(text + 8, 2);
	tm.tm_hour = number(text + 11, 2);
	tm.tm_min = number(text + 14, 2);
	tm.tm_sec = number(text + 17, 2);
	/* CloudTrail began in 2013; a clock far ahead tells nothing. */
	if (tm.tm_year < 113 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
		tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0)
		return NO_TIME;
	if (timegm(&tm) > time(NULL) + 86400)
		return NO_TIME;
	return timegm(&tm);
}

static int
compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* Look for the eventTime of each record; no need to understand the rest. */
static void
read_times(LogFile *file, const char *content, size_t length)
{
	static const char key[] = "\"eventTime\"";
	const char       *end = content + length;
	const char       *next = content;
	int64_t          *times = NULL;
	size_t            count = 0;
	size_t            room = 0;

	while ((next = memmem(next, end - next, key, sizeof(key) - 1)) != NULL)
	{
		int64_t t;

		next += sizeof(key) - 1;
		while (next < end && (*next == ' ' || *next == ':' || *next == '"' || *next == '\t'))
			next++;
		t = parse_time(next, end - next);
		if (t == NO_TIME)
			continue;
		if (count == room)
		{
			room = room ? room * 2 : 1024;
			times = need(realloc(times, room * sizeof(int64_t)));
		}
		times[count++] = t;
	}
	if (count == 0)
		return;
	qsort(times, count, sizeof(int64_t), compare_times);
	file->first = times[0];
	file->last = times[count - 1];
	file->begin = times[count / 50];
	file->end = times[count - 1 - count / 50];
	file->middle = times[count / 2];
	free(times);
}

/* By time, as the records came in; a few stragglers do not matter. */
static int
compare_files(const void *a, const void *b)
{
	const LogFile *x = a;
	const LogFile *y = b;

	if (x->middle != y->middle)
		return x->middle < y->middle ? -1 : 1;
	return strcmp(x->path, y->path);
}

void
logfiles_order(LogFiles *logs)
{
	for (int i = 0; i < logs->count; i++)
	{
		LogFile *file = &logs->files[i];
		size_t   length;
		char    *content;

		if (file->problem)
			continue;
		content = logfile_read(file->path, &length, &file->problem);
		if (content == NULL)
			continue;
		read_times(file, content, length);
		free(content);
	}
	qsort(logs->files, logs->count, sizeof(LogFile), compare_files);
}
