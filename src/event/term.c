/*
 * term.c
 *	  Terms and entities: the tuples of values that an event has for a rule.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "event/term_product.h"

/* A column that is being added to a shape's tree. */
typedef struct ColumnBuild
{
	FieldSet *set;
	TermNode *tree;
	uint32    column;
	bool      optional;
} ColumnBuild;

/* The child of a node for a key or a field, created if needed. */
static TermNode *
ChildNode(const ColumnBuild *build, TermNode *parent, const char *key, const Field *field)
{
	TermNode **next = &parent->children;
	TermNode  *child;

	for (; *next != NULL; next = &(*next)->sibling)
		if (key != NULL ? (*next)->key != NULL && strcmp((*next)->key, key) == 0
						: (*next)->field != NULL && FieldEqual((*next)->field, field))
			break;
	child = *next;
	if (child == NULL)
	{
		child = palloc0(sizeof(TermNode));
		child->key = key;
		child->key_length = key == NULL ? 0 : strlen(key);
		child->field = field;
		child->slot = -1;
		child->optional = true;
		*next = child;
	}
	child->optional &= build->optional;
	child->below |= build->column;
	return child;
}

/* The node at the end of a path. */
static TermNode *
PathNodeOf(const ColumnBuild *build, char **keys, int nkeys)
{
	TermNode *node = build->tree;

	for (int i = 0; i < nkeys; i++)
	{
		node = ChildNode(build, node, keys[i], NULL);
		node->slot = PathTreeAdd(&build->set->paths, keys, i + 1);
	}
	return node;
}

/* The node of a field.  The field must live as long as the tree. */
static TermNode *
NodeOf(const ColumnBuild *build, const Field *field)
{
	TermNode *node;
	char    **keys = NULL;
	int       nkeys;

	switch (field->kind)
	{
		case FIELD_PATH:
			return PathNodeOf(build, field->steps, field->nsteps);
		case FIELD_BELOW:
			node = NodeOf(build, field->arguments[0]);
			for (int i = 0; i < field->nsteps; i++)
				node = ChildNode(build, node, field->steps[i], NULL);
			return node;
		case FIELD_ATTRIBUTE:
			node = build->tree;
			break;
		case FIELD_COALESCE:
		case FIELD_ANY:
			nkeys = FieldRoot(field, &keys);
			node = PathNodeOf(build, keys, nkeys);
			break;
		default:
			node = NodeOf(build, field->arguments[0]);
			break;
	}
	node = ChildNode(build, node, NULL, field);
	if (field->kind == FIELD_ATTRIBUTE || field->kind == FIELD_JSON)
		node->slot = FieldSetAdd(build->set, field);
	return node;
}

/*
 * The field whose node holds the values of a column.  The functions around it make one
 * value of each and are applied to the values found.
 */
static const Field *
ColumnBase(const Field *field)
{
	while (FIELD_IS_FUNCTION(field->kind) && field->kind != FIELD_JSON)
		field = field->arguments[0];
	return field;
}

void
TermShapeInitialise(TermShape *shape, FieldSet *set, Field **fields, int ncolumns, int nentity,
					bool optional_entity)
{
	Assert(ncolumns <= TERM_MAX_COLUMNS && nentity < ncolumns);
	memset(shape, 0, sizeof(TermShape));
	shape->ncolumns = ncolumns;
	shape->nentity = nentity;
	shape->optional_entity = optional_entity;
	shape->tree = palloc0(sizeof(TermNode));
	for (int i = 0; i < ncolumns; i++)
	{
		const ColumnBuild build = {set, shape->tree, ColumnBit(i), optional_entity && i < nentity};
		const Field      *base;

		shape->slots[i] = FieldSetAdd(set, fields[i]);
		base = ColumnBase(FieldOfSlot(set, shape->slots[i]));
		if (base->kind != FIELD_ATTRIBUTE) /* no array leads to one */
			NodeOf(&build, base)->columns |= ColumnBit(i);
	}
}

/* How an element of an array has the columns of a shape. */
typedef enum RowState
{
	ROW_WHOLE,
	ROW_LACKS_VALUE,
	ROW_PASSES_ARRAY /* an array of several elements is in it */
} RowState;

/*
 * NodeRow
 *		Set the columns at and below a node in `row`.  *value is the value of the node.
 *		`storage` takes the values, one a column.
 */
static RowState
NodeRow(const TermShape *shape, const FieldSet *set, const TermNode *node, JsonbValue *value,
		JsonbValue *storage, const JsonbValue **row)
{
	switch (ValueClassify(value))
	{
		case VALUE_MISSING:
			return ROW_LACKS_VALUE;
		case VALUE_MANY:
			return ROW_PASSES_ARRAY;
		case VALUE_SINGLE:
			break;
	}
	for (uint32 columns = node->columns; columns != 0; columns &= columns - 1)
	{
		int column = pg_rightmost_one_pos32(columns);

		if (!ColumnValue(shape, set, column, value, &storage[column]))
			return ROW_LACKS_VALUE;
		row[column] = &storage[column];
	}
	for (const TermNode *child = node->children; child != NULL; child = child->sibling)
	{
		JsonbValue below;
		RowState   state;

		if (child->key == NULL)
			return ROW_PASSES_ARRAY; /* the field may have several values */
		if (value->type != jbvBinary ||
			!ObjectKey(value->val.binary.data, child->key, child->key_length, &below))
			return ROW_LACKS_VALUE;
		state = NodeRow(shape, set, child, &below, storage, row);
		if (state != ROW_WHOLE)
			return state;
	}
	return ROW_WHOLE;
}

/* The node of the first array of several elements that leads to all columns in `many`, or NULL. */
static const TermNode *
CommonArray(const TermShape *shape, const FieldSet *set, uint32 many)
{
	const TermNode *node = shape->tree;

	do
	{
		for (node = node->children; node != NULL && (node->below & many) != many;)
			node = node->sibling;
		if (node != NULL && node->key == NULL)
			return NULL;
	} while (node != NULL && PathTreeArray(&set->paths, node->slot) == NULL);
	return node;
}

/*
 * RowsOfElements
 *		TermProduct for the usual case: one array of at most `limit` elements leads to all
 *		columns in `many`, there are no arrays in its elements, and no column is optional.
 *		Returns false in other cases.  Equal rows are kept.
 */
static bool
RowsOfElements(const TermShape *shape, FieldSet *set, const DigestKey *key, uint32 many, int limit,
			   TupleList *tuples)
{
	const int       ncolumns = shape->ncolumns;
	const TermNode *node = CommonArray(shape, set, many);
	JsonbContainer *array;
	JsonbValue     *elements;
	JsonbValue     *storage;
	int             size;

	if (node == NULL || shape->optional_entity)
		return false;
	array = PathTreeArray(&set->paths, node->slot)->val.binary.data;
	size = JsonContainerSize(array);
	if (size > limit)
		return false;
	elements = ArrayElements(array);
	storage = palloc(sizeof(JsonbValue) * ncolumns * size);
	tuples->values = palloc(sizeof(JsonbValue *) * ncolumns * size);
	tuples->count = 0;
	for (int i = 0; i < size; i++)
	{
		RowState state = NodeRow(shape, set, node, &elements[i], &storage[i * ncolumns],
								 &tuples->values[tuples->count * ncolumns]);

		if (state == ROW_PASSES_ARRAY)
			return false;
		if (state == ROW_WHOLE)
			tuples->count++;
	}
	tuples->digests = palloc(sizeof(Digest) * ncolumns * Max(tuples->count, 1));
	for (uint32 columns = many; columns != 0; columns &= columns - 1)
		for (int i = pg_rightmost_one_pos32(columns); i < tuples->count * ncolumns; i += ncolumns)
			tuples->digests[i] = DigestJsonbValue(key, tuples->values[i]);
	return true;
}

/*
 * TuplesThroughArrays
 *		Find the tuples of an event in which arrays of several elements lead to the
 *		columns in `many`.  The values and digests of the other columns are in one_values
 *		and one_digests.
 */
static uint64
TuplesThroughArrays(const TermShape *shape, FieldSet *set, const DigestKey *key, uint32 many,
					int limit, TupleList *tuples)
{
	const int ncolumns = shape->ncolumns;
	uint64    left = 0;

	if (!RowsOfElements(shape, set, key, many, limit, tuples))
		left = TermProduct(shape, set, key, many, limit, tuples);
	for (int column = 0; column < ncolumns; column++)
		if ((many & ColumnBit(column)) == 0)
			for (int i = column; i < tuples->count * ncolumns; i += ncolumns)
			{
				tuples->values[i] = tuples->one_values[column];
				tuples->digests[i] = tuples->one_digests[column];
			}
	return left;
}

uint64
TermTuples(const TermShape *shape, FieldSet *set, const DigestKey *key, int limit,
		   TupleList *tuples)
{
	uint32 many = 0;

	tuples->count = 0;
	for (int i = 0; i < shape->ncolumns; i++)
	{
		const EventSlot *slot = EventSingle(set, shape->slots[i]);

		if (slot == NULL)
			many |= ColumnBit(i);
		else if (slot->count > 0)
			tuples->one_values[i] = &slot->own;
		else if (shape->optional_entity && i < shape->nentity)
			tuples->one_values[i] = &TermNullValue;
		else
			return 0;
	}
	for (int i = 0; i < shape->ncolumns; i++)
		if ((many & ColumnBit(i)) == 0)
			tuples->one_digests[i] = tuples->one_values[i] == &TermNullValue
				? DigestJsonbValue(key, &TermNullValue)
				: *EventDigest(set, EventValues(set, shape->slots[i]));
	if (many != 0)
	{
		MemoryContext old = EventContextEnter(set);
		uint64        left = TuplesThroughArrays(shape, set, key, many, limit, tuples);

		MemoryContextSwitchTo(old);
		return left;
	}
	tuples->count = 1;
	tuples->values = tuples->one_values;
	tuples->digests = tuples->one_digests;
	return 0;
}

/* A copy of a scalar; a number gets its shortest form. */
static JsonbValue
CanonicalScalar(const JsonbValue *value)
{
	JsonbValue result = *value;

	if (value->type == jbvNumeric)
		result.val.numeric =
			DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale,
												NumericGetDatum(value->val.numeric)));
	return result;
}

/* Push a scalar or container with all numbers in their shortest form. */
static void
PushCanonical(JsonbParseState **state, JsonbIteratorToken token, const JsonbValue *value)
{
	JsonbValue part;

	if (value->type == jbvBinary)
	{
		JsonbIterator     *iterator = JsonbIteratorInit(value->val.binary.data);
		JsonbIteratorToken inner;

		while ((inner = JsonbIteratorNext(&iterator, &part, false)) != WJB_DONE)
		{
			CHECK_FOR_INTERRUPTS();
			if (inner == WJB_VALUE || inner == WJB_ELEM || inner == WJB_KEY)
				part = CanonicalScalar(&part);
			pushJsonbValue(state, inner,
						   inner == WJB_VALUE || inner == WJB_ELEM || inner == WJB_KEY ? &part
																					   : NULL);
		}
		return;
	}
	part = CanonicalScalar(value);
	pushJsonbValue(state, token, &part);
}

Jsonb *
TermValues(const JsonbValue **row, int from, int to)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = from; i < to; i++)
		PushCanonical(&state, WJB_ELEM, row[i]);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

Jsonb *
TermObject(const Jsonb *values, char **texts, int ntexts)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < ntexts; i++)
	{
		JsonbValue  key;
		JsonbValue *value;

		key.type = jbvString;
		key.val.string.val = texts[i];
		key.val.string.len = strlen(texts[i]);
		pushJsonbValue(&state, WJB_KEY, &key);
		value = getIthJsonbValueFromContainer(&((Jsonb *) values)->root, i);
		PushCanonical(&state, WJB_VALUE, value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
