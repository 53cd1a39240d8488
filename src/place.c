/*
 * place.c
 *	  The slots of an event, and those of them that are places of the record.
 */
#include "postgres.h"

#include "compat.h"
#include "place.h"

/* A place with more children than this looks each of them up by itself. */
#define VISIT_KEYS		64

/* The place that stands for the record. */
#define RECORD_PLACE	0

/*
 * Records of one kind have the same keys.  A place remembers the keys of objects
 * that were there, and where in them its children are: the next one is
 * recognised by comparing all its keys at once, where finding the children
 * compares one after the other, which takes three times as long.
 */
#define LAYOUTS			16		/* of a place: a power of two */
#define LAYOUT_KEYS		48		/* in an object; others are not remembered */
#define LAYOUT_BYTES	512		/* of its keys */

/* A single key is compared as fast by itself. */
#define LAYOUT_KEYS_AT_LEAST	2

/* Which of an object's values belong to which places, in the order of both. */
typedef struct Finds
{
	int			count;
	struct
	{
		int			index;
		int			place;
	}			found[VISIT_KEYS];
} Finds;

typedef struct Layout
{
	int			nkeys;			/* 0: free */
	uint32		length;			/* of all keys together */
	JEntry		entries[LAYOUT_KEYS];
	char		keys[LAYOUT_BYTES];
	Finds		finds;
} Layout;

void
PlaceTreeInitialise(PlaceTree *tree)
{
	memset(tree, 0, sizeof(PlaceTree));
	tree->context = CurrentMemoryContext;
	tree->allocated = 32;
	tree->slots = palloc0(sizeof(EventSlot) * tree->allocated);
	tree->places = palloc0(sizeof(Place) * tree->allocated);
	tree->nslots = 1;
	tree->places[RECORD_PLACE].parent = -1;
}

int
PlaceAddOther(PlaceTree *tree)
{
	if (tree->nslots == tree->allocated)
	{
		tree->allocated *= 2;
		tree->slots = repalloc(tree->slots, sizeof(EventSlot) * tree->allocated);
		tree->places = repalloc(tree->places, sizeof(Place) * tree->allocated);
	}
	memset(&tree->slots[tree->nslots], 0, sizeof(EventSlot));
	memset(&tree->places[tree->nslots], 0, sizeof(Place));
	tree->places[tree->nslots].parent = -1;
	return tree->nslots++;
}

/* jsonb's order of keys: shorter ones first, then byte for byte. */
static int
CompareKeys(const char *a, int a_length, const char *b, int b_length)
{
	if (a_length != b_length)
		return a_length - b_length;
	return memcmp(a, b, a_length);
}

/* What was found at a place that gets one child more. */
static void
ForgetVisits(Place *place)
{
	place->visited = 0;
	for (int i = 0; place->layouts != NULL && i < LAYOUTS; i++)
		if (place->layouts[i] != NULL)
			place->layouts[i]->nkeys = 0;
}

/* The node for `key` below `parent`, made where it is not there yet. */
static int
ChildPlace(PlaceTree *tree, int parent, const char *key)
{
	int			key_length = strlen(key);
	Place	   *above = &tree->places[parent];
	Place	   *place;
	int			index;
	int			position = 0;

	while (position < above->nchildren)
	{
		Place	   *sibling = &tree->places[above->children[position]];
		int			order = CompareKeys(sibling->key, sibling->key_length, key, key_length);

		if (order == 0)
			return above->children[position];
		if (order > 0)
			break;
		position++;
	}

	index = PlaceAddOther(tree);
	above = &tree->places[parent];
	if (above->nchildren == above->children_allocated)
	{
		above->children_allocated = Max(8, above->children_allocated * 2);
		above->children = above->children == NULL ?
			palloc(sizeof(int) * above->children_allocated) :
			repalloc(above->children, sizeof(int) * above->children_allocated);
	}
	memmove(&above->children[position + 1], &above->children[position],
			sizeof(int) * (above->nchildren - position));
	above->children[position] = index;
	above->nchildren++;
	ForgetVisits(above);

	place = &tree->places[index];
	place->parent = parent;
	place->key = key;
	place->key_length = key_length;
	return index;
}

int
PlaceAdd(PlaceTree *tree, char **keys, int nkeys)
{
	MemoryContext old = MemoryContextSwitchTo(tree->context);
	int			place = RECORD_PLACE;

	for (int i = 0; i < nkeys; i++)
		place = ChildPlace(tree, place, keys[i]);
	MemoryContextSwitchTo(old);
	return place;
}

void
PlaceBegin(PlaceTree *tree, JsonbContainer *record)
{
	EventSlot  *root = &tree->slots[RECORD_PLACE];

	if (++tree->epoch == 0)
	{
		for (int i = 0; i < tree->nslots; i++)
		{
			tree->slots[i].epoch = tree->slots[i].digest_epoch = 0;
			tree->places[i].visited = tree->places[i].many = 0;
		}
		tree->epoch = 1;
	}
	root->epoch = tree->epoch;
	root->count = 1;
	root->own.type = jbvBinary;
	root->own.val.binary.data = record;
}

/*
 * ReadEntry
 *		The value of a container's entry that starts at `offset`, as
 *		fillJsonbValue() in jsonb_util.c reads it.
 */
static inline void
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

PlaceState
PlaceClassify(JsonbValue *value)
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

/* Fill a place's slot, to whose `own` an array was read. */
static pg_noinline void
FillFromArray(PlaceTree *tree, int index)
{
	EventSlot  *slot = &tree->slots[index];

	switch (PlaceClassify(&slot->own))
	{
		case PLACE_MISSING:
			slot->count = 0;
			break;
		case PLACE_SINGLE:
			slot->element = true;
			break;
		case PLACE_MANY:
			slot->epoch = 0;
			tree->places[index].many = tree->epoch;
			break;
	}
}

/* Fill a place's slot, to whose `own` a value was read. */
static inline void
FillSlot(PlaceTree *tree, int index)
{
	EventSlot  *slot = &tree->slots[index];

	slot->epoch = tree->epoch;
	slot->count = slot->own.type != jbvNull;
	slot->single = true;
	slot->element = false;
	slot->values = &slot->own;
	if (slot->own.type == jbvBinary && JsonContainerIsArray(slot->own.val.binary.data))
		FillFromArray(tree, index);
}

/* Where the entry behind one that begins at `offset` begins. */
static inline uint32
EntryEnd(JEntry entry, uint32 offset)
{
	return JBE_HAS_OFF(entry) ? JBE_OFFLENFLD(entry) : offset + JBE_OFFLENFLD(entry);
}

/*
 * FindKeys
 *		Which of an object's keys are those of the place's children?  Both are in
 *		the same order, so that one pass finds them all, where a look-up for each
 *		would search the object and add up lengths each time.  Returns the
 *		length of all keys together.
 */
static uint32
FindKeys(const PlaceTree *tree, const Place *place, JsonbContainer *object, Finds *finds)
{
	int			nkeys = JsonContainerSize(object);
	char	   *data = (char *) &object->children[nkeys * 2];
	uint32		offset = 0;
	int			next = 0;

	finds->count = 0;
	for (int i = 0; i < nkeys; i++)
	{
		uint32		end = EntryEnd(object->children[i], offset);
		uint32		length = end - offset;

		while (next < place->nchildren)
		{
			const Place *child = &tree->places[place->children[next]];
			int			order = child->key_length - (int) length;

			if (order == 0)
				order = memcmp(child->key, data + offset, length);
			if (order > 0)
				break;
			if (order == 0)
			{
				finds->found[finds->count].place = place->children[next];
				finds->found[finds->count++].index = i;
			}
			next++;
			if (order == 0)
				break;
		}
		offset = end;
	}
	return offset;
}

/*
 * LayoutOf
 *		The layout of an object with that many keys, remembered if it was not
 *		yet; NULL for objects that are not worth it.
 */
static const Layout *
LayoutOf(const PlaceTree *tree, Place *place, JsonbContainer *object)
{
	int			nkeys = JsonContainerSize(object);
	char	   *data = (char *) &object->children[nkeys * 2];
	Layout	  **remembered;
	Layout	   *layout;
	uint32		hash;

	if (nkeys < LAYOUT_KEYS_AT_LEAST || nkeys > LAYOUT_KEYS)
		return NULL;
	if (place->layouts == NULL)
		place->layouts = MemoryContextAllocZero(tree->context, sizeof(Layout *) * LAYOUTS);
	/* keys are sorted by length: one more shifts what is behind it */
	hash = nkeys + object->children[nkeys / 2] * 3 + object->children[nkeys - 2] * 5;
	remembered = &place->layouts[(hash ^ (hash >> 4)) & (LAYOUTS - 1)];
	if (*remembered == NULL)
		*remembered = MemoryContextAllocZero(tree->context, sizeof(Layout));
	layout = *remembered;
	if (layout->nkeys != nkeys ||
		memcmp(layout->entries, object->children, sizeof(JEntry) * nkeys) != 0 ||
		memcmp(layout->keys, data, layout->length) != 0)
	{
		layout->length = FindKeys(tree, place, object, &layout->finds);
		layout->nkeys = layout->length <= LAYOUT_BYTES ? nkeys : 0;
		memcpy(layout->entries, object->children, sizeof(JEntry) * nkeys);
		memcpy(layout->keys, data, Min(layout->length, LAYOUT_BYTES));
	}
	return layout;
}

/* Find all children of a place in its object. */
static void
VisitObject(PlaceTree *tree, Place *above, JsonbContainer *object)
{
	int			nkeys = JsonContainerSize(object);
	char	   *data = (char *) &object->children[nkeys * 2];
	const Layout *layout = LayoutOf(tree, above, object);
	const Finds *finds;
	Finds		found;
	uint32		offset;
	int			index = 0;

	if (layout != NULL)
	{
		finds = &layout->finds;
		offset = layout->length;
	}
	else
	{
		offset = FindKeys(tree, above, object, &found);
		finds = &found;
	}
	for (int i = 0; i < finds->count; i++)
	{
		int			place = finds->found[i].place;
		JEntry		entry;

		for (; index < finds->found[i].index; index++)
			offset = EntryEnd(object->children[nkeys + index], offset);
		entry = object->children[nkeys + index];
		ReadEntry(entry, data, offset, EntryEnd(entry, offset) - offset,
				  &tree->slots[place].own);
		FillSlot(tree, place);
	}
}

bool
PlaceFind(PlaceTree *tree, int index)
{
	Place	   *place = &tree->places[index];
	Place	   *parent = &tree->places[place->parent];
	EventSlot  *slot = &tree->slots[index];
	EventSlot  *above = &tree->slots[place->parent];

	if (place->many == tree->epoch)
		return false;
	if (parent->many == tree->epoch ||
		(above->epoch != tree->epoch && !PlaceFind(tree, place->parent)))
	{
		place->many = tree->epoch;
		return false;
	}
	if (above->count == 1 && above->own.type == jbvBinary &&
		parent->visited != tree->epoch)
	{
		JsonbContainer *object = above->own.val.binary.data;

		/* together with its siblings */
		if (parent->nchildren <= VISIT_KEYS)
		{
			parent->visited = tree->epoch;
			VisitObject(tree, parent, object);
		}
		else if (getKeyJsonValueFromContainer(object, place->key, place->key_length,
											  &slot->own) != NULL)
			FillSlot(tree, index);
	}
	if (place->many == tree->epoch)
		return false;
	if (slot->epoch != tree->epoch)
	{
		slot->epoch = tree->epoch;
		slot->count = 0;
		slot->single = true;
	}
	return true;
}
