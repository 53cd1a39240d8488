/*
 * reference.h
 *	  What fields and filters look up outside the record: accounts and lists.
 *
 * A Reference is filled once, sealed and then only read.  It knows nothing of
 * the tables that it is filled from.
 */
#ifndef NEWTERM_REFERENCE_H
#define NEWTERM_REFERENCE_H

#include "utils/jsonb.h"

typedef struct Reference Reference;
typedef struct ReferenceList ReferenceList;

/* An empty one in the current memory context, which all that is added shares. */
extern Reference *ReferenceCreate(void);

/* The name of an account's owner, and an account of one's own; both are copied. */
extern void ReferenceAddVendor(Reference *reference, const char *account, const char *name);
extern void ReferenceAddOwn(Reference *reference, const char *account);

/* The list of a name, made where there is none yet. */
extern ReferenceList *ReferenceListNamed(Reference *reference, const char *name);

/* Is a list of this name, or any, asked for? */
extern bool ReferenceWants(const Reference *reference, const char *name);
extern bool ReferenceWantsLists(const Reference *reference);

/* Add a value, which may be a network, to a list that is asked for. */
extern void ReferenceAddValue(Reference *reference, const char *name, const char *value);

/* Nothing is added any more, unless ReferenceListNamed made another list. */
extern void ReferenceSeal(Reference *reference);

/*
 * Look up; all are given `length` bytes of text, and a NULL reference is an
 * empty one.  ReferenceVendor returns NULL for accounts that it does not know.
 */
extern const char *ReferenceVendor(const Reference *reference, const char *account,
								   int length);
extern bool ReferenceIsOwn(const Reference *reference, const char *account, int length);

/*
 * Is the value in the list?  An IP address is where one of its networks holds
 * it, a number where its text is.
 */
extern bool ReferenceListHas(const ReferenceList *list, const JsonbValue *value);

#endif							/* NEWTERM_REFERENCE_H */
