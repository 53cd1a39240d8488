/*
 * attribute.h
 *	  Derived attributes, such as $principal, made of several places of a record.
 *
 * An attribute reads the record at its sources, each a path; event.c keeps their values.
 */
#ifndef NEWTERM_ATTRIBUTE_H
#define NEWTERM_ATTRIBUTE_H

#include "utils/jsonb.h"

#include "event/path_tree.h"
#include "event/reference.h"
#include "lang/field.h"

/* The paths that attributes read. */
typedef enum AttributeSource
{
	SOURCE_ISSUER_ARN,
	SOURCE_ARN,
	SOURCE_PRINCIPAL_ID,
	SOURCE_INVOKED_BY,
	SOURCE_ACCOUNT,
	SOURCE_ISSUER_ACCOUNT,
	SOURCE_RECIPIENT,
	SOURCE_REGION,
	SOURCE_ERROR_CODE,
	SOURCE_ERROR_MESSAGE,
	SOURCE_CONSOLE_LOGIN,
	SOURCE_TYPE,
	SOURCE_ISSUER_USER,
	SOURCE_USER,
	SOURCE_PROVIDER,
	SOURCE_ON_BEHALF_OF,
	SOURCE_EVENT_NAME,
	SOURCE_ADDITIONAL_USER,
	SOURCE_MFA_USED,
	SOURCE_MOBILE_VERSION,
	/* $target: the first one that has a value */
	SOURCE_TARGET_ROLE_ARN,
	SOURCE_TARGET_ROLE,
	SOURCE_TARGET_USER,
	SOURCE_TARGET_GROUP,
	SOURCE_TARGET_POLICY,
	SOURCE_TARGET_BUCKET,
	SOURCE_TARGET_SECRET,
	SOURCE_TARGET_KEY,
	SOURCE_TARGET_FUNCTION,
	SOURCE_TARGET_INSTANCE,
	SOURCE_TARGET_NAME,
	ATTRIBUTE_SOURCES
} AttributeSource;

/* The paths of the sources, as FieldParse reads them. */
extern const char *const AttributePaths[ATTRIBUTE_SOURCES];

/* Does the attribute read the source? */
extern bool AttributeReads(Attribute attribute, AttributeSource source);

/* The input of an attribute: a function that reads a source, its argument `state`, and accounts. */
typedef struct AttributeRecord
{
	const EventSlot *(*read)(void *state, AttributeSource source);
	void            *state;
	const Reference *reference;
} AttributeRecord;

/*
 * Derive an attribute (docs/semantics.md, section 3) into *value; false if it has no
 * value. A source that holds "" counts as missing.  The value may point into the record,
 * into the reference or to memory of the current context.
 */
extern bool AttributeDerive(Attribute attribute, const AttributeRecord *record, JsonbValue *value);

#endif /* NEWTERM_ATTRIBUTE_H */
