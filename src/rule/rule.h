/*
 * rule.h
 *	  The compiled rules of a session: loading, compiling, invalidation.
 *
 * RulesCurrent returns the session's rule set, and rebuilds it when any session has
 * changed a rule.  A set and everything in it is valid until the next call of
 * RulesCurrent.  Callers that keep something longer refer to a rule by its version_id.
 */
#ifndef NEWTERM_RULE_H
#define NEWTERM_RULE_H

#include "base/compat.h"
#include "rule/span.h"
#include "lang/filter.h"
#include "event/term.h"

/* What the accounts that a rule sees do to newterm.own_accounts. */
typedef enum OwnAccounts
{
	OWN_ACCOUNTS_STAY,
	OWN_ACCOUNTS_JOIN,
	OWN_ACCOUNTS_DEPART
} OwnAccounts;

typedef struct Rule
{
	/* read for every event that passes the filter, so on as few cache lines as possible */
	uint32    matched;    /* number of the last event that passed its filter */
	int32     version_id; /* newterm.rule_versions.id */
	Digest    term_start; /* digest of a term, before its parts are added */
	TermShape shape;

	int64               id;
	int32               version;   /* 1, 2, … of this rule */
	const DigestKey    *key;       /* of the set */
	bool                evaluated; /* in use; false: read to merge sightings of an old version */
	char               *name;
	FilterNode         *filter;
	Language            language;
	char              **texts; /* the expressions of the shape's columns, as written */
	Span                span;
	bool                by_entity;       /* learning_scope entity */
	int64               learning;        /* microseconds; unused with learning_values */
	int                 learning_values; /* -1: a window; else the first n terms */
	char               *severity;
	char               *title;      /* or NULL */
	char               *message;    /* or NULL */
	bool                silent;     /* mode observe: detections without signals */
	int64               keep_alive; /* 0: a signal for each detection */
	int64               max_duration;
	uint32              group_columns; /* bits of the entity's columns that group signals */
	Datum               tags;          /* text[] */
	OwnAccounts         own_accounts;
	int                 nsuppressions; /* and unlearnings: rule/suppression.h */
	struct Suppression *suppressions;
	bool                excludes; /* some of them make sightings void */

	/* session state */
	bool   clock_set;     /* the rule's clock is stored and committed */
	int64  learning_from; /* the clock, once read */
	uint32 clock_epoch;   /* the transaction (PendingEpoch) of clock_pending */
	int64  clock_pending; /* the earliest event time buffered in it */
	int64  stored_terms;  /* number of stored terms, roughly; -1: not counted yet */
	bool   told_full;     /* this session recorded that the rule is full */
} Rule;

typedef struct RuleSet
{
	MemoryContext      context;
	uint64             generation; /* different for each set of a session */
	DigestKey          key;
	FieldSet          *fields;
	int                nrules;
	Rule             **rules;
	int                nclockless; /* rules whose clock was not set when loaded */
	Rule             **clockless;
	char              *failure;      /* why the rules could not be loaded, or NULL */
	int                failure_code; /* its SQLSTATE */
	struct RuleSet    *next_old;     /* see RulesHold */
	struct Dispatch   *dispatch;
	struct Evaluation *evaluation; /* of the event at hand: rule/evaluation.h */
} RuleSet;

/* Called once, when the library is loaded. */
extern void RulesInitialise(void);

/* The current rule set; NULL where the extension is not there. */
extern RuleSet *RulesCurrent(void);

/*
 * The same without waiting for locks: if a table of rules is locked, the set has a failure,
 * and loading is tried again some moments later.
 */
extern RuleSet *RulesWithoutWaiting(void);

/* The set that RulesCurrent returned last, without loading. */
extern RuleSet *RulesInUse(void);

/*
 * Keep old sets.  RulesCurrent frees a set when it loads another one, which a trigger of
 * users may cause in the middle of a merge.  Between these two calls, at most to the end
 * of the transaction, no set is freed.
 */
extern void RulesHold(void);
extern void RulesRelease(void);

/* Raise an error if the rules of the set could not be loaded. */
extern void RulesCheck(const RuleSet *set);

/*
 * Raise an error if all rules, as this transaction leaves them, take more memory of a
 * session than newterm.rules_memory.  Rules that cannot be loaded have no size, so that a
 * change that repairs them is not refused.
 */
extern void RulesCheckMemory(void);

/*
 * Make all sessions compile their rules again when this transaction commits, and this
 * session with its next command.
 */
extern void RulesAnnounce(void);

/* Has the rule as many terms as newterm.max_terms_per_rule allows? */
extern bool RuleIsFull(const Rule *rule);

/* The rule of a version in the set; NULL if it was changed, disabled or dropped. */
extern Rule *RuleByVersion(RuleSet *set, int32 version_id);

/*
 * The same, for merging: reads versions that are no longer in use.  NULL if the rule was
 * dropped.
 */
extern Rule *RuleOfVersion(RuleSet *set, int32 version_id);

/* After a version's clock was committed: stop collecting times for it. */
extern void RuleClockCommitted(int32 version_id);

#endif /* NEWTERM_RULE_H */
