/*
 * ocsf.h
 *	  CloudTrail records inside OCSF events, such as Security Lake's.
 */
#ifndef NEWTERM_OCSF_H
#define NEWTERM_OCSF_H

#include "utils/jsonb.h"

/* Is the object an OCSF event with CloudTrail's product name? */
extern bool IsOcsf(JsonbContainer *object);

/*
 * The record that such an event was made of, as far as OCSF keeps it, palloc'd.  What
 * has no place in OCSF is taken from its member "unmapped", whose keys are the paths of
 * the record.
 */
extern Jsonb *OcsfRecord(JsonbContainer *event);

#endif /* NEWTERM_OCSF_H */
