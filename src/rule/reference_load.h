/*
 * reference_load.h
 *	  The accounts and lists that fields and filters look up, from their tables.
 */
#ifndef NEWTERM_REFERENCE_LOAD_H
#define NEWTERM_REFERENCE_LOAD_H

#include "utils/snapshot.h"

#include "event/reference.h"

/*
 * Read what is needed (NEEDS_..., field.h) by a snapshot, or as it is now where that is
 * InvalidSnapshot: of newterm.lists, the lists that were asked for since the last time.
 * No rights on the tables are needed.  Seals the reference.
 */
extern void ReferenceLoad(Reference *reference, int needs, Snapshot snapshot);

#endif							/* NEWTERM_REFERENCE_LOAD_H */
