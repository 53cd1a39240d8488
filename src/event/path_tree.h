/*
 * path_tree.h
 *	  A tree of the paths that fields name, with the values found at them.
 *
 * Each object of an event is visited at most once, and only when asked for.  A tree is
 * built once, for all rules of a session, and then set to one record after the other.
 */
#ifndef NEWTERM_PATH_TREE_H
#define NEWTERM_PATH_TREE_H

#include "utils/jsonb.h"

#include "base/cache_line.h"
#include "base/digest.h"

/*
 * The values of a path or another field in the current event.  Every event writes and
 * reads slots, so what does not change with the event is kept in PathNode.
 */
typedef struct EventSlot
{
	uint32     epoch; /* the event whose values are here */
	uint32     digest_epoch;
	int        count;   /* number of values, each element of an array counted */
	bool       single;  /* no array of several elements led to the value */
	bool       element; /* the value was the only element of an array */
	JsonbValue own;     /* the value; not single: the first array on the path */
	union
	{
		Digest            digest; /* single: the digest of the value */
		const JsonbValue *list;   /* else: the values */
	} more;
} EventSlot;

StaticAssertDecl(sizeof(EventSlot) == CACHE_LINE_BYTES, "a slot fills a cache line");

/* The values of a slot as an array, which belongs to the slot. */
static inline const JsonbValue *
SlotValues(const EventSlot *slot)
{
	return slot->single ? &slot->own : slot->more.list;
}

/* A node of the tree, a path.  Private to path_tree.c. */
typedef struct PathNode
{
	uint32              visited; /* the last event in which the children were looked for */
	uint32              many;    /* the last event in which an array of several is here or above */
	int                 parent;  /* -1: the record itself, or a slot that is no path */
	const char         *key;
	int                 key_length;
	int                 nchildren;
	int                 children_allocated;
	int                *children; /* in jsonb's order of keys */
	struct LayoutEntry *layouts;  /* the layouts of objects that were here; NULL: none so far */
	uint64              unused;   /* up to 64 bytes */
} PathNode;

StaticAssertDecl(sizeof(PathNode) == CACHE_LINE_BYTES, "a node fills a cache line");

typedef struct PathTree
{
	MemoryContext context;
	uint32        epoch; /* number of the current event, from 1 on */
	int           nslots;
	int           allocated;
	EventSlot    *slots; /* slot 0 is the record itself */
	PathNode     *nodes; /* by the numbers of their slots */
	struct Finds *finds; /* the result of the last FindKeys */
} PathTree;

/* How many values a path leads to. */
typedef enum ValueState
{
	VALUE_MISSING, /* absent, null or an empty array */
	VALUE_SINGLE,  /* one value, or an array of one element */
	VALUE_MANY     /* an array of several */
} ValueState;

/* Create an empty tree in the current memory context, in which slots are allocated too. */
extern void PathTreeInitialise(PathTree *tree);

/* The slot of a path; equal paths share one.  The keys must stay in memory as long as the tree. */
extern int PathTreeAdd(PathTree *tree, char **keys, int nkeys);

/* A new slot that is of no path; the caller fills it. */
extern int PathTreeAddOther(PathTree *tree);

/* Set the tree to a record, the root container of an object. */
extern void PathTreeBegin(PathTree *tree, JsonbContainer *record);

/*
 * Fill the slot of a path.  Returns false if an array of several elements is at its end or
 * on the way, so that the caller must collect the values.
 */
extern bool PathTreeFind(PathTree *tree, int index);

/*
 * The array of several elements at the end of a path, if it is the first one on the way;
 * otherwise NULL.  PathTreeFind must have been called for the path or one below it.
 */
static inline const JsonbValue *
PathTreeArray(const PathTree *tree, int index)
{
	const PathNode *node = &tree->nodes[index];

	return node->many == tree->epoch && tree->nodes[node->parent].many != tree->epoch
		? &tree->slots[index].own
		: NULL;
}

/*
 * Count the values in *value.  An array of one element, as most are, is replaced by that
 * element, so that it needs no list.
 */
extern ValueState ValueClassify(JsonbValue *value);

/* The elements of an array, palloc'd. */
extern JsonbValue *ArrayElements(JsonbContainer *array);

/* Find the value of a key in an object; false if there is none. */
extern bool ObjectKey(JsonbContainer *object, const char *key, uint32 key_length,
					  JsonbValue *value);

#endif /* NEWTERM_PATH_TREE_H */
