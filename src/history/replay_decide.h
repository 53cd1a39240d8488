/*
 * replay_decide.h
 *	  Decides which runs of a replay are learned and which are detections.
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
 * Decide about every run of the state.  Returns the starts of all runs, sorted by time, as
 * a palloc'd array with *count members.
 */
extern ReplayStart *ReplayDecide(ReplayState *state, int64 *count);

/* A term's entity, or the term itself, as the palloc'd object that users see. */
extern Jsonb *ReplayEntity(const ReplayState *state, const ReplayTerm *term);
extern Jsonb *ReplayTermObject(const ReplayState *state, const ReplayTerm *term);

#endif /* NEWTERM_REPLAY_DECIDE_H */
