/*
 * replay_decide.h
 *	  What the runs of a replay mean: learned, or detections.
 */
#ifndef NEWTERM_REPLAY_DECIDE_H
#define NEWTERM_REPLAY_DECIDE_H

#include "history/replay_state.h"

/* A run's start. */
typedef struct ReplayStart
{
	const ReplayTerm *term;
	int               run; /* of term->known->runs, whose `learned` is set */
} ReplayStart;

/*
 * Decide about every run of the state; the starts of all of them, by time, as a
 * palloc'd array of *count.
 */
extern ReplayStart *ReplayDecide(ReplayState *state, int64 *count);

/* Entity or term of a start as the object that users see. */
extern Jsonb *ReplayEntity(const ReplayState *state, const ReplayTerm *term);
extern Jsonb *ReplayTermObject(const ReplayState *state, const ReplayTerm *term);

#endif /* NEWTERM_REPLAY_DECIDE_H */
