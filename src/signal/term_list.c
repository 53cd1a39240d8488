/*
 * term_list.c
 *	  The terms of a signal: each once, the first ones.
 */
#include "postgres.h"

#include "signal/term_list.h"

List *
TermListAdd(List *terms, Jsonb *term)
{
	ListCell *cell;

	if (list_length(terms) == TERM_LIST_MAX)
		return terms;
	foreach(cell, terms)
	{
		Jsonb *there = lfirst(cell);

		if (compareJsonbContainers(&there->root, &term->root) == 0)
			return terms;
	}
	return lappend(terms, term);
}

List *
TermListRead(Jsonb *array)
{
	List     *terms = NIL;
	const int count = JB_ROOT_IS_ARRAY(array) ? JB_ROOT_COUNT(array) : 0;

	for (int i = 0; i < count; i++)
		terms = lappend(terms, JsonbValueToJsonb(getIthJsonbValueFromContainer(&array->root, i)));
	return terms;
}

Jsonb *
TermListArray(const List *terms)
{
	JsonbParseState *state = NULL;
	ListCell        *cell;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, terms)
	{
		Jsonb     *term = lfirst(cell);
		JsonbValue element = {.type = jbvBinary};

		element.val.binary.data = &term->root;
		element.val.binary.len = VARSIZE(term) - VARHDRSZ;
		pushJsonbValue(&state, WJB_ELEM, &element);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}
