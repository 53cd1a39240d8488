/*
 * array.h
 *	  Arrays that grow.
 */
#ifndef NEWTERM_ARRAY_H
#define NEWTERM_ARRAY_H

#include "utils/memutils.h"

/*
 * Make room for `needed` elements in an array (NULL: there is none yet) of which `allocated`
 * have room.  It is allocated in the context for `first` elements, and grows to twice its
 * size, so that n elements cost O(n).
 */
#define ARRAY_RESERVE(context, array, allocated, needed, first) \
	do \
	{ \
		if ((needed) > (allocated)) \
		{ \
			(allocated) = Max((allocated) *2, Max((needed), (first))); \
			(array) = (array) == NULL \
				? MemoryContextAllocHuge((context), sizeof(*(array)) * (allocated)) \
				: repalloc_huge((array), sizeof(*(array)) * (allocated)); \
		} \
	} while (0)

#endif /* NEWTERM_ARRAY_H */
