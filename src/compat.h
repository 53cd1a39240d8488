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

/* MarkGUCPrefixReserved, DirectFunctionCall and the rest are alike in all. */

/* 18 renamed the attribute accessor and made the old one unavailable. */
#if PG_VERSION_NUM >= 180000
#define CompatIndexScanBegin(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define CompatIndexScanBegin(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif

#endif							/* NEWTERM_COMPAT_H */
