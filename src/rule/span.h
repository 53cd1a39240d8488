/*
 * span.h
 *	  How a rule takes time: its granule, and after what gap it forgets.
 */
#ifndef NEWTERM_SPAN_H
#define NEWTERM_SPAN_H

typedef struct Span
{
	int64 granule;      /* length of a granule, at least 1 */
	int64 forget_after; /* longest gap in a run; -1: never forget */
} Span;

#endif /* NEWTERM_SPAN_H */
