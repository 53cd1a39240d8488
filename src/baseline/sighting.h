/*
 * sighting.h
 *	  The terms that an event shows to the rules whose filter it passes.
 */
#ifndef NEWTERM_SIGHTING_H
#define NEWTERM_SIGHTING_H

#include "rule/evaluation.h"

/* One (rule, entity, term) that an event shows. */
typedef struct Sighting
{
	Rule              *rule;
	Digest             term; /* of rule version, entity and term */
	const JsonbValue **row;  /* the shape's columns */
	const Digest      *row_digests;
} Sighting;

/*
 * Add the digests of the event's terms, for the matching rules that have none yet, to
 * event->terms.  With `expect`, prefetch the cache entry of each (KnownExpect), for events
 * that are checked right away.
 */
extern void EventTerms(Evaluation *event, bool expect);

/* Called by EventSightings for each sighting. */
typedef void (*SightingFunction)(void *state, const Sighting *sighting);

/*
 * Find the terms of one matching rule again with their values, which EventTerms does not
 * keep, in the order of event->terms.  Adds to event->too_many where there are more.
 */
extern void RuleSightings(Evaluation *event, Rule *rule, SightingFunction function, void *state);

/* The same for all matching rules. */
extern void EventSightings(Evaluation *event, SightingFunction function, void *state);

#endif /* NEWTERM_SIGHTING_H */
