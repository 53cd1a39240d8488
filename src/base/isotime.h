/*
 * isotime.h
 *	  ISO 8601 timestamps, strictly: what CloudTrail writes and its variants.
 *
 * Accepts YYYY-MM-DD, then optionally "T", "t" or one space and
 * HH:MM[:SS[.f...]], and behind such a time optionally Z, z, +-HH, +-HHMM or
 * +-HH:MM; without a zone the time is UTC.  A date alone has no zone, or
 * 2024-01-01-05 (a date and an hour) would read as one.
 * No words (now, infinity), no week or ordinal dates.
 */
#ifndef NEWTERM_ISOTIME_H
#define NEWTERM_ISOTIME_H

/*
 * Parse `length` bytes at `text`; the whole of it must be a timestamp.
 * On success returns true and sets *micros to microseconds since 1970-01-01
 * UTC (digits beyond the sixth are cut).  A leap second 60 reads as the next
 * second's 0.  Allocates nothing.
 */
extern bool IsoTimeParse(const char *text, int length, int64 *micros);

/* Enough for 9999-12-31T23:59:59.999999Z. */
#define ISOTIME_TEXT_SIZE 28

/*
 * Write the time of *micros into `text`, NUL-terminated; false where the year
 * is none of 1 to 9999.
 */
extern bool IsoTimeFormat(int64 micros, char text[ISOTIME_TEXT_SIZE]);

/* The same without the fraction where that is zero, as CloudTrail writes times. */
extern bool IsoTimeFormatShort(int64 micros, char text[ISOTIME_TEXT_SIZE]);

#endif /* NEWTERM_ISOTIME_H */
