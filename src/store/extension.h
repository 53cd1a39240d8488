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
	Oid			schema;
	Oid			owner;			/* of the extension's tables */
	Oid			rules;
	Oid			baseline;		/* the view: invalidated by unlearning */
	Oid			runs;
	Oid			digest_key;
	Oid			known_accounts;
	Oid			own_accounts;
	Oid			lists;
	Oid			suppressions;
	Oid			unlearnings;
	Oid			rule_versions;
	Oid			version_sequence;
	Oid			entity_clocks;
	Oid			learned_values;
	Oid			detection_log;
	Oid			detection_sequence;
	Oid			signals;
	Oid			signal_sequence;
	Oid			changes;
	Oid			postponed;
	Oid			postponed_changes;
	Oid			postponed_sequence;
	Oid			event_errors;
	Oid			error_sequence;
} ExtensionOids;

/*
 * What invalidations told so far.  Each counter only grows: who keeps something that
 * depends on it remembers the counter from before it looked, as one may be told
 * meanwhile.
 */
typedef struct ExtensionChanges
{
	uint64		rules;			/* newterm.rules, by which changes of rules announce
								 * themselves (rules_changed) */
	uint64		baseline;		/* the view newterm.baseline: stored runs were taken away */
	uint64		postponed;		/* newterm.postponed: something was postponed */
} ExtensionChanges;

extern ExtensionChanges ExtensionChanged;

/* Called once, when the library is loaded. */
extern void ExtensionInitialise(void);

/* NULL where the extension is not (or no longer) there. */
extern const ExtensionOids *ExtensionLookup(void);

/*
 * What ExtensionLookup gives, to a function that only triggers on the extension's tables may
 * call; any other caller gets an error that names the function.
 */
extern const ExtensionOids *ExtensionOfTrigger(FunctionCallInfo fcinfo, const char *function);

/* Tell all sessions, when this transaction commits, that something was postponed. */
extern void ExtensionAnnouncePostponed(const ExtensionOids *oids);

/* What ExtensionLookup found last, without looking: for invalidations. */
extern const ExtensionOids *ExtensionLast(void);

#endif							/* NEWTERM_EXTENSION_H */
