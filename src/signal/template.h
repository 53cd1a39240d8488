/*
 * template.h
 *	  Titles and messages: texts with {{placeholders}}.
 */
#ifndef NEWTERM_TEMPLATE_H
#define NEWTERM_TEMPLATE_H

#include "rule/rule.h"

/* What placeholders stand for; everything but the rule may be NULL. */
typedef struct TemplateValues
{
	const Rule *rule;
	RuleSet    *set;
	Jsonb	   *entity;			/* objects, keyed by the fields' texts */
	Jsonb	   *term;
	Jsonb	   *event;
} TemplateValues;

/*
 * Render a template: {{path}} and {{$attribute}} of the event, {{rule.name}},
 * {{rule.severity}}, {{term.…}} and {{entity.…}}.  What has no value is left
 * out.  palloc'd.
 */
extern char *TemplateRender(const char *template, const TemplateValues *values);

/* Raise an error where a placeholder of the template names nothing. */
extern void TemplateCheck(const char *what, const char *template);

/* The title of a rule without one. */
extern char *TemplateDefaultTitle(const TemplateValues *values);

/* The text, or its first `limit` bytes and "…" where it is longer. */
extern const char *TemplateClip(const char *text, int limit);

#endif							/* NEWTERM_TEMPLATE_H */
