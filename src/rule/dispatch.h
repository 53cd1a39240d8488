/*
 * dispatch.h
 *	  Which rules an event concerns: those whose filter it passes.
 */
#ifndef NEWTERM_DISPATCH_H
#define NEWTERM_DISPATCH_H

#include "rule/evaluation.h"

/*
 * A parsed filter as events are tried by it, in the current memory context: its leaves
 * have slots in place of fields, literals the numbers that they read as, and children
 * are in the order of their cost.  Nothing of it is the parsed one's.
 */
extern FilterNode *FilterBind(const FilterNode *parsed, FieldSet *fields);

/* Does the filter match the field set's current event? */
extern bool FilterMatches(const FilterNode *filter, FieldSet *fields);

/*
 * Build the dispatch of a set whose rules are compiled: by eventName where a
 * rule demands one, else by eventSource, else by whatever else it demands.
 * Rules that match every event are matching ones from now on.
 */
extern void DispatchBuild(RuleSet *set);

/*
 * Have the processor fetch what every event reads of the rules that dispatch does not
 * lead to, for an event that is about to be judged at once.
 */
extern void DispatchExpect(const Evaluation *event);

/* Begin with an event of that time: the rules without a filter are the matching ones so far. */
extern void DispatchBegin(Evaluation *event, int64 time);

/* Find those whose filter the current event of event->fields passes. */
extern void DispatchEvent(Evaluation *event);

#endif							/* NEWTERM_DISPATCH_H */
