/*
 * normalise.h
 *	  Functions of fields that make a string of a string.
 *
 * Each takes `length` bytes at `text` and returns what the value becomes, as
 * a pointer and *result_length: either into `text` itself (nothing allocated)
 * or into `buffer`, which the caller gives with at least
 * NORMALISE_BUFFER_SIZE(length) bytes.  Nothing is NUL-terminated.  Those that
 * may leave no value return NULL then.
 */
#ifndef NEWTERM_NORMALISE_H
#define NEWTERM_NORMALISE_H

#define NORMALISE_BUFFER_SIZE(length) ((length) + 64)

/*
 * The network of an IP address in canonical text, with its prefix length:
 * network(10.1.2.3, 24) is 10.1.2.0/24.  IPv4-mapped IPv6 addresses are taken as IPv4.  A
 * value that is no IP address stays as it is.
 */
extern const char *NormaliseNetwork(const char *text, int length, int ipv4_bits, int ipv6_bits,
									char *buffer, int *result_length);

/*
 * An assumed-role ARN without its session name: arn:aws:sts::1:assumed-role/R/s is
 * arn:aws:iam::1:role/R, in every partition (aws, aws-cn, aws-us-gov, ...).  Anything else
 * stays as it is.
 */
extern const char *NormalisePrincipal(const char *text, int length, char *buffer,
									  int *result_length);

/* The session's and the role's name of an assumed-role ARN; NULL for anything else. */
extern const char *NormaliseSession(const char *text, int length, int *result_length);
extern const char *NormaliseRole(const char *text, int length, int *result_length);

/* The account of an ARN that has one of 12 digits; anything else stays as it is. */
extern const char *NormaliseAccount(const char *text, int length, int *result_length);

/*
 * The first `parts` parts (1 or more) of a text that `separator` divides; all of it where
 * it has no more.
 */
extern const char *NormalisePrefix(const char *text, int length, const char *separator, int parts,
								   int *result_length);

/* The text behind the last "/" or ":"; a text that ends with one stays as it is. */
extern const char *NormaliseBasename(const char *text, int length, int *result_length);

/*
 * The text with %XX decoded, into `buffer`; NULL where a "%" stands before anything else
 * than two hexadecimal digits.
 */
extern const char *NormalisePercent(const char *text, int length, char *buffer, int *result_length);

/*
 * The first product name of a user agent without its version: "aws-cli/2.1 Python/3" is
 * "aws-cli", "AWS Internal" stays.  A text that begins with no name stays as it is.
 */
extern const char *NormaliseProduct(const char *text, int length, int *result_length);

#endif /* NEWTERM_NORMALISE_H */
