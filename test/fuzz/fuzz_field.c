/*
 * fuzz_field.c
 *	  Fuzzing harness of field expressions, in both languages.
 */
#include "common.h"

#include "lang/field.h"

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	char *text = FuzzText(data, size);

	FuzzField(text, LANGUAGE_DATADOG);
	FuzzField(text, LANGUAGE_KQL);
	if (FieldFunctionExtent(text) > (int) strlen(text))
		FuzzFail("a function beyond the end", text);
	FuzzReset();
	return 0;
}
