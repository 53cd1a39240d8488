/*
 * decide.c
 *	  What a change of a term's runs means for its detections: a pure function.
 */
#include "postgres.h"

#include "baseline/decide.h"

int
Decide(const Run *before, int nbefore, const Run *after, int nafter, Verdict *verdicts)
{
	int count = 0;
	int next = 0;

	for (int run = 0; run < nafter; run++)
	{
		bool detected = false;

		/* both lists are sorted: those inside this run come next */
		for (; next < nbefore && before[next].last_granule <= after[run].last_granule; next++)
		{
			if (before[next].learned)
				continue;
			if (after[run].learned || detected)
				verdicts[count++] = (Verdict){DECISION_RETRACT, run, next};
			else
			{
				detected = true;
				if (before[next].first_seen != after[run].first_seen)
					verdicts[count++] = (Verdict){DECISION_AMEND, run, next};
			}
		}
		if (!after[run].learned && !detected)
			verdicts[count++] = (Verdict){DECISION_DETECT, run, -1};
	}
	return count;
}
