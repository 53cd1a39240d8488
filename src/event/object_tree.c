/*
 * object_tree.c
 *	  Builds a JSON object from values and their paths.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/compat.h"
#include "event/object_tree.h"

struct ObjectTree
{
	char              *key; /* NULL: the object itself */
	int                key_length;
	bool               has_value; /* true: it has no children */
	JsonbValue         value;
	struct ObjectTree *children; /* the last one added, linked by `next` */
	struct ObjectTree *next;     /* the one added before, of the same object */
};

ObjectTree *
ObjectTreeCreate(void)
{
	return palloc0(sizeof(ObjectTree));
}

/* The member of an object with this key, created if needed. */
static ObjectTree *
Child(ObjectTree *parent, const char *key, int length)
{
	ObjectTree *child;

	for (child = parent->children; child != NULL; child = child->next)
		if (child->key_length == length && memcmp(child->key, key, length) == 0)
			return child;
	child = palloc0(sizeof(ObjectTree));
	child->key = pnstrdup(key, length);
	child->key_length = length;
	child->next = parent->children;
	parent->children = child;
	return child;
}

void
ObjectTreeAdd(ObjectTree *tree, const char *path, int length, const JsonbValue *value)
{
	const char *dot;

	CHECK_FOR_INTERRUPTS();
	while ((dot = memchr(path, '.', length)) != NULL)
	{
		if (tree->has_value)
			return;
		tree = Child(tree, path, dot - path);
		length -= dot + 1 - path;
		path = dot + 1;
	}
	if (tree->has_value)
		return;
	tree = Child(tree, path, length);
	if (tree->has_value || tree->children != NULL)
		return;
	tree->has_value = true;
	tree->value = *value;
}

/* Push an object and all of its members. */
static JsonbValue *
PushObject(JsonbParseState **state, const ObjectTree *tree)
{
	check_stack_depth();
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (const ObjectTree *child = tree->children; child != NULL; child = child->next)
	{
		JsonbValue key = {.type = jbvString};
		JsonbValue value = child->value;

		key.val.string.val = child->key;
		key.val.string.len = child->key_length;
		pushJsonbValue(state, WJB_KEY, &key);
		if (child->has_value)
			pushJsonbValue(state, WJB_VALUE, &value);
		else
			(void) PushObject(state, child);
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

Jsonb *
ObjectTreeFinish(const ObjectTree *tree)
{
	JsonbParseState *state = NULL;

	return JsonbValueToJsonb(PushObject(&state, tree));
}
