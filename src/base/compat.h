/*
 * compat.h
 *	  What differs between PostgreSQL 15 and 18, in one place.
 */
#ifndef NEWTERM_COMPAT_H
#define NEWTERM_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "newterm needs PostgreSQL 15 or later"
#endif

/* varatt.h was split off postgres.h in 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Before 18 there was a macro for behind the declaration, not before it. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 18 takes a place for counters of the scan. */
#if PG_VERSION_NUM >= 180000
#define CompatIndexScanBegin(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define CompatIndexScanBegin(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif

/* 16 tells updates that only summarizing indexes (BRIN) have to know of. */
#if PG_VERSION_NUM >= 160000
#define CompatUpdateIndexes           TU_UpdateIndexes
#define CompatEntersIndexes(update)   ((update) != TU_None)
#define CompatOnlySummarizing(update) ((update) == TU_Summarizing)
#define CompatInsertIndexTuples(target, slot, estate, only_summarizing) \
	ExecInsertIndexTuples(target, slot, estate, false, false, NULL, NIL, only_summarizing)
#else
#define CompatUpdateIndexes           bool
#define CompatEntersIndexes(update)   (update)
#define CompatOnlySummarizing(update) false
#define CompatInsertIndexTuples(target, slot, estate, only_summarizing) \
	((void) (only_summarizing), \
	 ExecInsertIndexTuples(target, slot, estate, false, false, NULL, NIL))
#endif

/* 17 lets callers own the lexer's context. */
#if PG_VERSION_NUM >= 170000
#define CompatJsonLexer(text, length) \
	makeJsonLexContextCstringLen(NULL, text, length, PG_UTF8, false)
#else
#define CompatJsonLexer(text, length) \
	makeJsonLexContextCstringLen(unconstify(char *, text), length, PG_UTF8, false)
#endif

/* 18 has generated columns that are not stored: expressions expand them. */
#if PG_VERSION_NUM >= 180000
#define CompatHasVirtualColumns(desc) \
	((desc)->constr != NULL && (desc)->constr->has_generated_virtual)
#else
#define CompatHasVirtualColumns(desc) ((void) (desc), false)
#endif

/* Bytes of the NOTIFY queue: a setting since 17, fixed before. */
#if PG_VERSION_NUM >= 170000
#define CompatNotifyQueueBytes ((double) max_notify_queue_pages * BLCKSZ)
#else
#define CompatNotifyQueueBytes ((double) 1048576 * BLCKSZ)
#endif

/* 17 asks whether a stronger lock will do. */
#if PG_VERSION_NUM >= 170000
#define CompatLockHeld(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define CompatLockHeld(tag, mode) LockHeldByMe(tag, mode)
#endif

/* What a setting's check hook hands on; NULL where there is no memory. */
#if PG_VERSION_NUM >= 160000
#define CompatGucAllocate(size) guc_malloc(LOG, size)
#else
#define CompatGucAllocate(size) malloc(size)
#endif

/* Fetch a place in memory that will be read soon. */
#ifdef __GNUC__
#define CompatPrefetch(address) __builtin_prefetch(address)
#else
#define CompatPrefetch(address) ((void) (address))
#endif

#endif /* NEWTERM_COMPAT_H */
