/*
 * function.h
 *	  The functions of fields on one value of an event.
 */
#ifndef NEWTERM_FUNCTION_H
#define NEWTERM_FUNCTION_H

#include "utils/jsonb.h"

#include "event/reference.h"
#include "lang/field.h"

/*
 * Apply a function of one argument, and it alone, to a value that is no array;
 * returns false where no value is left.  Only json() may give an array.  The
 * result may lie in the value, in the reference or in the current memory
 * context.
 */
extern bool FunctionApply(const Field *function, const JsonbValue *value,
						  const Reference *reference, JsonbValue *result);

#endif /* NEWTERM_FUNCTION_H */
