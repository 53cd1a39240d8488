/*
 * fan_out.h
 *	  Collects the values of a field below a value, through arrays and functions.
 */
#ifndef NEWTERM_FAN_OUT_H
#define NEWTERM_FAN_OUT_H

#include "utils/jsonb.h"

#include "event/reference.h"
#include "lang/field.h"

/*
 * Arrays in arrays are followed to this depth; deeper values do not count.  Whoever writes
 * events chooses the depth, and a recursion without a limit would end in an error.
 */
#define EVENT_MAX_ARRAYS 64

/* A growing list of values in the memory context that was current at the first one. */
typedef struct ValueList
{
	int         count;
	int         allocated;
	JsonbValue *values;
	bool        passed_array; /* an array of several elements was on the way */
} ValueList;

extern void ValueListAppend(ValueList *list, const JsonbValue *value);

/*
 * Append the values at the end of a path that begins at `value`, through all arrays on the
 * way.  Without keys these are the value itself, or its elements.
 */
extern void FanOut(char *const *steps, int nsteps, const JsonbValue *value, ValueList *list);

/*
 * Append a field's values in `value`, which is at the first `skip` keys of the field's
 * root (FieldRoot).  The field contains no attribute.  Results may point into the value,
 * the reference or memory of the current context.
 */
extern void FieldValues(const Field *field, int skip, const JsonbValue *value,
						const Reference *reference, ValueList *list);

/*
 * The same for coalesce() or any(), in one element of an array that leads to all of its
 * arguments.
 */
extern void ChoiceValues(const Field *choice, int skip, const JsonbValue *value,
						 const Reference *reference, ValueList *list);

#endif /* NEWTERM_FAN_OUT_H */
