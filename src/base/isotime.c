/*
 * isotime.c
 *	  ISO 8601 timestamps, strictly: what CloudTrail writes and its variants.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "port/pg_bswap.h"

#include "base/isotime.h"

/* The farthest zone that exists is +14:00; PostgreSQL reads up to 15:59. */
#define MAX_ZONE_HOUR 15

/* Of YYYY-MM-DDTHH:MM:SSZ. */
#define USUAL_LENGTH 20

/* What is left to read. */
typedef struct TimeReader
{
	const char *next;
	const char *end;
} TimeReader;

/*
 * Read exactly `digits` digits into *number, which must lie between min and
 * max.  Returns false and leaves the reader anywhere otherwise.
 */
static bool
ReadNumber(TimeReader *reader, int digits, int min, int max, int *number)
{
	int value = 0;

	if (reader->end - reader->next < digits)
		return false;
	for (int i = 0; i < digits; i++, reader->next++)
	{
		if (*reader->next < '0' || *reader->next > '9')
			return false;
		value = value * 10 + (*reader->next - '0');
	}
	*number = value;
	return value >= min && value <= max;
}

/* Is the next character this one?  If so, go past it. */
static bool
Skip(TimeReader *reader, char character)
{
	if (reader->next == reader->end || *reader->next != character)
		return false;
	reader->next++;
	return true;
}

/* Read the digits of a fraction of a second; those beyond the sixth are cut. */
static bool
ReadFraction(TimeReader *reader, int *micros)
{
	int digits = 0;

	*micros = 0;
	for (; reader->next < reader->end && *reader->next >= '0' && *reader->next <= '9';
		 reader->next++)
	{
		if (digits < 6)
		{
			*micros = *micros * 10 + (*reader->next - '0');
			digits++;
		}
	}
	if (digits == 0)
		return false;
	for (; digits < 6; digits++)
		*micros *= 10;
	return true;
}

/*
 * Read Z, z, +-HH, +-HHMM, +-HH:MM or nothing; *seconds is what the zone is
 * ahead of UTC.
 */
static bool
ReadZone(TimeReader *reader, int *seconds)
{
	int hour;
	int minute = 0;
	int sign;

	*seconds = 0;
	if (reader->next == reader->end)
		return true;
	if (Skip(reader, 'Z') || Skip(reader, 'z'))
		return true;
	if (Skip(reader, '+'))
		sign = 1;
	else if (Skip(reader, '-'))
		sign = -1;
	else
		return false;
	if (!ReadNumber(reader, 2, 0, MAX_ZONE_HOUR, &hour))
		return false;
	if (reader->next < reader->end)
	{
		(void) Skip(reader, ':');
		if (!ReadNumber(reader, 2, 0, 59, &minute))
			return false;
	}
	*seconds = sign * (hour * 3600 + minute * 60);
	return true;
}

/* How many days has the month (1 to 12) of the year? */
static int
DaysInMonth(int year, int month)
{
	static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool             leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/*
 * Days from 1970-01-01 to a day of the Gregorian calendar.
 *
 * Years are counted from March, so that the leap day is a year's last: days
 * before a month are then a linear function of the month, and leap days before
 * a year one of the year.
 */
static int64
DaysSinceEpoch(int year, int month, int day)
{
	int   from_march = (month + 9) % 12;
	int64 years = month > 2 ? year : year - 1;
	int64 leap_days = years / 4 - years / 100 + years / 400;
	int   days_before_month = (153 * from_march + 2) / 5;

	/* 719468 days lie between 0000-03-01 and 1970-01-01. */
	return 365 * years + leap_days + days_before_month + day - 1 - 719468;
}

/* Read YYYY-MM-DD. */
static bool
ReadDay(TimeReader *reader, int64 *days)
{
	int year;
	int month;
	int day;

	if (!ReadNumber(reader, 4, 1, 9999, &year) || !Skip(reader, '-') ||
		!ReadNumber(reader, 2, 1, 12, &month) || !Skip(reader, '-') ||
		!ReadNumber(reader, 2, 1, DaysInMonth(year, month), &day))
		return false;
	*days = DaysSinceEpoch(year, month, day);
	return true;
}

/*
 * ReadPairs
 *		Read eight characters at once, one in each byte of a number, the first one
 *		highest: digits where `digits` has 0xFF, what `form` has elsewhere.  Each byte
 *		of *pairs is a digit and ten times the one before it.  Returns false, with
 *		*pairs undefined, where the characters are others.
 */
static inline bool
ReadPairs(const char *text, uint64 form, uint64 digits, uint64 *pairs)
{
	const uint64 too_large = UINT64CONST(0xF0F0F0F0F0F0F0F0) | ~digits;
	uint64       characters;

	memcpy(&characters, text, sizeof(characters));
	/* digits become their values, and others zero */
	characters = pg_ntoh64(characters) ^ form;
	*pairs = characters + (characters >> 8) * 10;
	return ((characters | (characters + (UINT64CONST(0x0606060606060606) & digits))) & too_large) ==
		0;
}

/*
 * ReadUsual
 *		Read YYYY-MM-DDTHH:MM:SSZ, as CloudTrail writes it; false where it is anything
 *		else.  Few branches: after a statement's other work none is predicted.
 */
static inline bool
ReadUsual(const char *text, int64 *micros)
{
	uint64 date;
	uint64 clock;
	uint64 end;
	uint32 year;
	uint32 month;
	uint32 day;
	uint32 hour;
	uint32 minute;
	uint32 second;

	/* YYYY-MM-, DDTHH:MM and, again from within the hour, H:MM:SSZ */
	if (!(ReadPairs(text, UINT64CONST(0x303030302D30302D), UINT64CONST(0xFFFFFFFF00FFFF00), &date) &
		  ReadPairs(text + 8, UINT64CONST(0x30305430303A3030), UINT64CONST(0xFFFF00FFFF00FFFF),
					&clock) &
		  ReadPairs(text + 12, UINT64CONST(0x303A30303A30305A), UINT64CONST(0xFF00FFFF00FFFF00),
					&end)))
		return false;
	year = (date >> 48 & 0xFF) * 100 + (date >> 32 & 0xFF);
	month = date >> 8 & 0xFF;
	day = clock >> 48 & 0xFF;
	hour = clock >> 24 & 0xFF;
	minute = clock & 0xFF;
	second = end >> 8 & 0xFF;
	if ((year < 1) | (month < 1) | (month > 12) | (day < 1) | (hour > 23) | (minute > 59) |
			(second > 59) ||
		(day > 28 && day > DaysInMonth(year, month)))
		return false;
	*micros = (((DaysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) *
		INT64CONST(1000000);
	return true;
}

/* Read any form of a timestamp. */
static pg_noinline bool
ReadAny(const char *text, int length, int64 *micros)
{
	TimeReader reader = {text, text + length};
	int64      days;
	int        hour = 0;
	int        minute = 0;
	int        second = 0;
	int        fraction = 0;
	int        zone = 0;

	if (!ReadDay(&reader, &days))
		return false;
	if (reader.next < reader.end)
	{
		if (!Skip(&reader, 'T') && !Skip(&reader, 't') && !Skip(&reader, ' '))
			return false;
		if (!ReadNumber(&reader, 2, 0, 23, &hour) || !Skip(&reader, ':') ||
			!ReadNumber(&reader, 2, 0, 59, &minute))
			return false;
		if (Skip(&reader, ':'))
		{
			if (!ReadNumber(&reader, 2, 0, 60, &second))
				return false;
			if (Skip(&reader, '.') && !ReadFraction(&reader, &fraction))
				return false;
		}
		if (!ReadZone(&reader, &zone))
			return false;
	}
	if (reader.next != reader.end)
		return false;

	/* A leap second is the next second's beginning, without its fraction. */
	if (second == 60)
		fraction = 0;
	*micros = ((days * 24 + hour) * 60 + minute) * 60 + second - zone;
	*micros = *micros * INT64CONST(1000000) + fraction;
	return true;
}

bool
IsoTimeParse(const char *text, int length, int64 *micros)
{
	return (length == USUAL_LENGTH && ReadUsual(text, micros)) || ReadAny(text, length, micros);
}

/*
 * IsoTimeFormat
 *
 * Write a time of the years 1 to 9999 in UTC, with its microseconds.
 */
bool
IsoTimeFormat(int64 micros, char text[ISOTIME_TEXT_SIZE])
{
	const int64 day_micros = INT64CONST(86400000000);
	int64       days = micros / day_micros - (micros % day_micros < 0);
	int64       rest = micros - days * day_micros;
	int         seconds = rest / 1000000;
	int         year = 1970 + days / 365;
	int         month = 1;

	/* a guess that is too late or too early by few years */
	while (DaysSinceEpoch(year, 1, 1) > days)
		year--;
	while (DaysSinceEpoch(year + 1, 1, 1) <= days)
		year++;
	if (year < 1 || year > 9999)
		return false;
	days -= DaysSinceEpoch(year, 1, 1);
	for (; days >= DaysInMonth(year, month); month++)
		days -= DaysInMonth(year, month);
	snprintf(text, ISOTIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", year, month,
			 (int) days + 1, seconds / 3600, seconds / 60 % 60, seconds % 60,
			 (int) (rest % 1000000));
	return true;
}

bool
IsoTimeFormatShort(int64 micros, char text[ISOTIME_TEXT_SIZE])
{
	if (!IsoTimeFormat(micros, text))
		return false;
	if (micros % 1000000 == 0)
		strcpy(strchr(text, '.'), "Z");
	return true;
}
