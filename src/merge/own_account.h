/*
 * own_account.h
 *	  newterm.own_accounts, kept current by rules with the setting own_accounts.
 *
 * An entry has the last event time at which the account joined and that at which it
 * departed.  Both only grow, so that the entry is a function of the set of events, whatever
 * their order and however often they come.
 */
#ifndef NEWTERM_OWN_ACCOUNT_H
#define NEWTERM_OWN_ACCOUNT_H

#include "nodes/pg_list.h"

#include "rule/rule.h"
#include "store/extension.h"

/*
 * The term was seen last at `time`: add the account that it names to `accounts`, in the
 * current memory context.  A term that is no account id is left out.
 */
extern List *OwnAccountAdd(List *accounts, const Rule *rule, const Jsonb *term_values, int64 time);

/*
 * Enter the accounts into newterm.own_accounts.  Entries made by hand stay.  Waits for others
 * that write the table; an error where somebody holds a lock on an entry.  So the merge is
 * postponed rather than an entry missed.
 */
extern void OwnAccountsWrite(const ExtensionOids *oids, List *accounts);

#endif /* NEWTERM_OWN_ACCOUNT_H */
