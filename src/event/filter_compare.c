/*
 * filter_compare.c
 *	  Evaluating a filter's leaves on the values of an event.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/decimal.h"
#include "base/isotime.h"
#include "base/jsonbtext.h"
#include "event/filter_compare.h"

/*
 * What evaluating costs, roughly, in comparisons of a short string.
 */
#define COST_EXISTS			1
#define COST_EQUALS			2
#define COST_WILDCARD		8
#define COST_RANGE			12
#define COST_CIDR			20
#define COST_NORMALISER		10

/*
 * The Numeric of a literal that is a number.
 */
static Numeric
LiteralNumeric(const FilterLiteral *literal)
{
	return (Numeric) literal->number;
}

/*
 * Compare two numbers: below 0, 0 or above 0.
 */
static int
CompareNumerics(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp,
											 NumericGetDatum(a),
											 NumericGetDatum(b)));
}

/*
 * Is the value the literal?  Strings are the same bytes, whatever else the
 * literal reads as; numbers and booleans are compared as such.
 */
static bool
MatchEquals(const FilterLiteral *literal, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return value->val.string.len == literal->length &&
				memcmp(value->val.string.val, literal->text,
					   literal->length) == 0;
		case jbvNumeric:
			return literal->is_number &&
				CompareNumerics(value->val.numeric, LiteralNumeric(literal)) == 0;
		case jbvBool:
			return literal->is_boolean &&
				value->val.boolean == (literal->text[0] == 't');
		default:
			return false;
	}
}

/*
 * Does the value's text match the pattern?
 */
static bool
MatchWildcard(const FilterNode *leaf, const JsonbValue *value)
{
	char	   *text;
	bool		matches;

	switch (value->type)
	{
		case jbvString:
			return FilterWildcardMatch(leaf, value->val.string.val,
									   value->val.string.len);
		case jbvNumeric:
			if (NumberIsTooLong(value->val.numeric))
				return false;	/* no record holds it, and its text would cost too much */
			text = DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
			matches = FilterWildcardMatch(leaf, text, strlen(text));
			pfree(text);
			return matches;
		case jbvBool:
			return value->val.boolean ? FilterWildcardMatch(leaf, "true", 4) :
				FilterWildcardMatch(leaf, "false", 5);
		default:
			return false;
	}
}

/*
 * Compare a value with a bound in the way the bound reads: as a number, as a
 * time or byte for byte.  Returns false where the two cannot be compared so;
 * otherwise *order is below 0, 0 or above 0.
 */
static bool
CompareWithBound(const JsonbValue *value, const FilterLiteral *bound, int *order)
{
	const char *text;
	int			length;
	int64		time;

	if (value->type == jbvNumeric)
	{
		if (!bound->is_number)
			return false;
		*order = CompareNumerics(value->val.numeric, LiteralNumeric(bound));
		return true;
	}
	if (value->type != jbvString)
		return false;

	text = value->val.string.val;
	length = value->val.string.len;
	if (bound->is_number)
	{
		if (!DecimalValid(text, length))
			return false;
		*order = DecimalCompare(text, length, bound->text, bound->length);
	}
	else if (bound->is_time)
	{
		if (!IsoTimeParse(text, length, &time))
			return false;
		*order = time < bound->time ? -1 : time > bound->time;
	}
	else
	{
		*order = memcmp(text, bound->text, Min(length, bound->length));
		if (*order == 0)
			*order = length - bound->length;
	}
	return true;
}

/*
 * Does the value lie between the bounds?
 */
static bool
MatchRange(const FilterRange *range, const JsonbValue *value)
{
	int			order;

	if (range->lower.present)
	{
		if (!CompareWithBound(value, &range->lower.literal, &order))
			return false;
		if (order < 0 || (order == 0 && !range->lower.inclusive))
			return false;
	}
	if (range->upper.present)
	{
		if (!CompareWithBound(value, &range->upper.literal, &order))
			return false;
		if (order > 0 || (order == 0 && !range->upper.inclusive))
			return false;
	}
	return true;
}

/*
 * FilterCompareScalar
 *
 * Does one value that is no array satisfy the leaf?  See predicate.h.
 */
bool
FilterCompareScalar(const FilterNode *leaf, const JsonbValue *value)
{
	switch (leaf->kind)
	{
		case FILTER_EQUALS:
			return MatchEquals(&leaf->val.literal, value);
		case FILTER_WILDCARD:
			return MatchWildcard(leaf, value);
		case FILTER_RANGE:
			return MatchRange(leaf->val.range, value);
		case FILTER_CIDR:
			return value->type == jbvString &&
				FilterNetworkMatch(leaf, value->val.string.val,
								   value->val.string.len);
		default:
			return false;		/* the caller's: it has no scalar to match */
	}
}

/*
 * FilterCompareReadNumber
 *
 * Read the number that the literal is, if any.  The text has been checked to
 * be one that numeric_in accepts.
 */
void
FilterCompareReadNumber(FilterLiteral *literal)
{
	if (!literal->is_number)
		return;
	literal->number =
		DatumGetNumeric(DirectFunctionCall3(numeric_in,
											CStringGetDatum(literal->text),
											ObjectIdGetDatum(InvalidOid),
											Int32GetDatum(-1)));
}

/*
 * FilterCompareCost
 *
 * A rough cost of evaluating the node, to order children cheap first.
 */
int
FilterCompareCost(const FilterNode *filter)
{
	int			cost = 0;

	switch (filter->kind)
	{
		case FILTER_EVERYTHING:
			return 0;
		case FILTER_AND:
		case FILTER_OR:
		case FILTER_NOT:
			for (int i = 0; i < filter->nchildren; i++)
				cost += FilterCompareCost(filter->children[i]);
			return cost;
		case FILTER_EXISTS:
			cost = COST_EXISTS;
			break;
		case FILTER_EQUALS:
			cost = COST_EQUALS;
			break;
		case FILTER_WILDCARD:
			cost = COST_WILDCARD + filter->val.wildcard.nparts;
			break;
		case FILTER_RANGE:
			cost = COST_RANGE;
			break;
		case FILTER_CIDR:
			cost = COST_CIDR + filter->val.cidr.nnetworks;
			break;
	}
	for (const Field *field = filter->field; field->argument != NULL;
		 field = field->argument)
		cost += COST_NORMALISER;
	return cost;
}
