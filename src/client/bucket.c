/*
 * bucket.c
 *	  A token bucket: how often something may happen.
 */
#include <time.h>

#include "bucket.h"

double
clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

void
bucket_start(Bucket *bucket, double rate, double burst)
{
	bucket->rate = rate;
	bucket->burst = burst;
	bucket->tokens = burst;
	bucket->filled = clock_seconds();
}

static void
fill(Bucket *bucket)
{
	double now = clock_seconds();

	bucket->tokens += (now - bucket->filled) * bucket->rate;
	if (bucket->tokens > bucket->burst)
		bucket->tokens = bucket->burst;
	bucket->filled = now;
}

bool
bucket_take(Bucket *bucket)
{
	if (bucket->rate <= 0)
		return true;
	fill(bucket);
	if (bucket->tokens < 1)
		return false;
	bucket->tokens -= 1;
	return true;
}

double
bucket_wait(Bucket *bucket)
{
	if (bucket->rate <= 0)
		return 0;
	fill(bucket);
	return bucket->tokens >= 1 ? 0 : (1 - bucket->tokens) / bucket->rate;
}
