/*
 * common.c
 *	  What the fuzzing harnesses share: memory, and the checks of parsers.
 */
#include "common.h"

#include "lib/stringinfo.h"

#include "lang/filter.h"

/* All that was palloc'd for the input at hand. */
static void **allocated;
static int    nallocated;
static int    allocated_capacity;

/*
 * Remember a piece of memory, so that FuzzReset frees it.
 */
static void *
Remember(void *memory)
{
	if (memory == NULL)
		abort();
	if (nallocated == allocated_capacity)
	{
		allocated_capacity = allocated_capacity ? allocated_capacity * 2 : 1024;
		allocated = realloc(allocated, allocated_capacity * sizeof(void *));
		if (allocated == NULL)
			abort();
	}
	allocated[nallocated++] = memory;
	return memory;
}

/* Forget a piece of memory that was freed or moved; the latest are looked at first. */
static void
Forget(void *memory)
{
	for (int i = nallocated - 1; i >= 0; i--)
	{
		if (allocated[i] == memory)
		{
			allocated[i] = allocated[--nallocated];
			return;
		}
	}
	FuzzFail("memory that palloc did not give", "");
}

/*
 * The allocator, in place of libpgcommon's.
 */
void *
palloc(Size size)
{
	return Remember(malloc(size ? size : 1));
}

void *
palloc0(Size size)
{
	void *memory = palloc(size);

	memset(memory, 0, size);
	return memory;
}

void *
repalloc(void *memory, Size size)
{
	Forget(memory);
	return Remember(realloc(memory, size ? size : 1));
}

void
pfree(void *memory)
{
	Forget(memory);
	free(memory);
}

char *
pnstrdup(const char *text, Size length)
{
	Size  actual = strnlen(text, length);
	char *copy = palloc(actual + 1);

	memcpy(copy, text, actual);
	copy[actual] = '\0';
	return copy;
}

char *
pstrdup(const char *text)
{
	return pnstrdup(text, strlen(text));
}

/*
 * FuzzReset
 *
 * Free all that was palloc'd since the last call.
 */
void
FuzzReset(void)
{
	for (int i = 0; i < nallocated; i++)
		free(allocated[i]);
	nallocated = 0;
}

/*
 * FuzzText
 *
 * The input as a string, palloc'd.
 */
char *
FuzzText(const uint8 *data, size_t size)
{
	return pnstrdup((const char *) data, size);
}

/*
 * FuzzFail
 *
 * Report a finding.
 */
void
FuzzFail(const char *what, const char *detail)
{
	fprintf(stderr, "finding: %s: %s\n", what, detail);
	abort();
}

/*
 * Check an error: it has a message, and a position in the text or at its end.
 */
static void
CheckError(const SyntaxError *error, const char *text)
{
	if (error->message == NULL || error->message[0] == '\0')
		FuzzFail("an error without a message", text);
	if (error->position < 1 || error->position > (int) strlen(text) + 1)
		FuzzFail("an error outside the text", text);
}

/*
 * FuzzFilter
 *
 * Parse a filter; if it parses, its text must parse to an equal tree and must
 * not change any more.
 */
void
FuzzFilter(const char *text, int language)
{
	SyntaxError error = {0};
	FilterNode *filter = FilterParse(text, language, &error);
	FilterNode *again;
	char       *written;

	if (filter == NULL)
	{
		CheckError(&error, text);
		return;
	}
	written = FilterToText(filter);
	if (strlen(written) > FILTER_MAX_LENGTH)
		return;
	again = FilterParse(written, LANGUAGE_DATADOG, &error);
	if (again == NULL)
		FuzzFail(error.message, written);
	if (!FilterEqual(filter, again))
		FuzzFail("another tree from the filter's text", written);
	if (strcmp(FilterToText(again), written) != 0)
		FuzzFail("another text from the filter's text", written);
}

/*
 * FuzzLongFilters
 *
 * Texts with so many repetitions of something that any buffer of fixed size
 * would show.
 */
void
FuzzLongFilters(int language)
{
	static const struct
	{
		const char *before;
		const char *repeated;
		const char *behind;
	} shapes[] = {
		{"a:", "x", ""},
		{"a:", "x*", "b"},
		{"a:", "*a?b", ""},
		{"a:\"", "x", "\""},
		{"a:\"", "\\\"", "\""},
		{"a:\"", "x", ""},
		{"a:", "\\:", ""},
		{"", "x", ":y"},
		{"", "x.", "x:y"},
		{"\"", "x", "\":y"},
		{"", "lower(", "a"},
		{"", "(", "a:b"},
		{"", "-", "a:b"},
		{"", "NOT ", "a:b"},
		{"", ")", ""},
		{"", "[", ""},
		{"", " ", "a:b"},
		{"a:b", " ", ":c"},
		{"", "a:b ", ""},
		{"a:b", " OR a:b", ""},
		{"a:b", " and not a:b", ""},
		{"a:(b", " OR b", ")"},
		{"a:(b", " and (b", ""},
		{"a:[1 TO ", "2", "]"},
		{"a:>", "2", ""},
		{"a > ", "2", ""},
		{"a: ", "b ", ""},
		{"", "a:{ ", "b: c"},
		{"CIDR(a", ", 10.0.0.0/8", ")"},
		{"CIDR(a, ", "1", ")"},
		{"a:", "\\u00e9", ""},
		{"", "\303\251", ""},
	};

	for (int i = 0; i < (int) lengthof(shapes); i++)
	{
		for (int n = 1; n <= 40000; n *= 14)
		{
			StringInfoData text;

			initStringInfo(&text);
			appendStringInfoString(&text, shapes[i].before);
			for (int j = 0; j < n; j++)
				appendStringInfoString(&text, shapes[i].repeated);
			appendStringInfoString(&text, shapes[i].behind);
			FuzzFilter(text.data, language);
			FuzzReset();
		}
	}
}

/*
 * FuzzField
 *
 * Parse a field; if it parses, its text must parse to an equal field.
 */
void
FuzzField(const char *text, int language)
{
	SyntaxError error = {0};
	Field      *field = FieldParse(text, language, &error);
	Field      *again;
	char       *written;

	if (field == NULL)
	{
		CheckError(&error, text);
		return;
	}
	if (strcmp(field->text, text) != 0)
		FuzzFail("a field that does not keep its text", text);
	written = FieldToText(field);
	again = FieldParse(written, LANGUAGE_DATADOG, &error);
	if (again == NULL)
		FuzzFail(error.message, written);
	if (!FieldEqual(field, again))
		FuzzFail("another field from the field's text", written);
}
