/*
 * template.h
 *	  Titles and messages: texts with {{placeholders}}.
 */
#ifndef NEWTERM_TEMPLATE_H
#define NEWTERM_TEMPLATE_H

#include "rule/rule.h"

/* The values of placeholders; all but the rule may be NULL. */
typedef struct TemplateValues
{
	const Rule *rule;
	RuleSet    *set;
	Jsonb      *entity; /* objects, keyed by the fields' texts */
	Jsonb      *term;
	Jsonb      *event;
} TemplateValues;

/*
 * Title and message of a signal, from the rule's templates: {{path}} and
 * {{$attribute}} of the event, {{rule.name}}, {{rule.severity}}, {{term.…}} and
 * {{entity.…}}.  A value that the event lacks is taken from the term or the entity, if
 * the rule has such a column; a missing value is "?".  Control characters are escaped
 * (visible.h); the title is one line and never blank.  A title is cut after 500 bytes, and a
 * message after 64 kB.  palloc'd; no message is NULL.
 */
extern const char *TemplateTitle(const TemplateValues *values);
extern const char *TemplateMessage(const TemplateValues *values);

/* Raise an error where a placeholder of the template names nothing. */
extern void TemplateCheck(const char *what, const char *template);

/* The text, or its first `limit` bytes and "…" where it is longer. */
extern const char *TemplateClip(const char *text, int limit);

#endif /* NEWTERM_TEMPLATE_H */
