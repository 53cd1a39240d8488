/*
 * isotime.c
 *	  ISO 8601 timestamps, strictly: what CloudTrail writes and its variants.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "isotime.h"

/* The farthest zone that exists is +14:00; PostgreSQL reads up to 15:59. */
#define MAX_ZONE_HOUR	15

/* Of YYYY-MM-DD. */
#define DAY_LENGTH		10

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
	int			value = 0;

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
	int			digits = 0;

	*micros = 0;
	for (; reader->next < reader->end &&
		 *reader->next >= '0' && *reader->next <= '9'; reader->next++)
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
	int			hour;
	int			minute = 0;
	int			sign;

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
	static const int days[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

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
	int			from_march = (month + 9) % 12;
	int64		years = month > 2 ? year : year - 1;
	int64		leap_days = years / 4 - years / 100 + years / 400;
	int			days_before_month = (153 * from_march + 2) / 5;

	/* 719468 days lie between 0000-03-01 and 1970-01-01. */
	return 365 * years + leap_days + days_before_month + day - 1 - 719468;
}

/*
 * Read YYYY-MM-DD.  Times come in nearly their order, so that most are of the day
 * of the one before.
 */
static bool
ReadDay(TimeReader *reader, int64 *days)
{
	static char last_text[DAY_LENGTH];
	static int64 last_days;
	const char *text = reader->next;
	int			year;
	int			month;
	int			day;

	if (reader->end - text >= DAY_LENGTH && memcmp(text, last_text, DAY_LENGTH) == 0)
	{
		reader->next += DAY_LENGTH;
		*days = last_days;
		return true;
	}
	if (!ReadNumber(reader, 4, 1, 9999, &year) || !Skip(reader, '-') ||
		!ReadNumber(reader, 2, 1, 12, &month) || !Skip(reader, '-') ||
		!ReadNumber(reader, 2, 1, DaysInMonth(year, month), &day))
		return false;
	*days = DaysSinceEpoch(year, month, day);
	memcpy(last_text, text, DAY_LENGTH);
	last_days = *days;
	return true;
}

/*
 * IsoTimeParse
 *
 * Read `length` bytes at text as a timestamp; the whole of it must be one.
 * Returns false where it is none; otherwise sets *micros to microseconds since
 * 1970-01-01 UTC.
 */
bool
IsoTimeParse(const char *text, int length, int64 *micros)
{
	TimeReader	reader = {text, text + length};
	int64		days;
	int			hour = 0;
	int			minute = 0;
	int			second = 0;
	int			fraction = 0;
	int			zone = 0;

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
	*micros = ((days * 24 + hour) * 60 + minute) * 60 +
		second - zone;
	*micros = *micros * INT64CONST(1000000) + fraction;
	return true;
}
