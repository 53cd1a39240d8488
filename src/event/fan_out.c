/*
 * fan_out.c
 *	  Collects the values of a field below a value, through arrays and functions.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/array.h"
#include "event/fan_out.h"
#include "event/function.h"
#include "event/path_tree.h"

void
ValueListAppend(ValueList *list, const JsonbValue *value)
{
	ARRAY_RESERVE(CurrentMemoryContext, list->values, list->allocated, list->count + 1, 8);
	list->values[list->count++] = *value;
}

/* FanOut inside `depth` arrays. */
static void
FanOutDeep(char *const *steps, int nsteps, int depth, JsonbValue *value, ValueList *list)
{
	switch (ValueClassify(value))
	{
		case VALUE_MISSING:
			return;
		case VALUE_MANY:
			{
				JsonbContainer *array = value->val.binary.data;
				JsonbValue     *elements;

				list->passed_array = true;
				if (depth == EVENT_MAX_ARRAYS)
					return;
				elements = ArrayElements(array);
				for (uint32 i = 0; i < JsonContainerSize(array); i++)
				{
					CHECK_FOR_INTERRUPTS();
					FanOutDeep(steps, nsteps, depth + 1, &elements[i], list);
				}
				return;
			}
		case VALUE_SINGLE:
			if (nsteps == 0)
				ValueListAppend(list, value);
			else if (value->type == jbvBinary)
			{
				JsonbValue child;

				if (ObjectKey(value->val.binary.data, steps[0], strlen(steps[0]), &child))
					FanOutDeep(steps + 1, nsteps - 1, depth, &child, list);
			}
			return;
	}
}

void
FanOut(char *const *steps, int nsteps, const JsonbValue *value, ValueList *list)
{
	JsonbValue copy = *value;

	FanOutDeep(steps, nsteps, 0, &copy, list);
}

void
ChoiceValues(const Field *choice, int skip, const JsonbValue *value, const Reference *reference,
			 ValueList *list)
{
	const int before = list->count;

	for (int i = 0; i < choice->narguments; i++)
	{
		FieldValues(choice->arguments[i], skip, value, reference, list);
		if (choice->kind == FIELD_COALESCE && list->count > before)
			break;
	}
}

void
FieldValues(const Field *field, int skip, const JsonbValue *value, const Reference *reference,
			ValueList *list)
{
	ValueList below = {0};

	switch (field->kind)
	{
		case FIELD_PATH:
			FanOut(field->steps + skip, field->nsteps - skip, value, list);
			break;
		case FIELD_ATTRIBUTE:
			break; /* an attribute is of the whole record, and has a slot */
		case FIELD_BELOW:
			FieldValues(field->arguments[0], skip, value, reference, &below);
			for (int i = 0; i < below.count; i++)
				FanOut(field->steps, field->nsteps, &below.values[i], list);
			break;
		case FIELD_COALESCE:
		case FIELD_ANY:
			{
				char **steps = NULL;
				int    root = FieldRoot(field, &steps);

				FanOut(steps + skip, root - skip, value, &below);
				for (int i = 0; i < below.count; i++)
					ChoiceValues(field, root, &below.values[i], reference, list);
				break;
			}
		default:
			FieldValues(field->arguments[0], skip, value, reference, &below);
			for (int i = 0; i < below.count; i++)
			{
				JsonbValue result;

				if (FunctionApply(field, &below.values[i], reference, &result))
					FanOut(NULL, 0, &result, list);
			}
			break;
	}
	list->passed_array |= below.passed_array;
}
