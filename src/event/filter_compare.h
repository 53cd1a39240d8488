/*
 * filter_compare.h
 *	  Evaluating a filter's leaves on the values of an event.
 */
#ifndef NEWTERM_FILTER_COMPARE_H
#define NEWTERM_FILTER_COMPARE_H

#include "utils/jsonb.h"
#include "lang/filter.h"

/*
 * Does a value meet the leaf's condition?  The leaf is FILTER_IS_SCALAR.  The value is no
 * array; null and objects meet no condition.  Memory is allocated in the current context,
 * and none for strings.
 */
extern bool FilterCompareScalar(const FilterNode *leaf, const JsonbValue *value);

/*
 * Prepare a parsed literal for FilterCompareScalar: read the number or address that it is,
 * if any, into the current memory context.
 */
extern void FilterCompareReady(FilterLiteral *literal);

/* Is finding the field's values cheap enough to do so for every event? */
extern bool FilterCompareIsCheap(const Field *field);

/*
 * A rough cost of evaluating the node, to order the children of AND and OR cheap first:
 * equality below wildcards below ranges below CIDR.
 */
extern int FilterCompareCost(const FilterNode *filter);

#endif /* NEWTERM_FILTER_COMPARE_H */
