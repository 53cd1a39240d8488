/*
 * log_scan.h
 *	  Splits the text of a log file into its records, without parsing them into values.
 *
 * A document is any number of JSON values one after the other: log files
 * ({"Records": […]}), arrays, one record a line.  The scanner checks JSON as strictly as
 * PostgreSQL's parser, so its pieces can be given to COPY, which fails as a whole for one bad
 * row.  It reports damaged parts with their places, and goes on behind them.
 */
#ifndef NEWTERM_LOG_SCAN_H
#define NEWTERM_LOG_SCAN_H

#include "base/jsonc.h"

/* One value of a document. */
typedef struct LogPiece
{
	const char *text;
	size_t      length;
	bool        record; /* an object with a member that records have */
	bool        care;   /* jsonb_in would fail: \u0000, a lone surrogate, a large number */
	const char *time;   /* what stands in the quotes of its eventTime, or NULL */
	size_t      time_length;
} LogPiece;

typedef enum LogFound
{
	LOG_END,
	LOG_PIECE,
	LOG_EMPTY, /* an array or a log file without records */
	LOG_DAMAGE /* see error */
} LogFound;

/* Where do the pieces come from? */
typedef enum LogList
{
	LIST_NONE, /* values one after the other */
	LIST_ARRAY,
	LIST_RECORDS,       /* of {"Records": […]} */
	LIST_BEHIND_RECORDS /* the rest of that object */
} LogList;

typedef struct LogScanner
{
	const char *text; /* ends with a zero byte behind `end` */
	const char *end;
	const char *next;
	JsonError   error; /* after LOG_DAMAGE */

	/* private to log_scan.c */
	bool        verified; /* all of the text is UTF-8 */
	bool        mending;  /* behind damage: closing brackets may be left over */
	LogList     list;
	bool        list_begins;
	const char *value;   /* at which the last value began */
	const char *counted; /* up to which lines were counted */
	int64       lines;   /* before that */
} LogScanner;

/* Begin to scan `length` bytes, which a zero byte must follow. */
extern void LogScanBegin(LogScanner *scanner, const char *text, size_t length);

/* Find the next piece.  LOG_DAMAGE may come any number of times. */
extern LogFound LogScanNext(LogScanner *scanner, LogPiece *piece);

/* Number of lines that end before a place in the text.  Fast if places come in order. */
extern int64 LogLinesBefore(LogScanner *scanner, const char *place);

#endif /* NEWTERM_LOG_SCAN_H */
