/*
 * user_code.h
 *	  Whose rights code has that users hang on newterm's tables.
 *
 * A merge writes tables on which users may have put triggers, constraints, defaults
 * and indexes on expressions.  That code runs with the rights of the role in whose
 * transaction it runs, but never with a superuser's: a superuser's merge runs it with
 * the rights that everybody has.  It finds nothing but pg_catalog and what it names by
 * schema, and runs in a security-restricted operation, as the code of an index does
 * when PostgreSQL builds it.
 *
 * All that writes newterm's tables without SQL does so between RestrictUserCode and
 * UserCodeEnds, so that no piece of code can be forgotten.
 */
#ifndef NEWTERM_USER_CODE_H
#define NEWTERM_USER_CODE_H

/* What UserCodeEnds puts back. */
typedef struct UserCode
{
	Oid			user;
	int			security;
	int			settings;		/* nest level of settings */
} UserCode;

/*
 * From here on user code has few rights.  An error puts everything back, as it ends
 * the transaction or subtransaction.
 */
extern void RestrictUserCode(UserCode *before);

/* Put back what was before; undoes what user code set by SET or set_config(). */
extern void UserCodeEnds(const UserCode *before);

#endif							/* NEWTERM_USER_CODE_H */
