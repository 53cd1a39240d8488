/*
 * extension.h
 *	  Where the extension's own relations are, and that they changed.
 */
#ifndef NEWTERM_EXTENSION_H
#define NEWTERM_EXTENSION_H

#include "fmgr.h"

/* OIDs of what the library uses, looked up once and after DROP EXTENSION. */
typedef struct ExtensionOids
{
	Oid schema;
	Oid owner; /* of the extension's tables */
	Oid rules;
	Oid baseline; /* the view: invalidated by unlearning */
	Oid runs;
	Oid digest_key;
	Oid known_accounts;
	Oid own_accounts;
	Oid lists;
	Oid suppressions;
	Oid unlearnings;
	Oid rule_versions;
	Oid version_sequence;
	Oid entity_clocks;
	Oid learned_values;
	Oid detection_log;
	Oid detection_sequence;
	Oid signals;
	Oid signal_sequence;
	Oid changes;
	Oid subscriptions;
	Oid postponed;
	Oid postponed_changes;
	Oid postponed_sequence;
	Oid event_errors;
	Oid error_sequence;
} ExtensionOids;

/*
 * Counters of invalidations, which only grow.  Code that caches something remembers the
 * counter from before it read it, as an invalidation may arrive meanwhile.
 */
typedef struct ExtensionChanges
{
	uint64 rules;     /* of newterm.rules: rules changed (RulesAnnounce) */
	uint64 baseline;  /* of the view newterm.baseline: stored runs were taken away */
	uint64 postponed; /* of newterm.postponed: terms were postponed */
} ExtensionChanges;

extern ExtensionChanges ExtensionChanged;

/* Called once, when the library is loaded. */
extern void ExtensionInitialise(void);

/* NULL if the extension is not there. */
extern const ExtensionOids *ExtensionLookup(void);

/*
 * What ExtensionLookup gives, to a function that only triggers on the extension's tables may
 * call; any other caller gets an error that names the function.
 */
extern const ExtensionOids *ExtensionOfTrigger(FunctionCallInfo fcinfo, const char *function);

/* Announce to all sessions, when this transaction commits, that terms were postponed. */
extern void ExtensionAnnouncePostponed(const ExtensionOids *oids);

/* What ExtensionLookup returned last, without looking again: for callbacks. */
extern const ExtensionOids *ExtensionLast(void);

#endif /* NEWTERM_EXTENSION_H */
