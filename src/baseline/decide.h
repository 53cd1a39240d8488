/*
 * decide.h
 *	  What a change of a term's runs means for its detections: a pure function.
 *
 * An event in time begins a run or lengthens one.  A late event may begin a run earlier,
 * join two runs, or do neither.
 */
#ifndef NEWTERM_DECIDE_H
#define NEWTERM_DECIDE_H

#include "baseline/run.h"

typedef enum Decision
{
	/* after[run] starts outside learning and no detection says so yet */
	DECISION_DETECT,
	/* the detection of before[detection] now starts at after[run].first_seen */
	DECISION_AMEND,
	/* the detection of before[detection] is no more: after[run] shows that its term was known */
	DECISION_RETRACT
} Decision;

typedef struct Verdict
{
	Decision decision;
	int      run;
	int      detection; /* DECISION_AMEND, DECISION_RETRACT */
} Verdict;

/*
 * Compare the runs before with those after (`learned` set in both; each run
 * before lies inside one after, and has a detection unless it is learned).
 * Fills `verdicts`, which has room for nbefore + nafter; returns their number.
 */
extern int Decide(const Run *before, int nbefore, const Run *after, int nafter, Verdict *verdicts);

#endif /* NEWTERM_DECIDE_H */
