/*
 * field.h
 *	  Field expressions: how a rule or a filter names a value of an event.
 *
 * A field is a path (userIdentity.arn, requestParameters."a.b".c), a derived
 * attribute ($principal), a function of fields (network(sourceIPAddress, 24),
 * coalesce(a, b)) or a path that goes on behind a function (json(p).Effect).
 * This file parses text into a Field and knows nothing of events, tables or
 * SQL; it is also built outside the server, by the fuzzers.
 *
 * Memory: everything is allocated by palloc in the current memory context.
 */
#ifndef NEWTERM_FIELD_H
#define NEWTERM_FIELD_H

#include "lang/syntax.h"

typedef enum FieldKind
{
	FIELD_PATH,      /* steps */
	FIELD_ATTRIBUTE, /* attribute */
	FIELD_BELOW,     /* argument, and steps that go on behind it */

	/* functions of several arguments */
	FIELD_COALESCE, /* the first one that has values */
	FIELD_ANY,      /* the values of all of them */

	/* functions of one argument, value by value */
	FIELD_LOWER,
	FIELD_NETWORK, /* ipv4_bits[, ipv6_bits] */
	FIELD_PRINCIPAL,
	FIELD_SESSION,
	FIELD_ROLE,
	FIELD_PRODUCT,
	FIELD_TEXT, /* an object as one text, see jsonbtext.h */
	FIELD_JSON,
	FIELD_ACCOUNT,
	FIELD_EXTERNAL,
	FIELD_PREFIX, /* separator, parts */
	FIELD_BASENAME,
	FIELD_COUNTRY,
	FIELD_ASN,
	FIELD_AS_ORG,
	FIELD_ADDRESS, /* no value where it is no IP address */
	FIELD_FILLED   /* no value where Elastic drops it: "", {}, -, none */
} FieldKind;

/* Is it a function of one argument? */
#define FIELD_IS_FUNCTION(kind) ((kind) >= FIELD_LOWER)

/* Values that are derived from several places of the record. */
typedef enum Attribute
{
	ATTRIBUTE_PRINCIPAL,
	ATTRIBUTE_PERSON,
	ATTRIBUTE_CALLER_ACCOUNT,
	ATTRIBUTE_CROSS_ACCOUNT,
	ATTRIBUTE_OWN_ACCOUNT,
	ATTRIBUTE_VENDOR,
	ATTRIBUTE_SERVICE_CALL,
	ATTRIBUTE_OUTCOME,
	ATTRIBUTE_TARGET,
	/* what some of Elastic's names mean */
	ATTRIBUTE_ELASTIC_ACCOUNT,  /* cloud.account.id */
	ATTRIBUTE_ELASTIC_USER,     /* user.name */
	ATTRIBUTE_ELASTIC_USER_ID,  /* user.id */
	ATTRIBUTE_ELASTIC_MFA_USED, /* …console_login.additional_eventdata.mfa_used */
	ATTRIBUTE_ELASTIC_MOBILE    /* …mobile_version */
} Attribute;

typedef struct Field
{
	FieldKind      kind;
	char          *text;       /* as written, NUL-terminated */
	int            nsteps;     /* FIELD_PATH, FIELD_BELOW: 1 or more */
	char         **steps;      /* unquoted and unescaped, NUL-terminated */
	Attribute      attribute;  /* FIELD_ATTRIBUTE */
	int            narguments; /* FIELD_BELOW and functions */
	struct Field **arguments;
	int            ipv4_bits; /* FIELD_NETWORK: 0 to 32 */
	int            ipv6_bits; /* FIELD_NETWORK: 0 to 128; 64 unless given */
	char          *separator; /* FIELD_PREFIX: 1 to FIELD_MAX_SEPARATOR bytes */
	int            parts;     /* FIELD_PREFIX: 1 or more */
} Field;

#define FIELD_MAX_LENGTH    1024 /* bytes of a field's text */
#define FIELD_MAX_STEPS     100  /* keys of a path */
#define FIELD_MAX_NESTING   10   /* functions within one another */
#define FIELD_MAX_ARGUMENTS 32   /* of coalesce and any */
#define FIELD_MAX_SEPARATOR 32   /* bytes of prefix's separator */
#define FIELD_MAX_PARTS     1000 /* of prefix */

/* The tables and files that a field or filter looks up, as bits. */
#define NEEDS_KNOWN_ACCOUNTS 0x01
#define NEEDS_OWN_ACCOUNTS   0x02
#define NEEDS_LISTS          0x04
#define NEEDS_GEOIP          0x08

/*
 * Parse a field as rules write it.  `language` decides whether Elastic's field names are
 * aliases of the record's (LANGUAGE_KQL) or Datadog's facets (LANGUAGE_DATADOG).  Returns
 * NULL and fills *error when the text is no field.
 */
extern Field *FieldParse(const char *text, Language language, SyntaxError *error);

/* A copy in the current memory context that shares nothing with the field. */
extern Field *FieldCopy(const Field *field);

/* Do two fields name the same value?  (Their texts may differ.) */
extern bool FieldEqual(const Field *a, const Field *b);

/*
 * The field in one canonical spelling of LANGUAGE_DATADOG, palloc'd.  Fields that are
 * equal have the same, and it parses to an equal field.
 */
extern char *FieldToText(const Field *field);

/* A new field that applies a function to an existing one, which it shares. */
extern Field *FieldMakeFunction(FieldKind kind, Field *argument);

/*
 * Find the object that holds all values of a field.  Returns the number of keys that lead
 * to it, 0 for the record itself.  *steps points to the keys, which belong to the field.
 */
extern int FieldRoot(const Field *field, char ***steps);

/* Do all paths of the field begin with `path` and go on behind it? */
extern bool FieldIsBelow(const Field *field, const Field *path);

/*
 * Copy the field without the first `nsteps` keys of all its paths.  The copy shares
 * nothing with it.
 */
extern Field *FieldRelative(const Field *field, int nsteps);

/* The tables and files that the field looks up, as NEEDS_... bits. */
extern int FieldNeeds(const Field *field);

/*
 * The length in bytes of the field that begins at `text` with a function name and "(".
 * The field ends with the matching ")" and the path that follows it; without a matching
 * ")" it is the whole text.
 */
extern int FieldFunctionExtent(const char *text);

/* May a function have the name of `length` bytes at `text`?  Lower-case letters and "_". */
extern bool FieldIsFunctionName(const char *text, int length);

#endif /* NEWTERM_FIELD_H */
