/*
 * question.h
 *	  Filters and fields that SQL functions evaluate on an event, outside of rules.
 *
 * A question is parsed once, for as long as its call site asks the same.
 */
#ifndef NEWTERM_QUESTION_H
#define NEWTERM_QUESTION_H

#include "fmgr.h"
#include "utils/jsonb.h"

#include "event/term.h"
#include "lang/filter.h"

typedef struct Question
{
	Language    language;
	int         ntexts; /* one filter, or fields */
	char      **texts;
	FieldSet   *set;
	FilterNode *filter; /* of a filter */
	int         slot;   /* of the first field */
	TermShape   shape;  /* of fields */

	/* private to question.c */
	MemoryContext context; /* of all above, reset when the texts change */
	bool          complete;
	int           needs;       /* NEEDS_... */
	uint64        known_rules; /* ExtensionChanged.rules before the reference was read */
} Question;

/* What a question is about. */
typedef enum QuestionKind
{
	QUESTION_FILTER,   /* texts[0] is a filter */
	QUESTION_FIELDS,   /* texts are fields */
	QUESTION_IMMUTABLE /* texts are fields that use no reference data */
} QuestionKind;

/*
 * The question of a call site, with its field set at the event, which must be an object.
 * Raises an error if a text does not parse, and 42501 if it uses a table that the caller
 * may not read.
 */
extern Question *Ask(FunctionCallInfo fcinfo, QuestionKind kind, char **texts, int ntexts,
					 Language language, Jsonb *event);

/*
 * A field set for evaluating a filter, with its reference data, in the current memory
 * context.  Raises the errors of Ask.
 */
extern FieldSet *QuestionSet(const FilterNode *filter);

/* The key of questions' digests, which are never stored. */
extern const DigestKey *QuestionKey(void);

#endif /* NEWTERM_QUESTION_H */
