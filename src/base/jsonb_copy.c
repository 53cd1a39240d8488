/*
 * jsonb_copy.c
 *	  Values of jsonb that outlive what they were read from.
 */
#include "postgres.h"

#include "base/jsonb_copy.h"

Jsonb *
JsonbCopy(MemoryContext context, const Jsonb *value)
{
	Jsonb *copy;

	if (value == NULL)
		return NULL;
	copy = MemoryContextAlloc(context, VARSIZE(value));
	memcpy(copy, value, VARSIZE(value));
	return copy;
}
