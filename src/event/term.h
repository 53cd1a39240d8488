/*
 * term.h
 *	  Terms and entities: the tuples of values that an event has for a rule.
 *
 * A shape lists a rule's columns, the group_by fields first.  Fields with a common array
 * ancestor are taken from the same element; independent ones are crossed.
 */
#ifndef NEWTERM_TERM_H
#define NEWTERM_TERM_H

#include "event/event.h"

#define TERM_MAX_FIELDS  8
#define TERM_MAX_COLUMNS (2 * TERM_MAX_FIELDS)

StaticAssertDecl(TERM_MAX_COLUMNS <= DIGEST_MAX_PARTS, "a tuple has a digest");

typedef struct TermNode TermNode;

typedef struct TermShape
{
	int       ncolumns;
	int       nentity;         /* the first ones are the entity's */
	bool      optional_entity; /* a missing group_by value is JSON null */
	int       slots[TERM_MAX_COLUMNS];
	TermNode *tree; /* the columns' paths, for events with arrays */
} TermShape;

/* Tuples of one event; all memory lives until the set's next event. */
typedef struct TupleList
{
	int                count;
	const JsonbValue **values;  /* count * ncolumns, row by row */
	Digest            *digests; /* of the values, likewise */
	/* where values and digests point for the usual single tuple */
	const JsonbValue *one_values[TERM_MAX_COLUMNS];
	Digest            one_digests[TERM_MAX_COLUMNS];
} TupleList;

/*
 * Compile a shape from `nentity` group_by fields followed by the term's
 * fields, ncolumns in all, in the current memory context, adding what they
 * name to `set`.  Keeps nothing of the fields.
 */
extern void TermShapeInitialise(TermShape *shape, FieldSet *set, Field **fields, int ncolumns,
								int nentity, bool optional_entity);

/* From this number on tuples are no longer counted. */
#define TERMS_COUNTLESS PG_INT64_MAX

/*
 * Find the tuples of the set's current event: the first `limit` of them, in the order of
 * their arrays.  Returns how many more there are, else 0.  If there are more, the tuples
 * found are all different; with arrays of arrays the number may be too large.
 */
extern uint64 TermTuples(const TermShape *shape, FieldSet *set, const DigestKey *key, int limit,
						 TupleList *tuples);

/*
 * A row's columns from..to-1 as a palloc'd jsonb array, with numbers in their shortest
 * form.  Terms and entities are stored like this.
 */
extern Jsonb *TermValues(const JsonbValue **row, int from, int to);

/* The same values as an object, keyed by the fields' texts. */
extern Jsonb *TermObject(const Jsonb *values, char **texts, int ntexts);

#endif /* NEWTERM_TERM_H */
