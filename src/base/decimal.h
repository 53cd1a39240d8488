/*
 * decimal.h
 *	  Numbers in text, of any size, compared without reading them.
 */
#ifndef NEWTERM_DECIMAL_H
#define NEWTERM_DECIMAL_H

/*
 * Longer texts and larger exponents are no numbers to us: no record holds
 * them, and reading them would cost time and memory.
 */
#define DECIMAL_MAX_LENGTH   500
#define DECIMAL_MAX_EXPONENT 500

/* Are the `length` bytes at text a number as JSON writes them? */
extern bool DecimalValid(const char *text, int length);

/*
 * Compare two texts that DecimalValid accepts: below 0, 0 or above 0.
 * Allocates nothing.
 */
extern int DecimalCompare(const char *a, int a_length, const char *b, int b_length);

#endif /* NEWTERM_DECIMAL_H */
