/*
 * object_tree.h
 *	  Builds a JSON object from values and their paths.
 */
#ifndef NEWTERM_OBJECT_TREE_H
#define NEWTERM_OBJECT_TREE_H

#include "utils/jsonb.h"

typedef struct ObjectTree ObjectTree;

/* An empty object in the current memory context, which all that is added shares. */
extern ObjectTree *ObjectTreeCreate(void);

/*
 * Add a value at a path of keys with dots between them, of `length` bytes.  What the value
 * points to must live until the object is finished.  A path that another value has, or
 * that leads through one, adds nothing.
 */
extern void ObjectTreeAdd(ObjectTree *tree, const char *path, int length, const JsonbValue *value);

/* The object as jsonb, palloc'd. */
extern Jsonb *ObjectTreeFinish(const ObjectTree *tree);

#endif /* NEWTERM_OBJECT_TREE_H */
