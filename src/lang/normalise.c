/*
 * normalise.c
 *	  Functions of fields that make a string of a string.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include <sys/socket.h>

#include "base/ipaddress.h"
#include "lang/normalise.h"
#include "lang/syntax.h"

/*
 * NormaliseNetwork
 *		Write the network of an IP address into `buffer`; see normalise.h.
 */
const char *
NormaliseNetwork(const char *text, int length, int ipv4_bits, int ipv6_bits, char *buffer,
				 int *result_length)
{
	IpNetwork network;

	if (!IpAddressParse(text, length, &network))
	{
		*result_length = length;
		return text;
	}
	IpNetworkMask(&network, network.family == AF_INET ? ipv4_bits : ipv6_bits);
	*result_length = IpNetworkToText(&network, buffer);
	return buffer;
}

/* Move *next behind `word` if the text there begins with it; returns whether it does. */
static bool
SkipWord(const char **next, const char *end, const char *word)
{
	int length = strlen(word);

	if (end - *next < length || memcmp(*next, word, length) != 0)
		return false;
	*next += length;
	return true;
}

/* The parts of arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION. */
typedef struct AssumedRole
{
	const char *partition;
	int         partition_length;
	const char *account;
	int         account_length;
	const char *role;
	int         role_length;
	const char *session; /* to the end of the text */
} AssumedRole;

/* Take an assumed-role ARN apart; false where the text is none. */
static bool
ReadAssumedRole(const char *text, int length, AssumedRole *arn)
{
	const char *next = text;
	const char *end = text + length;

	if (!SkipWord(&next, end, "arn:"))
		return false;
	arn->partition = next;
	next = memchr(next, ':', end - next);
	if (next == NULL || next == arn->partition)
		return false;
	arn->partition_length = next - arn->partition;
	if (!SkipWord(&next, end, ":sts::"))
		return false;
	arn->account = next;
	next = memchr(next, ':', end - next);
	if (next == NULL || next == arn->account)
		return false;
	arn->account_length = next - arn->account;
	if (!SkipWord(&next, end, ":assumed-role/"))
		return false;
	arn->role = next;
	next = memchr(next, '/', end - next);
	if (next == NULL || next == arn->role || next + 1 == end)
		return false;
	arn->role_length = next - arn->role;
	arn->session = next + 1;
	return true;
}

/*
 * NormalisePrincipal
 *		Write arn:PARTITION:iam::ACCOUNT:role/ROLE into `buffer` for
 *		arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION.  An assumed-role ARN has no
 *		path of the role, so the result has none either.
 */
const char *
NormalisePrincipal(const char *text, int length, char *buffer, int *result_length)
{
	AssumedRole arn;
	char       *out = buffer;

	*result_length = length;
	if (!ReadAssumedRole(text, length, &arn))
		return text;

#define APPEND(bytes, count) (memcpy(out, (bytes), (count)), out += (count))

	APPEND("arn:", 4);
	APPEND(arn.partition, arn.partition_length);
	APPEND(":iam::", 6);
	APPEND(arn.account, arn.account_length);
	APPEND(":role/", 6);
	APPEND(arn.role, arn.role_length);
#undef APPEND

	*result_length = out - buffer;
	return buffer;
}

const char *
NormaliseSession(const char *text, int length, int *result_length)
{
	AssumedRole arn;

	if (!ReadAssumedRole(text, length, &arn))
		return NULL;
	*result_length = text + length - arn.session;
	return arn.session;
}

const char *
NormaliseRole(const char *text, int length, int *result_length)
{
	AssumedRole arn;

	if (!ReadAssumedRole(text, length, &arn))
		return NULL;
	*result_length = arn.role_length;
	return arn.role;
}

/* Digits of an AWS account's id. */
#define ACCOUNT_DIGITS 12

/* Colons before the account in an ARN: arn:partition:service:region:account. */
#define ARN_COLONS 4

const char *
NormaliseAccount(const char *text, int length, int *result_length)
{
	const char *next = text;
	const char *end = text + length;
	int         digits = 0;

	*result_length = length;
	if (!SkipWord(&next, end, "arn:"))
		return text;
	for (int colons = 1; colons < ARN_COLONS; colons++)
	{
		next = memchr(next, ':', end - next);
		if (next == NULL)
			return text;
		next++;
	}
	while (next + digits < end && next[digits] >= '0' && next[digits] <= '9')
		digits++;
	if (digits != ACCOUNT_DIGITS || (next + digits < end && next[digits] != ':'))
		return text;
	*result_length = digits;
	return next;
}

const char *
NormalisePrefix(const char *text, int length, const char *separator, int parts, int *result_length)
{
	const int   separator_length = strlen(separator);
	const char *end = text + length;

	for (const char *next = text; end - next >= separator_length;)
	{
		if (memcmp(next, separator, separator_length) != 0)
		{
			next++;
			continue;
		}
		if (--parts == 0)
		{
			*result_length = next - text;
			return text;
		}
		next += separator_length;
	}
	*result_length = length;
	return text;
}

const char *
NormaliseBasename(const char *text, int length, int *result_length)
{
	int start = length;

	while (start > 0 && text[start - 1] != '/' && text[start - 1] != ':')
		start--;
	if (start == length)
		start = 0;
	*result_length = length - start;
	return text + start;
}

const char *
NormalisePercent(const char *text, int length, char *buffer, int *result_length)
{
	char *out = buffer;

	for (int i = 0; i < length; i++)
	{
		int high;
		int low;

		if (text[i] != '%')
		{
			*out++ = text[i];
			continue;
		}
		high = i + 2 < length ? HexDigit(text[i + 1]) : -1;
		low = i + 2 < length ? HexDigit(text[i + 2]) : -1;
		if (high < 0 || low < 0)
			return NULL;
		*out++ = high * 16 + low;
		i += 2;
	}
	*result_length = out - buffer;
	return buffer;
}

/*
 * The end of a space and a word of letters alone that begin at `start`; `start` itself
 * where there are none.
 */
static int
WordEnd(const char *text, int length, int start)
{
	int end = start + 1;

	if (start >= length || text[start] != ' ')
		return start;
	while (end < length &&
		   ((text[end] >= 'a' && text[end] <= 'z') || (text[end] >= 'A' && text[end] <= 'Z')))
		end++;
	if (end == start + 1 || (end < length && text[end] != ' '))
		return start;
	return end;
}

/*
 * NormaliseProduct
 *		Find the first product name of a user agent, which ends before its version.  Words
 *		of letters that follow belong to a name without a version ("AWS Internal").
 *		CloudTrail puts user agents of the console in brackets or quotes, which are
 *		skipped.
 */
const char *
NormaliseProduct(const char *text, int length, int *result_length)
{
	int start = 0;
	int end;
	int word;

	while (start < length && text[start] != '\0' && strchr("[\" \t", text[start]) != NULL)
		start++;
	for (end = start; end < length; end++)
	{
		if (text[end] == '\0' || strchr("/ \t(),;[]\"", text[end]) != NULL)
			break;
	}
	if (end == start)
	{
		*result_length = length;
		return text;
	}
	while ((word = WordEnd(text, length, end)) > end)
		end = word;
	*result_length = end - start;
	return text + start;
}
