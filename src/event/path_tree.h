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
 * The values of a place or field in the current event.  Every event writes and reads
 * slots, so everything else is kept in PathNode.
 */
typedef struct EventSlot
{
	uint32     epoch; /* the event that the values are of */
	uint32     digest_epoch;
	int        count;   /* of values, arrays fanned out */
	bool       single;  /* no array of several was passed on the way */
	bool       element; /* the value is that of an array of one */
	JsonbValue own;     /* the value, or the array that was passed first */
	union
	{
		Digest            digest; /* single: of the value */
		const JsonbValue *list;   /* else: the values */
	} more;
} EventSlot;

StaticAssertDecl(sizeof(EventSlot) == CACHE_LINE_BYTES, "a slot fills a cache line");

/* A slot's values, as an array. */
static inline const JsonbValue *
SlotValues(const EventSlot *slot)
{
	return slot->single ? &slot->own : slot->more.list;
}

/* A node of the tree: how a place is found.  Private to path_tree.c. */
typedef struct PathNode
{
	uint32              visited; /* the event that children were found in */
	uint32              many;    /* the event in which an array of several is here or above */
	int                 parent;  /* -1: this is the record itself, or no place */
	const char         *key;
	int                 key_length;
	int                 nchildren;
	int                 children_allocated;
	int                *children; /* in jsonb's order of keys */
	struct LayoutEntry *layouts;  /* of objects that were here; NULL: none yet */
	uint64              unused;   /* up to 64 bytes */
} PathNode;

StaticAssertDecl(sizeof(PathNode) == CACHE_LINE_BYTES, "a place fills a cache line");

typedef struct PathTree
{
	MemoryContext context;
	uint32        epoch; /* counts events; 0: never looked up */
	int           nslots;
	int           allocated;
	EventSlot    *slots;  /* the first one is the record */
	PathNode     *places; /* of the same numbers */
	struct Finds *finds;  /* of the object whose keys were searched last */
} PathTree;

/* How many values has a place of the record? */
typedef enum ValueState
{
	VALUE_MISSING, /* absent, null or an empty array */
	VALUE_SINGLE,  /* one value; an array of one element is that */
	VALUE_MANY     /* an array of several */
} ValueState;

/* Create an empty tree in the current memory context, in which slots are allocated too. */
extern void PathTreeInitialise(PathTree *tree);

/* The slot of a path's keys; equal paths share one.  Keeps pointers to the keys. */
extern int PathTreeAdd(PathTree *tree, char **keys, int nkeys);

/* A slot that is not a place of the record; the caller fills it. */
extern int PathTreeAddOther(PathTree *tree);

/* Set the tree to a record, the root container of an object. */
extern void PathTreeBegin(PathTree *tree, JsonbContainer *record);

/*
 * Find the value at a place.  Returns false if an array of several elements is there or
 * above, so that the caller must collect the values one by one.
 */
extern bool PathTreeFind(PathTree *tree, int index);

/*
 * The array of several at a place, if it is the first one on the way there, or NULL,
 * after PathTreeFind was asked for the place or one below it.
 */
static inline const JsonbValue *
PathTreeArray(const PathTree *tree, int index)
{
	const PathNode *place = &tree->places[index];

	return place->many == tree->epoch && tree->places[place->parent].many != tree->epoch
		? &tree->slots[index].own
		: NULL;
}

/*
 * Classify *value.  An array of one element, as most are, is replaced by that element, so
 * it needs no list.
 */
extern ValueState ValueClassify(JsonbValue *value);

/* An array's elements, as a palloc'd list. */
extern JsonbValue *ArrayElements(JsonbContainer *array);

/* The value of a key of an object, or false. */
extern bool ObjectKey(JsonbContainer *object, const char *key, uint32 key_length,
					  JsonbValue *value);

#endif /* NEWTERM_PATH_TREE_H */
