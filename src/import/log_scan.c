/*
 * log_scan.c
 *	  Splits the text of a log file into its records.
 */
#include "postgres.h"

#include <ctype.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "base/compat.h"
#include "base/decimal.h"
#include "event/shape.h"
#include "import/log_scan.h"

/* Longer numbers are checked by DecimalValid. */
#define PLAIN_NUMBER 100

/*
 * After damage the scan resumes just behind the beginning of the damaged value, unless that is
 * farther back than this: nested damage would make it scan the same bytes again and again.
 */
#define MENDING_BYTES (1024 * 1024)

/* May a byte stand in a string without an escape? */
#define IS_PLAIN(byte) ((unsigned char) (byte) >= ' ' && (byte) != '"' && (byte) != '\\')

/* The state of scanning one value. */
typedef struct Scan
{
	LogScanner *scanner;
	LogPiece   *piece;
	const char *next;
} Scan;

void
LogScanBegin(LogScanner *scanner, const char *text, size_t length)
{
	memset(scanner, 0, sizeof(LogScanner));
	scanner->text = scanner->next = scanner->counted = text;
	scanner->end = text + length;
	scanner->verified = pg_encoding_verifymbstr(PG_UTF8, text, length) == (int) length;
}

static int64
CountLines(const char *from, const char *to)
{
	int64 count = 0;

	while (from < to && (from = memchr(from, '\n', to - from)) != NULL)
	{
		count++;
		from++;
	}
	return count;
}

int64
LogLinesBefore(LogScanner *scanner, const char *place)
{
	if (place >= scanner->counted)
		scanner->lines += CountLines(scanner->counted, place);
	else
		scanner->lines -= CountLines(place, scanner->counted);
	scanner->counted = place;
	return scanner->lines;
}

/* Report damage at scan->next; returns false. */
static bool
Damage(Scan *scan, const char *message)
{
	scan->scanner->error.position = scan->next - scan->scanner->text + 1;
	scan->scanner->error.message = scan->next >= scan->scanner->end ? "the document ends too early"
																	: message;
	return false;
}

static inline void
SkipSpace(Scan *scan)
{
	while (*scan->next == ' ' || *scan->next == '\t' || *scan->next == '\n' || *scan->next == '\r')
		scan->next++;
}

/* The value of four hexadecimal digits, or -1. */
static int
HexDigits(const char *text)
{
	int code = 0;

	for (int i = 0; i < 4; i++)
	{
		int digit = isdigit((unsigned char) text[i]) ? text[i] - '0'
			: isxdigit((unsigned char) text[i])      ? (text[i] | 0x20) - 'a' + 10
													 : -1;

		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	return code;
}

/* Scan \uXXXX, beginning at the u. */
static bool
ScanCodePoint(Scan *scan)
{
	int code = HexDigits(scan->next + 1);

	if (code < 0)
		return Damage(scan, "\\u wants four hexadecimal digits");
	scan->next += 5;
	if (code >= 0xD800 && code <= 0xDBFF && scan->next[0] == '\\' && scan->next[1] == 'u')
	{
		int low = HexDigits(scan->next + 2);

		if (low >= 0xDC00 && low <= 0xDFFF)
		{
			scan->next += 6;
			return true;
		}
	}
	if (code == 0 || (code >= 0xD800 && code <= 0xDFFF))
		scan->piece->care = true;
	return true;
}

/* Scan a string, beginning at its opening quote; returns the text between its quotes. */
static bool
ScanString(Scan *scan, const char **content, size_t *length)
{
	if (*scan->next != '"')
		return Damage(scan, "a string was expected");
	*content = ++scan->next;
	for (;;)
	{
		const char *next = scan->next;

		while (IS_PLAIN(*next))
			next++;
		scan->next = next;
		switch (*scan->next)
		{
			case '"':
				*length = scan->next++ - *content;
				return true;
			case '\\':
				scan->next++;
				if (*scan->next == 'u')
				{
					if (!ScanCodePoint(scan))
						return false;
				}
				else if (*scan->next != '\0' && strchr("\"\\/bfnrt", *scan->next) != NULL)
					scan->next++;
				else
					return Damage(scan, "no such escape");
				break;
			default:
				return Damage(scan, "a control character stands in a string");
		}
	}
}

static bool
ScanDigits(Scan *scan)
{
	if (!isdigit((unsigned char) *scan->next))
		return Damage(scan, "a digit was expected");
	while (isdigit((unsigned char) *scan->next))
		scan->next++;
	return true;
}

static bool
ScanNumber(Scan *scan)
{
	const char *begin = scan->next;
	bool        exponent;

	scan->next += *scan->next == '-';
	if (*scan->next == '0')
		scan->next++;
	else if (!ScanDigits(scan))
		return false;
	if (*scan->next == '.')
	{
		scan->next++;
		if (!ScanDigits(scan))
			return false;
	}
	exponent = *scan->next == 'e' || *scan->next == 'E';
	if (exponent)
	{
		scan->next++;
		scan->next += *scan->next == '+' || *scan->next == '-';
		if (!ScanDigits(scan))
			return false;
	}
	if ((exponent || scan->next - begin > PLAIN_NUMBER) &&
		!DecimalValid(begin, Min(scan->next - begin, DECIMAL_MAX_LENGTH + 1)))
		scan->piece->care = true;
	return true;
}

static bool
ScanWord(Scan *scan, const char *word)
{
	if (strncmp(scan->next, word, strlen(word)) != 0)
		return Damage(scan, "a JSON value was expected");
	scan->next += strlen(word);
	return true;
}

/* Scan a string, number, boolean or null; if it is the record's eventTime, the piece keeps it. */
static bool
ScanScalar(Scan *scan, bool is_time)
{
	const char *content;
	size_t      length;

	switch (*scan->next)
	{
		case '"':
			if (!ScanString(scan, &content, &length))
				return false;
			if (is_time)
			{
				scan->piece->time = content;
				scan->piece->time_length = length;
			}
			return true;
		case 't':
			return ScanWord(scan, "true");
		case 'f':
			return ScanWord(scan, "false");
		case 'n':
			return ScanWord(scan, "null");
		default:
			if (*scan->next == '-' || isdigit((unsigned char) *scan->next))
				return ScanNumber(scan);
			return Damage(scan, "a JSON value was expected");
	}
}

/* Scan a key and its colon.  The outermost keys tell whether the piece is a record. */
static bool
ScanKey(Scan *scan, bool outermost, bool *is_time)
{
	const char *key;
	size_t      length;

	SkipSpace(scan);
	if (!ScanString(scan, &key, &length))
		return false;
	*is_time = outermost && length == strlen("eventTime") && memcmp(key, "eventTime", length) == 0;
	if (outermost && !scan->piece->record)
		scan->piece->record = IsRecordKey(key, length);
	SkipSpace(scan);
	if (*scan->next != ':')
		return Damage(scan, "a colon was expected");
	scan->next++;
	return true;
}

/* The containers around the scanner's place, by their closing brackets. */
typedef struct Nesting
{
	int  depth;
	char closing[JSON_MAX_DEPTH];
} Nesting;

/* Does the closing bracket of the innermost container come next? */
static inline bool
AtClosing(const Scan *scan, const Nesting *nesting)
{
	return *scan->next == nesting->closing[nesting->depth - 1];
}

/* Scan the key before the next value, if the innermost container is an object. */
static inline bool
ScanKeyInside(Scan *scan, const Nesting *nesting, bool *is_time)
{
	*is_time = false;
	return nesting->closing[nesting->depth - 1] == ']' ||
		ScanKey(scan, nesting->depth == 1, is_time);
}

/* Move over an opening bracket, and white space behind it. */
static bool
OpenContainer(Scan *scan, Nesting *nesting)
{
	if (nesting->depth == JSON_MAX_DEPTH)
		return Damage(scan, "nesting too deep");
	nesting->closing[nesting->depth++] = *scan->next == '{' ? '}' : ']';
	scan->next++;
	SkipSpace(scan);
	return true;
}

/* Move over the closing brackets behind a value. */
static void
CloseContainers(Scan *scan, Nesting *nesting)
{
	while (nesting->depth > 0)
	{
		SkipSpace(scan);
		if (!AtClosing(scan, nesting))
			return;
		scan->next++;
		nesting->depth--;
	}
}

/* Move over the comma between two values. */
static bool
ScanComma(Scan *scan, const Nesting *nesting)
{
	if (*scan->next != ',')
		return Damage(scan,
					  nesting->closing[nesting->depth - 1] == '}' ? "a comma or } was expected"
																  : "a comma or ] was expected");
	scan->next++;
	return true;
}

/* Scan a value with everything inside it. */
static bool
ScanInside(Scan *scan)
{
	Nesting nesting;
	bool    is_time = false;

	nesting.depth = 0;
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		SkipSpace(scan);
		if (*scan->next == '{' || *scan->next == '[')
		{
			if (!OpenContainer(scan, &nesting))
				return false;
			if (!AtClosing(scan, &nesting))
			{
				if (!ScanKeyInside(scan, &nesting, &is_time))
					return false;
				continue;
			}
		}
		else if (!ScanScalar(scan, is_time))
			return false;
		CloseContainers(scan, &nesting);
		if (nesting.depth == 0)
			return true;
		if (!ScanComma(scan, &nesting) || !ScanKeyInside(scan, &nesting, &is_time))
			return false;
	}
}

/* Scan the next value, which becomes the piece. */
static LogFound
ScanPiece(LogScanner *scanner, LogPiece *piece)
{
	Scan scan = {scanner, piece, scanner->next};
	bool whole;

	memset(piece, 0, sizeof(LogPiece));
	piece->text = scanner->value = scanner->next;
	whole = ScanInside(&scan);
	scanner->next = scan.next;
	piece->length = scan.next - piece->text;
	if (!whole)
		return LOG_DAMAGE;
	if (!scanner->verified)
	{
		int valid = pg_encoding_verifymbstr(PG_UTF8, piece->text, piece->length);

		if (valid < (int) piece->length)
		{
			scanner->error.position = piece->text + valid - scanner->text + 1;
			scanner->error.message = "the text is no UTF-8";
			scanner->next = piece->text + valid + 1;
			return LOG_DAMAGE;
		}
	}
	return LOG_PIECE;
}

/* Move over white space. */
static void
SkipSpaceBetween(LogScanner *scanner)
{
	scanner->next += strspn(scanner->next, " \t\r\n");
}

/* Move over white space, byte order marks, and brackets left over by damage. */
static void
SkipBetweenValues(LogScanner *scanner)
{
	for (;;)
	{
		SkipSpaceBetween(scanner);
		if (memcmp(scanner->next, "\xEF\xBB\xBF", Min(3, scanner->end - scanner->next + 1)) == 0)
			scanner->next += 3;
		else if (scanner->mending && *scanner->next != '\0' &&
				 strchr(",]}", *scanner->next) != NULL)
			scanner->next++;
		else
			return;
	}
}

/* If a log file begins here, move into its list of records. */
static bool
EnterRecords(LogScanner *scanner)
{
	const char *next = scanner->next + 1;

	next += strspn(next, " \t\r\n");
	if (strncmp(next, "\"Records\"", 9) != 0)
		return false;
	next += 9;
	next += strspn(next, " \t\r\n");
	if (*next++ != ':')
		return false;
	next += strspn(next, " \t\r\n");
	if (*next++ != '[')
		return false;
	scanner->next = next;
	return true;
}

/*
 * Mend
 *		Resume behind damage where a value may begin: at a line that begins with an object,
 *		or at the first member of a log file or of a CloudTrail record.
 */
static void
Mend(LogScanner *scanner)
{
	const char *next = scanner->next;

	if (scanner->value != NULL && scanner->value >= next - MENDING_BYTES)
		next = Min(scanner->value + 1, scanner->end);
	for (; (next = memchr(next, '{', scanner->end - next)) != NULL; next++)
	{
		CHECK_FOR_INTERRUPTS();
		if (next > scanner->text && next[-1] == '\n')
			break;
		if (strncmp(next + 1, "\"Records\"", 9) == 0 ||
			strncmp(next + 1, "\"eventVersion\"", 14) == 0)
			break;
	}
	scanner->next = next == NULL ? scanner->end : next;
	scanner->value = NULL;
	scanner->list = LIST_NONE;
	scanner->mending = true;
}

/* Report an unexpected character at scanner->next. */
static LogFound
Unexpected(LogScanner *scanner, const char *message)
{
	Scan scan = {scanner, NULL, scanner->next};

	scanner->value = NULL;
	(void) Damage(&scan, message);
	return LOG_DAMAGE;
}

/* Scan the next element of a list, or its end. */
static LogFound
NextOfList(LogScanner *scanner, LogPiece *piece)
{
	bool begins = scanner->list_begins;

	SkipSpaceBetween(scanner);
	if (*scanner->next == ']')
	{
		scanner->next++;
		scanner->list = scanner->list == LIST_ARRAY ? LIST_NONE : LIST_BEHIND_RECORDS;
		return begins ? LOG_EMPTY : LOG_END;
	}
	if (!begins && *scanner->next != ',')
		return Unexpected(scanner, "a comma or ] was expected");
	scanner->next += !begins;
	scanner->list_begins = false;
	SkipSpaceBetween(scanner);
	return ScanPiece(scanner, piece);
}

/* Scan the members behind the records of a log file; LOG_END at the end of the object. */
static LogFound
RestOfRecords(LogScanner *scanner, LogPiece *piece)
{
	SkipSpaceBetween(scanner);
	while (*scanner->next == ',')
	{
		Scan scan = {scanner, piece, scanner->next + 1};
		bool is_time;

		CHECK_FOR_INTERRUPTS();
		scanner->value = scanner->next;
		if (!ScanKey(&scan, false, &is_time) || !ScanInside(&scan))
		{
			scanner->next = scan.next;
			return LOG_DAMAGE;
		}
		scanner->next = scan.next;
		SkipSpaceBetween(scanner);
	}
	if (*scanner->next != '}')
		return Unexpected(scanner, "a comma or } was expected");
	scanner->next++;
	scanner->list = LIST_NONE;
	return LOG_END;
}

/* Scan the next value outside of lists; LOG_END if a list was entered instead. */
static LogFound
NextOfDocument(LogScanner *scanner, LogPiece *piece)
{
	if (*scanner->next == '[')
	{
		scanner->next++;
		scanner->list = LIST_ARRAY;
	}
	else if (*scanner->next == '{' && EnterRecords(scanner))
		scanner->list = LIST_RECORDS;
	else
		return ScanPiece(scanner, piece);
	scanner->list_begins = true;
	return LOG_END;
}

LogFound
LogScanNext(LogScanner *scanner, LogPiece *piece)
{
	LogFound found;

	do
	{
		if (scanner->list == LIST_NONE)
		{
			SkipBetweenValues(scanner);
			if (scanner->next >= scanner->end)
				return LOG_END;
			found = NextOfDocument(scanner, piece);
		}
		else if (scanner->list == LIST_BEHIND_RECORDS)
			found = RestOfRecords(scanner, piece);
		else
			found = NextOfList(scanner, piece);
		if (found == LOG_PIECE)
			scanner->mending = false;
		if (found == LOG_DAMAGE)
			Mend(scanner);
	} while (found == LOG_END);
	return found;
}
