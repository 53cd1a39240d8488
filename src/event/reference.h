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

/* Create an empty Reference in the current memory context, in which entries are allocated too. */
extern Reference *ReferenceCreate(void);

/* Add an account with its owner's name, or an account of the user; texts are copied. */
extern void ReferenceAddVendor(Reference *reference, const char *account, const char *name);
extern void ReferenceAddOwn(Reference *reference, const char *account);

/* The list of this name, created if needed.  Values of a new list are still to be loaded. */
extern ReferenceList *ReferenceListNamed(Reference *reference, const char *name);

/* Are the values of this list, or of any list, still to be loaded? */
extern bool ReferenceWants(const Reference *reference, const char *name);
extern bool ReferenceWantsLists(const Reference *reference);

/* Add a value, which may be a network, to a list whose values are being loaded.  It is copied. */
extern void ReferenceAddValue(Reference *reference, const char *name, const char *value);

/* End adding: sort what was added.  ReferenceListNamed may create other lists later. */
extern void ReferenceSeal(Reference *reference);

/*
 * Look up an account of `length` bytes.  A NULL reference is an empty one. ReferenceVendor
 * returns the owner's name, which belongs to the reference, or NULL for an unknown
 * account.
 */
extern const char *ReferenceVendor(const Reference *reference, const char *account, int length);
extern bool        ReferenceIsOwn(const Reference *reference, const char *account, int length);

/*
 * Is the value in the list?  An IP address also is if it is in a network of the list.  A
 * number is compared by its text.
 */
extern bool ReferenceListHas(const ReferenceList *list, const JsonbValue *value);

#endif /* NEWTERM_REFERENCE_H */
