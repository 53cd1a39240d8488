/*
 * vendor.c
 *	  Who an AWS account belongs to, by newterm.known_accounts.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/compat.h"
#include "rule/vendor.h"

/* Columns of newterm.known_accounts. */
enum
{
	ACCOUNT_ID = 1,
	ACCOUNT_NAME
};

typedef struct Vendor
{
	char	   *account;
	char	   *name;
} Vendor;

typedef struct Vendors
{
	int			count;
	int			allocated;
	Vendor	   *vendors;		/* sorted by account, byte for byte */
} Vendors;

static int
CompareVendors(const void *a, const void *b)
{
	return strcmp(((const Vendor *) a)->account, ((const Vendor *) b)->account);
}

void *
VendorsLoad(TableStore *accounts, Snapshot snapshot)
{
	Vendors    *vendors = palloc0(sizeof(Vendors));
	TupleTableSlot *slot;

	vendors->allocated = 4;
	vendors->vendors = palloc(sizeof(Vendor) * vendors->allocated);
	TableStoreScan(accounts, snapshot);
	while (TableStoreScanNext(accounts, &slot))
	{
		bool		isnull;
		Vendor	   *vendor;

		if (vendors->count == vendors->allocated)
		{
			vendors->allocated *= 2;
			vendors->vendors = repalloc(vendors->vendors,
										sizeof(Vendor) * vendors->allocated);
		}
		vendor = &vendors->vendors[vendors->count++];
		vendor->account = TextDatumGetCString(SlotColumn(slot, ACCOUNT_ID, &isnull));
		vendor->name = TextDatumGetCString(SlotColumn(slot, ACCOUNT_NAME, &isnull));
	}
	qsort(vendors->vendors, vendors->count, sizeof(Vendor), CompareVendors);
	return vendors;
}

const char *
VendorOfAccount(void *state, const char *account, int length)
{
	Vendors    *vendors = state;
	int			low = 0;
	int			high = vendors->count;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const char *candidate = vendors->vendors[middle].account;
		int			candidate_length = strlen(candidate);
		int			order = memcmp(account, candidate, Min(length, candidate_length));

		if (order == 0)
			order = length - candidate_length;
		if (order == 0)
			return vendors->vendors[middle].name;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
