/*
 * user_code.h
 *	  Restricts code that users attach to newterm's tables.
 *
 * A merge writes tables on which users may have put triggers, constraints, defaults and
 * indexes on expressions.  Such code runs with the rights of the role in whose transaction
 * it runs, but never with a superuser's: a superuser's merge runs it with the rights that
 * everybody has.  Its search_path is pg_catalog, pg_temp, and it runs in a
 * security-restricted operation, as index expressions do when PostgreSQL builds an index.
 *
 * All code that writes newterm's tables without SQL does so between RestrictUserCode and
 * UserCodeEnds, so no user code can be missed.
 */
#ifndef NEWTERM_USER_CODE_H
#define NEWTERM_USER_CODE_H

/* The state that UserCodeEnds restores. */
typedef struct UserCode
{
	Oid user;
	int security;
	int settings; /* nest level of settings */
} UserCode;

/*
 * Restrict user code from here on.  An error restores everything, as it ends the transaction
 * or subtransaction.
 */
extern void RestrictUserCode(UserCode *before);

/* Restore the state; undoes SET and set_config() of user code. */
extern void UserCodeEnds(const UserCode *before);

#endif /* NEWTERM_USER_CODE_H */
