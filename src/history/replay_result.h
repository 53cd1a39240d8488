/*
 * replay_result.h
 *	  The result of a replay: its counts, and the starts of all runs.
 */
#ifndef NEWTERM_REPLAY_RESULT_H
#define NEWTERM_REPLAY_RESULT_H

#include "access/tupdesc.h"

#include "history/replay_state.h"

/* Decide about all runs; returns a newterm.replayed, described by `desc`. */
extern Datum ReplayResult(ReplayState *state, TupleDesc desc);

#endif /* NEWTERM_REPLAY_RESULT_H */
