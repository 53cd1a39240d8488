/*
 * reference.h
 *	  Accounts and lists that fields and filters look up.
 *
 * A Reference is filled once, sealed and then only read.  rule/reference_load.c fills it
 * from newterm's tables.
 */
#ifndef NEWTERM_REFERENCE_H
#define NEWTERM_REFERENCE_H

#include "utils/jsonb.h"

typedef struct Reference     Reference;
typedef struct ReferenceList ReferenceList;

/* Create an empty one in the current memory context, in which entries are allocated too. */
extern Reference *ReferenceCreate(void);

/* Add an account with its owner's name, and an own account; both are copied. */
extern void ReferenceAddVendor(Reference *reference, const char *account, const char *name);
extern void ReferenceAddOwn(Reference *reference, const char *account);

/* The list of a name, created if there is none yet; its values are to be loaded. */
extern ReferenceList *ReferenceListNamed(Reference *reference, const char *name);

/* Are values of this list, or of any, to be loaded? */
extern bool ReferenceWants(const Reference *reference, const char *name);
extern bool ReferenceWantsLists(const Reference *reference);

/* Add a value, which may be a network, to a list that is to be loaded. */
extern void ReferenceAddValue(Reference *reference, const char *name, const char *value);

/* End adding, until ReferenceListNamed creates another list. */
extern void ReferenceSeal(Reference *reference);

/*
 * Look up; all are given `length` bytes of text, and a NULL reference is an
 * empty one.  ReferenceVendor returns NULL for accounts that it does not know.
 */
extern const char *ReferenceVendor(const Reference *reference, const char *account, int length);
extern bool        ReferenceIsOwn(const Reference *reference, const char *account, int length);

/*
 * Is the value in the list?  An IP address also is if a network of the list holds it.  A
 * number is compared by its text.
 */
extern bool ReferenceListHas(const ReferenceList *list, const JsonbValue *value);

#endif /* NEWTERM_REFERENCE_H */
