/*
 * vendor.h
 *	  Who an AWS account belongs to, by newterm.known_accounts.
 */
#ifndef NEWTERM_VENDOR_H
#define NEWTERM_VENDOR_H

#include "store/table_store.h"

/*
 * Read newterm.known_accounts, which TableStoreOpenWhole opened; the result lives in
 * the current memory context.
 */
extern void *VendorsLoad(TableStore *accounts, Snapshot snapshot);

/* A VendorLookup (event.h) for what VendorsLoad returned. */
extern const char *VendorOfAccount(void *vendors, const char *account, int length);

#endif							/* NEWTERM_VENDOR_H */
