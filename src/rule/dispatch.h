/*
 * dispatch.h
 *	  Finds the rules whose filter an event passes.
 */
#ifndef NEWTERM_DISPATCH_H
#define NEWTERM_DISPATCH_H

#include "rule/evaluation.h"

/*
 * Copy a parsed filter into the form that events are tested with: leaves have slots in place
 * of fields, literals are read as numbers, children are ordered by cost.  Allocates in the
 * current memory context, and keeps no pointers to the parsed filter.
 */
extern FilterNode *FilterBind(const FilterNode *parsed, FieldSet *fields);

/* Does the filter match the field set's current event? */
extern bool FilterMatches(const FilterNode *filter, FieldSet *fields);

/*
 * Build the hash tables that lead from a value of an event to the rules that demand it: by
 * eventName if a rule demands one, else by eventSource, else by any other field.  Rules
 * without a filter need none.
 */
extern void DispatchBuild(RuleSet *set);

/*
 * Prefetch the memory of rules that are tested with every event, for an event that is about
 * to be checked at once.
 */
extern void DispatchExpect(const Evaluation *event);

/* Begin with an event of that time: so far, the rules without a filter match. */
extern void DispatchBegin(Evaluation *event, int64 time);

/* Add the rules whose filter the current event of event->fields passes. */
extern void DispatchEvent(Evaluation *event);

#endif /* NEWTERM_DISPATCH_H */
