/*
 * place.h
 *	  The places of a record that fields name: a trie of all paths, in which
 *	  each object of an event is visited at most once, and only when asked for.
 *
 * A tree is built once, for all rules of a session, and then pointed at one
 * record after the other.
 */
#ifndef NEWTERM_PLACE_H
#define NEWTERM_PLACE_H

#include "utils/jsonb.h"

/* What a place of the record turned out to be. */
typedef enum PlaceState
{
	PLACE_MISSING,				/* absent, null or an empty array */
	PLACE_SINGLE,				/* one value; an array of one element is that */
	PLACE_MANY					/* an array of several, here or above */
} PlaceState;

/* A place that some path names or passes: a node of the trie. */
typedef struct Place
{
	PlaceState	state;
	bool		in_array;		/* PLACE_SINGLE: the value is an array's element */
	JsonbValue	value;			/* PLACE_SINGLE; points into the record */
	uint32		epoch;			/* of the record that these are of */

	/* how it is found; of no use to others */
	uint32		visited;		/* the record that children were found in */
	int			parent;			/* -1: this is the record itself */
	const char *key;
	int			key_length;
	int			nchildren;
	int			children_allocated;
	int		   *children;		/* in jsonb's order of keys */
	struct Layout **layouts;	/* of objects that were here; NULL: none yet */
} Place;

typedef struct PlaceTree
{
	MemoryContext context;
	uint32		epoch;			/* counts records; a place of epoch 0 was never
								 * looked up */
	int			nplaces;
	int			allocated;
	Place	   *places;			/* the first one is the record */
} PlaceTree;

/* An empty tree in the current memory context, which all later places share. */
extern PlaceTree *PlaceTreeCreate(void);

/* The place of a path's keys, which are kept; the same for equal paths. */
extern int	PlaceAdd(PlaceTree *tree, char **keys, int nkeys);

/* Point the tree at a record, the root container of an object. */
extern void PlaceBegin(PlaceTree *tree, JsonbContainer *record);

/* Look a place up that was not yet in this record. */
extern void PlaceFind(PlaceTree *tree, int index);

/* A place in the current record; valid until the next PlaceAdd or PlaceBegin. */
static inline const Place *
PlaceLook(PlaceTree *tree, int index)
{
	if (tree->places[index].epoch != tree->epoch)
		PlaceFind(tree, index);
	return &tree->places[index];
}

/*
 * What a JSON value is as a place of the record.  An array of one element fans
 * out to that element, so that *value is replaced by it at once: most arrays are
 * such, and what is no array needs no lists.
 */
extern PlaceState PlaceClassify(JsonbValue *value);

#endif							/* NEWTERM_PLACE_H */
