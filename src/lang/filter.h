/*
 * filter.h
 *	  Filters: text into a predicate tree, and the tree back into text.
 *
 * Two grammars, Datadog's log search syntax and Elastic's KQL, have the same
 * tree as their target.  This file knows nothing of events, tables or SQL; it
 * is also built outside the server, by the fuzzers.  filter_compare.h evaluates.
 *
 * Memory: everything is allocated by palloc in the current memory context.
 */
#ifndef NEWTERM_FILTER_H
#define NEWTERM_FILTER_H

#include "lang/field.h"
#include "base/ipaddress.h"

typedef enum FilterKind
{
	FILTER_EVERYTHING, /* matches every event */
	FILTER_AND,        /* children */
	FILTER_OR,         /* children */
	FILTER_NOT,        /* children[0] */
	FILTER_EXISTS,     /* field has a value */
	FILTER_EQUALS,     /* field, text */
	FILTER_WILDCARD,   /* field, pattern */
	FILTER_RANGE,      /* field, lower, upper */
	FILTER_CIDR,       /* field, networks */
	FILTER_LIST,       /* field, name of a list of newterm.lists */
	FILTER_EQUAL,      /* field, other field */
	FILTER_ELEMENT     /* field, a path; children[0]: of one element of it all conditions hold */
} FilterKind;

/* Has the node a condition on its field's values, one by one? */
#define FILTER_IS_SCALAR(kind) ((kind) >= FILTER_EQUALS && (kind) <= FILTER_LIST)

/* One element of a wildcard pattern: a literal run, `?` or `*`. */
typedef enum WildcardKind
{
	WILDCARD_TEXT,
	WILDCARD_ANY_CHARACTER,
	WILDCARD_ANY_TEXT
} WildcardKind;

typedef struct WildcardPart
{
	WildcardKind kind;
	char        *text;   /* WILDCARD_TEXT */
	int          length; /* of text, in bytes */
	int          rare;   /* where its byte stands that is the rarest one in most texts */
} WildcardPart;

/* A value of a filter, and as what it can be compared beside text. */
typedef struct FilterLiteral
{
	char *text;       /* unescaped, NUL-terminated */
	int   length;     /* of text, in bytes */
	bool  is_number;  /* a JSON number: compares with numbers */
	bool  is_boolean; /* true or false: compares with booleans too */
	bool  is_time;    /* ISO 8601: compares with times */
	bool  is_address; /* end of a range of IP addresses */
	int64 time;       /* is_time: microseconds since 1970-01-01 UTC */
	void *number; /* is_number: left to filter_compare.c (a Numeric); is_address: an IpNetwork */
} FilterLiteral;

typedef struct FilterBound
{
	bool          present; /* false: unbounded on this side */
	bool          inclusive;
	int           offset; /* where it stands in the filter, in bytes */
	FilterLiteral literal;
} FilterBound;

typedef struct FilterRange
{
	FilterBound lower;
	FilterBound upper;
} FilterRange;

/* A node has 64 bytes, one cache line: rules have thousands, and an event visits many. */
typedef struct FilterNode
{
	FilterKind kind;
	/*
	 * The slot of the field's value in an event; set by the rule compiler.  Of FILTER_OR: the slot
	 * of all its children, if val.begins holds for them, or -1.
	 */
	int                 slot;
	int                 depth; /* levels of nodes from here down, 1 for a leaf */
	int                 nchildren;
	struct FilterNode **children;
	Field              *field; /* of every leaf but FILTER_EVERYTHING */
	union
	{
		FilterLiteral literal; /* FILTER_EQUALS */
		struct
		{
			int           nparts;
			WildcardPart *parts;
		} wildcard;         /* FILTER_WILDCARD */
		FilterRange *range; /* FILTER_RANGE */
		struct
		{
			int        nnetworks;
			IpNetwork *networks;
		} cidr; /* FILTER_CIDR */
		struct
		{
			char       *name;
			const void *values; /* set by the rule compiler */
		} list;                 /* FILTER_LIST */
		struct
		{
			Field *field;
			int    slot;               /* as of the first one */
		} other;                       /* FILTER_EQUAL */
		struct FilterElement *element; /* FILTER_ELEMENT: the rule compiler's */
		uint64 begins[4]; /* FILTER_OR, by the rule compiler: bytes that begin a match */
	} val;
} FilterNode;

/*
 * The trees that FilterParse makes are simplified: AND and OR have two or more children,
 * none of the same kind; NOT never stands on NOT; FILTER_EVERYTHING stands alone or, as
 * "matches nothing", under a NOT that stands alone.
 *
 * Parse a filter.  Returns NULL and fills *error when the text is refused.  Nesting deeper
 * than FILTER_MAX_DEPTH and texts longer than FILTER_MAX_LENGTH bytes are refused.
 */
#define FILTER_MAX_DEPTH  200
#define FILTER_MAX_LENGTH (1024 * 1024)

/*
 * The largest number of text bytes and "?" between two "*" of a pattern, if there is a "?"
 * among them.  Such a part is tried at every place of the value, so the limit bounds the
 * work for each byte.  Parts without "?" are found by a linear search and may have any
 * length.
 */
#define FILTER_MAX_SEGMENT 100

extern FilterNode *FilterParse(const char *text, Language language, SyntaxError *error);

/*
 * The tree as a text in Datadog's syntax that parses to an equal tree (unless it is longer
 * than FILTER_MAX_LENGTH: lists of values repeat their field).
 */
extern char *FilterToText(const FilterNode *filter);

/* The tables and files that the filter looks up, as NEEDS_... bits. */
extern int FilterNeeds(const FilterNode *filter);

/* Do two trees say the same in the same way? */
extern bool FilterEqual(const FilterNode *a, const FilterNode *b);

/* Do all `length` bytes of UTF-8 at `text` match the node's pattern?  In linear time. */
extern bool FilterWildcardMatch(const FilterNode *node, const char *text, int length);

/*
 * Is the IP address in the `length` bytes at `text` in one of the node's networks?  False
 * where the text is no IP address.
 */
extern bool FilterNetworkMatch(const FilterNode *node, const char *text, int length);

#endif /* NEWTERM_FILTER_H */
