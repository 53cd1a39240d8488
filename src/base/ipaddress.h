/*
 * ipaddress.h
 *	  IP addresses and networks in text.
 *
 * IPv4-mapped IPv6 addresses (::ffff:10.1.2.3) are taken as IPv4.
 */
#ifndef NEWTERM_IPADDRESS_H
#define NEWTERM_IPADDRESS_H

#define IPADDRESS_BYTES 16

/* Enough for any network in text: 45 characters, "/128" and NUL. */
#define IPADDRESS_TEXT_SIZE 52

typedef struct IpNetwork
{
	int           family;                   /* AF_INET or AF_INET6 */
	unsigned char address[IPADDRESS_BYTES]; /* the first 4 for AF_INET */
	int           bits;                     /* length of the prefix */
} IpNetwork;

/*
 * Read an address of `length` bytes at text (as a network of one address).
 * False where it is no IP address.  Allocates nothing.
 */
extern bool IpAddressParse(const char *text, int length, IpNetwork *address);

/* The same for address or address/bits; clears the bits behind the prefix. */
extern bool IpNetworkParse(const char *text, int length, IpNetwork *network);

/* Clear all but the first `bits` bits, which become the prefix. */
extern void IpNetworkMask(IpNetwork *network, int bits);

/* Does the address lie in the network? */
extern bool IpNetworkContains(const IpNetwork *network, const IpNetwork *address);

/*
 * Write address/bits in canonical form into `buffer`, NUL-terminated; returns
 * the number of bytes before the NUL.
 */
extern int IpNetworkToText(const IpNetwork *network, char buffer[IPADDRESS_TEXT_SIZE]);

#endif /* NEWTERM_IPADDRESS_H */
