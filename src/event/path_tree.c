/*
 * path_tree.c
 *	  A tree of the paths that fields name, with the values found at them.
 */
#include "postgres.h"

#include "base/compat.h"
#include "event/path_tree.h"

/*
 * Where a place has more children, or an object more keys, each child is looked up
 * by itself.  Finds numbers the keys, and one more, by bytes.
 */
#define VISIT_CHILDREN 64
#define VISIT_KEYS     254

/* A single key, or a place's only child, is sought among so many keys one by one. */
#define VISIT_FOR_ONE_KEYS 8

/* The place that stands for the record. */
#define RECORD_PLACE 0

/*
 * Records of one kind have the same keys.  A place remembers the keys of objects
 * that were there, and where in them its children are: the next one is
 * recognised by comparing all its keys at once, where finding the children
 * compares one after the other, which takes three times as long.
 */
#define LAYOUT_SETS  4 /* of a place: a power of two */
#define LAYOUT_WAYS  4 /* of a set */
#define LAYOUTS      (LAYOUT_SETS * LAYOUT_WAYS)
#define LAYOUT_KEYS  48  /* in an object; others are not remembered */
#define LAYOUT_BYTES 512 /* of its keys */

/* A single key is compared as fast by itself. */
#define LAYOUT_KEYS_AT_LEAST 2

/*
 * Which values of an object a place's children are, in its children's order.
 * nvalues stands for a value that is not there.
 */
typedef struct Finds
{
	uint32 length;  /* of all keys together: values begin there */
	uint8  nvalues; /* up to the last one that a child is */
	uint8  value[VISIT_CHILDREN];
} Finds;

/* A value that is not there, until nvalues is known. */
#define ABSENT (VISIT_KEYS + 1)

/* A value as it lies in an object. */
typedef struct Extent
{
	JEntry entry;
	uint32 start; /* in the object's data */
} Extent;

/* The keys of an object; allocated with as many as there are. */
typedef struct Layout
{
	uint32 nkeys;
	Finds  finds;
	JEntry entries[FLEXIBLE_ARRAY_MEMBER]; /* nkeys, and the keys' bytes */
} Layout;

/* A remembered layout, and what is asked before it is visited. */
typedef struct LayoutEntry
{
	uint32  hash;
	Layout *layout; /* NULL: free */
} LayoutEntry;

/* Room for more slots, with what is in those there are. */
static void
Enlarge(PathTree *tree, int allocated)
{
	EventSlot *slots = AllocateLines(tree->context, sizeof(EventSlot) * allocated);
	PathNode  *places = AllocateLines(tree->context, sizeof(PathNode) * allocated);

	if (tree->nslots > 0)
	{
		memcpy(slots, tree->slots, sizeof(EventSlot) * tree->nslots);
		memcpy(places, tree->places, sizeof(PathNode) * tree->nslots);
	}
	tree->slots = slots;
	tree->places = places;
	tree->allocated = allocated;
}

void
PathTreeInitialise(PathTree *tree)
{
	memset(tree, 0, sizeof(PathTree));
	tree->context = CurrentMemoryContext;
	Enlarge(tree, 32);
	tree->finds = palloc(sizeof(Finds));
	tree->nslots = 1;
	tree->places[RECORD_PLACE].parent = -1;
}

int
PathTreeAddOther(PathTree *tree)
{
	if (tree->nslots == tree->allocated)
		Enlarge(tree, tree->allocated * 2);
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
ForgetVisits(PathNode *place)
{
	place->visited = 0;
	for (int i = 0; place->layouts != NULL && i < LAYOUTS; i++)
		if (place->layouts[i].layout != NULL)
		{
			pfree(place->layouts[i].layout);
			place->layouts[i].layout = NULL;
		}
}

/* The node for `key` below `parent`, made where it is not there yet. */
static int
ChildNode(PathTree *tree, int parent, const char *key)
{
	int       key_length = strlen(key);
	PathNode *above = &tree->places[parent];
	PathNode *place;
	int       index;
	int       position = 0;

	while (position < above->nchildren)
	{
		PathNode *sibling = &tree->places[above->children[position]];
		int       order = CompareKeys(sibling->key, sibling->key_length, key, key_length);

		if (order == 0)
			return above->children[position];
		if (order > 0)
			break;
		position++;
	}

	index = PathTreeAddOther(tree);
	above = &tree->places[parent];
	if (above->nchildren == above->children_allocated)
	{
		above->children_allocated = Max(8, above->children_allocated * 2);
		above->children = above->children == NULL
			? palloc(sizeof(int) * above->children_allocated)
			: repalloc(above->children, sizeof(int) * above->children_allocated);
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
PathTreeAdd(PathTree *tree, char **keys, int nkeys)
{
	MemoryContext old = MemoryContextSwitchTo(tree->context);
	int           place = RECORD_PLACE;

	for (int i = 0; i < nkeys; i++)
		place = ChildNode(tree, place, keys[i]);
	MemoryContextSwitchTo(old);
	return place;
}

void
PathTreeBegin(PathTree *tree, JsonbContainer *record)
{
	EventSlot *root = &tree->slots[RECORD_PLACE];

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

/* The value of a string of `length` bytes at `offset`. */
static inline void
ReadString(char *data, uint32 offset, uint32 length, JsonbValue *value)
{
	value->type = jbvString;
	value->val.string.val = data + offset;
	value->val.string.len = length;
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
		ReadString(data, offset, length, value);
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

ValueState
ValueClassify(JsonbValue *value)
{
	while (value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data))
	{
		JsonbContainer *array = value->val.binary.data;

		if (JsonContainerSize(array) == 0)
			return VALUE_MISSING;
		if (JsonContainerSize(array) > 1)
			return VALUE_MANY;
		ReadEntry(array->children[0], (char *) &array->children[1], 0,
				  JBE_OFFLENFLD(array->children[0]), value);
	}
	return value->type == jbvNull ? VALUE_MISSING : VALUE_SINGLE;
}

/* Fill a place's slot, to whose `own` an array was read. */
static pg_noinline void
FillFromArray(PathTree *tree, int index)
{
	EventSlot *slot = &tree->slots[index];

	switch (ValueClassify(&slot->own))
	{
		case VALUE_MISSING:
			slot->count = 0;
			break;
		case VALUE_SINGLE:
			slot->element = true;
			break;
		case VALUE_MANY:
			slot->epoch = 0;
			tree->places[index].many = tree->epoch;
			break;
	}
}

/* Fill a slot of this many values, which are no array's; the one is its `own`. */
static inline void
FillPlain(PathTree *tree, EventSlot *slot, int count)
{
	slot->epoch = tree->epoch;
	slot->count = count;
	slot->single = true;
	slot->element = false;
}

/* Fill a place's slot, to whose `own` any value was read. */
static void
FillSlot(PathTree *tree, int index)
{
	EventSlot *slot = &tree->slots[index];

	FillPlain(tree, slot, slot->own.type == jbvNull ? 0 : 1);
	if (slot->own.type == jbvBinary && JsonContainerIsArray(slot->own.val.binary.data))
		FillFromArray(tree, index);
}

/* Where the entry behind one that begins at `offset` begins. */
static inline uint32
EntryEnd(JEntry entry, uint32 offset)
{
	return JBE_OFFLENFLD(entry) + (JBE_HAS_OFF(entry) ? 0 : offset);
}

/*
 * FindKeys
 *		Where in an object are the keys of the place's children?  Both are in the
 *		same order, so that one pass finds them all, where a look-up for each
 *		would search the object and add up lengths each time.  Valid until the
 *		next call.
 */
static const Finds *
FindKeys(PathTree *tree, const PathNode *place, JsonbContainer *object)
{
	Finds *finds = tree->finds;
	int    nkeys = JsonContainerSize(object);
	char  *data = (char *) &object->children[nkeys * 2];
	uint32 offset = 0;
	int    next = 0;

	finds->nvalues = 0;
	for (int i = 0; i < nkeys; i++)
	{
		uint32 end = EntryEnd(object->children[i], offset);
		uint32 length = end - offset;

		while (next < place->nchildren)
		{
			const PathNode *child = &tree->places[place->children[next]];
			int             order = child->key_length - (int) length;

			if (order == 0)
				order = memcmp(child->key, data + offset, length);
			if (order > 0)
				break;
			finds->value[next++] = order == 0 ? i : ABSENT;
			if (order == 0)
			{
				finds->nvalues = i + 1;
				break;
			}
		}
		offset = end;
	}
	while (next < place->nchildren)
		finds->value[next++] = ABSENT;
	for (int i = 0; i < place->nchildren; i++)
		finds->value[i] = Min(finds->value[i], finds->nvalues);
	finds->length = offset;
	return finds;
}

/* Is the object, whose keys have this hash, one of a remembered layout? */
static inline bool
LayoutMatches(const LayoutEntry *entry, JsonbContainer *object, uint32 hash)
{
	const Layout *layout = entry->layout;
	const uint32  nkeys = JsonContainerSize(object);

	return entry->hash == hash && layout != NULL && layout->nkeys == nkeys &&
		memcmp(layout->entries, object->children, sizeof(JEntry) * nkeys) == 0 &&
		memcmp(&layout->entries[nkeys], &object->children[nkeys * 2], layout->finds.length) == 0;
}

/* The layout of an object; NULL where its keys are too long to be remembered. */
static Layout *
LayoutCreate(const PathTree *tree, JsonbContainer *object, const Finds *finds)
{
	int     nkeys = JsonContainerSize(object);
	Size    size = offsetof(Layout, entries) + sizeof(JEntry) * nkeys;
	Layout *layout;

	if (finds->length > LAYOUT_BYTES)
		return NULL;
	layout = MemoryContextAlloc(tree->context, size + finds->length);
	layout->nkeys = nkeys;
	layout->finds = *finds;
	memcpy(layout->entries, object->children, sizeof(JEntry) * nkeys);
	memcpy(&layout->entries[nkeys], &object->children[nkeys * 2], finds->length);
	return layout;
}

/*
 * FindBehindFirst
 *		Find an object's layout in a set whose first one it is not, or remember it
 *		in place of the last one.  What comes often moves to the front, where six
 *		objects of seven are recognised.
 */
static pg_noinline const Finds *
FindBehindFirst(PathTree *tree, const PathNode *place, JsonbContainer *object, uint32 hash,
				LayoutEntry *set)
{
	LayoutEntry found;
	int         way = 1;

	while (way < LAYOUT_WAYS && !LayoutMatches(&set[way], object, hash))
		way++;
	if (way == LAYOUT_WAYS)
	{
		const Finds *finds = FindKeys(tree, place, object);

		found.layout = LayoutCreate(tree, object, finds);
		found.hash = hash;
		if (found.layout == NULL)
			return finds;
		way--;
		if (set[way].layout != NULL)
			pfree(set[way].layout);
	}
	else
		found = set[way];
	set[way] = set[way - 1];
	set[way - 1] = found;
	return &found.layout->finds;
}

/*
 * FindRemembered
 *		What FindKeys finds, from the layout of such an object where it is
 *		remembered; if it was not yet, it is now, unless that is not worth it.
 *		Valid until the next call.
 */
static inline const Finds *
FindRemembered(PathTree *tree, PathNode *place, JsonbContainer *object)
{
	const uint32  nkeys = JsonContainerSize(object);
	const JEntry *entries = object->children;
	LayoutEntry  *set;
	uint32        hash;

	if (nkeys < LAYOUT_KEYS_AT_LEAST || nkeys > LAYOUT_KEYS)
		return FindKeys(tree, place, object);
	if (place->layouts == NULL)
		place->layouts = AllocateLines(tree->context, sizeof(LayoutEntry) * LAYOUTS);
	/* keys are sorted by length: one more shifts what is behind it */
	hash = nkeys + (entries[nkeys / 4] << 5) + (entries[nkeys / 2] << 10) +
		(entries[nkeys - 2] << 15);
	hash *= 0x9E3779B1; /* 2^32 by the golden ratio (Knuth) */
	set = &place->layouts[(hash >> 24) % LAYOUT_SETS * LAYOUT_WAYS];
	if (LayoutMatches(set, object, hash))
		return &set->layout->finds;
	return FindBehindFirst(tree, place, object, hash, set);
}

/* Fill a place's slot from a value that lies in an object's data. */
static inline void
FillFromEntry(PathTree *tree, int index, JEntry entry, char *data, uint32 start, uint32 length)
{
	EventSlot *slot = &tree->slots[index];

	if (JBE_ISSTRING(entry) || JBE_ISNULL(entry)) /* most are */
	{
		ReadString(data, start, length, &slot->own);
		FillPlain(tree, slot, JBE_ISSTRING(entry) ? 1 : 0);
	}
	else
	{
		ReadEntry(entry, data, start, length, &slot->own);
		FillSlot(tree, index);
	}
}

/*
 * FindOneKey
 *		The value of one key of an object, and where it lies in the object's data;
 *		false where the object does not have it.
 */
static inline bool
FindOneKey(JsonbContainer *object, const char *key, uint32 key_length, JEntry *entry, uint32 *start,
		   uint32 *length)
{
	const uint32  nkeys = JsonContainerSize(object);
	const JEntry *entries = &object->children[nkeys];
	const char   *data = (const char *) &entries[nkeys];
	uint32        found = nkeys;
	uint32        offset = 0;

	for (uint32 i = 0; i < nkeys; i++)
	{
		uint32 end = EntryEnd(object->children[i], offset);

		if (end - offset == key_length && memcmp(data + offset, key, key_length) == 0)
			found = i;
		offset = end;
	}
	if (found == nkeys)
		return false;
	for (uint32 i = 0; i < found; i++)
		offset = EntryEnd(entries[i], offset);
	*entry = entries[found];
	*start = offset;
	*length = EntryEnd(*entry, offset) - offset;
	return true;
}

/* Where values' and keys' bytes begin in an object. */
static inline char *
ObjectData(JsonbContainer *object)
{
	return (char *) &object->children[JsonContainerSize(object) * 2];
}

/*
 * VisitForOne
 *		VisitObject for a place's only child: where keys are few, it is found among
 *		them sooner than their layout would be recognised.
 */
static void
VisitForOne(PathTree *tree, const PathNode *above, JsonbContainer *object)
{
	const int       index = above->children[0];
	const PathNode *child = &tree->places[index];
	JEntry          entry;
	uint32          start;
	uint32          length;

	if (FindOneKey(object, child->key, child->key_length, &entry, &start, &length))
		FillFromEntry(tree, index, entry, ObjectData(object), start, length);
	else
		FillPlain(tree, &tree->slots[index], 0);
}

bool
ObjectKey(JsonbContainer *object, const char *key, uint32 key_length, JsonbValue *value)
{
	JEntry entry;
	uint32 start;
	uint32 length;

	if (JsonContainerSize(object) > VISIT_FOR_ONE_KEYS)
		return getKeyJsonValueFromContainer(object, key, key_length, value) != NULL;
	if (!FindOneKey(object, key, key_length, &entry, &start, &length))
		return false;
	ReadEntry(entry, ObjectData(object), start, length, value);
	return true;
}

JsonbValue *
ArrayElements(JsonbContainer *array)
{
	const uint32 size = JsonContainerSize(array);
	char        *data = (char *) &array->children[size];
	JsonbValue  *elements = palloc(sizeof(JsonbValue) * size);
	uint32       offset = 0;

	for (uint32 i = 0; i < size; i++)
	{
		uint32 end = EntryEnd(array->children[i], offset);

		ReadEntry(array->children[i], data, offset, end - offset, &elements[i]);
		offset = end;
	}
	return elements;
}

/*
 * VisitObject
 *		Fill the slots of all children of a place from its object, with few branches
 *		that depend on the record: records come in all kinds, and which one is next
 *		cannot be guessed.
 */
static void
VisitObject(PathTree *tree, PathNode *above, JsonbContainer *object)
{
	const uint32  nkeys = JsonContainerSize(object);
	const JEntry *entries = &object->children[nkeys];
	char         *data = (char *) &entries[nkeys];
	const Finds  *finds = FindRemembered(tree, above, object);
	const uint32  nvalues = finds->nvalues;
	uint32        offset = finds->length;
	const int    *places = above->children;
	const int     nchildren = above->nchildren;
	Extent        extents[VISIT_KEYS + 2];

	for (uint32 i = 0; i < nvalues; i++)
	{
		extents[i] = (Extent){entries[i], offset};
		offset = EntryEnd(entries[i], offset);
	}
	extents[nvalues] = (Extent){JENTRY_ISNULL, offset};
	extents[nvalues + 1].start = offset;

	for (int i = 0; i < nchildren; i++)
	{
		const Extent *extent = &extents[finds->value[i]];

		FillFromEntry(tree, places[i], extent->entry, data, extent->start,
					  extent[1].start - extent->start);
	}
}

/* PathTreeFind where the place above is not known to be absent. */
static pg_noinline bool
FindBelow(PathTree *tree, int index)
{
	PathNode  *place = &tree->places[index];
	PathNode  *parent = &tree->places[place->parent];
	EventSlot *slot = &tree->slots[index];
	EventSlot *above = &tree->slots[place->parent];

	if (parent->many == tree->epoch ||
		(above->epoch != tree->epoch && !PathTreeFind(tree, place->parent)))
	{
		place->many = tree->epoch;
		return false;
	}
	if (above->count == 1 && above->own.type == jbvBinary && parent->visited != tree->epoch)
	{
		JsonbContainer *object = above->own.val.binary.data;

		/* together with its siblings */
		if (parent->nchildren <= VISIT_CHILDREN && JsonContainerSize(object) <= VISIT_KEYS)
		{
			parent->visited = tree->epoch;
			if (parent->nchildren == 1 && JsonContainerSize(object) <= VISIT_FOR_ONE_KEYS)
				VisitForOne(tree, parent, object);
			else
				VisitObject(tree, parent, object);
		}
		else if (getKeyJsonValueFromContainer(object, place->key, place->key_length, &slot->own) !=
				 NULL)
			FillSlot(tree, index);
	}
	if (place->many == tree->epoch)
		return false;
	if (slot->epoch != tree->epoch)
		FillPlain(tree, slot, 0);
	return true;
}

bool
PathTreeFind(PathTree *tree, int index)
{
	const int        parent = tree->places[index].parent;
	const EventSlot *above = &tree->slots[parent];

	if (tree->places[index].many == tree->epoch)
		return false;
	if (above->epoch != tree->epoch || above->count > 0 || tree->places[parent].many == tree->epoch)
		return FindBelow(tree, index);
	FillPlain(tree, &tree->slots[index], 0);
	return true;
}
