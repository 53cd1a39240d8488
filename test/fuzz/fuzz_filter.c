/*
 * fuzz_filter.c
 *	  Fuzzing harness of the filter grammar.
 */
#include "common.h"

#include "lang/syntax.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	FuzzLongFilters(LANGUAGE_DATADOG);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	FuzzFilter(FuzzText(data, size), LANGUAGE_DATADOG);
	FuzzReset();
	return 0;
}
