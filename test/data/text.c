/*
 * text.c
 *	  The record that is being written, and how text is added to it.
 */
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "text.h"

uint64_t random_state;
char     record[MAX_RECORD];
size_t   used;

void
put_bytes(const char *bytes, size_t length)
{
	if (used + length > MAX_RECORD)
		abort(); /* no builder comes near it */
	memcpy(record + used, bytes, length);
	used += length;
}

void
put(const char *text)
{
	put_bytes(text, strlen(text));
}

void
put_number(uint64_t n)
{
	char digits[20];
	int  i = sizeof(digits);

	do
	{
		digits[--i] = '0' + n % 10;
		n /= 10;
	} while (n > 0);
	put_bytes(digits + i, sizeof(digits) - i);
}

/* The lowest `digits` hexadecimal digits of a number. */
void
put_hex(uint64_t n, int digits)
{
	char text[16];

	for (int i = digits; i-- > 0; n >>= 4)
		text[i] = "0123456789abcdef"[n & 15];
	put_bytes(text, digits);
}

void
put_uuid(uint64_t high, uint64_t low)
{
	put_hex(high >> 32, 8);
	LIT("-");
	put_hex(high >> 16, 4);
	LIT("-4");
	put_hex(high, 3);
	LIT("-");
	put_hex((low >> 48 & 0x3fff) | 0x8000, 4);
	LIT("-");
	put_hex(low, 12);
}

/* What AWS's ids are made of, after their four letters. */
void
id_text(char *to, const char *prefix, uint64_t n, int length)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	int               i = 0;

	while (*prefix)
		to[i++] = *prefix++;
	for (int k = 0; k < length; k++)
	{
		to[i++] = letters[n & 31];
		n = k == 11 ? mix(n) : n >> 5;
	}
	to[i] = '\0';
}

void
put_id(const char *prefix, uint64_t n, int length)
{
	char text[64];

	id_text(text, prefix, mix(n), length);
	put(text);
}

/* As opaque as AWS's tokens. */
void
put_token(int length)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t n = 0;

	for (int i = 0; i < length; i++)
	{
		if (i % 10 == 0)
			n = random64();
		put_bytes(letters + (n & 63), 1);
		n >>= 6;
	}
}

/* Days since 1970 into a date (after Hinnant's civil_from_days). */
void
civil(int64_t day, int *year, int *month, int *mday)
{
	int64_t z = day + 719468;
	int64_t era = z / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*mday = (int) (doy - (153 * mp + 2) / 5 + 1);
	*month = (int) (mp < 10 ? mp + 3 : mp - 9);
	*year = (int) (yoe + era * 400 + (*month <= 2));
}

void
put_time(int64_t t)
{
	int  year, month, mday;
	int  second = (int) (t % DAY);
	char text[20] = "0000-00-00T00:00:00Z";

	civil(t / DAY, &year, &month, &mday);
#define TWO(at, n) (text[at] = '0' + (n) / 10, text[(at) + 1] = '0' + (n) % 10)
	TWO(0, year / 100);
	TWO(2, year % 100);
	TWO(5, month);
	TWO(8, mday);
	TWO(11, second / 3600);
	TWO(14, second / 60 % 60);
	TWO(17, second % 60);
	put_bytes(text, sizeof(text));
}

/* An address that stays with what `n` was made from. */
void
put_address(uint64_t n)
{
	n = mix(n);
	switch (n & 15)
	{
		case 0:
		case 1:
			LIT("2001:db8:");
			put_hex(n >> 8, 4);
			LIT(":");
			put_hex((n >> 24) | 1, 3);
			LIT("::");
			put_hex((n >> 40) | 1, 4);
			return;
		case 2:
		case 3:
		case 4:
		case 5:
			LIT("10.");
			put_number(n >> 8 & 63);
			LIT(".");
			break;
		case 6:
		case 7:
			LIT("203.0.113.");
			put_number(n >> 24 & 255);
			return;
		default:
			if (n & 16)
				LIT("198.18.");
			else
				LIT("198.19.");
			break;
	}
	put_number(n >> 16 & 255);
	LIT(".");
	put_number((n >> 24 & 127) + 1);
}
