/*
 * rule_digest.h
 *	  Digests that identify the terms and clocks of a rule.
 *
 * A digest is of the rule version and the values, keyed by the secret in
 * newterm.digest_key.
 */
#ifndef NEWTERM_RULE_DIGEST_H
#define NEWTERM_RULE_DIGEST_H

#include "rule/rule.h"

/* The state of the digest before a term's values are added: Rule.term_start. */
extern Digest TermDigestStart(const Rule *rule);

/* Digest of a rule's clock, and of an entity's clock, by the entity's stored values. */
extern Digest RuleClockDigest(const RuleSet *set, const Rule *rule);
extern Digest EntityClockDigest(const RuleSet *set, const Rule *rule, const Jsonb *entity_values);

/*
 * Digest of the group whose detections may share signals, from the entity's stored values
 * (NULL without group_by).  It is of the rule in all its versions.
 */
extern Digest GroupDigest(const Rule *rule, const Jsonb *entity_values);

/* Digest of a term from the digests of its values, in the order of the shape's columns. */
extern Digest TermDigest(const Rule *rule, const Digest *row);

/* Digests of stored values (entity_values NULL without group_by) into row, likewise. */
extern void StoredDigests(const Rule *rule, const Jsonb *entity_values, const Jsonb *term_values,
						  Digest *row);

#endif /* NEWTERM_RULE_DIGEST_H */
