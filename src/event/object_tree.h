/*
 * object_tree.h
 *	  Builds a JSON object from values and their paths.
 */
#ifndef NEWTERM_OBJECT_TREE_H
#define NEWTERM_OBJECT_TREE_H

#include "utils/jsonb.h"

typedef struct ObjectTree ObjectTree;

/*
 * Create an empty object in the current memory context, which must be the current one in
 * all further calls.
 */
extern ObjectTree *ObjectTreeCreate(void);

/*
 * Add a value at a path, which has `length` bytes and dots between its keys.  The memory
 * that the value points to must live until ObjectTreeFinish.  Nothing is added if another
 * value is at the path, on the way to it or below it.
 */
extern void ObjectTreeAdd(ObjectTree *tree, const char *path, int length, const JsonbValue *value);

/* The object as jsonb, palloc'd. */
extern Jsonb *ObjectTreeFinish(const ObjectTree *tree);

#endif /* NEWTERM_OBJECT_TREE_H */
