/*
 * decimal.c
 *	  Numbers in text, of any size, compared without reading them.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "base/decimal.h"

/*
 * DecimalValid
 *
 * Is the text a number as JSON writes them, of sensible size?
 */
bool
DecimalValid(const char *text, int length)
{
	int i = 0;
	int start;
	int exponent = 0;

	if (length > DECIMAL_MAX_LENGTH)
		return false;
#define IS_DIGIT(i) ((i) < length && text[i] >= '0' && text[i] <= '9')
	if (i < length && text[i] == '-')
		i++;
	start = i;
	while (IS_DIGIT(i))
		i++;
	if (i == start || (text[start] == '0' && i > start + 1))
		return false;
	if (i < length && text[i] == '.')
	{
		start = ++i;
		while (IS_DIGIT(i))
			i++;
		if (i == start)
			return false;
	}
	if (i < length && (text[i] == 'e' || text[i] == 'E'))
	{
		i++;
		if (i < length && (text[i] == '+' || text[i] == '-'))
			i++;
		for (start = i; IS_DIGIT(i); i++)
		{
			exponent = exponent * 10 + (text[i] - '0');
			if (exponent > DECIMAL_MAX_EXPONENT)
				return false;
		}
		if (i == start)
			return false;
	}
#undef IS_DIGIT
	return i == length;
}

/*
 * A number in text, ready to be compared: its digits from the first that is
 * not zero, of which the first counts 10^magnitude.
 */
typedef struct Decimal
{
	int         sign; /* -1, 0 or 1 */
	int         magnitude;
	const char *digits; /* may have a point among them */
	const char *end;    /* behind the last digit */
} Decimal;

/*
 * Find the digits and the magnitude of a valid number.
 */
static void
Dissect(const char *text, int length, Decimal *decimal)
{
	const char *end = text + length;
	int         sign = 1;
	int         integer_digits = 0;
	int         leading_zeros = 0;
	int         exponent = 0;
	bool        negative_exponent = false;
	bool        behind_point = false;
	const char *next = text;

	if (*next == '-')
	{
		sign = -1;
		next++;
	}
	decimal->digits = NULL;
	for (; next < end && *next != 'e' && *next != 'E'; next++)
	{
		if (*next == '.')
		{
			behind_point = true;
			continue;
		}
		if (!behind_point)
			integer_digits++;
		if (decimal->digits == NULL)
		{
			if (*next == '0')
				leading_zeros++;
			else
				decimal->digits = next;
		}
	}
	decimal->end = next;

	if (next < end)
	{
		next++; /* the e */
		if (*next == '+' || *next == '-')
			negative_exponent = *next++ == '-';
		for (; next < end; next++)
			exponent = exponent * 10 + (*next - '0');
	}
	decimal->sign = decimal->digits == NULL ? 0 : sign;
	decimal->magnitude = integer_digits - leading_zeros - 1 +
		(negative_exponent ? -exponent : exponent);
}

/*
 * The next digit of the number, 0 behind its last.
 */
static char
NextDigit(Decimal *decimal)
{
	if (decimal->digits < decimal->end && *decimal->digits == '.')
		decimal->digits++;
	return decimal->digits < decimal->end ? *decimal->digits++ : '0';
}

/*
 * DecimalCompare
 *
 * Compare two valid numbers: below 0, 0 or above 0.
 */
int
DecimalCompare(const char *a, int a_length, const char *b, int b_length)
{
	Decimal x;
	Decimal y;

	Dissect(a, a_length, &x);
	Dissect(b, b_length, &y);
	if (x.sign != y.sign)
		return x.sign - y.sign;
	if (x.sign == 0)
		return 0;
	if (x.magnitude != y.magnitude)
		return x.magnitude < y.magnitude ? -x.sign : x.sign;
	while (x.digits < x.end || y.digits < y.end)
	{
		char x_digit = NextDigit(&x);
		char y_digit = NextDigit(&y);

		if (x_digit != y_digit)
			return x_digit < y_digit ? -x.sign : x.sign;
	}
	return 0;
}
