/*
 * term_product.h
 *	  The tuples of an event with arrays; private to term.c.
 */
#ifndef NEWTERM_TERM_PRODUCT_H
#define NEWTERM_TERM_PRODUCT_H

#include "event/term.h"

/*
 * A node of a shape's tree, which leads from the record to the columns.  A step of the
 * tree is a key of an object, or a field that is computed from the parent's value, such as
 * a function or coalesce().  Columns that end here take the node's value; children are
 * looked up in it.
 */
struct TermNode
{
	const char      *key; /* NULL: the step is a field */
	int              key_length;
	const Field     *field; /* without a key: the field that is computed from the parent's value */
	int              slot;  /* the slot of the path or field, or -1 */
	bool             optional; /* all columns at and below are optional */
	uint32           columns;  /* the set of columns that end here */
	uint32           below;    /* the set of all columns at and below */
	struct TermNode *children; /* the first child */
	struct TermNode *sibling;  /* the next child of the same parent */
};

/* A set of one column. */
static inline uint32
ColumnBit(int column)
{
	StaticAssertStmt(TERM_MAX_COLUMNS <= 32, "a set of columns is a uint32");

	return (uint32) 1 << column;
}

/* The value of a missing group_by field of a rule with optional_group_by. */
extern const JsonbValue TermNullValue;

/*
 * Compute a column's value from the value found at its node; false if none is left.  The
 * value may be allocated in the current memory context.
 */
extern bool ColumnValue(const TermShape *shape, const FieldSet *set, int column,
						const JsonbValue *found, JsonbValue *value);

/*
 * Find the different tuples of the set's current event, in which arrays of several
 * elements lead to the columns in `many`: the first `limit` tuples in the order of the
 * arrays.  Sets only the columns in `many`; the caller sets the others.  Returns how many
 * tuples were left out, as TermTuples does.
 *
 * The work is bounded, whatever the event: equal rows are dropped before they are crossed,
 * and crossing makes at most `limit` + TERM_MAX_ROWS rows; further rows are only counted.
 * Allocates in the current memory context, which has to be the event's.
 */
extern uint64 TermProduct(const TermShape *shape, FieldSet *set, const DigestKey *key, uint32 many,
						  int limit, TupleList *tuples);

/* Number of rows that crossing may make for one event and rule beyond those that are wanted. */
#define TERM_MAX_ROWS 50000

#endif /* NEWTERM_TERM_PRODUCT_H */
