/*
 * normalise.c
 *	  The normalisers network, principal and product on strings.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include <sys/socket.h>

#include "base/ipaddress.h"
#include "lang/normalise.h"

/*
 * NormaliseNetwork
 *
 * The network of an IP address with the prefix length of its family, written
 * into buffer; anything else stays where it is.
 */
const char *
NormaliseNetwork(const char *text, int length, int ipv4_bits, int ipv6_bits,
				 char *buffer, int *result_length)
{
	IpNetwork	network;

	if (!IpAddressParse(text, length, &network))
	{
		*result_length = length;
		return text;
	}
	IpNetworkMask(&network,
				  network.family == AF_INET ? ipv4_bits : ipv6_bits);
	*result_length = IpNetworkToText(&network, buffer);
	return buffer;
}

/*
 * If the text at *next begins with `word`, go past it.
 */
static bool
SkipWord(const char **next, const char *end, const char *word)
{
	int			length = strlen(word);

	if (end - *next < length || memcmp(*next, word, length) != 0)
		return false;
	*next += length;
	return true;
}

/*
 * NormalisePrincipal
 *
 * arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION becomes
 * arn:PARTITION:iam::ACCOUNT:role/ROLE in buffer; anything else stays where it
 * is.  The role's path is not in an assumed-role ARN and cannot be given back.
 */
const char *
NormalisePrincipal(const char *text, int length, char *buffer,
				   int *result_length)
{
	const char *next = text;
	const char *end = text + length;
	const char *partition;
	const char *account;
	const char *role;
	const char *slash;
	int			partition_length;
	int			account_length;
	int			role_length;
	char	   *out = buffer;

	*result_length = length;

	if (!SkipWord(&next, end, "arn:"))
		return text;
	partition = next;
	next = memchr(partition, ':', end - partition);
	if (next == NULL || next == partition)
		return text;
	partition_length = next - partition;
	if (!SkipWord(&next, end, ":sts::"))
		return text;
	account = next;
	next = memchr(account, ':', end - account);
	if (next == NULL || next == account)
		return text;
	account_length = next - account;
	if (!SkipWord(&next, end, ":assumed-role/"))
		return text;
	role = next;
	slash = memchr(role, '/', end - role);
	if (slash == NULL || slash == role || slash + 1 == end)
		return text;
	role_length = slash - role;

#define APPEND(bytes, count) \
	(memcpy(out, (bytes), (count)), out += (count))

	APPEND("arn:", 4);
	APPEND(partition, partition_length);
	APPEND(":iam::", 6);
	APPEND(account, account_length);
	APPEND(":role/", 6);
	APPEND(role, role_length);
#undef APPEND

	*result_length = out - buffer;
	return buffer;
}

/*
 * The end of a word of letters alone that stands at text[start], behind one
 * space; `start` itself where no such word does.
 */
static int
WordEnd(const char *text, int length, int start)
{
	int			end = start + 1;

	if (start >= length || text[start] != ' ')
		return start;
	while (end < length && ((text[end] >= 'a' && text[end] <= 'z') ||
							(text[end] >= 'A' && text[end] <= 'Z')))
		end++;
	if (end == start + 1 || (end < length && text[end] != ' '))
		return start;
	return end;
}

/*
 * NormaliseProduct
 *
 * The first product name of a user agent: what stands before its version.
 * Plain words behind a name without a version belong to it ("AWS Internal").
 * CloudTrail wraps user agents of the console in brackets or quotes, which are
 * not part of the name.  Where no name begins the text, it stays as it is.
 */
const char *
NormaliseProduct(const char *text, int length, int *result_length)
{
	int			start = 0;
	int			end;
	int			word;

	while (start < length && text[start] != '\0' &&
		   strchr("[\" \t", text[start]) != NULL)
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
