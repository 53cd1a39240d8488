/*
 * event.c
 *	  The values of an event, for all fields of all rules.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/compat.h"
#include "base/hash_table.h"
#include "event/attribute.h"
#include "event/event.h"
#include "event/fan_out.h"
#include "event/function.h"

/* An entry of the table that finds the slot of a field by a digest of the field's text. */
typedef struct SlotEntry
{
	Digest text;
	int    slot;
} SlotEntry;

/* How a slot is filled. */
typedef struct SlotField
{
	Field *field;     /* NULL: the slot is of a path on the way to others */
	int    argument;  /* the slot of the only argument, of functions and FIELD_BELOW; else -1 */
	int   *arguments; /* the slots of all arguments, of coalesce and any */
	int    root;      /* the slot of the object that holds all of those, or -1 */
} SlotField;

FieldSet *
FieldSetCreate(const DigestKey *key, Reference *reference)
{
	FieldSet *set = palloc0(sizeof(FieldSet));

	set->context = CurrentMemoryContext;
	set->event_context = AllocSetContextCreate(CurrentMemoryContext, "newterm event",
											   ALLOCSET_DEFAULT_SIZES);
	set->key = *key;
	set->reference = reference;
	PathTreeInitialise(&set->paths);
	set->fields_allocated = set->paths.allocated;
	set->fields = palloc0(sizeof(SlotField) * set->fields_allocated);

	set->slots_by_text = HashTableOfDigests("newterm slots", 64, sizeof(SlotEntry));
	set->time_slot = FieldSetAddPath(set, "eventTime");
	return set;
}

/* Add the paths that a derived attribute reads. */
static void
AddSources(FieldSet *set, Attribute attribute)
{
	if (set->sources == NULL)
	{
		set->sources = palloc(sizeof(int) * ATTRIBUTE_SOURCES);
		for (int i = 0; i < ATTRIBUTE_SOURCES; i++)
			set->sources[i] = -1;
	}
	for (int i = 0; i < ATTRIBUTE_SOURCES; i++)
		if (AttributeReads(attribute, i) && set->sources[i] < 0)
			set->sources[i] = FieldSetAddPath(set, AttributePaths[i]);
}

/* Add the path of the object that holds all values of the field; -1 if it is the record itself. */
static int
AddRoot(FieldSet *set, const Field *field)
{
	Field root = {.kind = FIELD_PATH, .text = ""};

	root.nsteps = FieldRoot(field, &root.steps);
	return root.nsteps == 0 ? -1 : FieldSetAdd(set, &root);
}

/* Make a slot for a new field and set how it is filled.  `kept` belongs to the set. */
static int
AddSlot(FieldSet *set, Field *kept, SlotField *source)
{
	*source = (SlotField){.field = kept, .argument = -1, .root = -1};
	switch (kept->kind)
	{
		case FIELD_PATH:
			return PathTreeAdd(&set->paths, kept->steps, kept->nsteps);
		case FIELD_ATTRIBUTE:
			AddSources(set, kept->attribute);
			break;
		case FIELD_COALESCE:
		case FIELD_ANY:
			source->arguments = palloc(sizeof(int) * kept->narguments);
			for (int i = 0; i < kept->narguments; i++)
				source->arguments[i] = FieldSetAdd(set, kept->arguments[i]);
			source->root = AddRoot(set, kept);
			break;
		default:
			source->argument = FieldSetAdd(set, kept->arguments[0]);
			break;
	}
	return PathTreeAddOther(&set->paths);
}

int
FieldSetAdd(FieldSet *set, const Field *field)
{
	MemoryContext old = MemoryContextSwitchTo(set->context);
	char         *text = FieldToText(field); /* the same for equal fields */
	Digest        digest;
	SlotEntry    *entry;
	SlotField     source;
	int           slot;

	digest = DigestBytes(&set->key, 'f', text, strlen(text));
	pfree(text);
	entry = hash_search(set->slots_by_text, &digest, HASH_FIND, NULL);
	if (entry != NULL)
	{
		MemoryContextSwitchTo(old);
		return entry->slot;
	}

	slot = AddSlot(set, FieldCopy(field), &source);
	if (set->fields_allocated < set->paths.allocated)
	{
		int before = set->fields_allocated;

		set->fields_allocated = set->paths.allocated;
		set->fields = repalloc(set->fields, sizeof(SlotField) * set->fields_allocated);
		memset(&set->fields[before], 0, sizeof(SlotField) * (set->fields_allocated - before));
	}
	set->fields[slot] = source;
	entry = hash_search(set->slots_by_text, &digest, HASH_ENTER, NULL);
	entry->slot = slot;
	MemoryContextSwitchTo(old);
	return slot;
}

int
FieldSetAddPath(FieldSet *set, const char *path)
{
	MemoryContext parsing = AllocSetContextCreate(CurrentMemoryContext, "newterm path",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(parsing);
	SyntaxError   error;
	Field        *field = FieldParse(path, LANGUAGE_DATADOG, &error);
	int           slot;

	Assert(field != NULL);
	slot = FieldSetAdd(set, field);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(parsing);
	return slot;
}

const Field *
FieldOfSlot(const FieldSet *set, int slot)
{
	return set->fields[slot].field;
}

void
EventBegin(FieldSet *set, JsonbContainer *record)
{
	set->record = record;
	PathTreeBegin(&set->paths, record);
	if (set->event_context_used)
	{
		MemoryContextReset(set->event_context);
		set->event_context_used = false;
	}
}

JsonbContainer *
EventRecord(const FieldSet *set)
{
	return set->record;
}

MemoryContext
EventContextEnter(FieldSet *set)
{
	set->event_context_used = true;
	return MemoryContextSwitchTo(set->event_context);
}

/* Read a source for a derived attribute. */
static const EventSlot *
ReadSource(void *state, AttributeSource source)
{
	FieldSet *set = state;

	return EventValues(set, set->sources[source]);
}

static bool
DeriveAttribute(FieldSet *set, Attribute attribute, JsonbValue *value)
{
	const AttributeRecord record = {ReadSource, set, set->reference};

	return AttributeDerive(attribute, &record, value);
}

/* Fill a slot with values that an array of several elements led to. */
static void
FillFromList(EventSlot *slot, const ValueList *list)
{
	slot->single = false;
	slot->count = list->count;
	slot->more.list = list->values;
}

/* Fill a slot with values.  One value that no array led to is the slot's own. */
static void
FillFromValues(EventSlot *slot, const ValueList *list)
{
	if (list->passed_array || list->count > 1)
		FillFromList(slot, list);
	else
	{
		slot->count = list->count;
		if (list->count == 1)
			slot->own = list->values[0];
	}
}

/* Fill the slot of a path on which PathTreeFind found an array of several elements. */
static void
FillFromPath(FieldSet *set, int index)
{
	const Field      *path = set->fields[index].field;
	ValueList         list = {0};
	const JsonbValue *array;
	int               step = path->nsteps;

	for (int node = index; (array = PathTreeArray(&set->paths, node)) == NULL; step--)
		node = set->paths.nodes[node].parent;
	FanOut(path->steps + step, path->nsteps - step, array, &list);
	FillFromList(&set->paths.slots[index], &list);
}

/* Fill the slot of a path that goes on behind a function. */
static void
FillBelow(FieldSet *set, const Field *field, const EventSlot *argument, EventSlot *slot)
{
	ValueList list = {.passed_array = !argument->single};

	for (int i = 0; i < argument->count; i++)
		FanOut(field->steps, field->nsteps, &SlotValues(argument)[i], &list);
	FillFromValues(slot, &list);
}

/*
 * Fill the slot of json() of a single value.  If the result is an array of several
 * elements, it is kept in `own` for term_product.c, which goes through its elements.
 */
static void
FillFromJson(FieldSet *set, const Field *function, const EventSlot *argument, EventSlot *slot)
{
	ValueList  list = {0};
	JsonbValue document;

	if (argument->count == 0 || !FunctionApply(function, &argument->own, set->reference, &document))
		return;
	FanOut(NULL, 0, &document, &list);
	FillFromValues(slot, &list);
	if (!slot->single)
		slot->own = document;
}

/* Fill the slot of a function of one argument. */
static void
FillFromFunction(FieldSet *set, const Field *function, const EventSlot *argument, EventSlot *slot)
{
	ValueList  list = {.passed_array = true};
	JsonbValue result;

	if (argument->single)
	{
		if (function->kind == FIELD_JSON)
			FillFromJson(set, function, argument, slot);
		else if (argument->count > 0 &&
				 FunctionApply(function, &argument->own, set->reference, &slot->own))
			slot->count = 1;
		return;
	}
	for (int i = 0; i < argument->count; i++)
		if (FunctionApply(function, &argument->more.list[i], set->reference, &result))
			FanOut(NULL, 0, &result, &list);
	FillFromList(slot, &list);
}

/* Fill the slot of coalesce() or any() if no array leads to all of the arguments. */
static void
FillFromArguments(FieldSet *set, const SlotField *source, EventSlot *slot)
{
	ValueList list = {0};

	for (int i = 0; i < source->field->narguments; i++)
	{
		const EventSlot *argument = EventValues(set, source->arguments[i]);

		for (int j = 0; j < argument->count; j++)
			ValueListAppend(&list, &SlotValues(argument)[j]);
		list.passed_array |= argument->count > 0 && !argument->single;
		if (source->field->kind == FIELD_COALESCE && argument->count > 0)
			break;
	}
	FillFromValues(slot, &list);
}

/*
 * Fill the slot of coalesce() or any().  If an array of several elements leads to all of
 * the arguments, the function is applied to each element.
 */
static void
FillFromChoice(FieldSet *set, const SlotField *source, EventSlot *slot)
{
	ValueList        list = {.passed_array = true};
	char           **steps;
	const EventSlot *elements;
	int              nsteps;

	if (source->root < 0 || EventSingle(set, source->root) != NULL)
	{
		FillFromArguments(set, source, slot);
		return;
	}
	nsteps = FieldRoot(source->field, &steps);
	elements = EventValues(set, source->root);
	for (int i = 0; i < elements->count; i++)
		ChoiceValues(source->field, nsteps, &SlotValues(elements)[i], set->reference, &list);
	FillFromList(slot, &list);
}

/* Fill a slot that is of no path, or to which arrays of several elements lead. */
static pg_noinline void
FillByField(FieldSet *set, int index)
{
	const SlotField *source = &set->fields[index];
	EventSlot       *slot = &set->paths.slots[index];
	MemoryContext    old;

	slot->epoch = set->paths.epoch;
	slot->count = 0;
	slot->single = true;
	old = EventContextEnter(set);
	switch (source->field->kind)
	{
		case FIELD_PATH:
			FillFromPath(set, index);
			break;
		case FIELD_ATTRIBUTE:
			if (DeriveAttribute(set, source->field->attribute, &slot->own))
				slot->count = 1;
			break;
		case FIELD_COALESCE:
		case FIELD_ANY:
			FillFromChoice(set, source, slot);
			break;
		case FIELD_BELOW:
			FillBelow(set, source->field, EventValues(set, source->argument), slot);
			break;
		default:
			FillFromFunction(set, source->field, EventValues(set, source->argument), slot);
			break;
	}
	MemoryContextSwitchTo(old);
}

bool
EventFillSingle(FieldSet *set, int index)
{
	int argument;

	if (set->paths.nodes[index].parent >= 0)
		return PathTreeFind(&set->paths, index);
	argument = set->fields[index].argument;
	if (argument >= 0 && EventSingle(set, argument) == NULL)
		return false;
	FillByField(set, index);
	return true;
}

void
EventFill(FieldSet *set, int index)
{
	if (!EventFillSingle(set, index))
		FillByField(set, index);
}
