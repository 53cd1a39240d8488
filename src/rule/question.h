/*
 * question.h
 *	  Filters and fields that SQL functions ask about an event, outside of rules.
 *
 * A question is parsed once for as long as a call site asks the same.
 */
#ifndef NEWTERM_QUESTION_H
#define NEWTERM_QUESTION_H

#include "fmgr.h"
#include "utils/jsonb.h"

#include "event/term.h"
#include "lang/filter.h"

typedef struct Question
{
	Language	language;
	int			ntexts;			/* one filter, or fields */
	char	  **texts;
	FieldSet   *set;
	FilterNode *filter;			/* of a filter */
	int			slot;			/* of the first field */
	TermShape	shape;			/* of fields */

	/* of no use to others */
	MemoryContext context;		/* of all above, emptied when others are asked */
	bool		complete;
	int			needs;			/* NEEDS_... */
	uint64		known_rules;	/* ExtensionChanged.rules before the reference was read */
} Question;

/* What a question is about. */
typedef enum QuestionKind
{
	QUESTION_FILTER,			/* texts[0] is a filter */
	QUESTION_FIELDS,			/* texts are fields */
	QUESTION_IMMUTABLE			/* texts are fields whose values only the event decides */
} QuestionKind;

/*
 * The question that a call site asks, its set pointed at the event, which has
 * to be an object.  Raises what is wrong with the texts; 42501 where they look
 * up in a table that the caller may not read.
 */
extern Question *Ask(FunctionCallInfo fcinfo, QuestionKind kind, char **texts, int ntexts,
					 Language language, Jsonb *event);

/*
 * A set for questions about a filter, in the current memory context, with what the filter
 * looks up.  Raises what Ask does.
 */
extern FieldSet *QuestionSet(const FilterNode *filter);

/* A key for digests that nobody stores, which the questions' sets use. */
extern const DigestKey *QuestionKey(void);

#endif							/* NEWTERM_QUESTION_H */
