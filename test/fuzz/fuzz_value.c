/*
 * fuzz_value.c
 *	  Fuzzing harness of what works on values: functions, timestamps, numbers,
 *	  networks and wildcards.
 *
 * The input's first line is a pattern or second value; the rest is the value.
 * Values are copied without a NUL behind them, so that reading beyond is seen.
 */
#include "common.h"

#include "base/decimal.h"
#include "lang/filter.h"
#include "base/isotime.h"
#include "lang/normalise.h"

/* Longer inputs are not checked against the slow matcher. */
#define SLOW_MATCH_MAX 64

/*
 * The wildcard match written the obvious way, exponential and all.
 */
static bool
SlowMatch(const WildcardPart *parts, int nparts, const char *text, int length)
{
	int step = 1;

	if (nparts == 0)
		return length == 0;
	switch (parts[0].kind)
	{
		case WILDCARD_TEXT:
			return length >= parts[0].length && memcmp(text, parts[0].text, parts[0].length) == 0 &&
				SlowMatch(parts + 1, nparts - 1, text + parts[0].length, length - parts[0].length);
		case WILDCARD_ANY_CHARACTER:
			if (length == 0)
				return false;
			while (step < length && ((unsigned char) text[step] & 0xC0) == 0x80)
				step++;
			return SlowMatch(parts + 1, nparts - 1, text + step, length - step);
		case WILDCARD_ANY_TEXT:
			for (int i = 0; i <= length; i++)
			{
				if (SlowMatch(parts + 1, nparts - 1, text + i, length - i))
					return true;
			}
			return false;
	}
	return false;
}

/* Is the text ASCII throughout, so that all agree on what a character is? */
static bool
IsAscii(const char *text, int length)
{
	for (int i = 0; i < length; i++)
	{
		if (text[i] & 0x80)
			return false;
	}
	return true;
}

/*
 * Match the value with `pattern` as a filter's value would have it.
 */
static void
CheckWildcard(const char *pattern, const char *value, int length)
{
	SyntaxError error;
	FilterNode *filter;

	filter = FilterParse(psprintf("a:%s", pattern), LANGUAGE_DATADOG, &error);
	if (filter == NULL)
		return;
	if (filter->kind == FILTER_WILDCARD)
	{
		bool matches = FilterWildcardMatch(filter, value, length);

		if (strlen(pattern) <= SLOW_MATCH_MAX / 4 && length <= SLOW_MATCH_MAX &&
			IsAscii(pattern, strlen(pattern)) && IsAscii(value, length) &&
			matches !=
				SlowMatch(filter->val.wildcard.parts, filter->val.wildcard.nparts, value, length))
			FuzzFail("a wildcard match that differs", pattern);
	}
}

/*
 * Networks: a network contains the address it was made from, and the text of a
 * network reads as the same one.
 */
static void
CheckNetwork(const char *value, int length)
{
	IpNetwork address;
	IpNetwork network;
	IpNetwork again;
	char      text[IPADDRESS_TEXT_SIZE];

	if (!IpAddressParse(value, length, &address))
		return;
	for (int bits = 0; bits <= address.bits; bits += 7)
	{
		int text_length;

		network = address;
		IpNetworkMask(&network, bits);
		if (!IpNetworkContains(&network, &address))
			FuzzFail("an address outside its network", "");
		text_length = IpNetworkToText(&network, text);
		if (text_length != (int) strlen(text))
			FuzzFail("the length of a network's text", text);
		if (!IpNetworkParse(text, text_length, &again) || again.family != network.family ||
			again.bits != network.bits ||
			memcmp(again.address, network.address, IPADDRESS_BYTES) != 0)
			FuzzFail("another network from the network's text", text);
	}
}

/*
 * Normalisers stay within their buffer, and applied twice change nothing more.
 */
static void
CheckNormalisers(const char *value, int length)
{
	char       *buffer = palloc(NORMALISE_BUFFER_SIZE(length));
	char       *second = palloc(NORMALISE_BUFFER_SIZE(length + 64));
	const char *result;
	const char *again;
	int         result_length;
	int         again_length;

	result = NormalisePrincipal(value, length, buffer, &result_length);
	if (result_length > length)
		FuzzFail("a principal longer than its ARN", "");
	again = NormalisePrincipal(result, result_length, second, &again_length);
	if (again_length != result_length || memcmp(again, result, result_length) != 0)
		FuzzFail("a principal that is not final", "");

	result = NormaliseProduct(value, length, &result_length);
	if (result < value || result + result_length > value + length)
		FuzzFail("a product outside its user agent", "");

	result = NormaliseNetwork(value, length, 24, 48, buffer, &result_length);
	if (result_length > NORMALISE_BUFFER_SIZE(length))
		FuzzFail("a network beyond its buffer", "");
	again = NormaliseNetwork(result, result_length, 24, 48, second, &again_length);
	if (again_length != result_length || memcmp(again, result, result_length) != 0)
		FuzzFail("a network that is not final", "");
}

/*
 * Functions that cut a part out of a text stay within it, and basename and
 * account have nothing more to cut.
 */
static void
CheckParts(const char *pattern, const char *value, int length)
{
	const char *result;
	const char *again;
	int         result_length;
	int         again_length;
	char       *buffer = palloc(NORMALISE_BUFFER_SIZE(length));

	result = NormaliseSession(value, length, &result_length);
	if (result != NULL && (result <= value || result + result_length != value + length))
		FuzzFail("a session outside its ARN", "");
	if ((result == NULL) != (NormaliseRole(value, length, &again_length) == NULL))
		FuzzFail("a session without a role", "");

	result = NormaliseAccount(value, length, &result_length);
	again = NormaliseAccount(result, result_length, &again_length);
	if (result < value || result + result_length > value + length || again != result ||
		again_length != result_length)
		FuzzFail("an account that is not final", "");

	result = NormaliseBasename(value, length, &result_length);
	again = NormaliseBasename(result, result_length, &again_length);
	if (result + result_length != value + length || (length > 0 && result_length == 0) ||
		again != result || again_length != result_length)
		FuzzFail("a basename that is not final", "");

	if (pattern[0] != '\0')
	{
		result = NormalisePrefix(value, length, pattern, 2, &result_length);
		again = NormalisePrefix(value, length, pattern, 1, &again_length);
		if (result != value || result_length > length || again_length > result_length)
			FuzzFail("a prefix that is none", pattern);
	}

	result = NormalisePercent(value, length, buffer, &result_length);
	if (result != NULL && (result != buffer || result_length > length))
		FuzzFail("decoding that makes longer", "");
}

/*
 * Times: what is written reads as the same time.
 */
static void
CheckTime(const char *value, int length)
{
	int64 micros;
	int64 again;
	char  text[ISOTIME_TEXT_SIZE];

	if (!IsoTimeParse(value, length, &micros))
		return;
	if (micros < INT64CONST(-62135683200000000) || micros > INT64CONST(253402387200000000))
		FuzzFail("a time out of years 1 to 9999", "");
	if (IsoTimeFormat(micros, text) &&
		(!IsoTimeParse(text, strlen(text), &again) || again != micros))
		FuzzFail("another time from a time's text", text);
}

/*
 * Numbers: comparing is antisymmetric, and equal to itself.
 */
static void
CheckDecimal(const char *pattern, const char *value, int length)
{
	int pattern_length = strlen(pattern);
	int one;
	int other;

	if (!DecimalValid(value, length))
		return;
	if (DecimalCompare(value, length, value, length) != 0)
		FuzzFail("a number that differs from itself", "");
	if (!DecimalValid(pattern, pattern_length))
		return;
	one = DecimalCompare(value, length, pattern, pattern_length);
	other = DecimalCompare(pattern, pattern_length, value, length);
	if ((one < 0) != (other > 0) || (one == 0) != (other == 0))
		FuzzFail("numbers that compare both ways", pattern);

	/* Short ones are exact in double precision. */
	if (length <= 15 && pattern_length <= 15 && memchr(value, 'e', length) == NULL &&
		memchr(value, 'E', length) == NULL && strpbrk(pattern, "eE.") == NULL &&
		memchr(value, '.', length) == NULL)
	{
		double x = strtod(pnstrdup(value, length), NULL);
		double y = strtod(pattern, NULL);

		if ((x < y) != (one < 0) || (x > y) != (one > 0))
			FuzzFail("numbers that compare wrongly", pattern);
	}
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	const uint8 *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t       first = line_end ? line_end - data : size;
	size_t       behind = line_end ? first + 1 : size;
	char        *pattern = FuzzText(data, first);
	int          length = size - behind;
	char        *value = palloc(length);

	memcpy(value, data + behind, length);
	CheckWildcard(pattern, value, length);
	CheckNetwork(value, length);
	CheckNormalisers(value, length);
	CheckParts(pattern, value, length);
	CheckDecimal(pattern, value, length);
	CheckTime(value, length);
	FuzzReset();
	return 0;
}
