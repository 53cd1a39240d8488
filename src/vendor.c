/*
 * vendor.c
 *	  Who an AWS account belongs to, by newterm.known_accounts.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/builtins.h"

#include "query.h"
#include "vendor.h"

typedef struct Vendors
{
	int			count;
	char	  **accounts;		/* sorted byte for byte */
	char	  **names;
} Vendors;

void *
VendorsLoad(void)
{
	MemoryContext context = CurrentMemoryContext;
	Vendors    *vendors;

	QueryLatest("SELECT account_id, name FROM newterm.known_accounts"
				" ORDER BY account_id COLLATE pg_catalog.\"C\"",
				0, NULL, NULL);
	MemoryContextSwitchTo(context);
	vendors = palloc0(sizeof(Vendors));
	vendors->accounts = palloc(sizeof(char *) * Max(SPI_processed, 1));
	vendors->names = palloc(sizeof(char *) * Max(SPI_processed, 1));
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[row];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;

		vendors->accounts[row] = TextDatumGetCString(SPI_getbinval(tuple, desc, 1, &isnull));
		vendors->names[row] = TextDatumGetCString(SPI_getbinval(tuple, desc, 2, &isnull));
	}
	vendors->count = SPI_processed;
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
		const char *candidate = vendors->accounts[middle];
		int			candidate_length = strlen(candidate);
		int			order = memcmp(account, candidate, Min(length, candidate_length));

		if (order == 0)
			order = length - candidate_length;
		if (order == 0)
			return vendors->names[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
