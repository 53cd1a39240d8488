/*
 * rule_digest.h
 *	  Digests by which terms and clocks of a rule are found.
 *
 * A digest is of the rule version, and of the values; all are keyed by the
 * secret in newterm.digest_key.
 */
#ifndef NEWTERM_RULE_DIGEST_H
#define NEWTERM_RULE_DIGEST_H

#include "rule/rule.h"

/* What a rule's terms have in common: Rule.term_start. */
extern Digest TermDigestStart(const Rule *rule);

/* Digest of a rule's own clock, and of an entity's, by its stored values. */
extern Digest RuleClockDigest(const RuleSet *set, const Rule *rule);
extern Digest EntityClockDigest(const RuleSet *set, const Rule *rule,
								const Jsonb *entity_values);

/* Digest of a term from those of its row's values, the shape's columns in order. */
extern Digest TermDigest(const Rule *rule, const Digest *row);

#endif							/* NEWTERM_RULE_DIGEST_H */
