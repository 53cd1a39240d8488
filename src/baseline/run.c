/*
 * run.c
 *	  Runs of a term: pure functions.
 */
#include "postgres.h"

#include "baseline/run.h"

int64
GranuleStart(int64 time, int64 granule)
{
	int64 rest = time % granule;

	return time - (rest < 0 ? rest + granule : rest);
}

/* Do two runs, `a` starting no later than `b`, belong to one chain? */
static bool
RunsConnect(const Run *a, const Run *b, const Span *span)
{
	return span->forget_after < 0 ||
		GranuleStart(b->first_seen, span->granule) - a->last_granule <= span->forget_after;
}

int
RunsAdd(Run *runs, int nruns, const Run *added, const Span *span)
{
	int position = nruns;
	int kept = 0;

	/* insertion in order of the start ... */
	while (position > 0 && runs[position - 1].first_seen > added->first_seen)
	{
		runs[position] = runs[position - 1];
		position--;
	}
	runs[position] = *added;
	nruns++;

	/* ... then neighbours that belong to one chain become one */
	for (int i = 1; i < nruns; i++)
	{
		if (RunsConnect(&runs[kept], &runs[i], span))
			runs[kept].last_granule = Max(runs[kept].last_granule, runs[i].last_granule);
		else
			runs[++kept] = runs[i];
	}
	return kept + 1;
}

bool
RunsContinue(const Run *runs, int nruns, const Run *added, const Span *span)
{
	for (int i = 0; i < nruns; i++)
		if (runs[i].first_seen <= added->first_seen && RunsConnect(&runs[i], added, span))
			return true;
	return false;
}

bool
RunsCover(const Run *runs, int nruns, const Run *added)
{
	for (int i = 0; i < nruns; i++)
		if (runs[i].first_seen <= added->first_seen && runs[i].last_granule >= added->last_granule)
			return true;
	return false;
}
