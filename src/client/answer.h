/*
 * answer.h
 *	  The outcome of sending a change.
 */
#ifndef NEWTERM_ANSWER_H
#define NEWTERM_ANSWER_H

#include "buffer.h"
#include "destination.h"
#include "http.h"

typedef enum OutcomeKind
{
	SENT,
	TRY_AGAIN,
	REFUSED,    /* it would be refused the next time, too */
	OUTPUT_LOST /* nobody reads standard output any more */
} OutcomeKind;

typedef struct Outcome
{
	OutcomeKind kind;
	Buffer      error;  /* without secrets */
	double      wait;   /* seconds that the destination asked for; 0: it did not */
	bool        counts; /* the change may be at fault */
} Outcome;

/* Turn a server's answer into an outcome, which is all zeros before. */
extern void answer_judge(const Destination *destination, const HttpAnswer *answer,
						 Outcome *outcome);

#endif /* NEWTERM_ANSWER_H */
