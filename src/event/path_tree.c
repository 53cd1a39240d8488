/*
 * path_tree.c
 *	  A tree of the paths that fields name, with the values found at them.
 */
#include "postgres.h"

#include "base/array.h"
#include "base/compat.h"
#include "event/path_tree.h"

/*
 * If a path has more children, or an object more keys, each child is looked up by itself.
 * Finds has a byte for the number of a key, and for one more.
 */
#define VISIT_CHILDREN 64
#define VISIT_KEYS     254

/* The only child of a path is compared with each key, if the object has no more keys. */
#define VISIT_FOR_ONE_KEYS 8

/* The slot of the record itself. */
#define RECORD_NODE 0

/*
 * Records of one kind have the same keys.  So a path remembers the keys of objects that it
 * led to, as layouts, and the places of its children among them.  The next object is
 * recognised by comparing all of its keys at once, which takes a third of the time of
 * finding the children one after the other.
 */
#define LAYOUT_SETS  4 /* of a path: a power of two */
#define LAYOUT_WAYS  4 /* of a set */
#define LAYOUTS      (LAYOUT_SETS * LAYOUT_WAYS)
#define LAYOUT_KEYS  48  /* objects with more keys are not remembered */
#define LAYOUT_BYTES 512 /* objects with longer keys neither */

/* A single key is as fast without a layout. */
#define LAYOUT_KEYS_AT_LEAST 2

/*
 * The numbers of an object's values that the children of a path are, in the order of the
 * children.  The number of a child that the object lacks is nvalues.
 */
typedef struct Finds
{
	uint32 length;  /* length of all keys, behind which the values begin */
	uint8  nvalues; /* number of values up to the last one that is a child */
	uint8  value[VISIT_CHILDREN];
} Finds;

/* Stands for nvalues of Finds until that is known. */
#define ABSENT (VISIT_KEYS + 1)

/* The place of a value in an object. */
typedef struct Extent
{
	JEntry entry;
	uint32 start; /* in bytes, in the object's data */
} Extent;

/* The keys of an object and the places of children among them. */
typedef struct Layout
{
	uint32 nkeys;
	Finds  finds;
	JEntry entries[FLEXIBLE_ARRAY_MEMBER]; /* nkeys, and behind them the bytes of the keys */
} Layout;

/* A remembered layout, and a hash of it that is compared first. */
typedef struct LayoutEntry
{
	uint32  hash;
	Layout *layout; /* NULL: free */
} LayoutEntry;

/* Enlarge the arrays of slots and nodes. */
static void
Enlarge(PathTree *tree, int allocated)
{
	EventSlot *slots = AllocateLines(tree->context, sizeof(EventSlot) * allocated);
	PathNode  *nodes = AllocateLines(tree->context, sizeof(PathNode) * allocated);

	if (tree->nslots > 0)
	{
		memcpy(slots, tree->slots, sizeof(EventSlot) * tree->nslots);
		memcpy(nodes, tree->nodes, sizeof(PathNode) * tree->nslots);
	}
	tree->slots = slots;
	tree->nodes = nodes;
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
	tree->nodes[RECORD_NODE].parent = -1;
}

int
PathTreeAddOther(PathTree *tree)
{
	if (tree->nslots == tree->allocated)
		Enlarge(tree, tree->allocated * 2);
	tree->nodes[tree->nslots].parent = -1;
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

/* Forget the layouts of a path that gets another child. */
static void
ForgetVisits(PathNode *node)
{
	node->visited = 0;
	for (int i = 0; node->layouts != NULL && i < LAYOUTS; i++)
		if (node->layouts[i].layout != NULL)
		{
			pfree(node->layouts[i].layout);
			node->layouts[i].layout = NULL;
		}
}

/* The child of `parent` with this key, created if needed. */
static int
ChildNode(PathTree *tree, int parent, const char *key)
{
	int       key_length = strlen(key);
	PathNode *above = &tree->nodes[parent];
	PathNode *node;
	int       index;
	int       position = 0;

	while (position < above->nchildren)
	{
		PathNode *sibling = &tree->nodes[above->children[position]];
		int       order = CompareKeys(sibling->key, sibling->key_length, key, key_length);

		if (order == 0)
			return above->children[position];
		if (order > 0)
			break;
		position++;
	}

	index = PathTreeAddOther(tree);
	above = &tree->nodes[parent];
	ARRAY_RESERVE(tree->context, above->children, above->children_allocated, above->nchildren + 1,
				  8);
	memmove(&above->children[position + 1], &above->children[position],
			sizeof(int) * (above->nchildren - position));
	above->children[position] = index;
	above->nchildren++;
	ForgetVisits(above);

	node = &tree->nodes[index];
	node->parent = parent;
	node->key = key;
	node->key_length = key_length;
	return index;
}

int
PathTreeAdd(PathTree *tree, char **keys, int nkeys)
{
	MemoryContext old = MemoryContextSwitchTo(tree->context);
	int           node = RECORD_NODE;

	for (int i = 0; i < nkeys; i++)
		node = ChildNode(tree, node, keys[i]);
	MemoryContextSwitchTo(old);
	return node;
}

void
PathTreeBegin(PathTree *tree, JsonbContainer *record)
{
	EventSlot *root = &tree->slots[RECORD_NODE];

	if (++tree->epoch == 0)
	{
		for (int i = 0; i < tree->nslots; i++)
		{
			tree->slots[i].epoch = tree->slots[i].digest_epoch = 0;
			tree->nodes[i].visited = tree->nodes[i].many = 0;
		}
		tree->epoch = 1;
	}
	root->epoch = tree->epoch;
	root->count = 1;
	root->own.type = jbvBinary;
	root->own.val.binary.data = record;
}

/* Set *value to the string of `length` bytes at `offset`. */
static inline void
ReadString(char *data, uint32 offset, uint32 length, JsonbValue *value)
{
	value->type = jbvString;
	value->val.string.val = data + offset;
	value->val.string.len = length;
}

/*
 * ReadEntry
 *		Set *value to a container's entry that starts at `offset`, as fillJsonbValue() in
 *		jsonb_util.c does.
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

/* Fill a slot whose `own` is an array. */
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
			tree->nodes[index].many = tree->epoch;
			break;
	}
}

/* Fill a slot with no value, or with its `own`, which is no array. */
static inline void
FillPlain(PathTree *tree, EventSlot *slot, int count)
{
	slot->epoch = tree->epoch;
	slot->count = count;
	slot->single = true;
	slot->element = false;
}

/* Fill a slot whose `own` is any value. */
static void
FillSlot(PathTree *tree, int index)
{
	EventSlot *slot = &tree->slots[index];

	FillPlain(tree, slot, slot->own.type == jbvNull ? 0 : 1);
	if (slot->own.type == jbvBinary && JsonContainerIsArray(slot->own.val.binary.data))
		FillFromArray(tree, index);
}

/* The end of an entry that begins at `offset`. */
static inline uint32
EntryEnd(JEntry entry, uint32 offset)
{
	return JBE_OFFLENFLD(entry) + (JBE_HAS_OFF(entry) ? 0 : offset);
}

/*
 * FindKeys
 *		Find the children of a path among the keys of an object.  Both are in the same
 *		order, so one pass finds all; a look-up for each would search the object and add
 *		up lengths each time.  The result is valid until the next call.
 */
static const Finds *
FindKeys(PathTree *tree, const PathNode *node, JsonbContainer *object)
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

		while (next < node->nchildren)
		{
			const PathNode *child = &tree->nodes[node->children[next]];
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
	while (next < node->nchildren)
		finds->value[next++] = ABSENT;
	for (int i = 0; i < node->nchildren; i++)
		finds->value[i] = Min(finds->value[i], finds->nvalues);
	finds->length = offset;
	return finds;
}

/* Has the object, whose hash is given, the keys of a remembered layout? */
static inline bool
LayoutMatches(const LayoutEntry *entry, JsonbContainer *object, uint32 hash)
{
	const Layout *layout = entry->layout;
	const uint32  nkeys = JsonContainerSize(object);

	return entry->hash == hash && layout != NULL && layout->nkeys == nkeys &&
		memcmp(layout->entries, object->children, sizeof(JEntry) * nkeys) == 0 &&
		memcmp(&layout->entries[nkeys], &object->children[nkeys * 2], layout->finds.length) == 0;
}

/* Create the layout of an object; NULL if its keys are too long. */
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
 *		Find the layout of an object behind the first one of a set, or remember it in
 *		place of the last one.  A layout that is found moves to the front, so that
 *		frequent ones are compared first: six objects of seven have the first layout.
 */
static pg_noinline const Finds *
FindBehindFirst(PathTree *tree, const PathNode *node, JsonbContainer *object, uint32 hash,
				LayoutEntry *set)
{
	LayoutEntry found;
	int         way = 1;

	while (way < LAYOUT_WAYS && !LayoutMatches(&set[way], object, hash))
		way++;
	if (way == LAYOUT_WAYS)
	{
		const Finds *finds = FindKeys(tree, node, object);

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
 *		Return what FindKeys would, from the remembered layout of the object.  A layout
 *		that is not remembered yet is, unless it is too small or large.  The result is
 *		valid until the next call.
 */
static inline const Finds *
FindRemembered(PathTree *tree, PathNode *node, JsonbContainer *object)
{
	const uint32  nkeys = JsonContainerSize(object);
	const JEntry *entries = object->children;
	LayoutEntry  *set;
	uint32        hash;

	if (nkeys < LAYOUT_KEYS_AT_LEAST || nkeys > LAYOUT_KEYS)
		return FindKeys(tree, node, object);
	if (node->layouts == NULL)
		node->layouts = AllocateLines(tree->context, sizeof(LayoutEntry) * LAYOUTS);
	/* keys are sorted by length, so another key shifts the entries behind it */
	hash = nkeys + (entries[nkeys / 4] << 5) + (entries[nkeys / 2] << 10) +
		(entries[nkeys - 2] << 15);
	hash *= 0x9E3779B1; /* 2^32 by the golden ratio (Knuth) */
	set = &node->layouts[(hash >> 24) % LAYOUT_SETS * LAYOUT_WAYS];
	if (LayoutMatches(set, object, hash))
		return &set->layout->finds;
	return FindBehindFirst(tree, node, object, hash, set);
}

/* Fill a slot with a value in the data of an object. */
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
 *		Find the value of one key of an object, and its place in the object's data; false
 *		if the object lacks the key.
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

/* The data of an object: the bytes of its keys, then those of its values. */
static inline char *
ObjectData(JsonbContainer *object)
{
	return (char *) &object->children[JsonContainerSize(object) * 2];
}

/*
 * VisitForOne
 *		VisitObject for a path with a single child.  Among few keys, the child is found
 *		faster than a layout is recognised.
 */
static void
VisitForOne(PathTree *tree, const PathNode *above, JsonbContainer *object)
{
	const int       index = above->children[0];
	const PathNode *child = &tree->nodes[index];
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
 *		Fill the slots of all children of a path from the object at its end.  The code has
 *		few branches that depend on the record, because the processor cannot predict them:
 *		records of all kinds come in any order.
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
	const int    *children = above->children;
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

		FillFromEntry(tree, children[i], extent->entry, data, extent->start,
					  extent[1].start - extent->start);
	}
}

/* PathTreeFind if the parent may have a value. */
static pg_noinline bool
FindBelow(PathTree *tree, int index)
{
	PathNode  *node = &tree->nodes[index];
	PathNode  *parent = &tree->nodes[node->parent];
	EventSlot *slot = &tree->slots[index];
	EventSlot *above = &tree->slots[node->parent];

	if (parent->many == tree->epoch ||
		(above->epoch != tree->epoch && !PathTreeFind(tree, node->parent)))
	{
		node->many = tree->epoch;
		return false;
	}
	if (above->count == 1 && above->own.type == jbvBinary && parent->visited != tree->epoch)
	{
		JsonbContainer *object = above->own.val.binary.data;

		/* find all children of the parent at once */
		if (parent->nchildren <= VISIT_CHILDREN && JsonContainerSize(object) <= VISIT_KEYS)
		{
			parent->visited = tree->epoch;
			if (parent->nchildren == 1 && JsonContainerSize(object) <= VISIT_FOR_ONE_KEYS)
				VisitForOne(tree, parent, object);
			else
				VisitObject(tree, parent, object);
		}
		else if (getKeyJsonValueFromContainer(object, node->key, node->key_length, &slot->own) !=
				 NULL)
			FillSlot(tree, index);
	}
	if (node->many == tree->epoch)
		return false;
	if (slot->epoch != tree->epoch)
		FillPlain(tree, slot, 0);
	return true;
}

bool
PathTreeFind(PathTree *tree, int index)
{
	const int        parent = tree->nodes[index].parent;
	const EventSlot *above = &tree->slots[parent];

	if (tree->nodes[index].many == tree->epoch)
		return false;
	if (above->epoch != tree->epoch || above->count > 0 || tree->nodes[parent].many == tree->epoch)
		return FindBelow(tree, index);
	FillPlain(tree, &tree->slots[index], 0);
	return true;
}
