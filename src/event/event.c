/*
 * event.c
 *	  The values of an event, looked up lazily.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "event/event.h"
#include "base/jsonbtext.h"
#include "lang/normalise.h"

/* Slots that derived attributes look at, found when the first one is added. */
typedef enum Source
{
	SOURCE_ISSUER_ARN,
	SOURCE_ARN,
	SOURCE_PRINCIPAL_ID,
	SOURCE_INVOKED_BY,
	SOURCE_ACCOUNT,
	SOURCE_ISSUER_ACCOUNT,
	SOURCE_RECIPIENT,
	SOURCE_ERROR_CODE,
	SOURCE_ERROR_MESSAGE,
	SOURCE_CONSOLE_LOGIN,
	SOURCE_TYPE,
	SOURCE_ISSUER_USER,
	SOURCE_USER
} Source;

static const char *const SourcePaths[] = {
	[SOURCE_ISSUER_ARN] = "userIdentity.sessionContext.sessionIssuer.arn",
	[SOURCE_ARN] = "userIdentity.arn",
	[SOURCE_PRINCIPAL_ID] = "userIdentity.principalId",
	[SOURCE_INVOKED_BY] = "userIdentity.invokedBy",
	[SOURCE_ACCOUNT] = "userIdentity.accountId",
	[SOURCE_ISSUER_ACCOUNT] = "userIdentity.sessionContext.sessionIssuer.accountId",
	[SOURCE_RECIPIENT] = "recipientAccountId",
	[SOURCE_ERROR_CODE] = "errorCode",
	[SOURCE_ERROR_MESSAGE] = "errorMessage",
	[SOURCE_CONSOLE_LOGIN] = "responseElements.ConsoleLogin",
	[SOURCE_TYPE] = "userIdentity.type",
	[SOURCE_ISSUER_USER] = "userIdentity.sessionContext.sessionIssuer.userName",
	[SOURCE_USER] = "userIdentity.userName"
};

#define SOURCES lengthof(SourcePaths)

/* Slots are found by a digest of their fields' texts. */
typedef struct SlotEntry
{
	Digest		text;
	int			slot;
} SlotEntry;

/* How a slot is filled. */
typedef struct SlotField
{
	Field	   *field;			/* NULL: a place on the way to others */
	int			argument;		/* normalisers: slot of what they normalise */
} SlotField;

FieldSet *
FieldSetCreate(const DigestKey *key)
{
	FieldSet   *set = palloc0(sizeof(FieldSet));
	HASHCTL		control = {0};

	set->context = CurrentMemoryContext;
	set->event_context = AllocSetContextCreate(CurrentMemoryContext,
											   "newterm event",
											   ALLOCSET_DEFAULT_SIZES);
	set->key = *key;
	PathTreeInitialise(&set->places);
	set->fields_allocated = set->places.allocated;
	set->fields = palloc0(sizeof(SlotField) * set->fields_allocated);

	control.hcxt = CurrentMemoryContext;
	control.keysize = sizeof(Digest);
	control.entrysize = sizeof(SlotEntry);
	set->slots_by_text = hash_create("newterm slots", 64, &control,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	set->time_slot = FieldSetAddPath(set, "eventTime");
	return set;
}

void
FieldSetVendors(FieldSet *set, VendorLookup lookup, void *state)
{
	set->vendors = lookup;
	set->vendors_state = state;
}

void
FieldSetShareVendors(FieldSet *set, const FieldSet *other)
{
	FieldSetVendors(set, other->vendors, other->vendors_state);
}

/* The slots of the paths that derived attributes read. */
static void
AddSources(FieldSet *set)
{
	if (set->sources != NULL)
		return;
	set->sources = palloc(sizeof(int) * SOURCES);
	for (int i = 0; i < (int) SOURCES; i++)
		set->sources[i] = FieldSetAddPath(set, SourcePaths[i]);
}

int
FieldSetAdd(FieldSet *set, const Field *field)
{
	MemoryContext old = MemoryContextSwitchTo(set->context);
	char	   *text = FieldToText(field);	/* the same for equal fields */
	Digest		digest;
	SlotEntry  *entry;
	Field	   *kept;
	int			argument = -1;
	int			slot;

	digest = DigestBytes(&set->key, 'f', text, strlen(text));
	pfree(text);
	entry = hash_search(set->slots_by_text, &digest, HASH_FIND, NULL);
	if (entry != NULL)
	{
		MemoryContextSwitchTo(old);
		return entry->slot;
	}

	kept = FieldCopy(field);
	switch (kept->kind)
	{
		case FIELD_PATH:
			slot = PathTreeAdd(&set->places, kept->steps, kept->nsteps);
			break;
		case FIELD_ATTRIBUTE:
			AddSources(set);
			slot = PathTreeAddOther(&set->places);
			break;
		default:
			argument = FieldSetAdd(set, kept->argument);
			slot = PathTreeAddOther(&set->places);
			break;
	}

	if (set->fields_allocated < set->places.allocated)
	{
		int			before = set->fields_allocated;

		set->fields_allocated = set->places.allocated;
		set->fields = repalloc(set->fields, sizeof(SlotField) * set->fields_allocated);
		memset(&set->fields[before], 0,
			   sizeof(SlotField) * (set->fields_allocated - before));
	}
	set->fields[slot] = (SlotField) {kept, argument};
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
	SyntaxError error;
	Field	   *field = FieldParse(path, LANGUAGE_DATADOG, &error);
	int			slot;

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
	PathTreeBegin(&set->places, record);
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

/* A growing list of values in the event's context. */
typedef struct ValueList
{
	int			count;
	int			allocated;
	JsonbValue *values;
} ValueList;

static void
ValueListAppend(ValueList *list, const JsonbValue *value)
{
	if (list->count == list->allocated)
	{
		list->allocated = Max(8, list->allocated * 2);
		list->values = list->values == NULL ?
			palloc(sizeof(JsonbValue) * list->allocated) :
			repalloc(list->values, sizeof(JsonbValue) * list->allocated);
	}
	list->values[list->count++] = *value;
}

/*
 * FanOut
 *		Collect the values of the path's steps from `step` on, below `value`,
 *		through every array on the way.
 */
static void
FanOut(const Field *path, int step, int depth, JsonbValue *value, ValueList *list)
{
	switch (ValueClassify(value))
	{
		case VALUE_MISSING:
			return;
		case VALUE_MANY:
			{
				JsonbContainer *array = value->val.binary.data;
				JsonbValue *elements;

				if (depth == EVENT_MAX_ARRAYS)
					return;
				elements = ArrayElements(array);
				for (uint32 i = 0; i < JsonContainerSize(array); i++)
					FanOut(path, step, depth + 1, &elements[i], list);
				return;
			}
		case VALUE_SINGLE:
			if (step == path->nsteps)
				ValueListAppend(list, value);
			else if (value->type == jbvBinary)
			{
				JsonbValue	child;

				if (ObjectKey(value->val.binary.data, path->steps[step],
							 strlen(path->steps[step]), &child))
					FanOut(path, step + 1, depth, &child, list);
			}
			return;
	}
}

/* A place's value as a string, where it is a single one. */
static bool
SourceString(FieldSet *set, Source source, JsonbValue *value)
{
	const EventSlot *slot = EventValues(set, set->sources[source]);

	if (slot->count == 0 || SlotValues(slot)->type != jbvString)
		return false;
	*value = *SlotValues(slot);
	return true;
}

static bool
SourceExists(FieldSet *set, Source source)
{
	return EventValues(set, set->sources[source])->count > 0;
}

static void
SetString(JsonbValue *value, const char *text, int length)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = length;
}

static bool
StringIs(const JsonbValue *value, const char *text)
{
	return value->val.string.len == (int) strlen(text) &&
		memcmp(value->val.string.val, text, value->val.string.len) == 0;
}

/* principal(value) into *value. */
static void
NormalisePrincipalValue(JsonbValue *value)
{
	int			length;
	char	   *buffer = palloc(NORMALISE_BUFFER_SIZE(value->val.string.len));
	const char *text = NormalisePrincipal(value->val.string.val,
										  value->val.string.len,
										  buffer, &length);

	SetString(value, text, length);
}

/*
 * DeriveAttribute
 *		The value of a derived attribute (contract, section 3), or false.
 */
static bool
DeriveAttribute(FieldSet *set, Attribute attribute, JsonbValue *value)
{
	switch (attribute)
	{
		case ATTRIBUTE_PRINCIPAL:
			if (SourceString(set, SOURCE_ISSUER_ARN, value))
				return true;
			if (SourceString(set, SOURCE_ARN, value))
			{
				NormalisePrincipalValue(value);
				return true;
			}
			if (SourceString(set, SOURCE_PRINCIPAL_ID, value))
			{
				const char *colon = memchr(value->val.string.val, ':',
										   value->val.string.len);

				if (colon != NULL)
					value->val.string.len = colon - value->val.string.val;
				return true;
			}
			return SourceString(set, SOURCE_INVOKED_BY, value);

		case ATTRIBUTE_CALLER_ACCOUNT:
			return SourceString(set, SOURCE_ACCOUNT, value) ||
				SourceString(set, SOURCE_ISSUER_ACCOUNT, value);

		case ATTRIBUTE_OUTCOME:
			{
				bool		failure = SourceExists(set, SOURCE_ERROR_CODE) ||
					SourceExists(set, SOURCE_ERROR_MESSAGE) ||
					(SourceString(set, SOURCE_CONSOLE_LOGIN, value) &&
					 StringIs(value, "Failure"));
				const char *outcome = failure ? "failure" : "success";

				SetString(value, outcome, strlen(outcome));
				return true;
			}

		case ATTRIBUTE_CROSS_ACCOUNT:
			{
				JsonbValue	caller;
				JsonbValue	recipient;

				value->type = jbvBool;
				value->val.boolean =
					DeriveAttribute(set, ATTRIBUTE_CALLER_ACCOUNT, &caller) &&
					SourceString(set, SOURCE_RECIPIENT, &recipient) &&
					(caller.val.string.len != recipient.val.string.len ||
					 memcmp(caller.val.string.val, recipient.val.string.val,
							caller.val.string.len) != 0);
				return true;
			}

		case ATTRIBUTE_VENDOR:
			{
				const char *vendor;

				if (set->vendors == NULL ||
					!DeriveAttribute(set, ATTRIBUTE_CALLER_ACCOUNT, value))
					return false;
				vendor = set->vendors(set->vendors_state, value->val.string.val,
									  value->val.string.len);
				if (vendor == NULL)
					return false;
				SetString(value, vendor, strlen(vendor));
				return true;
			}

		case ATTRIBUTE_ELASTIC_ACCOUNT:
			return SourceString(set, SOURCE_ACCOUNT, value) ||
				SourceString(set, SOURCE_RECIPIENT, value);

		case ATTRIBUTE_ELASTIC_USER:
			if (SourceString(set, SOURCE_TYPE, value) &&
				(StringIs(value, "AssumedRole") || StringIs(value, "FederatedUser")))
				return SourceString(set, SOURCE_ISSUER_USER, value);
			return SourceString(set, SOURCE_USER, value);
	}
	return false;
}

const Field *
FieldBase(const Field *field)
{
	while (field->kind != FIELD_PATH && field->kind != FIELD_ATTRIBUTE)
		field = field->argument;
	return field;
}

bool
FieldNormalise(const Field *field, const JsonbValue *value, JsonbValue *result)
{
	if (field->kind == FIELD_PATH || field->kind == FIELD_ATTRIBUTE)
		*result = *value;
	else if (!FieldNormalise(field->argument, value, result))
		return false;
	if (result->type != jbvString &&
		!(field->kind == FIELD_TEXT && result->type == jbvBinary))
		return true;			/* normalisers leave other types as they are */

	switch (field->kind)
	{
		case FIELD_PATH:
		case FIELD_ATTRIBUTE:
			break;
		case FIELD_LOWER:
			{
				char	   *lower = str_tolower(result->val.string.val,
												result->val.string.len,
												DEFAULT_COLLATION_OID);

				SetString(result, lower, strlen(lower));
				break;
			}
		case FIELD_NETWORK:
			{
				int			length;
				char	   *buffer = palloc(NORMALISE_BUFFER_SIZE(result->val.string.len));
				const char *text = NormaliseNetwork(result->val.string.val,
													result->val.string.len,
													field->ipv4_bits,
													field->ipv6_bits,
													buffer, &length);

				SetString(result, text, length);
				break;
			}
		case FIELD_PRINCIPAL:
			NormalisePrincipalValue(result);
			break;
		case FIELD_PRODUCT:
			{
				int			length;
				const char *text = NormaliseProduct(result->val.string.val,
													result->val.string.len,
													&length);

				SetString(result, text, length);
				break;
			}
		case FIELD_TEXT:
			if (result->type == jbvBinary)
			{
				StringInfoData text;

				initStringInfo(&text);
				JsonbTextAppendMap(&text, result->val.binary.data);
				SetString(result, text.data, text.len);
			}
			break;
	}
	return true;
}

/* All values of a path on which there is an array of several: PathTreeFind found one. */
static void
EvaluateSlot(FieldSet *set, int index)
{
	const Field *path = set->fields[index].field;
	EventSlot  *slot = &set->places.slots[index];
	ValueList	list = {0};
	const JsonbValue *array;
	JsonbValue	value;
	int			step = path->nsteps;

	for (int place = index; (array = PathTreeArray(&set->places, place)) == NULL; step--)
		place = set->places.places[place].parent;
	value = *array;
	FanOut(path, step, 0, &value, &list);
	slot->single = false;
	slot->count = list.count;
	slot->more.list = list.values;
}

/* The normalised values of another slot. */
static void
NormaliseSlot(FieldSet *set, const SlotField *source, EventSlot *slot)
{
	Field		step = *source->field;
	Field		base = {.kind = FIELD_PATH};
	const EventSlot *argument = EventValues(set, source->argument);
	const JsonbValue *values = SlotValues(argument);
	JsonbValue *results;

	/* the argument's slot did its own normalising: apply this step alone */
	step.argument = &base;
	results = argument->single ? &slot->own :
		palloc(sizeof(JsonbValue) * argument->count);
	slot->count = 0;
	for (int i = 0; i < argument->count; i++)
		if (FieldNormalise(&step, &values[i], &results[slot->count]))
			slot->count++;
	slot->single = argument->single;
	if (!slot->single)
		slot->more.list = results;
}

/* Find the values of a slot that is no place, or to which arrays of several lead. */
static pg_noinline void
FillByField(FieldSet *set, int index)
{
	const SlotField *source = &set->fields[index];
	EventSlot  *slot = &set->places.slots[index];
	MemoryContext old;

	slot->epoch = set->places.epoch;
	slot->count = 0;
	slot->single = true;
	old = EventContextEnter(set);
	switch (source->field->kind)
	{
		case FIELD_PATH:
			EvaluateSlot(set, index);
			break;
		case FIELD_ATTRIBUTE:
			if (DeriveAttribute(set, source->field->attribute, &slot->own))
				slot->count = 1;
			break;
		default:
			NormaliseSlot(set, source, slot);
			break;
	}
	MemoryContextSwitchTo(old);
}

bool
EventFillSingle(FieldSet *set, int index)
{
	const int	argument = set->fields[index].argument;

	if (set->places.places[index].parent >= 0)
		return PathTreeFind(&set->places, index);
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
