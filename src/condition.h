/*
 * condition.h
 *	  WHEN clauses of our triggers, kept ready between statements.
 */
#ifndef NEWTERM_CONDITION_H
#define NEWTERM_CONDITION_H

/* Called once, when the library is loaded. */
extern void ConditionsInitialise(void);

#endif							/* NEWTERM_CONDITION_H */
