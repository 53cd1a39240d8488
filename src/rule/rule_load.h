/*
 * rule_load.h
 *	  Reads stored rules and compiles them into a rule set.
 */
#ifndef NEWTERM_RULE_LOAD_H
#define NEWTERM_RULE_LOAD_H

#include "utils/array.h"
#include "utils/snapshot.h"

#include "rule/rule.h"

/*
 * Read and compile the enabled rules, as they are now, into a set with a memory context of
 * its own.  Needs no rights on our tables.  An error gives an empty set with that failure,
 * so that the first insert of a session does not fail.  With `wait` false, a table that
 * somebody has locked is such an error.
 */
extern RuleSet *RulesLoad(bool wait);

/*
 * Compile one version, in use or not, in the memory of a set, without adding it to the set's
 * rules.  NULL if its rule was dropped.
 */
extern Rule *RuleLoadVersion(RuleSet *set, int32 version_id);

/*
 * Compile rows of newterm.rules, stored or not, into a set in the current memory context:
 * rules[i] gets version_id i + 1.  No element may be NULL.  Terms are digested with
 * `secret`, DIGEST_SECRET_BYTES of the caller's.  Reference data, such as
 * newterm.known_accounts, is read by the snapshot without checking rights: the caller must.
 * Raises an error if something is wrong with a rule.
 */
extern RuleSet *RulesCompile(ArrayType *rules, const void *secret, Snapshot snapshot);

#endif /* NEWTERM_RULE_LOAD_H */
