/*
 * elastic.h
 *	  Elastic's field names for what a CloudTrail record holds.
 *
 * Elastic's AWS integration stores a record under names of the Elastic Common
 * Schema (event.action) and of its own (aws.cloudtrail.user_identity.arn).
 * Rules that come from there use these names.
 */
#ifndef NEWTERM_ELASTIC_H
#define NEWTERM_ELASTIC_H

#include "lang/field.h"

typedef enum ElasticOutcome
{
	ELASTIC_OTHER,  /* not a name of Elastic's: the record's own */
	ELASTIC_FIELD,  /* the field in *expression */
	ELASTIC_REFUSED /* known, but no record holds it */
} ElasticOutcome;

/*
 * Find what a name stands for.  `name` is a path, in which keys are quoted that need it.
 * With ELASTIC_FIELD, *expression is the field as text, palloc'd.  With ELASTIC_REFUSED,
 * *reason says why, and *hint says what to use instead or is NULL; both are constants.
 */
extern ElasticOutcome ElasticResolve(const char *name, char **expression, const char **reason,
									 const char **hint);

/*
 * The value that the field of this name (`length` bytes) has in all of Elastic's
 * CloudTrail records, a constant; NULL where it is no such field.
 */
extern const char *ElasticConstant(const char *name, int length);

/* Does Elastic store this member of the record as a date? */
extern bool ElasticIsTime(const Field *path);

/*
 * Does Elastic also store this member of the record as one text?  Rules match such a text
 * by wildcards, for instance requestParameters by *owner=*.
 */
extern bool ElasticIsMapText(const Field *path);

#endif /* NEWTERM_ELASTIC_H */
