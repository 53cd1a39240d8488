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
	int       nentity;         /* the first columns, which are the entity's */
	bool      optional_entity; /* a missing group_by value is JSON null */
	int       slots[TERM_MAX_COLUMNS];
	TermNode *tree; /* the paths of the columns, for events with arrays */
} TermShape;

/* Tuples of one event; all memory lives until the set's next event. */
typedef struct TupleList
{
	int                count;
	const JsonbValue **values;  /* count * ncolumns of them, row by row */
	Digest            *digests; /* digests of the values, in the same order */
	/* values and digests point here if there is one tuple, as usually */
	const JsonbValue *one_values[TERM_MAX_COLUMNS];
	Digest            one_digests[TERM_MAX_COLUMNS];
} TupleList;

/*
 * Compile a shape in the current memory context from `nentity` group_by fields followed by
 * the term's fields, `ncolumns` in all.  The fields are added to `set` and not kept.  With
 * optional_entity, a missing group_by value is JSON null.
 */
extern void TermShapeInitialise(TermShape *shape, FieldSet *set, Field **fields, int ncolumns,
								int nentity, bool optional_entity);

/* Tuples are not counted beyond this number. */
#define TERMS_COUNTLESS PG_INT64_MAX

/*
 * Find the first `limit` tuples of the set's current event, in the order of its arrays.
 * Returns how many more there are.  If there are more, the tuples found are all different;
 * with arrays in arrays the number returned may be too large.
 */
extern uint64 TermTuples(const TermShape *shape, FieldSet *set, const DigestKey *key, int limit,
						 TupleList *tuples);

/*
 * The columns `from` to `to` - 1 of a row as a jsonb array, palloc'd, with numbers in
 * their shortest form.  Terms and entities are stored in this form.
 */
extern Jsonb *TermValues(const JsonbValue **row, int from, int to);

/* The same values as a jsonb object, palloc'd, whose keys are the texts of the fields. */
extern Jsonb *TermObject(const Jsonb *values, char **texts, int ntexts);

#endif /* NEWTERM_TERM_H */
