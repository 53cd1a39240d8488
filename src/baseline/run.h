/*
 * run.h
 *	  Runs of a term: pure functions.
 *
 * Live events, backfill and backtest use the same functions.
 *
 * A run is a maximal chain of sightings of one term with no gap longer than
 * forget_after.  Gaps are measured between granules; a run's start is exact.  Times are
 * microseconds since 1970-01-01 UTC.
 */
#ifndef NEWTERM_RUN_H
#define NEWTERM_RUN_H

#include "rule/span.h"

typedef struct Run
{
	int64 first_seen;   /* exact time of the first sighting */
	int64 last_granule; /* start of the granule of the last one */
	bool  learned;      /* starts inside learning: no detection */
	int   source;       /* the caller's: what showed first_seen; or below 0 */
} Run;

/* Start of the granule that holds the time. */
extern int64 GranuleStart(int64 time, int64 granule);

/*
 * Add one run to `nruns` sorted, disjoint runs; `runs` has room for one more.
 * Runs that it bridges become one.  Returns the new number of runs.  `source`
 * and `learned` of a joined run are those of its earliest part.
 */
extern int RunsAdd(Run *runs, int nruns, const Run *added, const Span *span);

/* Does the added run begin in one of the runs, or so soon after it that it goes on? */
extern bool RunsContinue(const Run *runs, int nruns, const Run *added, const Span *span);

/* Would RunsAdd change nothing? */
extern bool RunsCover(const Run *runs, int nruns, const Run *added);

#endif /* NEWTERM_RUN_H */
