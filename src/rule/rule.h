/*
 * rule.h
 *	  The compiled rules of a session: loading, compiling, invalidation.
 *
 * RulesCurrent gives the session's rule set, rebuilt when another session (or
 * this one) changed a rule.  A set and everything in it stays valid until the
 * next call of RulesCurrent; callers that keep something over such a call
 * refer to a rule by its version_id.
 */
#ifndef NEWTERM_RULE_H
#define NEWTERM_RULE_H

#include "base/compat.h"
#include "rule/span.h"
#include "lang/filter.h"
#include "event/term.h"

typedef struct Rule
{
	/* what every event that the rule concerns reads, on as few cache lines as it takes */
	uint32		matched;		/* event in which dispatch found the rule */
	int32		version_id;		/* newterm.rule_versions.id */
	Digest		term_start;		/* digest of a term, before its parts are added */
	TermShape	shape;

	int64		id;
	int32		version;		/* 1, 2, … of this rule */
	const DigestKey *key;		/* of the set */
	bool		evaluated;		/* not only read for merging */
	char	   *name;
	FilterNode *filter;
	Language	language;
	char	  **texts;			/* of the shape's columns, as the rule writes them */
	Span		span;
	bool		by_entity;		/* learning_scope entity */
	int64		learning;		/* microseconds; unused with learning_values */
	int			learning_values;	/* -1: a window; else the first n terms */
	char	   *severity;
	char	   *title;			/* or NULL */
	char	   *message;		/* or NULL */
	bool		silent;			/* mode observe: detections without signals */
	Datum		tags;			/* text[] */
	int			nsuppressions;	/* and unlearnings: rule/suppression.h */
	struct Suppression *suppressions;
	bool		excludes;		/* some of them make sightings void */

	/* session state */
	bool		clock_set;		/* the rule's clock is stored and committed */
	int64		learning_from;	/* the clock, once read */
	uint32		clock_epoch;	/* transaction that clock_pending is of */
	int64		clock_pending;	/* earliest event time noted in it */
	int64		stored_terms;	/* as far as this session knows; -1: not counted */
	bool		told_full;		/* event_errors has it that the rule is full */
} Rule;

typedef struct RuleSet
{
	MemoryContext context;
	uint64		generation;		/* a number of its own for each set */
	DigestKey	key;
	FieldSet   *fields;
	int			nrules;
	Rule	  **rules;
	int			nclockless;		/* rules whose clock was not set when loaded */
	Rule	  **clockless;
	char	   *failure;		/* why the rules could not be loaded, or NULL */
	int			failure_code;	/* its SQLSTATE */
	struct RuleSet *next_old;	/* see RulesHold */
	struct Dispatch *dispatch;
	struct Evaluation *evaluation;	/* of the event at hand: rule/evaluation.h */
} RuleSet;

/* Called once, when the library is loaded. */
extern void RulesInitialise(void);

/* The current rule set; NULL where the extension is not there. */
extern RuleSet *RulesCurrent(void);

/*
 * The same for those who may not wait: where somebody has locked a table that is to be read
 * the set's failure tells it, and some moments later it is tried again.
 */
extern RuleSet *RulesWithoutWaiting(void);

/* The set that RulesCurrent gave last: it loads nothing. */
extern RuleSet *RulesInUse(void);

/*
 * A set is freed when RulesCurrent loads another one, which users' triggers may bring
 * about in the middle of a merge.  Between these two, and not beyond the transaction, all
 * sets stay.
 */
extern void RulesHold(void);
extern void RulesRelease(void);

/* Raise an error where the rules of the set could not be loaded. */
extern void RulesCheck(const RuleSet *set);

/*
 * Raise an error where all rules, as this transaction leaves them, take more memory of
 * a session than newterm.rules_memory.  Rules that cannot be loaded have no size: what
 * mends them must not be refused.
 */
extern void RulesCheckMemory(void);

/*
 * Tell all sessions, when this transaction commits, and this one, with its next
 * command, that rules changed: they compile them anew and forget what they know.
 */
extern void RulesAnnounce(void);

/* Has the rule as many terms as newterm.max_terms_per_rule allows? */
extern bool RuleIsFull(const Rule *rule);

/* The rule of a version in the set, or NULL: changed, disabled or dropped. */
extern Rule *RuleByVersion(RuleSet *set, int32 version_id);

/*
 * The same, for merging: versions that are no longer evaluated are read.  NULL
 * where the rule was dropped.
 */
extern Rule *RuleOfVersion(RuleSet *set, int32 version_id);

/* The clock of a rule version is committed: observe it no longer. */
extern void RuleClockCommitted(int32 version_id);

#endif							/* NEWTERM_RULE_H */
