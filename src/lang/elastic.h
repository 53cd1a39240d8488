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
 * What does the name stand for?  `name` is a path with those keys in quotes
 * that need them.  ELASTIC_FIELD: *expression is the field, palloc'd.  ELASTIC_REFUSED: *reason and *hint
 * say why and what to use instead (*hint may be NULL).
 */
extern ElasticOutcome ElasticResolve(const char *name, char **expression, const char **reason,
									 const char **hint);

/* The value that the field has in all of Elastic's CloudTrail records or NULL. */
extern const char *ElasticConstant(const char *name, int length);

/* Is the record's member one that Elastic stores as a date? */
extern bool ElasticIsTime(const Field *path);

/*
 * Is the record's member one that Elastic also stores as one text?  Rules
 * match such a text by wildcards, for instance requestParameters by *owner=*.
 */
extern bool ElasticIsMapText(const Field *path);

#endif /* NEWTERM_ELASTIC_H */
