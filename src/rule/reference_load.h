/*
 * reference_load.h
 *	  Loads the accounts and lists that fields and filters look up.
 */
#ifndef NEWTERM_REFERENCE_LOAD_H
#define NEWTERM_REFERENCE_LOAD_H

#include "utils/snapshot.h"

#include "event/reference.h"

/*
 * Read the tables that are needed (NEEDS_..., field.h) by a snapshot, or as they are now if
 * it is InvalidSnapshot.  Of newterm.lists, read the lists that were asked for since the
 * last call.  Needs no rights on the tables.  Seals the reference.
 */
extern void ReferenceLoad(Reference *reference, int needs, Snapshot snapshot);

#endif /* NEWTERM_REFERENCE_LOAD_H */
