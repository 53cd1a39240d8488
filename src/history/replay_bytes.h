/*
 * replay_bytes.h
 *	  Writes the state of a replay as bytes for another process, and reads it.
 */
#ifndef NEWTERM_REPLAY_BYTES_H
#define NEWTERM_REPLAY_BYTES_H

#include "history/replay_state.h"

/* A palloc'd bytea, for a process of this server that has the same library. */
extern bytea *ReplayWrite(ReplayState *state);

/* The state of ReplayWrite, in the current memory context. */
extern ReplayState *ReplayRead(const bytea *bytes);

#endif /* NEWTERM_REPLAY_BYTES_H */
