/*
 * rule_load.h
 *	  Rules as they are stored, compiled into what rule.h describes.
 */
#ifndef NEWTERM_RULE_LOAD_H
#define NEWTERM_RULE_LOAD_H

#include "rule/rule.h"

/*
 * Read and compile the rules that are evaluated, as they are now, into a set
 * with a context of its own.  It needs no rights on our tables.  A fault gives
 * an empty set that tells it: it must not make the insert fail that happens to
 * come first.  Such a set serves until the transaction ends.
 */
extern RuleSet *RulesLoad(void);

/*
 * Compile one version, evaluated or not, into a set that it is not entered in.
 * NULL where its rule was dropped.
 */
extern Rule *RuleLoadVersion(RuleSet *set, int32 version_id);

#endif							/* NEWTERM_RULE_LOAD_H */
