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
 * Arrays within arrays are followed so deep on the way to a value; what lies
 * deeper is no value.  Attackers choose the nesting, and a recursion without a
 * bound ends in an error.
 */
#define EVENT_MAX_ARRAYS 64

/* A growing list of values in the memory context that was current at the first one. */
typedef struct ValueList
{
	int         count;
	int         allocated;
	JsonbValue *values;
	bool        passed_array; /* an array of several was on the way */
} ValueList;

extern void ValueListAppend(ValueList *list, const JsonbValue *value);

/*
 * Append the values that the keys lead to, from `value` on, through every array
 * on the way; without keys the value itself, or its elements.
 */
extern void FanOut(char *const *steps, int nsteps, const JsonbValue *value, ValueList *list);

/*
 * Append a field's values below a value, which is at the first `skip` keys of
 * the field's root.  The field holds no attribute.
 */
extern void FieldValues(const Field *field, int skip, const JsonbValue *value,
						const Reference *reference, ValueList *list);

/*
 * Append what one place of the record, at the first `skip` keys of the root,
 * shows to coalesce() or any().
 */
extern void ChoiceValues(const Field *choice, int skip, const JsonbValue *value,
						 const Reference *reference, ValueList *list);

#endif /* NEWTERM_FAN_OUT_H */
