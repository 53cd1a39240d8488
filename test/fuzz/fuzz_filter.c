/*
 * fuzz_filter.c
 *	  Fuzzing harness of the filter grammar.
 */
#include "common.h"

#include "syntax.h"

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	FuzzFilter(FuzzText(data, size), LANGUAGE_DATADOG);
	FuzzReset();
	return 0;
}
