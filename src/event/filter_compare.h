/*
 * filter_compare.h
 *	  Evaluating a filter's leaves on the values of an event.
 */
#ifndef NEWTERM_FILTER_COMPARE_H
#define NEWTERM_FILTER_COMPARE_H

#include "utils/jsonb.h"
#include "lang/filter.h"

/*
 * Does one value that is no array satisfy the leaf?  `leaf` is one of
 * FILTER_IS_SCALAR; `value` is a string, number,
 * boolean or (never matching) null or container.  Allocates nothing that
 * outlives the current memory context, and nothing at all for strings.
 */
extern bool FilterCompareScalar(const FilterNode *leaf, const JsonbValue *value);

/*
 * Make a parsed literal ready for evaluation: read the number or address that it is, if
 * any, into the current memory context.
 */
extern void FilterCompareReady(FilterLiteral *literal);

/* Is finding the field's values cheap enough to do it for every event? */
extern bool FilterCompareIsCheap(const Field *field);

/*
 * A rough cost of evaluating the node, to order the children of AND and OR
 * cheap first: equality below wildcards below ranges below CIDR.
 */
extern int FilterCompareCost(const FilterNode *filter);

#endif /* NEWTERM_FILTER_COMPARE_H */
