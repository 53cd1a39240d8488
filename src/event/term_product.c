/*
 * term_product.c
 *	  The tuples of an event in which arrays lead to a term's columns.
 *
 * Elements of an array show their rows one after the other, and fields without a common
 * array are crossed.  Whoever writes events chooses how many rows that would be, so that
 * equal rows are dropped before they are crossed, only the first ones are made, and the
 * others are counted: by multiplication, where no array puts them together again.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "base/array.h"
#include "base/compat.h"
#include "event/fan_out.h"
#include "event/function.h"
#include "event/term_product.h"

const JsonbValue TermNullValue = {.type = jbvNull};

/* A column's value. */
typedef struct Cell
{
	JsonbValue value;
	Digest     digest;
} Cell;

/* A row: the cells of some columns.  The other cells are NULL. */
typedef struct Row
{
	Digest      digest; /* of all cells */
	const Cell *cells[FLEXIBLE_ARRAY_MEMBER];
} Row;

/* The different rows of a part of the event, in its order. */
typedef struct Rows
{
	int    count; /* of the rows that are kept, the first ones */
	int    allocated;
	Row  **rows;
	uint64 total; /* kept and left out; may count equal rows twice */
} Rows;

/* A set of digests of rows: a hash table with open addressing, at most half full. */
typedef struct RowSet
{
	uint32  count;
	uint32  size;    /* a power of two, or 0 */
	Digest *entries; /* both halves 0: free */
} RowSet;

/* The arguments that all steps of the recursion share. */
typedef struct Product
{
	const TermShape *shape;
	FieldSet        *set;
	const DigestKey *key;
	uint32           many; /* columns that an array of several elements leads to */
	int              limit;
	int64            room; /* number of rows that crossing may still make */
	Cell             null;
} Product;

/* ---------- counting ---------- */

static inline uint64
AddCounts(uint64 a, uint64 b)
{
	return a > TERMS_COUNTLESS - b ? TERMS_COUNTLESS : a + b;
}

static inline uint64
MultiplyCounts(uint64 a, uint64 b)
{
	return b != 0 && a > TERMS_COUNTLESS / b ? TERMS_COUNTLESS : a * b;
}

/* The number of rows that were left out. */
static inline uint64
LeftOut(const Rows *rows)
{
	return rows->total == TERMS_COUNTLESS ? TERMS_COUNTLESS : rows->total - rows->count;
}

/* ---------- sets of rows ---------- */

/* The entry of a digest, or the free entry for it. */
static Digest *
RowSetFind(const RowSet *set, const Digest *digest)
{
	uint32 at = digest->h1 & (set->size - 1);

	while (!(set->entries[at].h1 == 0 && set->entries[at].h2 == 0) &&
		   !DigestEqual(set->entries[at], *digest))
		at = (at + 1) & (set->size - 1);
	return &set->entries[at];
}

static void
RowSetEnlarge(RowSet *set)
{
	const RowSet old = *set;

	set->size = Max(16, old.size * 2);
	set->entries = palloc0(sizeof(Digest) * set->size);
	for (uint32 i = 0; i < old.size; i++)
		if (!(old.entries[i].h1 == 0 && old.entries[i].h2 == 0))
			*RowSetFind(set, &old.entries[i]) = old.entries[i];
	if (old.entries != NULL)
		pfree(old.entries);
}

/* Add a row's digest; false where it is there already. */
static bool
RowSetAdd(RowSet *set, const Digest *digest)
{
	Digest *entry;

	if (set->count * 2 >= set->size)
		RowSetEnlarge(set);
	entry = RowSetFind(set, digest);
	if (DigestEqual(*entry, *digest))
		return false;
	*entry = *digest;
	set->count++;
	return true;
}

/* ---------- rows ---------- */

/* A row without cells, palloc'd. */
static Row *
NewRow(const Product *product)
{
	return palloc0(offsetof(Row, cells) + sizeof(Cell *) * product->shape->ncolumns);
}

static void
SetCell(const Product *product, Row *row, int column, const Cell *cell)
{
	row->cells[column] = cell;
	DigestAddPart(product->key, &row->digest, column, &cell->digest);
}

/* Add the cells of another row, which has other columns. */
static void
AddCells(const Product *product, Row *row, const Row *other)
{
	for (int column = 0; column < product->shape->ncolumns; column++)
		if (other->cells[column] != NULL)
			row->cells[column] = other->cells[column];
	/* a digest is a sum over the columns */
	row->digest.h1 += other->digest.h1;
	row->digest.h2 += other->digest.h2;
}

static void
AppendRow(Rows *rows, Row *row)
{
	ARRAY_RESERVE(CurrentMemoryContext, rows->rows, rows->allocated, rows->count + 1, 4);
	rows->rows[rows->count++] = row;
}

/* Has the row a value besides the null of a missing one? */
static bool
RowHasValue(const Product *product, const Row *row)
{
	for (int column = 0; column < product->shape->ncolumns; column++)
		if (row->cells[column] != NULL && row->cells[column] != &product->null)
			return true;
	return false;
}

/* Is there one row, and none left out? */
static bool
IsOneRow(const Rows *rows)
{
	return rows->count == 1 && rows->total == 1;
}

/* Add the cells of a row to all rows. */
static void
AddToEach(const Product *product, Rows *rows, const Row *row)
{
	for (int i = 0; i < rows->count; i++)
		AddCells(product, rows->rows[i], row);
}

/* Append the first rows of the product of `left` and `right`; the left rows vary slowest. */
static void
MakeProduct(Product *product, const Rows *left, const Rows *right, Rows *result)
{
	for (int i = 0; i < left->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < right->count; j++)
		{
			Row *row;

			if (result->count == product->limit || product->room == 0)
				return;
			product->room--;
			row = NewRow(product);
			AddCells(product, row, left->rows[i]);
			AddCells(product, row, right->rows[j]);
			AppendRow(result, row);
		}
	}
}

/* Replace `left` by its product with `right`.  Rows of both are changed in place or dropped. */
static void
Cross(Product *product, Rows *left, Rows *right)
{
	Rows result = {.total = MultiplyCounts(left->total, right->total)};

	if (result.total == 0)
		*left = result;
	else if (IsOneRow(right))
		AddToEach(product, left, right->rows[0]);
	else if (IsOneRow(left))
	{
		AddToEach(product, right, left->rows[0]);
		*left = *right;
	}
	else
	{
		MakeProduct(product, left, right, &result);
		*left = result;
	}
}

/* Add the rows of an element of an array to the rows of the elements before it. */
static void
Unite(const Product *product, Rows *rows, RowSet *seen, const Rows *part)
{
	for (int i = 0; i < part->count; i++)
		if (RowSetAdd(seen, &part->rows[i]->digest))
		{
			rows->total = AddCounts(rows->total, 1);
			if (rows->count < product->limit)
				AppendRow(rows, part->rows[i]);
		}
	rows->total = AddCounts(rows->total, LeftOut(part));
}

/* ---------- the event ---------- */

static Rows NodeRows(Product *product, const TermNode *node, JsonbValue *value, int arrays);

/* The rows of several values at one node, inside `arrays` arrays. */
static Rows
ListRows(Product *product, const TermNode *node, JsonbValue *values, int nvalues, int arrays)
{
	Rows   result = {0};
	Rows   valueless = {0};
	RowSet seen = {0};

	for (int i = 0; i < nvalues; i++)
	{
		Rows part;

		CHECK_FOR_INTERRUPTS();
		part = NodeRows(product, node, &values[i], arrays);
		/* a part without any value is one row of nulls */
		if (node->optional && IsOneRow(&part) && !RowHasValue(product, part.rows[0]))
			valueless = part;
		else
			Unite(product, &result, &seen, &part);
	}
	if (seen.entries != NULL)
		pfree(seen.entries);
	/* elements without a value count only if no element has one */
	return result.total > 0 ? result : valueless;
}

/* The rows of the elements of an array, which is inside `arrays` arrays. */
static Rows
ArrayRows(Product *product, const TermNode *node, JsonbContainer *array, int arrays)
{
	JsonbValue *elements = ArrayElements(array);
	Rows        result = ListRows(product, node, elements,
                           arrays < EVENT_MAX_ARRAYS ? JsonContainerSize(array) : 0, arrays + 1);

	pfree(elements);
	return result;
}

/* Apply the functions of a column to the value found at its node; false if no value is left. */
static bool
ApplyAround(const Field *field, const JsonbValue *found, const Reference *reference,
			JsonbValue *value)
{
	JsonbValue argument;

	if (!FIELD_IS_FUNCTION(field->kind) || field->kind == FIELD_JSON)
	{
		*value = *found;
		return true;
	}
	return ApplyAround(field->arguments[0], found, reference, &argument) &&
		FunctionApply(field, &argument, reference, value);
}

bool
ColumnValue(const TermShape *shape, const FieldSet *set, int column, const JsonbValue *found,
			JsonbValue *value)
{
	return ApplyAround(FieldOfSlot(set, shape->slots[column]), found, set->reference, value);
}

/*
 * The cell of a column whose node has this value, or NULL (a missing value); NULL if it
 * has none.
 */
static const Cell *
ColumnCell(const Product *product, int column, const JsonbValue *value)
{
	const TermShape *shape = product->shape;
	Cell            *cell = palloc(sizeof(Cell));
	MemoryContext    old = EventContextEnter(product->set);
	const bool       found = value != NULL &&
		ColumnValue(shape, product->set, column, value, &cell->value);

	MemoryContextSwitchTo(old);
	if (!found)
		return shape->optional_entity && column < shape->nentity ? &product->null : NULL;
	cell->digest = DigestJsonbValue(product->key, &cell->value);
	return cell;
}

/* The one row of the columns that end at a node, of those in `many`; none if one lacks a value. */
static Rows
OwnRow(const Product *product, const TermNode *node, const JsonbValue *value)
{
	Row *row = NewRow(product);
	Rows rows = {0};

	for (uint32 columns = node->columns & product->many; columns != 0; columns &= columns - 1)
	{
		int         column = pg_rightmost_one_pos32(columns);
		const Cell *cell = ColumnCell(product, column, value);

		if (cell == NULL)
			return rows;
		SetCell(product, row, column, cell);
	}
	AppendRow(&rows, row);
	rows.total = 1;
	return rows;
}

/* The rows of a child that is a key, in a value that is no array. */
static Rows
KeyRows(Product *product, const TermNode *child, const JsonbValue *value, int arrays)
{
	const JsonbValue *array = arrays > 0 || child->slot < 0
		? NULL
		: PathTreeArray(&product->set->paths, child->slot);
	JsonbValue        below;
	bool              found = true;

	if (array != NULL)
		below = *array;
	else
		found = value != NULL && value->type == jbvBinary &&
			ObjectKey(value->val.binary.data, child->key, child->key_length, &below);
	return NodeRows(product, child, found ? &below : NULL, arrays);
}

/*
 * The values of a node that is no key, where the parent has this value, or NULL (a missing
 * value).
 */
static void
StepValues(const Product *product, const TermNode *node, const JsonbValue *value, int arrays,
		   ValueList *list)
{
	FieldSet    *set = product->set;
	const Field *field = node->field;
	char       **steps = NULL;
	JsonbValue   result;

	if (node->slot >= 0 && (arrays == 0 || field->kind == FIELD_ATTRIBUTE))
	{
		const EventSlot *slot = EventValues(set, node->slot);

		if (slot->count > 0)
			ValueListAppend(list, &slot->own);
	}
	else if (value == NULL)
		return;
	else if (FIELD_IS_FUNCTION(field->kind))
	{
		if (FunctionApply(field, value, set->reference, &result))
			ValueListAppend(list, &result);
	}
	else
		ChoiceValues(field, FieldRoot(field, &steps), value, set->reference, list);
}

/* The rows of a child that is no key, in a value that is no array. */
static Rows
StepRows(Product *product, const TermNode *child, const JsonbValue *value, int arrays)
{
	ValueList     list = {0};
	MemoryContext old = EventContextEnter(product->set);
	Rows          rows;

	/* values live as long as the event */
	StepValues(product, child, value, arrays, &list);
	MemoryContextSwitchTo(old);
	if (list.count > 1)
	{
		rows = ListRows(product, child, list.values, list.count, arrays + 1);
		if (rows.total > 0)
			return rows;
		list.count = 0;
	}
	return NodeRows(product, child, list.count == 0 ? NULL : list.values, arrays);
}

/*
 * NodeRows
 *		The rows of the columns at and below a node, of those in `many`.  The node has
 *		this value, or NULL (a missing value), and is inside `arrays` arrays.
 */
static Rows
NodeRows(Product *product, const TermNode *node, JsonbValue *value, int arrays)
{
	const ValueState state = value == NULL ? VALUE_MISSING : ValueClassify(value);
	Rows             rows;

	if (state == VALUE_MANY)
	{
		/* elements that have no rows count as a missing value */
		rows = ArrayRows(product, node, value->val.binary.data, arrays);
		if (rows.total > 0)
			return rows;
	}
	if (state != VALUE_SINGLE)
		value = NULL;
	rows = OwnRow(product, node, value);
	for (const TermNode *child = node->children; child != NULL && rows.total > 0;
		 child = child->sibling)
	{
		Rows part;

		if ((child->below & product->many) == 0)
			continue;
		part = child->key != NULL ? KeyRows(product, child, value, arrays)
								  : StepRows(product, child, value, arrays);
		Cross(product, &rows, &part);
	}
	return rows;
}

/* Copy the rows to *tuples: the cells of the columns in `many`. */
static void
CopyRows(const Rows *rows, uint32 many, int ncolumns, TupleList *tuples)
{
	const int   nmany = pg_popcount32(many);
	JsonbValue *next = palloc(sizeof(JsonbValue) * nmany * Max(rows->count, 1));

	tuples->count = rows->count;
	tuples->values = palloc(sizeof(JsonbValue *) * ncolumns * Max(rows->count, 1));
	tuples->digests = palloc(sizeof(Digest) * ncolumns * Max(rows->count, 1));
	for (int i = 0; i < rows->count; i++)
		for (uint32 columns = many; columns != 0; columns &= columns - 1)
		{
			int         column = pg_rightmost_one_pos32(columns);
			const Cell *cell = rows->rows[i]->cells[column];

			*next = cell->value;
			tuples->values[i * ncolumns + column] = next++;
			tuples->digests[i * ncolumns + column] = cell->digest;
		}
}

uint64
TermProduct(const TermShape *shape, FieldSet *set, const DigestKey *key, uint32 many, int limit,
			TupleList *tuples)
{
	MemoryContext result = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(result, "newterm product",
												  ALLOCSET_DEFAULT_SIZES);
	Product       product = {
			  .shape = shape,
			  .set = set,
			  .key = key,
			  .many = many,
			  .limit = limit,
			  .room = (int64) limit + TERM_MAX_ROWS,
    };
	JsonbValue record;
	Rows       rows;

	MemoryContextSwitchTo(context);
	product.null = (Cell){TermNullValue, DigestJsonbValue(key, &TermNullValue)};
	record.type = jbvBinary;
	record.val.binary.data = EventRecord(set);
	record.val.binary.len = 0;
	rows = NodeRows(&product, shape->tree, &record, 0);
	MemoryContextSwitchTo(result);
	CopyRows(&rows, many, shape->ncolumns, tuples);
	MemoryContextDelete(context);
	return LeftOut(&rows);
}
