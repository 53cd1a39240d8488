/*
 * random.h
 *	  Chance that is the same on every machine.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stdint.h>

extern uint64_t random_state;

/* A good mix of 64 bits (the finisher of splitmix64, by Vigna). */
static inline uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static inline uint64_t
random64(void)
{
	random_state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(random_state);
}

static inline uint32_t
below(uint32_t n)
{
	return (uint32_t) (((random64() >> 32) * n) >> 32);
}

static inline double
fraction(void)
{
	return (double) (random64() >> 11) / 9007199254740992.0;
}

static inline bool
chance(int per_thousand)
{
	return (int) below(1000) < per_thousand;
}

/* The first index whose running sum exceeds a random share of the last. */
static inline int
draw(const double *sums, int n)
{
	double target = fraction() * sums[n - 1];
	int    low = 0;
	int    high = n - 1;

	while (low < high)
	{
		int middle = (low + high) / 2;

		if (sums[middle] > target)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

#endif /* RANDOM_H */
