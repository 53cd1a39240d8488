/*
 * term.c
 *	  Terms and entities: the tuples of values that an event shows to a rule.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "event/term.h"

/*
 * A node of the tree of a shape's paths.  Columns that end here take the
 * value of the place; children are looked up below it.
 */
struct TermNode
{
	const char *key;
	int			key_length;
	int			slot;			/* of the place */
	bool		optional;		/* all columns at and below may be missing */
	uint32		columns;		/* those that end here, a bit each */
	uint32		below;			/* all columns at and below, likewise */
	struct TermNode *children;	/* the first of them */
	struct TermNode *sibling;	/* the next one */
};

/* Partial tuples while they are put together; absent columns are NULL. */
typedef struct Partial
{
	int			count;
	int			allocated;
	const JsonbValue **rows;	/* count * ncolumns of the shape */
	bool		too_many;		/* more than the limit are different: rows are left out */
} Partial;

/* What the recursion needs to know. */
typedef struct TupleBuild
{
	const TermShape *shape;
	FieldSet   *set;
	const DigestKey *key;
	uint32		many;			/* columns on whose way an array of several is */
	int			limit;
} TupleBuild;

static const JsonbValue NullValue = {.type = jbvNull};

/* A column in a set of them. */
static inline uint32
ColumnBit(int column)
{
	StaticAssertStmt(TERM_MAX_COLUMNS <= 32, "a set of columns is a uint32");

	return (uint32) 1 << column;
}

/* The node for the last one of a path's keys, below that of the others. */
static TermNode *
ChildNode(TermNode *parent, FieldSet *set, char **keys, int nkeys)
{
	const char *key = keys[nkeys - 1];
	TermNode  **next = &parent->children;
	TermNode   *child;

	for (; *next != NULL; next = &(*next)->sibling)
		if (strcmp((*next)->key, key) == 0)
			return *next;
	child = palloc0(sizeof(TermNode));
	child->key = key;
	child->key_length = strlen(key);
	child->slot = PathTreeAdd(&set->places, keys, nkeys);
	child->optional = true;
	*next = child;
	return child;
}

void
TermShapeInitialise(TermShape *shape, FieldSet *set, Field **fields, int ncolumns,
					int nentity, bool optional_entity)
{
	Assert(ncolumns <= TERM_MAX_COLUMNS && nentity < ncolumns);
	memset(shape, 0, sizeof(TermShape));
	shape->ncolumns = ncolumns;
	shape->nentity = nentity;
	shape->optional_entity = optional_entity;
	shape->tree = palloc0(sizeof(TermNode));
	for (int i = 0; i < ncolumns; i++)
	{
		const Field *base;

		shape->slots[i] = FieldSetAdd(set, fields[i]);
		base = FieldBase(FieldOfSlot(set, shape->slots[i]));
		if (base->kind == FIELD_PATH)
		{
			TermNode   *node = shape->tree;
			bool		optional = optional_entity && i < nentity;

			for (int step = 0; step < base->nsteps; step++)
			{
				node = ChildNode(node, set, base->steps, step + 1);
				node->optional &= optional;
				node->below |= ColumnBit(i);
			}
			node->columns |= ColumnBit(i);
		}
	}
}

static bool
PartialEmpty(const Partial *partial)
{
	return partial->count == 0 && !partial->too_many;
}

/* A row by its values. */
typedef struct RowDigest
{
	Digest		digest;
	int			row;
} RowDigest;

static int
CompareRowDigests(const void *a, const void *b)
{
	const RowDigest *left = a;
	const RowDigest *right = b;
	int			order = DigestCompare(&left->digest, &right->digest);

	return order != 0 ? order : left->row - right->row;
}

/* Keep the first one of equal rows. */
static void
PartialUnique(const TupleBuild *build, Partial *partial)
{
	const int	ncolumns = build->shape->ncolumns;
	RowDigest  *digests = palloc(sizeof(RowDigest) * partial->count);
	bool	   *first = palloc0(sizeof(bool) * partial->count);
	int			kept = 0;

	for (int row = 0; row < partial->count; row++)
	{
		digests[row] = (RowDigest) {.row = row};
		for (int column = 0; column < ncolumns; column++)
		{
			const JsonbValue *value = partial->rows[row * ncolumns + column];
			Digest		part;

			if (value == NULL)
				continue;
			part = DigestJsonbValue(build->key, value);
			DigestAddPart(build->key, &digests[row].digest, column, &part);
		}
	}
	qsort(digests, partial->count, sizeof(RowDigest), CompareRowDigests);
	for (int i = 0; i < partial->count; i++)
		first[digests[i].row] = i == 0 ||
			!DigestEqual(digests[i].digest, digests[i - 1].digest);
	for (int row = 0; row < partial->count; row++)
		if (first[row])
			memmove(&partial->rows[kept++ * ncolumns], &partial->rows[row * ncolumns],
					sizeof(JsonbValue *) * ncolumns);
	partial->count = kept;
	partial->too_many = kept > build->limit;
	pfree(digests);
	pfree(first);
}

/* Add a row.  Equal ones are dropped at times: only what is different counts. */
static void
PartialAppend(const TupleBuild *build, Partial *partial, const JsonbValue **row)
{
	const int	ncolumns = build->shape->ncolumns;

	if (!partial->too_many && partial->count / 2 >= build->limit)
		PartialUnique(build, partial);
	if (partial->too_many)
		return;
	if (partial->count == partial->allocated)
	{
		Size		size;

		partial->allocated = Max(4, partial->allocated * 2);
		size = sizeof(JsonbValue *) * ncolumns * partial->allocated;
		partial->rows = partial->rows == NULL ? palloc(size) :
			repalloc(partial->rows, size);
	}
	memcpy(&partial->rows[partial->count++ * ncolumns], row,
		   sizeof(JsonbValue *) * ncolumns);
}

/* Add the columns of another row, which are other ones. */
static void
RowComplete(const JsonbValue **row, const JsonbValue **other, int ncolumns)
{
	for (int column = 0; column < ncolumns; column++)
		if (other[column] != NULL)
			row[column] = other[column];
}

/* Every row of `left` joined with every row of `right`, into `left`. */
static void
PartialCross(const TupleBuild *build, Partial *left, const Partial *right)
{
	const int	ncolumns = build->shape->ncolumns;
	Partial		product = {0};

	if (PartialEmpty(left) || PartialEmpty(right))
	{
		*left = product;
		return;
	}
	if (left->too_many || right->too_many)
	{
		left->too_many = true;
		return;
	}
	if (right->count == 1)
	{
		for (int i = 0; i < left->count; i++)
			RowComplete(&left->rows[i * ncolumns], right->rows, ncolumns);
		return;
	}
	for (int i = 0; i < left->count && !product.too_many; i++)
		for (int j = 0; j < right->count && !product.too_many; j++)
		{
			const JsonbValue *row[TERM_MAX_COLUMNS];

			memcpy(row, &left->rows[i * ncolumns], sizeof(JsonbValue *) * ncolumns);
			RowComplete(row, &right->rows[j * ncolumns], ncolumns);
			PartialAppend(build, &product, row);
		}
	*left = product;
}

/* Does the row hold a value that is not the null of a missing one? */
static bool
RowHasValue(const JsonbValue **row, int ncolumns)
{
	for (int column = 0; column < ncolumns; column++)
		if (row[column] != NULL && row[column] != &NullValue)
			return true;
	return false;
}

/*
 * NodeTuples
 *		The partial tuples of the columns at and below `node` on whose way an array
 *		of several is, where the place holds `value` (NULL: nothing is there),
 *		`arrays` arrays deep.
 */
static Partial
NodeTuples(const TupleBuild *build, const TermNode *node, JsonbValue *value, int arrays)
{
	const TermShape *shape = build->shape;
	const int	ncolumns = shape->ncolumns;
	Partial		result = {0};
	const JsonbValue *row[TERM_MAX_COLUMNS] = {0};
	const ValueState state = value == NULL ? VALUE_MISSING : ValueClassify(value);

	/* an array: what each element shows; nothing at all counts as missing */
	if (state == VALUE_MANY)
	{
		JsonbContainer *array = value->val.binary.data;
		uint32		size = arrays < EVENT_MAX_ARRAYS ? JsonContainerSize(array) : 0;
		JsonbValue *elements = ArrayElements(array);
		const JsonbValue **valueless = NULL;

		for (uint32 i = 0; i < size && !result.too_many; i++)
		{
			Partial		part = NodeTuples(build, node, &elements[i], arrays + 1);

			for (int j = 0; j < part.count; j++)
			{
				const JsonbValue **part_row = &part.rows[j * ncolumns];

				if (node->optional && !RowHasValue(part_row, ncolumns))
					valueless = part_row;
				else
					PartialAppend(build, &result, part_row);
			}
			result.too_many |= part.too_many;
		}
		/* an element without a value adds no null beside real values */
		if (PartialEmpty(&result) && valueless != NULL)
			PartialAppend(build, &result, valueless);
		if (!PartialEmpty(&result))
			return result;
	}
	if (state != VALUE_SINGLE)
		value = NULL;

	for (int column = 0; column < ncolumns; column++)
	{
		if ((node->columns & ColumnBit(column)) == 0)
			continue;
		if (value != NULL)
		{
			JsonbValue *normalised = palloc(sizeof(JsonbValue));

			if (!FieldNormalise(FieldOfSlot(build->set, shape->slots[column]), value,
								normalised))
				return result;
			row[column] = normalised;
		}
		else if (shape->optional_entity && column < shape->nentity)
			row[column] = &NullValue;
		else
			return result;
	}
	PartialAppend(build, &result, row);

	for (const TermNode *child = node->children; child != NULL && !PartialEmpty(&result);
		 child = child->sibling)
	{
		const JsonbValue *array;
		JsonbValue	below;
		bool		found;
		Partial		part;

		if ((child->below & build->many) == 0)
			continue;
		array = arrays == 0 ? PathTreeArray(&build->set->places, child->slot) : NULL;
		if (array != NULL)
			below = *array;
		found = array != NULL ||
			(value != NULL && value->type == jbvBinary &&
			 ObjectKey(value->val.binary.data, child->key, child->key_length, &below));
		part = NodeTuples(build, child, found ? &below : NULL, arrays);
		PartialCross(build, &result, &part);
	}
	return result;
}

/* How an element of an array shows a shape's columns. */
typedef enum RowState
{
	ROW_WHOLE,
	ROW_LACKS_VALUE,
	ROW_PASSES_ARRAY			/* an array of several in it */
} RowState;

/*
 * NodeRow
 *		Enter the columns at and below a node that holds *value into `row`; their
 *		values into `storage`, one a column.
 */
static RowState
NodeRow(const TupleBuild *build, const TermNode *node, JsonbValue *value,
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
		int			column = pg_rightmost_one_pos32(columns);

		if (!FieldNormalise(FieldOfSlot(build->set, build->shape->slots[column]), value,
							&storage[column]))
			return ROW_LACKS_VALUE;
		row[column] = &storage[column];
	}
	for (const TermNode *child = node->children; child != NULL; child = child->sibling)
	{
		JsonbValue	below;
		RowState	state;

		if (value->type != jbvBinary ||
			!ObjectKey(value->val.binary.data, child->key, child->key_length, &below))
			return ROW_LACKS_VALUE;
		state = NodeRow(build, child, &below, storage, row);
		if (state != ROW_WHOLE)
			return state;
	}
	return ROW_WHOLE;
}

/* The node with the array of several that leads to all columns in `many`, or NULL. */
static const TermNode *
CommonArray(const TermShape *shape, const FieldSet *set, uint32 many)
{
	const TermNode *node = shape->tree;

	do
	{
		for (node = node->children; node != NULL && (node->below & many) != many;)
			node = node->sibling;
	} while (node != NULL && PathTreeArray(&set->places, node->slot) == NULL);
	return node;
}

/*
 * RowsOfElements
 *		NodeTuples for the usual case: one array leads to all of the columns, there is
 *		none in its elements, and each of these has to have a value for each column.
 *		Returns false where that is not so.
 */
static bool
RowsOfElements(const TupleBuild *build, Partial *rows)
{
	const TermShape *shape = build->shape;
	const int	ncolumns = shape->ncolumns;
	const TermNode *node = CommonArray(shape, build->set, build->many);
	JsonbContainer *array;
	JsonbValue *elements;
	JsonbValue *storage;
	int			size;

	if (node == NULL || shape->optional_entity)
		return false;
	array = PathTreeArray(&build->set->places, node->slot)->val.binary.data;
	size = JsonContainerSize(array);
	if (size > build->limit)
		return false;
	elements = ArrayElements(array);
	storage = palloc(sizeof(JsonbValue) * ncolumns * size);
	rows->rows = palloc(sizeof(JsonbValue *) * ncolumns * size);
	rows->count = 0;
	for (int i = 0; i < size; i++)
	{
		RowState	state = NodeRow(build, node, &elements[i], &storage[i * ncolumns],
									&rows->rows[rows->count * ncolumns]);

		if (state == ROW_PASSES_ARRAY)
			return false;
		if (state == ROW_WHOLE)
			rows->count++;
	}
	return true;
}

/* Set a column of all rows to a value that does not depend on an array. */
static void
FillColumn(TupleList *tuples, int ncolumns, int column, const JsonbValue *value,
		   const Digest *digest)
{
	for (int row = 0; row < tuples->count; row++)
	{
		tuples->values[row * ncolumns + column] = value;
		tuples->digests[row * ncolumns + column] = *digest;
	}
}

/*
 * TuplesThroughArrays
 *		Tuples of an event where on the way to the columns in `many` is an array of
 *		several; the others' values and digests are the list's single ones.
 */
static bool
TuplesThroughArrays(const TermShape *shape, FieldSet *set, const DigestKey *key,
					uint32 many, int limit, TupleList *tuples)
{
	const TupleBuild build = {.shape = shape,.set = set,.key = key,.many = many,.limit = limit};
	Partial		rows = {0};

	if (!RowsOfElements(&build, &rows))
	{
		JsonbValue	record;

		record.type = jbvBinary;
		record.val.binary.data = EventRecord(set);
		record.val.binary.len = 0;
		rows = NodeTuples(&build, shape->tree, &record, 0);
	}
	if (rows.count > limit)
		PartialUnique(&build, &rows);
	if (rows.too_many)
		return false;

	tuples->count = rows.count;
	tuples->values = rows.rows;
	tuples->digests = palloc(sizeof(Digest) * shape->ncolumns * Max(rows.count, 1));
	for (int column = 0; column < shape->ncolumns; column++)
		if ((many & ColumnBit(column)) == 0)
			FillColumn(tuples, shape->ncolumns, column, tuples->one_values[column],
					   &tuples->one_digests[column]);
		else
			for (int i = column; i < rows.count * shape->ncolumns; i += shape->ncolumns)
				tuples->digests[i] = DigestJsonbValue(key, rows.rows[i]);
	return true;
}

bool
TermTuples(const TermShape *shape, FieldSet *set, const DigestKey *key,
		   int limit, TupleList *tuples)
{
	uint32		many = 0;

	tuples->count = 0;
	for (int i = 0; i < shape->ncolumns; i++)
	{
		const EventSlot *slot = EventSingle(set, shape->slots[i]);

		if (slot == NULL)
			many |= ColumnBit(i);
		else if (slot->count > 0)
			tuples->one_values[i] = &slot->own;
		else if (shape->optional_entity && i < shape->nentity)
			tuples->one_values[i] = &NullValue;
		else
			return true;
	}
	for (int i = 0; i < shape->ncolumns; i++)
		if ((many & ColumnBit(i)) == 0)
			tuples->one_digests[i] = tuples->one_values[i] == &NullValue ?
				DigestJsonbValue(key, &NullValue) :
				*EventDigest(set, EventValues(set, shape->slots[i]));
	if (many != 0)
	{
		MemoryContext old = EventContextEnter(set);
		bool		complete = TuplesThroughArrays(shape, set, key, many, limit, tuples);

		MemoryContextSwitchTo(old);
		return complete;
	}
	tuples->count = 1;
	tuples->values = tuples->one_values;
	tuples->digests = tuples->one_digests;
	return true;
}

/* A scalar with its number in the shortest form. */
static JsonbValue
CanonicalScalar(const JsonbValue *value)
{
	JsonbValue	result = *value;

	if (value->type == jbvNumeric)
		result.val.numeric = DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale,
																 NumericGetDatum(value->val.numeric)));
	return result;
}

/* Push a value, container or scalar, in canonical form. */
static void
PushCanonical(JsonbParseState **state, JsonbIteratorToken token, const JsonbValue *value)
{
	JsonbValue	part;

	if (value->type == jbvBinary)
	{
		JsonbIterator *iterator = JsonbIteratorInit(value->val.binary.data);
		JsonbIteratorToken inner;

		while ((inner = JsonbIteratorNext(&iterator, &part, false)) != WJB_DONE)
		{
			if (inner == WJB_VALUE || inner == WJB_ELEM || inner == WJB_KEY)
				part = CanonicalScalar(&part);
			pushJsonbValue(state, inner,
						   inner == WJB_VALUE || inner == WJB_ELEM || inner == WJB_KEY ?
						   &part : NULL);
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
		JsonbValue	key;
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
