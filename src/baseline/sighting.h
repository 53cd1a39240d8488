/*
 * sighting.h
 *	  What an event shows to the rules whose filter it passes.
 */
#ifndef NEWTERM_SIGHTING_H
#define NEWTERM_SIGHTING_H

#include "rule/evaluation.h"

/* One (rule, entity, term) that an event shows. */
typedef struct Sighting
{
	Rule	   *rule;
	Digest		term;			/* of rule version, entity and term */
	const JsonbValue **row;		/* the shape's columns */
	const Digest *row_digests;
} Sighting;

/*
 * Find the terms that the event shows to the matching rules, as far as they were not
 * found yet, by their digests alone.  With `expect` the processor is told of each at once
 * (KnownExpect), for events that are judged right behind this.
 */
extern void EventTerms(Evaluation *event, bool expect);

/* What EventSightings calls for each sighting. */
typedef void (*SightingFunction) (void *state, const Sighting *sighting);

/* All terms with their values, where the digests are not enough. */
extern void EventSightings(Evaluation *event, SightingFunction function, void *state);

#endif							/* NEWTERM_SIGHTING_H */
