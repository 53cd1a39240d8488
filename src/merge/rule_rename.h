/*
 * rule_rename.h
 *	  What names a rule, when the rule gets another name.
 */
#ifndef NEWTERM_RULE_RENAME_H
#define NEWTERM_RULE_RENAME_H

#include "store/extension.h"

/*
 * Suppressions of the rule are of the new name.  Subscriptions to it take both: changes of
 * signals that were made before have the old one.
 */
extern void RuleRenamed(const ExtensionOids *oids, const char *before, const char *after);

#endif /* NEWTERM_RULE_RENAME_H */
