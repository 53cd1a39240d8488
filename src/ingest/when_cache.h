/*
 * when_cache.h
 *	  Keeps the WHEN clauses of our triggers prepared between statements.
 */
#ifndef NEWTERM_WHEN_CACHE_H
#define NEWTERM_WHEN_CACHE_H

/* Called once, when the library is loaded. */
extern void WhenCacheInitialise(void);

#endif /* NEWTERM_WHEN_CACHE_H */
