/*
 * ipaddress.c
 *	  IP addresses and networks in text.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/ipaddress.h"

/* What an IPv4-mapped IPv6 address begins with. */
static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/* How many bits has an address of the family? */
static int
FamilyBits(int family)
{
	return family == AF_INET ? 32 : 128;
}

/*
 * Turn an IPv4-mapped IPv6 network into the IPv4 network that it means.
 */
static void
Unmap(IpNetwork *network)
{
	if (network->family != AF_INET6 || network->bits < 96 ||
		memcmp(network->address, mapped_prefix, sizeof(mapped_prefix)) != 0)
		return;
	network->family = AF_INET;
	network->bits -= 96;
	memmove(network->address, network->address + sizeof(mapped_prefix), 4);
	memset(network->address + 4, 0, IPADDRESS_BYTES - 4);
}

/*
 * Read an address without turning mapped ones into IPv4.
 */
static bool
ParseAsWritten(const char *text, int length, IpNetwork *address)
{
	char copy[INET6_ADDRSTRLEN];

	/* Every address is shorter, and inet_pton wants a terminated string. */
	if (length <= 0 || length >= (int) sizeof(copy))
		return false;
	/* Most values that are no address show it in their first byte. */
	if (!((text[0] >= '0' && text[0] <= '9') || (text[0] >= 'a' && text[0] <= 'f') ||
		  (text[0] >= 'A' && text[0] <= 'F') || text[0] == ':'))
		return false;
	if (memchr(text, '\0', length) != NULL)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';

	memset(address->address, 0, IPADDRESS_BYTES);
	if (inet_pton(AF_INET, copy, address->address) == 1)
		address->family = AF_INET;
	else if (inet_pton(AF_INET6, copy, address->address) == 1)
		address->family = AF_INET6;
	else
		return false;
	address->bits = FamilyBits(address->family);
	return true;
}

/*
 * IpAddressParse
 *
 * Read `length` bytes at text as an address, which becomes a network of one
 * address in *address.  Returns false where it is none.
 */
bool
IpAddressParse(const char *text, int length, IpNetwork *address)
{
	if (!ParseAsWritten(text, length, address))
		return false;
	Unmap(address);
	return true;
}

/*
 * IpNetworkParse
 *
 * Read `length` bytes at text as address or address/bits.  Bits of the address
 * behind the prefix are cleared.  Returns false where it is no network.
 */
bool
IpNetworkParse(const char *text, int length, IpNetwork *network)
{
	const char *slash = memchr(text, '/', length);
	int         digits;
	int         bits = 0;

	if (slash == NULL)
		return IpAddressParse(text, length, network);
	if (!ParseAsWritten(text, slash - text, network))
		return false;

	digits = text + length - slash - 1;
	if (digits < 1 || digits > 3)
		return false;
	for (int i = 1; i <= digits; i++)
	{
		if (slash[i] < '0' || slash[i] > '9')
			return false;
		bits = bits * 10 + (slash[i] - '0');
	}
	if (bits > FamilyBits(network->family))
		return false;
	IpNetworkMask(network, bits);
	Unmap(network);
	return true;
}

/*
 * IpNetworkMask
 *
 * Clear all but the first `bits` bits of the address and make them the prefix.
 */
void
IpNetworkMask(IpNetwork *network, int bits)
{
	for (int i = 0; i < IPADDRESS_BYTES; i++)
	{
		int kept = bits - 8 * i;

		if (kept <= 0)
			network->address[i] = 0;
		else if (kept < 8)
			network->address[i] &= 0xFF << (8 - kept);
	}
	network->bits = bits;
}

/*
 * IpNetworkContains
 *
 * Does the address lie in the network?  Never across families.
 */
bool
IpNetworkContains(const IpNetwork *network, const IpNetwork *address)
{
	int           whole = network->bits / 8;
	int           rest = network->bits % 8;
	unsigned char mask = 0xFF << (8 - rest);

	if (network->family != address->family)
		return false;
	if (memcmp(network->address, address->address, whole) != 0)
		return false;
	return rest == 0 || (network->address[whole] & mask) == (address->address[whole] & mask);
}

/*
 * IpNetworkToText
 *
 * Write address/bits into buffer and return the length without the NUL.
 */
int
IpNetworkToText(const IpNetwork *network, char buffer[IPADDRESS_TEXT_SIZE])
{
	char address[INET6_ADDRSTRLEN];

	if (inet_ntop(network->family, network->address, address, sizeof(address)) == NULL)
		address[0] = '\0'; /* cannot happen: the family is known */
	return snprintf(buffer, IPADDRESS_TEXT_SIZE, "%s/%d", address, network->bits);
}
