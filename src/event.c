/*
 * event.c
 *	  The values of an event: one trie of all paths, looked up lazily.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/memutils.h"

#include "compat.h"
#include "event.h"
#include "isotime.h"
#include "maptext.h"
#include "normalise.h"

/* What a place of the record turned out to be. */
typedef enum PlaceState
{
	PLACE_MISSING,				/* absent, null or an empty array */
	PLACE_SINGLE,				/* one value, no array on the way */
	PLACE_MANY					/* an array, here or above */
} PlaceState;

/* A place that some path names or passes: a node of the trie. */
typedef struct Place
{
	int			parent;			/* -1: this is the record itself */
	const char *key;
	int			key_length;
	int			nchildren;
	int			children_allocated;
	int		   *children;		/* in jsonb's order of keys */
	uint32		epoch;			/* of the event that state and value are of */
	uint32		visited;		/* of the event that children were found in */
	PlaceState	state;
	JsonbValue	value;			/* PLACE_SINGLE */
} Place;

/* A place with more children than this looks each of them up by itself. */
#define VISIT_KEYS		64

/* The place that stands for the record. */
#define RECORD_PLACE	0

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

typedef struct Slot
{
	Field	   *field;
	int			place;			/* FIELD_PATH */
	int			argument;		/* normalisers: slot of what they normalise */
	uint32		epoch;
	uint32		digest_epoch;
	bool		single;
	int			count;
	const JsonbValue *values;
	JsonbValue	own;			/* storage of a single value */
	Digest		digest;
} Slot;

struct FieldSet
{
	MemoryContext context;		/* of the set */
	MemoryContext event_context;	/* reset for each event that used it */
	bool		event_context_used;
	DigestKey	key;
	uint32		epoch;
	JsonbContainer *record;
	int			nplaces;
	int			places_allocated;
	Place	   *places;
	int			nslots;
	int			slots_allocated;
	Slot	   *slots;
	HTAB	   *slots_by_text;
	bool		have_sources;
	int			sources[SOURCES];
	VendorLookup vendors;
	void	   *vendors_state;
};

/* Slots are found by a digest of their fields' texts. */
typedef struct SlotEntry
{
	Digest		text;
	int			slot;
} SlotEntry;

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
	set->places_allocated = 32;
	set->places = palloc0(sizeof(Place) * set->places_allocated);
	set->nplaces = 1;			/* RECORD_PLACE */
	set->places[RECORD_PLACE].parent = -1;
	set->slots_allocated = 32;
	set->slots = palloc0(sizeof(Slot) * set->slots_allocated);

	control.hcxt = CurrentMemoryContext;
	control.keysize = sizeof(Digest);
	control.entrysize = sizeof(SlotEntry);
	set->slots_by_text = hash_create("newterm slots", 64, &control,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
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

/* jsonb's order of keys: shorter ones first, then byte for byte. */
static int
CompareKeys(const char *a, int a_length, const char *b, int b_length)
{
	if (a_length != b_length)
		return a_length - b_length;
	return memcmp(a, b, a_length);
}

/*
 * ChildPlace
 *		The trie's node for `key` below `parent`, made where it is not there yet.
 */
static int
ChildPlace(FieldSet *set, int parent, const char *key)
{
	int			key_length = strlen(key);
	Place	   *above = &set->places[parent];
	Place	   *place;
	int			position = 0;

	while (position < above->nchildren)
	{
		Place	   *sibling = &set->places[above->children[position]];
		int			order = CompareKeys(sibling->key, sibling->key_length, key, key_length);

		if (order == 0)
			return above->children[position];
		if (order > 0)
			break;
		position++;
	}

	if (set->nplaces == set->places_allocated)
	{
		set->places_allocated *= 2;
		set->places = repalloc(set->places, sizeof(Place) * set->places_allocated);
		above = &set->places[parent];
	}
	if (above->nchildren == above->children_allocated)
	{
		above->children_allocated = Max(8, above->children_allocated * 2);
		above->children = above->children == NULL ?
			palloc(sizeof(int) * above->children_allocated) :
			repalloc(above->children, sizeof(int) * above->children_allocated);
	}
	memmove(&above->children[position + 1], &above->children[position],
			sizeof(int) * (above->nchildren - position));
	above->children[position] = set->nplaces;
	above->nchildren++;

	place = &set->places[set->nplaces];
	memset(place, 0, sizeof(Place));
	place->parent = parent;
	place->key = key;
	place->key_length = key_length;
	return set->nplaces++;
}

/* The slots of the paths that derived attributes read. */
static void
AddSources(FieldSet *set)
{
	if (set->have_sources)
		return;
	set->have_sources = true;
	for (int i = 0; i < (int) SOURCES; i++)
	{
		SyntaxError error;
		Field	   *field = FieldParse(SourcePaths[i], LANGUAGE_DATADOG, &error);

		Assert(field != NULL);
		set->sources[i] = FieldSetAdd(set, field);
	}
}

int
FieldSetAdd(FieldSet *set, Field *field)
{
	MemoryContext old = MemoryContextSwitchTo(set->context);
	char	   *text = FieldToText(field);	/* the same for equal fields */
	Digest		digest;
	SlotEntry  *entry;
	bool		found;
	int			place = RECORD_PLACE;
	int			argument = -1;
	Slot	   *slot;

	digest = DigestBytes(&set->key, text, strlen(text));
	pfree(text);
	entry = hash_search(set->slots_by_text, &digest, HASH_FIND, NULL);
	if (entry != NULL)
	{
		MemoryContextSwitchTo(old);
		return entry->slot;
	}

	switch (field->kind)
	{
		case FIELD_PATH:
			for (int i = 0; i < field->nsteps; i++)
				place = ChildPlace(set, place, field->steps[i]);
			break;
		case FIELD_ATTRIBUTE:
			AddSources(set);
			break;
		default:
			argument = FieldSetAdd(set, field->argument);
			break;
	}

	if (set->nslots == set->slots_allocated)
	{
		set->slots_allocated *= 2;
		set->slots = repalloc(set->slots, sizeof(Slot) * set->slots_allocated);
	}
	slot = &set->slots[set->nslots];
	memset(slot, 0, sizeof(Slot));
	slot->field = field;
	slot->place = place;
	slot->argument = argument;
	entry = hash_search(set->slots_by_text, &digest, HASH_ENTER, &found);
	entry->slot = set->nslots++;
	MemoryContextSwitchTo(old);
	return entry->slot;
}

void
EventBegin(FieldSet *set, JsonbContainer *record)
{
	Place	   *root = &set->places[RECORD_PLACE];

	set->record = record;
	if (set->event_context_used)
	{
		MemoryContextReset(set->event_context);
		set->event_context_used = false;
	}
	/* epoch 0 marks what was never looked up */
	if (++set->epoch == 0)
	{
		for (int i = 0; i < set->nplaces; i++)
			set->places[i].epoch = set->places[i].visited = 0;
		for (int i = 0; i < set->nslots; i++)
			set->slots[i].epoch = set->slots[i].digest_epoch = 0;
		set->epoch = 1;
	}
	root->epoch = set->epoch;
	root->state = PLACE_SINGLE;
	root->value.type = jbvBinary;
	root->value.val.binary.data = record;
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

/*
 * ReadEntry
 *		The value of a container's entry that starts at `offset`, as
 *		fillJsonbValue() in jsonb_util.c reads it.
 */
static void
ReadEntry(JEntry entry, char *data, uint32 offset, uint32 length, JsonbValue *value)
{
	if (JBE_ISSTRING(entry))
	{
		value->type = jbvString;
		value->val.string.val = data + offset;
		value->val.string.len = length;
	}
	else if (JBE_ISNUMERIC(entry))
	{
		value->type = jbvNumeric;
		value->val.numeric = (Numeric) (data + INTALIGN(offset));
	}
	else if (JBE_ISBOOL(entry))
	{
		value->type = jbvBool;
		value->val.boolean = JBE_ISBOOL_TRUE(entry);
	}
	else if (JBE_ISNULL(entry))
		value->type = jbvNull;
	else
	{
		value->type = jbvBinary;
		value->val.binary.data = (JsonbContainer *) (data + INTALIGN(offset));
		value->val.binary.len = length - (INTALIGN(offset) - offset);
	}
}

/*
 * ClassifyValue
 *		What a JSON value is as a place of the record.  An array of one element
 *		fans out to that element, so that it is replaced by it at once: most
 *		arrays are such, and what is no array needs no lists.
 */
static PlaceState
ClassifyValue(JsonbValue *value)
{
	while (value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data))
	{
		JsonbContainer *array = value->val.binary.data;

		if (JsonContainerSize(array) == 0)
			return PLACE_MISSING;
		if (JsonContainerSize(array) > 1)
			return PLACE_MANY;
		ReadEntry(array->children[0], (char *) &array->children[1], 0,
				  JBE_OFFLENFLD(array->children[0]), value);
	}
	return value->type == jbvNull ? PLACE_MISSING : PLACE_SINGLE;
}

/*
 * VisitObject
 *		Find all children of a place in its object.  Both are in the same order
 *		of keys, so that one pass over the object finds them all, where a
 *		look-up for each would search the object and add up lengths each time.
 */
static void
VisitObject(FieldSet *set, Place *place, JsonbContainer *object)
{
	int			nkeys = JsonContainerSize(object);
	char	   *data = (char *) &object->children[nkeys * 2];
	uint32		offset = 0;
	int			next = 0;
	int			wanted[VISIT_KEYS];
	int			found[VISIT_KEYS];
	int			nfound = 0;

	/* the keys: which of them are wanted? */
	for (int i = 0; i < nkeys; i++)
	{
		JEntry		entry = object->children[i];
		uint32		length = JBE_HAS_OFF(entry) ?
			JBE_OFFLENFLD(entry) - offset : JBE_OFFLENFLD(entry);

		while (next < place->nchildren)
		{
			Place	   *child = &set->places[place->children[next]];
			int			order = child->key_length - (int) length;

			if (order == 0)
				order = memcmp(child->key, data + offset, length);
			if (order > 0)
				break;
			if (order == 0)
			{
				wanted[nfound] = place->children[next];
				found[nfound++] = i;
			}
			next++;
			if (order == 0)
				break;
		}
		offset += length;
		if (next == place->nchildren || nfound == VISIT_KEYS)
		{
			/* the values begin where the last key ends */
			for (i++; i < nkeys; i++)
			{
				entry = object->children[i];
				offset = JBE_HAS_OFF(entry) ? JBE_OFFLENFLD(entry) :
					offset + JBE_OFFLENFLD(entry);
			}
		}
	}

	/* the values of those that are */
	next = 0;
	for (int i = 0; i < nkeys && next < nfound; i++)
	{
		JEntry		entry = object->children[nkeys + i];
		uint32		length = JBE_HAS_OFF(entry) ?
			JBE_OFFLENFLD(entry) - offset : JBE_OFFLENFLD(entry);

		if (found[next] == i)
		{
			Place	   *child = &set->places[wanted[next++]];

			ReadEntry(entry, data, offset, length, &child->value);
			child->state = ClassifyValue(&child->value);
			child->epoch = set->epoch;
		}
		offset += length;
	}
}

/*
 * LookUpPlace
 *		Find a place in the record, together with its siblings.
 */
static Place *
LookUpPlace(FieldSet *set, int index)
{
	Place	   *place = &set->places[index];
	Place	   *parent;

	if (place->epoch == set->epoch)
		return place;
	parent = LookUpPlace(set, place->parent);
	place->epoch = set->epoch;
	place->state = PLACE_MISSING;
	if (parent->state == PLACE_MANY)
		place->state = PLACE_MANY;
	else if (parent->state == PLACE_SINGLE && parent->value.type == jbvBinary &&
			 parent->visited != set->epoch)
	{
		if (parent->nchildren <= VISIT_KEYS)
		{
			parent->visited = set->epoch;
			VisitObject(set, parent, parent->value.val.binary.data);
		}
		else if (getKeyJsonValueFromContainer(parent->value.val.binary.data,
											  place->key, place->key_length,
											  &place->value) != NULL)
			place->state = ClassifyValue(&place->value);
	}
	return place;
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
	switch (ClassifyValue(value))
	{
		case PLACE_MISSING:
			return;
		case PLACE_MANY:
			{
				JsonbContainer *array = value->val.binary.data;
				uint32		size = JsonContainerSize(array);

				for (uint32 i = 0; i < size && depth < EVENT_MAX_ARRAYS; i++)
				{
					JsonbValue *element = getIthJsonbValueFromContainer(array, i);

					FanOut(path, step, depth + 1, element, list);
				}
				return;
			}
		case PLACE_SINGLE:
			if (step == path->nsteps)
				ValueListAppend(list, value);
			else if (value->type == jbvBinary)
			{
				JsonbValue	child;

				if (getKeyJsonValueFromContainer(value->val.binary.data,
												 path->steps[step],
												 strlen(path->steps[step]),
												 &child) != NULL)
					FanOut(path, step + 1, depth, &child, list);
			}
			return;
	}
}

/* A place's value as a string, where it is a single one. */
static bool
SourceString(FieldSet *set, Source source, JsonbValue *value)
{
	int			count;
	bool		single;
	const JsonbValue *values = EventValues(set, set->sources[source], &count,
										   &single);

	if (count == 0 || values[0].type != jbvString)
		return false;
	*value = values[0];
	return true;
}

static bool
SourceExists(FieldSet *set, Source source)
{
	int			count;
	bool		single;

	EventValues(set, set->sources[source], &count, &single);
	return count > 0;
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
				MapTextAppend(&text, result->val.binary.data);
				SetString(result, text.data, text.len);
			}
			break;
	}
	return true;
}

/* The normalised values of another slot. */
static void
NormaliseSlot(FieldSet *set, Slot *slot)
{
	Field		step = *slot->field;
	Field		base = {.kind = FIELD_PATH};
	int			count;
	const JsonbValue *values = EventValues(set, slot->argument, &count,
										   &slot->single);
	JsonbValue *results;

	/* the argument's slot did its own normalising: apply this step alone */
	step.argument = &base;
	results = count <= 1 ? &slot->own : palloc(sizeof(JsonbValue) * count);
	slot->count = 0;
	for (int i = 0; i < count; i++)
		if (FieldNormalise(&step, &values[i], &results[slot->count]))
			slot->count++;
	slot->values = results;
}

const JsonbValue *
EventValues(FieldSet *set, int index, int *count, bool *single)
{
	Slot	   *slot = &set->slots[index];

	if (slot->epoch != set->epoch)
	{
		slot->epoch = set->epoch;
		slot->count = 0;
		slot->single = true;
		slot->values = NULL;
		if (slot->field->kind == FIELD_PATH)
		{
			Place	   *place = LookUpPlace(set, slot->place);

			if (place->state == PLACE_SINGLE)
			{
				slot->count = 1;
				slot->values = &place->value;
			}
			else if (place->state == PLACE_MANY)
			{
				ValueList	list = {0};
				JsonbValue	root;
				MemoryContext old = EventContextEnter(set);

				root.type = jbvBinary;
				root.val.binary.data = set->record;
				root.val.binary.len = 0;
				FanOut(slot->field, 0, 0, &root, &list);
				slot->single = false;
				slot->count = list.count;
				slot->values = list.values;
				MemoryContextSwitchTo(old);
			}
		}
		else
		{
			MemoryContext old = EventContextEnter(set);

			if (slot->field->kind == FIELD_ATTRIBUTE)
			{
				slot->count = DeriveAttribute(set, slot->field->attribute,
											  &slot->own) ? 1 : 0;
				slot->values = &slot->own;
			}
			else
				NormaliseSlot(set, slot);
			MemoryContextSwitchTo(old);
		}
	}
	*count = slot->count;
	*single = slot->single;
	return slot->values;
}

Digest
EventDigest(FieldSet *set, int index)
{
	Slot	   *slot = &set->slots[index];

	Assert(slot->epoch == set->epoch && slot->count == 1);
	if (slot->digest_epoch != set->epoch)
	{
		slot->digest_epoch = set->epoch;
		slot->digest = DigestJsonbValue(&set->key, slot->values);
	}
	return slot->digest;
}

EventTimeStatus
EventTimeCheck(int64 micros)
{
	return TIMESTAMP_OF(micros) - USECS_PER_DAY > GetCurrentTransactionStartTimestamp() ?
		EVENT_TIME_FUTURE : EVENT_TIME_USABLE;
}

bool
RecordString(JsonbContainer *record, const char *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(record, key, strlen(key), value) != NULL &&
		value->type == jbvString;
}

EventTimeStatus
EventTimeOfRecord(JsonbContainer *record, int64 *micros)
{
	JsonbValue	value;
	EventTimeStatus status = EVENT_TIME_MISSING;

	if (RecordString(record, "eventTime", &value) &&
		IsoTimeParse(value.val.string.val, value.val.string.len, micros))
		status = EventTimeCheck(*micros);
	if (status != EVENT_TIME_USABLE)
		*micros = UNIX_MICROS(GetCurrentTransactionStartTimestamp());
	return status;
}

char *
EventIdentity(JsonbContainer *record)
{
	JsonbValue	value;

	if (RecordString(record, "sharedEventID", &value) ||
		RecordString(record, "eventID", &value))
		return pnstrdup(value.val.string.val, value.val.string.len);
	return NULL;
}
