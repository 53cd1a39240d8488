/*
 * term_product.h
 *	  The tuples of an event with arrays; private to term.c.
 */
#ifndef NEWTERM_TERM_PRODUCT_H
#define NEWTERM_TERM_PRODUCT_H

#include "event/term.h"

/*
 * A node of the tree of the ways to a shape's columns.  A step is a key of an
 * object, or what is done with the value: a function, coalesce() or the like.
 * Columns that end here take the value; children are looked up below it.
 */
struct TermNode
{
	const char      *key; /* NULL: not by a key */
	int              key_length;
	const Field     *field;    /* without a key: what is done with the value above */
	int              slot;     /* of the place or field, or -1 */
	bool             optional; /* all columns at and below may be missing */
	uint32           columns;  /* those that end here, a bit each */
	uint32           below;    /* all columns at and below, likewise */
	struct TermNode *children; /* the first of them */
	struct TermNode *sibling;  /* the next one */
};

/* A column in a set of them. */
static inline uint32
ColumnBit(int column)
{
	StaticAssertStmt(TERM_MAX_COLUMNS <= 32, "a set of columns is a uint32");

	return (uint32) 1 << column;
}

/* What stands for a missing group_by value of a rule with optional_group_by. */
extern const JsonbValue TermNullValue;

/*
 * A column's value, made of what was found at the end of the way to it by the functions
 * around that; false where none is left.
 */
extern bool ColumnValue(const TermShape *shape, const FieldSet *set, int column,
						const JsonbValue *found, JsonbValue *value);

/*
 * Set the columns in `many`, on whose way an array of several is, of the different tuples
 * that the set's current event shows: of the first `limit` in the array's order.  Returns how
 * many were left out, as TermTuples does.  The caller sets the other columns.
 *
 * The work is bounded, whatever the event: equal rows are dropped before they are crossed,
 * and crossing makes no more than `limit` and TERM_MAX_ROWS together; behind them, rows are
 * only counted.  Allocates in the current memory context, which has to be the event's.
 */
extern uint64 TermProduct(const TermShape *shape, FieldSet *set, const DigestKey *key, uint32 many,
						  int limit, TupleList *tuples);

/* Rows that crossing may make for one event and rule beside those that are wanted. */
#define TERM_MAX_ROWS 50000

#endif /* NEWTERM_TERM_PRODUCT_H */
