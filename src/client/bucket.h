/*
 * bucket.h
 *	  A token bucket: how often something may happen.
 */
#ifndef NEWTERM_BUCKET_H
#define NEWTERM_BUCKET_H

#include <stdbool.h>

typedef struct Bucket
{
	double rate;  /* tokens a second; 0: there is no limit */
	double burst; /* most tokens that it holds */
	double tokens;
	double filled; /* when they were counted, by clock_seconds() */
} Bucket;

/* A full bucket. */
extern void bucket_start(Bucket *bucket, double rate, double burst);

/* Take a token; false if there is none. */
extern bool bucket_take(Bucket *bucket);

/* Seconds until there is a token; 0 if there is one. */
extern double bucket_wait(Bucket *bucket);

/* Seconds of a clock that never goes back. */
extern double clock_seconds(void);

#endif /* NEWTERM_BUCKET_H */
