/*
 * reference.c
 *	  Accounts and lists that fields and filters look up.
 */
#include "postgres.h"

#include <sys/socket.h>

#include "nodes/pg_list.h"

#include "base/array.h"
#include "base/ipaddress.h"
#include "base/jsonbtext.h"
#include "event/reference.h"

/* An account or a value of a list. */
typedef struct Entry
{
	int         length;
	const char *text;
	const char *name;
} Entry;

/* Entries, sorted by ReferenceSeal. */
typedef struct EntryTable
{
	int    count;
	int    allocated;
	Entry *entries;
} EntryTable;

struct ReferenceList
{
	const char *name;
	bool        sealed;
	EntryTable  values;
	int         nnetworks;
	int         networks_allocated;
	IpNetwork  *networks; /* sorted by family, prefix and address */
};

struct Reference
{
	MemoryContext context;
	EntryTable    vendors;
	EntryTable    own;
	List         *lists;
};

Reference *
ReferenceCreate(void)
{
	Reference *reference = palloc0(sizeof(Reference));

	reference->context = CurrentMemoryContext;
	return reference;
}

/* ---------- tables of texts ---------- */

static void
AddEntry(Reference *reference, EntryTable *table, const char *text, const char *name)
{
	Entry *entry;

	ARRAY_RESERVE(reference->context, table->entries, table->allocated, table->count + 1, 8);
	entry = &table->entries[table->count++];
	entry->length = strlen(text);
	entry->text = MemoryContextStrdup(reference->context, text);
	entry->name = name == NULL ? NULL : MemoryContextStrdup(reference->context, name);
}

/* Shorter ones first, then byte for byte. */
static int
CompareTexts(const char *a, int a_length, const char *b, int b_length)
{
	return a_length != b_length ? a_length - b_length : memcmp(a, b, a_length);
}

static int
CompareEntries(const void *a, const void *b)
{
	const Entry *left = a;
	const Entry *right = b;

	return CompareTexts(left->text, left->length, right->text, right->length);
}

static void
SealEntries(EntryTable *table)
{
	if (table->count > 1)
		qsort(table->entries, table->count, sizeof(Entry), CompareEntries);
}

/* The entry of a text, or NULL. */
static const Entry *
FindEntry(const EntryTable *table, const char *text, int length)
{
	int low = 0;
	int high = table->count;

	while (low < high)
	{
		int          middle = low + (high - low) / 2;
		const Entry *entry = &table->entries[middle];
		int          order = CompareTexts(text, length, entry->text, entry->length);

		if (order == 0)
			return entry;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* ---------- networks ---------- */

static int
CompareNetworks(const void *a, const void *b)
{
	const IpNetwork *left = a;
	const IpNetwork *right = b;

	if (left->family != right->family)
		return left->family - right->family;
	if (left->bits != right->bits)
		return left->bits - right->bits;
	return memcmp(left->address, right->address, IPADDRESS_BYTES);
}

static void
AddNetwork(Reference *reference, ReferenceList *list, const IpNetwork *network)
{
	ARRAY_RESERVE(reference->context, list->networks, list->networks_allocated, list->nnetworks + 1,
				  8);
	list->networks[list->nnetworks++] = *network;
}

/* The first network that is not before `network`. */
static int
LowerBound(const ReferenceList *list, const IpNetwork *network)
{
	int low = 0;
	int high = list->nnetworks;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (CompareNetworks(&list->networks[middle], network) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * HasAddress
 *		Is the address in one of the networks?  One look-up for each prefix length in the
 *		list.
 */
static bool
HasAddress(const ReferenceList *list, const IpNetwork *address)
{
	IpNetwork wanted = *address;
	int       next;

	/* before all networks of the family */
	wanted.bits = 0;
	memset(wanted.address, 0, IPADDRESS_BYTES);
	for (next = LowerBound(list, &wanted);
		 next < list->nnetworks && list->networks[next].family == address->family;
		 next = LowerBound(list, &wanted))
	{
		const int bits = list->networks[next].bits;
		int       found;

		wanted = *address;
		IpNetworkMask(&wanted, bits);
		found = LowerBound(list, &wanted);
		if (found < list->nnetworks && CompareNetworks(&list->networks[found], &wanted) == 0)
			return true;
		/* before all networks of a longer prefix */
		wanted.bits = bits + 1;
		memset(wanted.address, 0, IPADDRESS_BYTES);
	}
	return false;
}

/* ---------- all ---------- */

void
ReferenceAddVendor(Reference *reference, const char *account, const char *name)
{
	AddEntry(reference, &reference->vendors, account, name);
}

void
ReferenceAddOwn(Reference *reference, const char *account)
{
	AddEntry(reference, &reference->own, account, NULL);
}

static ReferenceList *
FindList(const Reference *reference, const char *name)
{
	ListCell *cell;

	foreach(cell, reference->lists)
	{
		ReferenceList *list = lfirst(cell);

		if (strcmp(list->name, name) == 0)
			return list;
	}
	return NULL;
}

ReferenceList *
ReferenceListNamed(Reference *reference, const char *name)
{
	ReferenceList *list = FindList(reference, name);
	MemoryContext  old;

	if (list != NULL)
		return list;
	old = MemoryContextSwitchTo(reference->context);
	list = palloc0(sizeof(ReferenceList));
	list->name = pstrdup(name);
	reference->lists = lappend(reference->lists, list);
	MemoryContextSwitchTo(old);
	return list;
}

bool
ReferenceWants(const Reference *reference, const char *name)
{
	const ReferenceList *list = FindList(reference, name);

	return list != NULL && !list->sealed;
}

bool
ReferenceWantsLists(const Reference *reference)
{
	ListCell *cell;

	foreach(cell, reference->lists)
		if (!((ReferenceList *) lfirst(cell))->sealed)
			return true;
	return false;
}

void
ReferenceAddValue(Reference *reference, const char *name, const char *value)
{
	ReferenceList *list = FindList(reference, name);
	IpNetwork      network;

	if (list == NULL || list->sealed)
		return;
	AddEntry(reference, &list->values, value, NULL);
	if (IpNetworkParse(value, strlen(value), &network))
		AddNetwork(reference, list, &network);
}

void
ReferenceSeal(Reference *reference)
{
	ListCell *cell;

	SealEntries(&reference->vendors);
	SealEntries(&reference->own);
	foreach(cell, reference->lists)
	{
		ReferenceList *list = lfirst(cell);

		if (list->sealed)
			continue;
		list->sealed = true;
		SealEntries(&list->values);
		if (list->nnetworks > 1)
			qsort(list->networks, list->nnetworks, sizeof(IpNetwork), CompareNetworks);
	}
}

const char *
ReferenceVendor(const Reference *reference, const char *account, int length)
{
	const Entry *entry = reference == NULL ? NULL : FindEntry(&reference->vendors, account, length);

	return entry == NULL ? NULL : entry->name;
}

bool
ReferenceIsOwn(const Reference *reference, const char *account, int length)
{
	return reference != NULL && FindEntry(&reference->own, account, length) != NULL;
}

bool
ReferenceListHas(const ReferenceList *list, const JsonbValue *value)
{
	IpNetwork      address;
	StringInfoData number;

	switch (value->type)
	{
		case jbvString:
			return FindEntry(&list->values, value->val.string.val, value->val.string.len) != NULL ||
				(list->nnetworks > 0 &&
				 IpAddressParse(value->val.string.val, value->val.string.len, &address) &&
				 HasAddress(list, &address));
		case jbvNumeric:
			initStringInfo(&number);
			JsonbTextAppend(&number, value);
			return FindEntry(&list->values, number.data, number.len) != NULL;
		case jbvBool:
			return value->val.boolean ? FindEntry(&list->values, "true", 4) != NULL
									  : FindEntry(&list->values, "false", 5) != NULL;
		default:
			return false;
	}
}
