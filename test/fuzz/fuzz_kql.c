/*
 * fuzz_kql.c
 *	  Fuzzing harness of the KQL grammar.
 */
#include "common.h"

#include "lang/syntax.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	FuzzLongFilters(LANGUAGE_KQL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	FuzzFilter(FuzzText(data, size), LANGUAGE_KQL);
	FuzzReset();
	return 0;
}
