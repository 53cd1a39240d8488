/*
 * commit.h
 *	  The end of a transaction that showed something, or is asked to merge what waits.
 *
 * What it showed is merged as its last act before commit; what cannot be merged is
 * postponed (postpone.h), as is what a transaction showed that is only prepared.
 */
#ifndef NEWTERM_COMMIT_H
#define NEWTERM_COMMIT_H

/* Called once, when the library is loaded. */
extern void CommitInitialise(void);

/* Merge what is postponed when this transaction commits; with `all` what was given up, too. */
extern void MergePostponedAtCommit(bool all);

#endif							/* NEWTERM_COMMIT_H */
