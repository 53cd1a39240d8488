/*
 * maptext.h
 *	  The text form of objects and arrays, as Elastic stores requestParameters.
 */
#ifndef NEWTERM_MAPTEXT_H
#define NEWTERM_MAPTEXT_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/*
 * Append a container as {a=1, b=[x, y], c={d=true}}: what text(p) makes of a
 * value that is an object.  Members are in jsonb's order, which is not always
 * Elastic's; rules look for one member at a time (*owner=*).
 */
extern void MapTextAppend(StringInfo out, JsonbContainer *container);

#endif							/* NEWTERM_MAPTEXT_H */
