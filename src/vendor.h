/*
 * vendor.h
 *	  Who an AWS account belongs to, by newterm.known_accounts.
 */
#ifndef NEWTERM_VENDOR_H
#define NEWTERM_VENDOR_H

/*
 * Read newterm.known_accounts inside an open SPI connection; the result lives
 * in the memory context that was current at the call.
 */
extern void *VendorsLoad(void);

/* A VendorLookup (event.h) for what VendorsLoad returned. */
extern const char *VendorOfAccount(void *vendors, const char *account, int length);

#endif							/* NEWTERM_VENDOR_H */
