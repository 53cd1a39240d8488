/*
 * commit.h
 *	  Callbacks at the end of a transaction.
 *
 * Just before commit, pending terms are merged (merge.h).  Terms that cannot be merged
 * are postponed (postpone.h).  So are all terms of a transaction that is prepared.
 */
#ifndef NEWTERM_COMMIT_H
#define NEWTERM_COMMIT_H

/* Called once, when the library is loaded. */
extern void CommitInitialise(void);

/*
 * Merge the rows of newterm.postponed that are due when this transaction commits; with
 * `all` also those that were given up.
 */
extern void MergePostponedAtCommit(bool all);

#endif /* NEWTERM_COMMIT_H */
