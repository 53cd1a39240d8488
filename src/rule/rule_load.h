/*
 * rule_load.h
 *	  Rules as they are stored, compiled into what rule.h describes.
 */
#ifndef NEWTERM_RULE_LOAD_H
#define NEWTERM_RULE_LOAD_H

#include "utils/array.h"
#include "utils/snapshot.h"

#include "rule/rule.h"

/*
 * Read and compile the rules that are evaluated, as they are now, into a set
 * with a context of its own.  It needs no rights on our tables.  A fault gives
 * an empty set that tells it: it must not make the insert fail that happens to
 * come first.  With `wait` false, a lock that would have to be waited for is one as well.
 */
extern RuleSet *RulesLoad(bool wait);

/*
 * Compile one version, evaluated or not, into a set that it is not entered in.
 * NULL where its rule was dropped.
 */
extern Rule *RuleLoadVersion(RuleSet *set, int32 version_id);

/*
 * Compile rules that are given as newterm.rules[], none of them NULL, stored or not, into
 * a set of its own in the current memory context: rules[i] has version_id i + 1.  Terms
 * are digested under `secret`, DIGEST_SECRET_BYTES of the caller's.  Reference data, such
 * as newterm.known_accounts, is read by the snapshot, whoever may read it: the caller
 * checks.  Raises what is wrong with a rule.
 */
extern RuleSet *RulesCompile(ArrayType *rules, const void *secret, Snapshot snapshot);

#endif							/* NEWTERM_RULE_LOAD_H */
