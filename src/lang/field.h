/*
 * field.h
 *	  Field expressions: how a rule or a filter names a value of an event.
 *
 * A field is a path (userIdentity.arn, requestParameters."a.b".c), a derived
 * attribute ($principal) or a normaliser around one (network(sourceIPAddress,
 * 24)).  This file parses text into a Field and knows nothing of events,
 * tables or SQL; it is also built outside the server, by the fuzzers.
 *
 * Memory: everything is allocated by palloc in the current memory context.
 */
#ifndef NEWTERM_FIELD_H
#define NEWTERM_FIELD_H

#include "lang/syntax.h"

typedef enum FieldKind
{
	FIELD_PATH,					/* steps */
	FIELD_ATTRIBUTE,			/* attribute */
	FIELD_LOWER,				/* lower(argument) */
	FIELD_NETWORK,				/* network(argument, ipv4_bits[, ipv6_bits]) */
	FIELD_PRINCIPAL,			/* principal(argument) */
	FIELD_PRODUCT,				/* product(argument) */
	FIELD_TEXT					/* text(argument): an object as one
								 * text, see jsonbtext.h */
} FieldKind;

/* Values that are derived from several places of the record. */
typedef enum Attribute
{
	ATTRIBUTE_PRINCIPAL,		/* $principal */
	ATTRIBUTE_CALLER_ACCOUNT,	/* $caller_account */
	ATTRIBUTE_OUTCOME,			/* $outcome */
	ATTRIBUTE_CROSS_ACCOUNT,	/* $cross_account */
	ATTRIBUTE_VENDOR,			/* $vendor */
	ATTRIBUTE_ELASTIC_ACCOUNT,	/* $elastic_account: Elastic's
								 * cloud.account.id */
	ATTRIBUTE_ELASTIC_USER		/* $elastic_user: Elastic's user.name */
} Attribute;

typedef struct Field
{
	FieldKind	kind;
	char	   *text;			/* as written, NUL-terminated */
	int			nsteps;			/* FIELD_PATH: 1 or more */
	char	  **steps;			/* unquoted and unescaped, NUL-terminated */
	Attribute	attribute;		/* FIELD_ATTRIBUTE */
	struct Field *argument;		/* the normalisers: what they normalise */
	int			ipv4_bits;		/* FIELD_NETWORK: 0 to 32 */
	int			ipv6_bits;		/* FIELD_NETWORK: 0 to 128; 64 unless given */
} Field;

#define FIELD_MAX_LENGTH	1024	/* bytes of a field's text */
#define FIELD_MAX_STEPS		100		/* keys of a path */
#define FIELD_MAX_NESTING	10		/* normalisers within one another */

/*
 * Parse a field as rules write it.  `language` decides whether Elastic's field
 * names are aliases of the record's (LANGUAGE_KQL) or not (LANGUAGE_DATADOG).
 * Returns NULL and fills *error when the text is no field.
 */
extern Field *FieldParse(const char *text, Language language, SyntaxError *error);

/* A copy in the current memory context that shares nothing with the field. */
extern Field *FieldCopy(const Field *field);

/* Do two fields name the same value?  (Their texts may differ.) */
extern bool FieldEqual(const Field *a, const Field *b);

/*
 * The field in one canonical spelling of LANGUAGE_DATADOG, palloc'd.  Fields
 * that are equal have the same, and it parses to an equal field.
 */
extern char *FieldToText(const Field *field);

/* A new field that applies text() to an existing one, which it shares. */
extern Field *FieldMakeText(Field *argument);

/*
 * How many bytes from `text` on belong to the field that begins there with a
 * function name and "(": up to the matching ")", or to the end of the text.
 */
extern int	FieldFunctionExtent(const char *text);

#endif							/* NEWTERM_FIELD_H */
